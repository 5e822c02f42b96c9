"""Log-odds of cuts from the change probe's signals, for sudden and for slow changes.

A sudden change is one frame that differs from the frame before it far more than its neighbours do
from theirs, and also from the frames before a flash. A slow change is a span of 0.24 to 1.92 s
whose ends differ far more than those of an equal span before and after. The log-odds are weighted
sums of a few logarithms of ratios, fitted on generated montages (`docs/lab-notes.md`). The caller
chooses the thresholds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.cuts.transition_bounds import extent
from rushes.cuts.transition_fit import REACHES_S, Reaches
from rushes.records import CutKind
from rushes.stages.items import Signals

# Weights of the features of a slow change; see `_features`.
_WEIGHTS = {
    "stands_out": 1.3,
    "change": 3.3,
    "path_squared": -1.9,
    "stirred": 0.9,
    "spread": 29.0,
    "misfit": -0.4,
}
_BIAS = -25.2

DOUBT_AROUND = 6
"""Rows on either side of a doubtful change that count as doubtful too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sudden:
    """A frame that may be the first of a new shot."""

    row: int
    odds: float
    """Log-odds that it is; larger is surer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A candidate for a gradual transition, in rows."""

    kind: CutKind
    start: int
    """First mixed row."""
    end: int
    """First row of the new shot alone."""
    first: int
    """First and last row of the comparison that found it; the transition lies between."""
    last: int
    odds: float
    """Log-odds that it is one; larger is surer."""


def sudden_changes(
    change: Signals, *, least_odds: float, least_change: float, around_s: float, flash_s: float
) -> list[Sudden]:
    """Return the candidates for hard cuts in order, without flashes.

    Args:
        change: Signals of the change probe.
        least_odds: Least log-odds of a candidate.
        least_change: Least mean change of a candidate, of 255.
        around_s: Time on either side over which a change is compared with the motion around it.
        flash_s: Two changes closer than this that lead back to the same picture are a flash.
    """
    if len(change.pts) < 2:
        return []
    time_s = change.time_s
    height = _height(change)
    contrast = change.columns["contrast"].astype(np.float64)
    is_peak = height >= np.maximum.reduce([np.roll(height, by) for by in (-2, -1, 1, 2)])
    is_peak[0] = False
    found: list[Sudden] = []
    for at in np.flatnonzero(is_peak & (height > least_change)):
        first = np.searchsorted(time_s, time_s[at] - around_s)
        last = np.searchsorted(time_s, time_s[at] + around_s, side="right")
        around = np.concatenate([height[max(first, 1) : at], height[at + 1 : last]])
        mean, most = (around.mean(), around.max()) if len(around) else (0.0, 0.0)
        log_odds = (
            2.1 * np.log(height[at] / (1 + mean))
            + 1.1 * np.log(height[at] / (1 + most))
            + 2.5 * np.log(height[at] / (6 + contrast[at - 1] + contrast[at]))
            + 1.9
        )
        if log_odds > least_odds:
            found.append(Sudden(row=int(at), odds=float(log_odds)))
    return _without_flashes(change, found, flash_s)


def _height(change: Signals) -> np.ndarray:
    """Return the novelty of each frame (float64); flashes of up to two frames have none.

    A frame that starts a flash is close to one of the next three from behind; one that ends it is
    close to one of the three before it.
    """
    one, two, three = (change.columns[f"step_{back}"].astype(np.float64) for back in (1, 2, 3))
    height = np.minimum.reduce([one, two, three])
    height[:-1] = np.minimum(height[:-1], two[1:])
    height[:-2] = np.minimum(height[:-2], three[2:])
    return np.asarray(height)


def _without_flashes(change: Signals, found: Sequence[Sudden], flash_s: float) -> list[Sudden]:
    """Drop pairs of cuts that soon return to the picture before the first."""
    time_s = change.time_s
    across = change.columns["reach_240ms"]
    kept: list[Sudden] = []
    for sudden in found:
        at = sudden.row
        if kept and time_s[at] - time_s[kept[-1].row] < flash_s:
            before = kept[-1].row
            # Rows after the second cut that are compared with a frame before the first.
            last = np.searchsorted(time_s, time_s[before] + REACHES_S[0] - 0.02)
            if at < last and across[at:last].min() < 0.4 * across[before]:
                kept.pop()
                continue
        kept.append(sudden)
    return kept


def suddenness(change: Signals, row: int) -> tuple[int, int]:
    """Return the first row that may be mixed, and the first unmixed one, of a sudden change.

    Both are `row` for a hard cut. A transition of a few frames is found as a sudden change too: its
    steps stand out from the motion before and after, beside the largest as well.
    """
    step = change.columns["step_1"].astype(np.float64)
    time_s = change.time_s
    ends = []
    for way, near_s in ((-1, (-1.0, -0.3)), (1, (0.3, 1.0))):
        first, last = np.searchsorted(time_s, time_s[row] + np.array(near_s))
        motion = step[max(int(first), 1) : int(last)]
        at = row
        if len(motion) >= 3:
            usual = 3 * np.percentile(motion, 75) + 4
            inside = range(1, len(step))
            while abs(at - row) < 8 and at + way in inside and step[at + way] > usual:
                at += way
        ends.append(at)
    # One more on either side of it, as a transition begins and ends with small steps.
    start, end = ends
    if start == end:
        return row, row
    return max(start - 1, 0), min(end + 1, len(step) - 1)


