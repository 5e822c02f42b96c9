"""H.264 and H.265 as bytes: NAL units, parameter sets, and what makes a clean begin."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_START = re.compile(rb"\x00\x00\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """What must be known of a codec in order to cut its bytes."""

    encoder: str
    to_annexb: str
    """FFmpeg's filter that puts start codes and parameter sets where they belong."""
    tag: str
    """MP4's name of the track."""
    clean: tuple[int, ...]
    """Types of key frames that a copy may begin at."""
    parameters: tuple[int, ...]
    """Types of parameter sets."""
    dropped: tuple[int, ...]
    """Types that have no meaning in MP4: delimiters, end of stream, filler."""
    notes: tuple[int, ...]
    """Types of notes to the player (SEI)."""
    slices: range
    """Types of coded pictures."""

    def type_of(self, nal: bytes) -> int:
        """Return the type of a NAL unit."""
        return nal[0] & 31 if self is H264 else nal[0] >> 1 & 63

    def picture_type(self, nals: Sequence[bytes]) -> int:
        """Return the type of a picture's first slice; -1 if it has none."""
        types = (self.type_of(nal) for nal in nals)
        return next((kind for kind in types if kind in self.slices), -1)

    def header(self, parameters: Sequence[bytes]) -> bytes:
        """Return parameter sets as a track's header, Annex B."""
        # The first of each kind gives the track its profile and level: the most demanding one.
        rank = self.parameters.index
        ordered = sorted(
            parameters, key=lambda nal: (rank(self.type_of(nal)), [-byte for byte in nal[1:4]])
        )
        return joined(ordered)

    def body(self, nals: Sequence[bytes]) -> bytes:
        """Return of a picture what belongs into a sample of an MP4 track, Annex B."""
        # In H.264 the parameter sets lie in the track's header.
        out = (*self.dropped, *(self.parameters if self is H264 else ()))
        return joined([nal for nal in nals if self.type_of(nal) not in out])

    def cleaned(self, nals: Sequence[bytes]) -> list[bytes]:
        """Return a key frame that a decoder takes as the begin of a new stream.

        H.265: a CRA picture in mid-stream becomes a BLA picture without leading ones. Both have
        the same syntax; only the name says whether what came before is still of use.
        """
        if self is H264:
            return list(nals)
        bla_n_lp = 18
        return [
            bytes([nal[0] & 0x81 | bla_n_lp << 1]) + nal[1:] if self.type_of(nal) == 21 else nal
            for nal in nals
        ]


H264 = Coding(
    encoder="libx264",
    to_annexb="h264_mp4toannexb",
    tag="avc1",
    clean=(5,),
    parameters=(7, 8),
    dropped=(9, 11, 12),
    notes=(6,),
    slices=range(1, 6),
)
H265 = Coding(
    encoder="libx265",
    to_annexb="hevc_mp4toannexb",
    tag="hev1",
    clean=(16, 17, 18, 19, 20, 21),
    parameters=(32, 33, 34),
    dropped=(35, 37, 38),
    notes=(39, 40),
    slices=range(32),
)
CODINGS = {"h264": H264, "hevc": H265}
"""By FFmpeg's name of the decoder."""


def split(data: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B byte stream, without start codes."""
    ends = [(match.start(), match.end()) for match in _START.finditer(data)]
    nexts = [start for start, _ in ends[1:]] + [len(data)]
    pieces = (data[begin:end].rstrip(b"\0") for (_, begin), end in zip(ends, nexts, strict=True))
    return [piece for piece in pieces if piece]


def joined(nals: Sequence[bytes]) -> bytes:
    """Return NAL units as an Annex B byte stream."""
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def stored_sets(header: bytes) -> list[bytes]:
    """Return the parameter sets of an H.264 track's header as MP4 and Matroska have it."""
    sets: list[bytes] = []
    if header[:1] != b"\x01":
        return sets
    at = 5
    for mask in (0x1F, 0xFF):  # sequence parameter sets, then picture parameter sets
        count, at = header[at] & mask, at + 1
        for _ in range(count):
            end = at + 2 + int.from_bytes(header[at : at + 2], "big")
            sets.append(header[at + 2 : end])
            at = end
    return sets


def free_number(parameters: Sequence[bytes]) -> int:
    """Return a number that no H.264 parameter set has.

    Raises:
        ValueError: There is none, or two different sets have one number.
    """
    taken: set[tuple[int, int]] = set()
    for nal in parameters:
        kind = nal[0] & 31
        # A sequence's number comes after profile, constraints and level, a picture's at once.
        number = _exp_golomb(nal[4:] if kind == 7 else nal[1:])
        if (kind, number) in taken:
            raise ValueError("its parameter sets change on the way")
        taken.add((kind, number))
    numbers = {number for _, number in taken}
    free = next((number for number in range(1, 32) if number not in numbers), None)
    if free is None:
        raise ValueError("it uses all numbers of parameter sets")
    return free


def _exp_golomb(data: bytes) -> int:
    """Return the unsigned Exp-Golomb number that some bytes begin with."""
    bits = int.from_bytes(data[:8].ljust(8, b"\0"), "big")
    zeros = 64 - bits.bit_length()
    return (bits >> (63 - 2 * zeros)) - 1
