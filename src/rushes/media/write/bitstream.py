"""H.264 and H.265 bitstreams: NAL units, parameter sets, clean key frames."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_START_CODE = re.compile(rb"\x00\x00\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecSyntax:
    """The NAL unit types of a codec, and the names that FFmpeg and MP4 have for it."""

    encoder: str
    """FFmpeg's encoder."""
    annexb_filter: str
    """FFmpeg's bitstream filter that puts start codes and parameter sets in place."""
    track_tag: str
    """Sample entry of an MP4 track."""
    clean_key_types: tuple[int, ...]
    """Types of key frames at which a copy may begin."""
    parameter_set_types: tuple[int, ...]
    """Types of parameter sets, the most general first."""
    dropped_types: tuple[int, ...]
    """Types without a meaning in MP4: delimiters, end of stream, filler."""
    sei_types: tuple[int, ...]
    """Types of supplemental enhancement information."""
    slice_types: range
    """Types of coded pictures."""

    def nal_type(self, nal: bytes) -> int:
        """Return the type of a NAL unit."""
        return nal[0] & 31 if self is H264 else nal[0] >> 1 & 63

    def picture_type(self, nals: Sequence[bytes]) -> int:
        """Return the type of a picture's first slice; -1 if it has none."""
        types = (self.nal_type(nal) for nal in nals)
        return next((kind for kind in types if kind in self.slice_types), -1)

    def track_header(self, parameter_sets: Sequence[bytes]) -> bytes:
        """Return parameter sets as a track's header, Annex B."""
        # The first of each type gives the track its profile and level, so the highest comes first.
        rank = self.parameter_set_types.index
        ordered = sorted(
            parameter_sets,
            key=lambda nal: (rank(self.nal_type(nal)), [-byte for byte in nal[1:4]]),
        )
        return join_nals(ordered)

    def track_sample(self, nals: Sequence[bytes]) -> bytes:
        """Return a picture as a sample of an MP4 track, Annex B."""
        # In H.264 the parameter sets lie in the track's header.
        out = (*self.dropped_types, *(self.parameter_set_types if self is H264 else ()))
        return join_nals([nal for nal in nals if self.nal_type(nal) not in out])

    def with_clean_start(self, nals: Sequence[bytes]) -> list[bytes]:
        """Return a clean key frame in the form that begins a new stream for a decoder.

        H.265: a CRA picture in mid-stream becomes a BLA picture without leading pictures. Both
        have the same syntax; only the type says whether earlier pictures are still referred to.
        """
        if self is H264:
            return list(nals)
        bla_n_lp, cra = 18, 21
        return [
            bytes([nal[0] & 0x81 | bla_n_lp << 1]) + nal[1:] if self.nal_type(nal) == cra else nal
            for nal in nals
        ]


H264 = CodecSyntax(
    encoder="libx264",
    annexb_filter="h264_mp4toannexb",
    track_tag="avc1",
    clean_key_types=(5,),
    parameter_set_types=(7, 8),
    dropped_types=(9, 11, 12),
    sei_types=(6,),
    slice_types=range(1, 6),
)
H265 = CodecSyntax(
    encoder="libx265",
    annexb_filter="hevc_mp4toannexb",
    track_tag="hev1",
    clean_key_types=(16, 17, 18, 19, 20, 21),
    parameter_set_types=(32, 33, 34),
    dropped_types=(35, 37, 38),
    sei_types=(39, 40),
    slice_types=range(32),
)
SYNTAXES = {"h264": H264, "hevc": H265}
"""By FFmpeg's name of the decoder."""


def split_nals(data: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B byte stream, without start codes."""
    ends = [(match.start(), match.end()) for match in _START_CODE.finditer(data)]
    nexts = [start for start, _ in ends[1:]] + [len(data)]
    pieces = (data[begin:end].rstrip(b"\0") for (_, begin), end in zip(ends, nexts, strict=True))
    return [piece for piece in pieces if piece]


def join_nals(nals: Sequence[bytes]) -> bytes:
    """Return NAL units as an Annex B byte stream."""
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def parse_avcc(header: bytes) -> list[bytes]:
    """Return the parameter sets of an H.264 track's header (avcC), as in MP4 and Matroska."""
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


def free_parameter_set_id(parameter_sets: Sequence[bytes]) -> int:
    """Return an id, 1–31, that no H.264 parameter set has.

    Raises:
        ValueError: All ids are taken, or two different sets have the same id.
    """
    taken: set[tuple[int, int]] = set()
    for nal in parameter_sets:
        kind = nal[0] & 31
        # A sequence's id comes after profile, constraints and level, a picture's at once.
        number = _exp_golomb(nal[4:] if kind == 7 else nal[1:])
        if (kind, number) in taken:
            raise ValueError("its parameter sets change within the clip")
        taken.add((kind, number))
    numbers = {number for _, number in taken}
    free = next((number for number in range(1, 32) if number not in numbers), None)
    if free is None:
        raise ValueError("it uses all ids of parameter sets")
    return free


def _exp_golomb(data: bytes) -> int:
    """Return the unsigned Exp-Golomb number at the begin of some bytes."""
    bits = int.from_bytes(data[:8].ljust(8, b"\0"), "big")
    zeros = 64 - bits.bit_length()
    return (bits >> (63 - 2 * zeros)) - 1
