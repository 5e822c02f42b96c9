"""What workers do for dedup: looks of a video's stills, and whether clips show the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from rushes import files
from rushes.catalog.signals import read_signals
from rushes.dedup.align import Alignment, Run, align
from rushes.dedup.change_curves import pulse_of
from rushes.dedup.descriptors import (
    CROPS,
    LENGTH,
    SIDE_PX,
    WHOLE,
    looks,
    picture,
    window_of,
    within,
)
from rushes.errors import MediaError
from rushes.media.defects.bars import content_box
from rushes.media.stills import read_stills
from rushes.runner.base import Progress
from rushes.stages.items import Signals

PARTS = len(CROPS) + 1
"""Looks of each still: of the content between its bars and of crops of it; last of the whole with
its bars, where there are any."""
ASKED = (0, PARTS - 1)
"""Those of a clip that are looked for among all of others."""
_SIDE_READ_PX = 64  # short side of the stills as they are read
_LOOKED_AT = np.dtype(
    [("pts", "<i8"), ("looks", "i1", (PARTS, LENGTH)), ("picture", "u1", (SIDE_PX, SIDE_PX)),
     ("content", "<f4", (4,))]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTask:
    """One video whose stills are to be looked at."""

    stills: Path
    stills_signals: Path
    border_signals: Path | None
    target: Path


def look_at(task: LookTask, progress: Progress) -> int:
    """Write what the stills of a video look like; return how many there are."""
    pts = read_signals(task.stills_signals).pts
    content = WHOLE
    if task.border_signals is not None:
        border = read_signals(task.border_signals)
        content = window_of(content_box(border, border))
    rows = np.zeros(len(pts), _LOOKED_AT)
    rows["pts"] = pts
    rows["content"] = content
    every = np.arange(len(pts))
    for at, still in enumerate(read_stills(task.stills, every, short_side_px=_SIDE_READ_PX)):
        rows["picture"][at] = picture(still)
    for part, crop in enumerate(CROPS):
        rows["looks"][:, part] = _packed(looks(rows["picture"], within(content, crop)))
    if content != WHOLE:
        rows["looks"][:, -1] = _packed(looks(rows["picture"]))
    with files.whole(task.target) as temporary:
        np.save(temporary, rows)
    return len(rows)


def _packed(looks_TL: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(127 * looks_TL), np.int8)


def read_looks(path: Path) -> np.ndarray:
    """Return what `look_at` wrote: a memory map of rows with pts, looks, picture and content.

    Raises:
        MediaError: The file is missing or broken.
    """
    try:
        return np.asarray(np.load(path, mmap_mode="r"))
    except (OSError, ValueError) as error:
        raise MediaError(f"{path}: cannot be read ({error}); run: rushes dedup") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a clip is."""

    looks: Path
    change: Path
    """Signals of the probe `change`."""
    in_pts: int
    out_pts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTask:
    """Pairs of clips that may show the same."""

    places: Mapping[int, Place]
    """By the clip's number."""
    pairs: Sequence[tuple[int, int, bool, tuple[tuple[int, int], ...]]]
    """First and second clip, whether the second is mirrored, and pts of stills that look near."""


def compare(task: PairTask, progress: Progress) -> list[tuple[int, int, Alignment]]:
    """Return the pairs that show the same footage, and how the second lies on the first."""
    best: dict[tuple[int, int], Alignment] = {}
    for done, (first, second, is_mirrored, near) in enumerate(task.pairs):
        a, b = _run(task.places[first]), _run(task.places[second])
        stills = [(_row(task.places[first], i), _row(task.places[second], j)) for i, j in near]
        found = align(a, b, is_mirrored=is_mirrored, pairs=stills)
        known = best.get((first, second))
        if found and found.is_same and (known is None or found.certainty > known.certainty):
            best[first, second] = found
        progress(done + 1)
    return [(*pair, found) for pair, found in best.items()]


@lru_cache(maxsize=256)
def _looked_at(path: Path) -> np.ndarray:
    return read_looks(path)


@lru_cache(maxsize=16)
def _signals(path: Path) -> Signals:
    return read_signals(path)


@lru_cache(maxsize=1024)
def _run(place: Place) -> Run:
    rows = _looked_at(place.looks)
    first, last = np.searchsorted(rows["pts"], (place.in_pts, place.out_pts))
    inside = rows[first:last]
    change = _signals(place.change)
    tick_s = float(change.time_base)
    left, top, wide, high = (float(part) for part in inside["content"][0])
    return Run(
        pictures_THW=np.ascontiguousarray(inside["picture"]),
        times_s=(inside["pts"] - place.in_pts) * tick_s,
        length_s=(place.out_pts - place.in_pts) * tick_s,
        pulse=pulse_of(change, place.in_pts, place.out_pts),
        content=(left, top, wide, high),
    )


def _row(place: Place, pts: int) -> int:
    """Return which still of the clip has this time."""
    rows = _looked_at(place.looks)
    return int(np.searchsorted(rows["pts"], pts) - np.searchsorted(rows["pts"], place.in_pts))