def slow_changes(
    change: Signals,
    hard: Sequence[int],
    *,
    least_odds: float,
    least_change: float,
    margin: float,
) -> list[Slow]:
    """Return the candidates for gradual transitions between the hard cuts, in order.

    Args:
        change: Signals of the change probe.
        hard: Rows of the hard cuts; no transition goes across one.
        least_odds: Least log-odds of a candidate.
        least_change: Least change over a candidate, root mean square of 255.
        margin: Factor on the margins of gradual transitions; see `transition_bounds`.
    """
    if len(change.pts) < 2:
        return []
    reaches = Reaches(change, hard)
    found = []
    for which, at in _candidates(reaches, least_change):
        fit = reaches.fit(which, at)
        features = _features(reaches, which, at, fit.misfit)
        odds = _BIAS + sum(_WEIGHTS[name] * value for name, value in features.items())
        first = int(reaches.back[which][at])
        inside = min(fit.end, at + 1) - max(fit.start, first)
        if odds > least_odds and inside > max(1, 0.4 * (fit.end - fit.start)):
            to = extent(reaches, fit, margin)
            found.append(
                Slow(kind=to.kind, start=to.start, end=to.end, first=first, last=at, odds=odds)
            )
    # One transition shows in many comparisons: the surest represents all that overlap it.
    found.sort(key=lambda slow: -slow.odds)
    kept: list[Slow] = []
    for slow in found:
        if not any(_is_same(slow, other) for other in kept):
            kept.append(slow)
    return sorted(kept, key=lambda slow: slow.start)


def _is_same(slow: Slow, other: Slow) -> bool:
    """Tell whether the comparison of `slow` covers a fifth of `other`, or the two touch."""
    shared = min(slow.last, other.end) - max(slow.first, other.start)
    return shared > 0.2 * (other.end - other.start) or (
        slow.start <= other.end and other.start <= slow.end
    )


def _candidates(reaches: Reaches, least_change: float) -> list[tuple[int, int]]:
    """Return (index of the lag, last row) of the comparisons that stand out most in their area."""
    best = np.full(len(reaches.rows), -np.inf)
    which_best = np.zeros(len(reaches.rows), np.int64)
    for which, far in enumerate(reaches.far):
        motion = reaches.motion[which]
        is_usable = reaches.is_whole(which) & (far > least_change) & (far > 1.1 * (4 + motion))
        worth = np.where(is_usable, far**2 / (4 + motion), -np.inf)
        which_best[worth > best] = which
        best = np.maximum(best, worth)
    found = []
    for at in np.argsort(-best, kind="stable"):
        if best[at] == -np.inf:
            continue
        which = int(which_best[at])
        found.append((which, int(at)))
        half_s = REACHES_S[which] / 2 + 0.3
        near = np.searchsorted(reaches.time_s, reaches.time_s[at] + np.array([-half_s, half_s]))
        best[min(near[0], reaches.back[which][at] + 1) : max(near[1], at + 1)] = -np.inf
    return found


def _features(reaches: Reaches, which: int, at: int, misfit: float) -> dict[str, float]:
    """Return the features for `_WEIGHTS` of the comparison that ends at row `at`.

    `stands_out`: change, against the motion just before and after. `change`: its size, of
    255. `path_squared`: all squared steps against the squared change; shakes take long ways.
    `stirred`: steps inside against steps outside. `spread`: how much of the picture changed; people
    who walk about change a part. `misfit`: how badly a transition explains it.
    """
    start = int(reaches.back[which][at])
    change = float(reaches.far[which][at])
    steps = reaches.step[start + 1 : at + 1]
    count = at - start
    outside = np.concatenate(
        [reaches.step[max(start - count + 1, 0) : start + 1], reaches.step[at + 1 : at + 1 + count]]
    )
    return {
        "stands_out": float(np.log(change / (4 + reaches.motion[which][at]))),
        "change": float(np.log(change / 14)),
        "path_squared": float(np.log(((steps**2).sum() + 1) / (change**2 + 1))),
        "stirred": float(np.log((steps.mean() + 0.5) / (np.median(outside) + 0.5))),
        "spread": float(reaches.spread[which][at]),
        "misfit": float(np.log(misfit + 0.02)),
    }


def doubtful_rows(change: Signals, *, least_odds: float, most_odds: float) -> list[tuple[int, int]]:
    """Return the doubtful stretches of rows, (first, last + 1), sorted.

    These are the changes, sudden and slow, whose log-odds lie between both limits.
    """
    sudden = sudden_changes(
        change, least_odds=least_odds, least_change=3.0, around_s=0.42, flash_s=0.25
    )
    sure = [s.row for s in sudden if s.odds > most_odds]
    spans = [(s.row - DOUBT_AROUND, s.row + DOUBT_AROUND) for s in sudden if s.odds <= most_odds]
    slow = slow_changes(change, sure, least_odds=least_odds, least_change=14.0, margin=0.0)
    # The comparisons of a slow change contain it; its fitted bounds may be off.
    spans += [
        (min(s.first, s.start) - DOUBT_AROUND, max(s.last, s.end) + DOUBT_AROUND)
        for s in slow
        if s.odds <= most_odds
    ]
    return sorted(spans)
