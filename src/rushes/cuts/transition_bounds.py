"""Begin and end of a gradual transition, to the frame, by fitted curves and single cells.

The curves of `transition_fit` are root mean squares, which hide the small first corner of a wipe,
and a fit to them rests on the middle of a transition. Single cells show its ends. In a wipe some
cells already show the new picture while others still show the old one. In a dissolve all cells
change alike: just after its begin all are about to change, just before its end all have changed.
The comparison is 0.24 s long, so the offset of these peaks is known.

All numbers were tuned on generated montages (`docs/lab-notes.md`). No signal finds a begin that is
too soft to see; only a margin keeps it out of the shots.
"""

from dataclasses import dataclass

import numpy as np

from rushes.cuts.transition_fit import REACHES_S, Fit, Reaches
from rushes.records import CutKind

_HALF_LOOK_S = REACHES_S[0] / 2
# How far outside of the fit an end may lie.
_WIPE_OUTSIDE_S, _DISSOLVE_OUTSIDE_S, _DISSOLVE_INSIDE_S = 1.2, 0.45, 0.2
# Cells belong to a wipe, or to a dissolve's end, where their share is above what motion makes
# nearby by this factor and this much (percent).
_WIPE_OVER, _DISSOLVE_OVER = (1.3, 0.6), (2.0, 4.0)
# Percent of the cells that have arrived while as many are yet to leave, from which on it is a wipe.
_TORN = 6.0
# A wipe with a soft edge shows only its steep middle, which is short and looks like a dissolve.
_SOFT_S = 0.6
# What is added on either side: frames, and a share of the length.
_MARGINS = {"dissolve": (1.0, 0.04), "wipe": (2.0, 0.15), "soft": (1.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Extent:
    """A transition in rows."""

    kind: CutKind
    start: int
    """First row that may be mixed."""
    end: int
    """First row that shows the new shot alone."""


def extent(reaches: Reaches, fit: Fit, margin: float) -> Extent:
    """Return the bounds of a transition, inside its hard cuts.

    Args:
        reaches: The comparisons of the video.
        fit: The transition that fits their curves best.
        margin: Factor on the margins: 1 as tuned, 0 for one frame on either side.
    """
    torn = np.minimum(reaches.arrived, reaches.leaving)[fit.start : fit.end]
    lasts_s = reaches.time_s[fit.end] - reaches.time_s[fit.start]
    is_soft = fit.kind == "dissolve" and lasts_s <= _SOFT_S and bool((torn >= _TORN).any())
    kind: CutKind = "wipe" if is_soft else fit.kind
    start, end = (_wipe if kind == "wipe" else _dissolve)(reaches, fit)
    frames, share = _MARGINS["soft" if is_soft else kind]
    by = max(1, round(margin * (frames + share * (end - start))))
    shot = np.flatnonzero(reaches.shot == reaches.shot[fit.start])
    # A margin leaves at least half of what there is up to the next hard cut.
    by_start = min(by, max(0, start - int(shot[0])) // 2)
    by_end = min(by, max(0, int(shot[-1]) - end) // 2)
    return Extent(kind, max(start - by_start, int(shot[0])), min(end + by_end, int(shot[-1])))


def _wipe(reaches: Reaches, fit: Fit) -> tuple[int, int]:
    """Extend a wipe: back while some cells have just changed, on while some are yet to change."""
    arrived, leaving = reaches.arrived, reaches.leaving
    start_s, end_s = reaches.time_s[fit.start], reaches.time_s[fit.end]
    factor, over = _WIPE_OVER
    before = factor * _usual(reaches, fit, arrived, start_s - 1.5, start_s - 0.5) + over
    after = factor * _usual(reaches, fit, leaving, end_s + 0.5, end_s + 1.5) + over
    start, earliest = fit.start, reaches.row(start_s - _WIPE_OUTSIDE_S)
    end, latest = fit.end, reaches.row(end_s + _WIPE_OUTSIDE_S)
    # A look across a hard cut is NaN, which is above nothing.
    while start > earliest and arrived[start - 1] > before:
        start -= 1
    while end < latest and leaving[end] > after:
        end += 1
    return start, end


def _dissolve(reaches: Reaches, fit: Fit) -> tuple[int, int]:
    """Find the peaks near both ends; their inner flanks are half a comparison inside."""
    time_s = reaches.time_s
    start_s, end_s = time_s[fit.start], time_s[fit.end]
    start, end = fit.start, fit.end
    factor, over = _DISSOLVE_OVER

    first = reaches.row(start_s - _DISSOLVE_OUTSIDE_S)
    leaving = np.nan_to_num(reaches.leaving[first : reaches.row(start_s + _DISSOLVE_INSIDE_S)])
    usual = _usual(reaches, fit, reaches.leaving, start_s - 1.7, start_s - 0.7)
    if len(leaving) and leaving.max() >= factor * usual + over:
        at = int(leaving.argmax())
        is_over = leaving[at:] < leaving.max() / 2
        at += int(is_over.argmax()) - 1 if is_over.any() else len(is_over) - 1
        start = min(start, reaches.row(time_s[first + at] - _HALF_LOOK_S))

    first = reaches.row(end_s - _DISSOLVE_INSIDE_S)
    arrived = np.nan_to_num(reaches.arrived[first : reaches.row(end_s + _DISSOLVE_OUTSIDE_S)])
    usual = _usual(reaches, fit, reaches.arrived, end_s + 0.7, end_s + 1.7)
    if len(arrived) and arrived.max() >= factor * usual + over:
        at = int(arrived.argmax())
        is_over = arrived[at::-1] < arrived.max() / 2
        at -= int(is_over.argmax()) - 1 if is_over.any() else at
        end = max(end, reaches.row(time_s[first + at] + _HALF_LOOK_S))
    return start, end


def _usual(reaches: Reaches, fit: Fit, cells: np.ndarray, first_s: float, last_s: float) -> float:
    """Return the median share of cells in a stretch, as a background by motion; 0 if unknown."""
    near = slice(reaches.row(first_s), reaches.row(last_s))
    is_seen = ~np.isnan(cells[near]) & (reaches.shot[near] == reaches.shot[fit.start])
    seen = cells[near][is_seen]
    return float(np.median(seen)) if len(seen) >= 3 else 0.0
