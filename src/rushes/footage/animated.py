"""Animated pictures among files with the suffix of a still picture: APNG and animated WebP."""

from io import BufferedIOBase, RawIOBase
from typing import Literal

SUFFIXES = frozenset({".png", ".webp"})
"""Suffixes of still pictures whose formats can also hold an animation."""

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 100
"""Chunks of a PNG that are read in search of the animation's header, which is near the begin."""


def animation_in(file: BufferedIOBase | RawIOBase) -> Literal["APNG", "WebP"] | None:
    """Return the format of an animated picture by its header; None for anything else.

    Args:
        file: The file, open at its begin.
    """
    head = file.read(21) or b""
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
        return "WebP" if len(head) > 20 and head[20] & 2 else None
    if not head.startswith(_PNG):
        return None
    at = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        header = file.read(8) or b""
        if len(header) < 8 or header[4:] == b"IDAT":
            return None
        if header[4:] == b"acTL":
            return "APNG"
        at += 12 + int.from_bytes(header[:4])  # length, type and checksum surround the data
    return None
