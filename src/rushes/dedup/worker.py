"""The work of workers for dedup: describe a video's stills, and compare pairs of clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rushes import files
from rushes.catalog.signals import read_signals
from rushes.dedup.align import Alignment, ClipStills, align
from rushes.dedup.change_curves import change_curves
from rushes.dedup.descriptors import (
    CROPS,
    LENGTH,
    SIDE_PX,
    WHOLE,
    describe,
    picture,
    window_of,
    within,
)
from rushes.dedup.near_stills import PACKED
from rushes.errors import MediaError
from rushes.media.defects.bars import picture_box
from rushes.media.stills import read_stills
from rushes.runner.base import Progress
from rushes.stages.items import Signals

PARTS = len(CROPS) + 1
"""Descriptors of each still: of the picture between its bars, of six crops of that, and last of the
whole with its bars, where there are any."""
QUERY_PARTS = (0, PARTS - 1)
"""Parts that are searched for among all parts of other clips."""
_READ_PX = 64  # short side of the stills as they are read
_STORED = np.dtype(
    [("pts", "<i8"), ("looks", "i1", (PARTS, LENGTH)), ("picture", "u1", (SIDE_PX, SIDE_PX)),
     ("content", "<f4", (4,))]
)  # fmt: skip
"""A row of the file; `looks` are the descriptors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTask:
    """One video whose stills are to be described."""

    stills: Path
    stills_signals: Path
    border_signals: Path | None
    target: Path


def describe_video(task: DescribeTask, progress: Progress) -> int:
    """Write pictures and descriptors of a video's stills; return how many stills there are."""
    pts = read_signals(task.stills_signals).pts
    content = WHOLE
    if task.border_signals is not None:
        border = read_signals(task.border_signals)
        content = window_of(picture_box(border, border))
    rows = np.zeros(len(pts), _STORED)
    rows["pts"] = pts
    rows["content"] = content
    every = np.arange(len(pts))
    for at, still in enumerate(read_stills(task.stills, every, short_side_px=_READ_PX)):
        rows["picture"][at] = picture(still)
    for part, crop in enumerate(CROPS):
        rows["looks"][:, part] = _packed(describe(rows["picture"], within(content, crop)))
    if content != WHOLE:
        rows["looks"][:, -1] = _packed(describe(rows["picture"]))
    with files.whole(task.target) as temporary:
        np.save(temporary, rows)
    return len(rows)


def _packed(descriptors_TL: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(PACKED * descriptors_TL), np.int8)


def read_descriptors(path: Path) -> np.ndarray:
    """Return a memory map of what `describe_video` wrote: rows of pts, looks, picture, content.

    Raises:
        MediaError: The file is missing or broken.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, ValueError) as error:
        raise MediaError(f"{path}: cannot be read ({error}); run: rushes dedup") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFiles:
    """The files that hold a clip's stills and signals, and its span in them."""

    descriptors: Path
    change: Path
    """Signals of the probe `change`."""
    in_pts: int
    out_pts: int

    def rows_in(self, pts: np.ndarray) -> slice:
        """Return the rows of ascending `pts` that lie inside the clip."""
        first, last = np.searchsorted(pts, (self.in_pts, self.out_pts))
        return slice(int(first), int(last))


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePair:
    """Two clips that may show the same footage."""

    first: int
    """Number of the clip."""
    second: int
    is_mirrored: bool
    """True if the second is mirrored against the first."""
    near_pts: tuple[tuple[int, int], ...]
    """Times of stills of the first and the second that look alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTask:
    """Pairs of clips to be compared."""

    files: Mapping[int, ClipFiles]
    """By the clip's number."""
    pairs: Sequence[CandidatePair]


def compare(task: CompareTask, progress: Progress) -> list[tuple[int, int, Alignment]]:
    """Return the pairs that show the same footage, and how the second lies on the first."""
    best: dict[tuple[int, int], Alignment] = {}
    for done, pair in enumerate(task.pairs, start=1):
        a, b = task.files[pair.first], task.files[pair.second]
        near = [(_still_row(a, one), _still_row(b, other)) for one, other in pair.near_pts]
        found = align(_clip_stills(a), _clip_stills(b), is_mirrored=pair.is_mirrored, pairs=near)
        known = best.get((pair.first, pair.second))
        if found and found.is_same and (known is None or found.certainty > known.certainty):
            best[pair.first, pair.second] = found
        progress(done)
    return [(*pair, found) for pair, found in best.items()]


_descriptors = lru_cache(maxsize=256)(read_descriptors)


@lru_cache(maxsize=16)
def _signals(path: Path) -> Signals:
    return read_signals(path)


@lru_cache(maxsize=1024)
def _clip_stills(clip: ClipFiles) -> ClipStills:
    rows = _descriptors(clip.descriptors)
    inside = rows[clip.rows_in(rows["pts"])]
    change = _signals(clip.change)
    tick_s = float(change.time_base)
    left, top, wide, high = (float(part) for part in inside["content"][0])
    return ClipStills(
        pictures_THW=np.ascontiguousarray(inside["picture"]),
        times_s=(inside["pts"] - clip.in_pts) * tick_s,
        length_s=(clip.out_pts - clip.in_pts) * tick_s,
        curves=change_curves(change, clip.in_pts, clip.out_pts),
        content=(left, top, wide, high),
    )


def _still_row(clip: ClipFiles, pts: int) -> int:
    """Return the row, among the clip's stills, of the still at a time."""
    all_pts = _descriptors(clip.descriptors)["pts"]
    return int(np.searchsorted(all_pts, pts) - np.searchsorted(all_pts, clip.in_pts))
