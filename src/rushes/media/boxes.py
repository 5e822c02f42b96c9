"""Boxes of MP4 and elements of Matroska that FFmpeg reads but does not hand out.

They state the part of the picture that is shown, and Dolby Vision.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 64 << 20
_INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_ENTRY_HEADER = 78
"""Bytes of a visual sample entry before its boxes."""
_EBML_INSIDE = (0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x41E4)
"""Segment, Tracks, TrackEntry, Video, BlockAdditionMapping."""
_PIXEL_CROP = {0x54CC: 0, 0x54BB: 1, 0x54DD: 2, 0x54AA: 3}


@dataclass(frozen=True, slots=True)
class PictureBoxes:
    """The statements of a container on its first video track."""

    crop_px: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Columns and lines that are not shown: left, top, right, bottom."""
    dolby_profile: int | None = None
    """Profile of Dolby Vision; None where it is not stated."""


def picture_boxes(path: Path, container: str) -> PictureBoxes:
    """Read the statements of an MP4 or Matroska file; none from other containers."""
    try:
        with path.open("rb") as file:
            if container.startswith("mov"):
                return _mp4(_moov(file))
            if container.startswith("matroska"):
                return _matroska(file.read(1 << 20))
    except (OSError, struct.error, IndexError):
        pass  # FFmpeg could read it; the boxes are broken or beyond reach
    return PictureBoxes()


def _moov(file: object) -> bytes:
    read, seek = file.read, file.seek  # type: ignore[attr-defined]
    at = 0
    while True:
        seek(at)
        header = read(16)
        if len(header) < 8:
            return b""
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1:
            size = struct.unpack_from(">Q", header, 8)[0]
        if kind == b"moov":
            seek(at)
            return bytes(read(min(size or _LARGEST, _LARGEST)))
        if size < 8:
            return b""
        at += size


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > end:
            return
        yield kind, at + 8, at + size
        at += size


def _mp4(moov: bytes) -> PictureBoxes:
    for kind, at, end in _entries(moov, 0, len(moov)):
        if kind in (b"mp4a", b"text", b"tx3g", b"tmcd", b"mebx"):
            continue
        width, height = struct.unpack_from(">HH", moov, at + 24)
        if not width or not height:
            continue
        crop, profile = (0, 0, 0, 0), None
        for name, start, _ in _boxes(moov, at + _ENTRY_HEADER, end):
            if name == b"clap":
                crop = _clap(struct.unpack_from(">IIIIiIiI", moov, start), width, height)
            elif name in (b"dvcC", b"dvvC", b"dvwC"):
                profile = moov[start + 2] >> 1
        return PictureBoxes(crop, profile)
    return PictureBoxes()


def _entries(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the sample entries of all tracks."""
    for kind, start, stop in _boxes(data, at, end):
        if kind in _INSIDE:
            yield from _entries(data, start, stop)
        elif kind == b"stsd":
            yield from _boxes(data, start + 8, stop)


def _clap(values: tuple[int, ...], width: int, height: int) -> tuple[int, int, int, int]:
    """Return the crop of a clean aperture, whose offset is that of the centres."""
    wide_n, wide_d, high_n, high_d, x_n, x_d, y_n, y_d = values
    if not (wide_d and high_d and x_d and y_d):
        return (0, 0, 0, 0)
    wide, high = wide_n / wide_d, high_n / high_d
    left = round((width - wide) / 2 + x_n / x_d)
    top = round((height - high) / 2 + y_n / y_d)
    right, bottom = width - left - round(wide), height - top - round(high)
    sides = (left, top, right, bottom)
    return sides if min(sides) >= 0 and wide >= 2 and high >= 2 else (0, 0, 0, 0)


def _matroska(data: bytes) -> PictureBoxes:
    crop = [0, 0, 0, 0]
    profile = None
    tracks = 0
    for kind, at, end in _elements(data, 0, len(data)):
        if kind == 0xE0:
            tracks += 1
        if tracks > 1:
            break
        if kind in _PIXEL_CROP:
            crop[_PIXEL_CROP[kind]] = int.from_bytes(data[at:end], "big")
        elif kind == 0x41ED and end - at >= 4 and data[at] == 1:  # BlockAddIDExtraData
            profile = data[at + 2] >> 1
    return PictureBoxes((crop[0], crop[1], crop[2], crop[3]), profile)


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    while at + 2 <= end:
        kind, at = _number(data, at, keep=True)
        size, start = _number(data, at, keep=False)
        stop = min(end, start + size)
        yield kind, start, stop
        if kind in _EBML_INSIDE:
            yield from _elements(data, start, stop)
        if kind == 0x1F43B675:  # the first cluster: no tracks behind it
            return
        at = stop


def _number(data: bytes, at: int, *, keep: bool) -> tuple[int, int]:
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return (value if keep else value & ((1 << (7 * length)) - 1)), at + length
