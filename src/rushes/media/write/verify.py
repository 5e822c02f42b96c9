"""What was written is read back and compared with what was meant."""

import errno
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import MediaError
from rushes.media.probe import open_video
from rushes.media.write.framing import coarse_luma

MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a clip's file should hold."""

    starts: Sequence[int]
    """When each frame begins, in ticks from the clip's begin."""
    end: int
    """When the last frame ends."""
    alike: Mapping[int, np.ndarray] = field(default_factory=dict)
    """Frame number → the source's `coarse_luma`: what was encoded anew must come near it."""
    same: Mapping[int, bytes] = field(default_factory=dict)
    """Frame number → the source's `digest`: what was copied must equal it."""


def digest(frame: Any) -> bytes:
    """Return a hash of all pixels of an `av.VideoFrame`."""
    # sha256 is done by the processor itself: three times as fast as blake2b.
    pixels = np.ascontiguousarray(frame.to_ndarray())
    return hashlib.sha256(pixels.data).digest()


def verify(path: Path, meant: Meant, base: Fraction, crf: int, item: str) -> None:
    """Decode a whole file and compare it with what was meant.

    Args:
        path: The file.
        meant: In ticks of `base`.
        base: Seconds per tick.
        crf: How lossy the encoding was meant to be.
        item: What to call the clip in messages.

    Raises:
        MediaError: The frames' number or times differ, or a picture that is known does.
    """
    times: list[Fraction] = []
    wrong = ""
    again = "export it again, and report this if it stays"
    with open_video(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            times.append(frame.pts * frame.time_base)
            wrong = wrong or _difference(number, frame, meant, crf)
    if len(times) != len(meant.starts):
        raise MediaError(
            f"{item}: {len(meant.starts)} frames written, {len(times)} read back; {again}"
        )
    pairs = zip(times, meant.starts, strict=True)
    if any(abs(time - start * base) > MICROSECOND for time, start in pairs):
        raise MediaError(f"{item}: the frames' times differ from the source's; {again}")
    if wrong:
        raise MediaError(f"{item}: {wrong}; {again}")


def _difference(number: int, frame: Any, meant: Meant, crf: int) -> str:
    """Return in words how a frame differs from what was meant; empty if it does not."""
    name = {0: "first", len(meant.starts) - 1: "last"}.get(number, f"{number + 1}th")
    if number in meant.same and digest(frame) != meant.same[number]:
        return f"the {name} frame is a copy, but does not equal the source's"
    if number in meant.alike:
        difference = float(np.abs(coarse_luma(frame) - meant.alike[number]).mean())
        # Lossy coding stays well below this, another shot well above.
        if difference > 4 + crf / 4:
            return f"the {name} frame is {difference:.0f}/255 off the source's"
    return ""


@contextmanager
def explained(item: str, path: Path) -> Iterator[None]:
    """Turn the system's and FFmpeg's errors into `MediaError`s that name the item."""
    import av

    try:
        yield
    except MediaError:
        raise
    except (av.FFmpegError, OSError) as error:
        if error.errno == errno.ENOSPC:
            message = f"no space left on the disk of {path.parent}; free some and run it again"
        else:
            message = f"cannot write {path}: {error.strerror or error}"
        raise MediaError(f"{item}: {message}") from error
