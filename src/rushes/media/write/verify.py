"""Read-back of a written clip: number, times and pixels of its frames against the source's."""

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
class Expected:
    """The frames that a clip's file should hold."""

    starts: Sequence[int]
    """Begin of each frame's display, in ticks from the clip's begin."""
    end: int
    """End of the last frame's display, in ticks."""
    lumas: Mapping[int, np.ndarray] = field(default_factory=dict)
    """Frame number → the source's `coarse_luma`, for encoded frames; the file's must be near it."""
    digests: Mapping[int, bytes] = field(default_factory=dict)
    """Frame number → the source's `digest`, for copied frames; the file's must equal it."""


def digest(frame: Any) -> bytes:
    """Return a hash of all pixels of an `av.VideoFrame` of any size."""
    # sha256 runs on processor instructions of its own: three times as fast as blake2b.
    state = hashlib.sha256()
    components = frame.format.components
    if len(components) != len(frame.planes):  # packed
        state.update(np.ascontiguousarray(frame.to_ndarray()).data)
        return state.digest()
    for component, plane in zip(components, frame.planes, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        row_bytes = plane.width * -(-component.bits // 8)  # behind it is padding
        state.update(np.ascontiguousarray(rows[: plane.height, :row_bytes]).data)
    return state.digest()


def verify(path: Path, expected: Expected, tick_s: Fraction, crf: int, name: str) -> None:
    """Decode a whole file and compare it with what was expected.

    Args:
        path: The file.
        expected: The frames; times in ticks of `tick_s` seconds.
        tick_s: Seconds per tick.
        crf: Rate factor of the encoding; a higher one allows larger differences.
        name: The clip's name in messages.

    Raises:
        MediaError: The number or the times of the frames differ, or the pixels of one do.
    """
    times: list[Fraction] = []
    wrong = ""
    again = "export it again, and report this if it persists"
    with open_video(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            times.append(frame.pts * frame.time_base)
            wrong = wrong or _difference(number, frame, expected, crf)
    if len(times) != len(expected.starts):
        raise MediaError(
            f"{name}: {len(expected.starts)} frames written, {len(times)} read back; {again}"
        )
    pairs = zip(times, expected.starts, strict=True)
    if any(abs(time - start * tick_s) > MICROSECOND for time, start in pairs):
        raise MediaError(f"{name}: the frames' times differ from the source's; {again}")
    if wrong:
        raise MediaError(f"{name}: {wrong}; {again}")


def _difference(number: int, frame: Any, expected: Expected, crf: int) -> str:
    """Return in words how a frame differs from the expected one; empty if it does not."""
    name = {0: "first", len(expected.starts) - 1: "last"}.get(number, f"{number + 1}th")
    if number in expected.digests and digest(frame) != expected.digests[number]:
        return f"the {name} frame is a copy, but does not equal the source's"
    if number in expected.lumas:
        difference = float(np.abs(coarse_luma(frame) - expected.lumas[number]).mean())
        # Lossy coding stays well below this, another shot well above.
        if difference > 4 + crf / 4:
            return f"the {name} frame is {difference:.0f}/255 off the source's"
    return ""


@contextmanager
def disk_errors_explained(name: str, path: Path) -> Iterator[None]:
    """Turn the errors of the system and of FFmpeg into `MediaError`s.

    Args:
        name: The clip's name in messages.
        path: The file that is written.
    """
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
        raise MediaError(f"{name}: {message}") from error
