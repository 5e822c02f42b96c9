"""Cuts from the network's curves: a pure function of numbers and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.records import CutKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """The network's four probabilities of each frame, 0–1."""

    begins: np.ndarray
    """A shot begins at this frame."""
    mixed: np.ndarray
    """The frame is part of a gradual transition."""
    fade: np.ndarray
    """If it is: the transition passes through a plain colour."""
    wipe: np.ndarray
    """If it is: the new shot comes in behind an edge, or moves in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Thresholds of the decision."""

    hard: float = 0.5
    """`begins` from which a frame is a hard cut; higher reports fewer."""
    gradual: float = 0.8
    """`mixed` that a gradual transition reaches at its highest; higher reports fewer."""
    inside: float = 0.35
    """`mixed` from which a frame belongs to it; higher makes transitions shorter."""
    gap: int = 2
    """Frames below `inside` that a transition may have within."""
    least: float = 2.5
    """Sum of `mixed` over a transition, in frames; higher reports fewer short ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One transition, in frame numbers from 0."""

    start: int
    """First frame that does not show the old shot alone."""
    end: int
    """First frame that shows the new shot alone; equal to `start` for a hard cut."""
    kind: CutKind
    confidence: float


def decide(curves: Curves, thresholds: Thresholds | None = None) -> list[Boundary]:
    """Return the transitions, in order; they do not overlap.

    Args:
        curves: Four values for each frame of a video.
        thresholds: Defaults if None.
    """
    lines = thresholds or Thresholds()
    gradual = _stretches(curves.mixed, lines)
    found = []
    taken = np.zeros(len(curves.begins) + 1, bool)
    for first, last in gradual:
        boundary = _gradual(curves, first, last, lines)
        if boundary is not None:
            found.append(boundary)
            taken[max(0, boundary.start - 1) : boundary.end + 1] = True
    for at in _peaks(curves.begins, lines.hard):
        if not taken[at]:
            found.append(
                Boundary(start=at, end=at, kind="hard", confidence=float(curves.begins[at]))
            )
    return sorted(found, key=lambda one: (one.end, one.start))


def _peaks(begins: np.ndarray, least: float) -> list[int]:
    """Return the rows that stand out from both neighbours; the first frame is none."""
    before, after = begins[:-2], begins[2:]
    middle = begins[1:-1]
    is_peak = (middle >= least) & (middle >= after) & (middle > before)
    return (np.flatnonzero(is_peak) + 1).tolist()


def _stretches(mixed: np.ndarray, lines: Thresholds) -> Sequence[tuple[int, int]]:
    """Return half-open stretches of mixed frames, near ones joined."""
    is_in = np.concatenate([[False], mixed >= lines.inside, [False]])
    edges = np.flatnonzero(np.diff(is_in.astype(np.int8))).reshape(-1, 2).tolist()
    joined: list[list[int]] = []
    for first, last in edges:
        if joined and first - joined[-1][1] <= lines.gap:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    return [
        (first, last) for first, last in joined if float(mixed[first:last].max()) >= lines.gradual
    ]


def _gradual(curves: Curves, first: int, last: int, lines: Thresholds) -> Boundary | None:
    """Return a stretch as a transition, or None where a hard cut explains it."""
    mixed = curves.mixed[first:last]
    total = float(mixed.sum())
    near = curves.begins[max(1, first - 2) : last + 2]
    sharp = float(near.max()) if len(near) else 0.0
    if total < lines.least and sharp >= lines.hard:
        return None
    if total < lines.least and float(mixed.max()) < 0.9:
        return None
    weights = mixed / max(total, 1e-6)
    fade = float((curves.fade[first:last] * weights).sum())
    wipe = float((curves.wipe[first:last] * weights).sum())
    kind: CutKind = "fade" if fade >= max(wipe, 0.5) else "wipe" if wipe >= 0.5 else "dissolve"
    return Boundary(start=first, end=last, kind=kind, confidence=float(mixed.max()))
