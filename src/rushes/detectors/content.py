"""Cuts from how much the picture changes: hard ones at once, dissolves and wipes over time.

A hard cut is one frame that differs from the frame before it far more than its neighbours do from
theirs, and still differs when looked at from the other side of a flash. A gradual transition is a
span of a quarter of a second to two seconds whose ends differ far more than the picture moves in
an equal span before and after. Both decisions are a weighted sum of a few logarithms of ratios,
fitted once on generated montages (`benchmarks/cuts.py`); the thresholds are the recipe's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.reaches import REACHES_S, Fit, Reaches
from rushes.records import Cut, CutKind
from rushes.stage import Signals

# What counts for a gradual transition, and what each number weighs; see `_evidence`.
_WEIGHTS = {
    "stands_out": 1.3,
    "change": 3.3,
    "path_squared": -1.9,
    "stirred": 0.9,
    "spread": 29.0,
    "misfit": -0.4,
}
_BIAS = -25.2


class Content:
    """Hard cuts, dissolves and wipes, by change that stands out from the motion around it."""

    name: ClassVar[str] = "content"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("change",)

    @dataclass(frozen=True, kw_only=True)
    class Params:
        """Settings of the detector."""

        hard_evidence: float = -1.0
        """Log-odds above which a sudden change is a hard cut; higher reports fewer."""
        hard_change: float = 3.0
        """Smallest mean change (of 255) of a hard cut; higher leaves out cuts between dark ones."""
        around_s: float = 0.42
        """How far to either side a sudden change is compared with the motion around it."""
        flash_s: float = 0.25
        """Two hard cuts closer than this that lead back to the same picture are a flash, no cuts;
        higher forgives longer flashes."""
        gradual_evidence: float = 0.5
        """Log-odds above which a slow change is a gradual transition; higher reports fewer."""
        gradual_change: float = 14.0
        """Smallest change (root mean square, of 255) over a gradual transition; higher leaves out
        dissolves between alike pictures."""
        margin: float = 0.08
        """Share of a gradual transition's length that is trimmed on either side as well, as it may
        begin and end too softly to see; higher keeps shots cleaner and shorter."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return hard cuts and gradual transitions in order; gradual ones hold no hard cut."""
        change = signals["change"]
        if len(change.pts) < 2:
            return []
        hard = _hard(change, self.params)
        gradual = _gradual(change, [at for at, _ in hard], self.params)
        pts = change.pts
        cuts = [self._cut("hard", pts[at], pts[at], odds) for at, odds in hard]
        cuts += [self._cut(g.kind, pts[g.start], pts[g.end], g.odds) for g in gradual]
        return sorted(cuts, key=lambda cut: (cut.pts, cut.start_pts))

    def _cut(self, kind: CutKind, start_pts: int, pts: int, log_odds: float) -> Cut:
        return Cut(
            kind=kind,
            start_pts=int(start_pts),
            pts=int(pts),
            confidence=round(float(1 / (1 + np.exp(-log_odds))), 4),
            detector=self.name,
        )


def _hard(change: Signals, params: Content.Params) -> list[tuple[int, float]]:
    """Return rows and log-odds of the hard cuts."""
    time_s = change.time_s
    height = _height(change)
    contrast = change.columns["contrast"].astype(np.float64)
    is_peak = height >= np.maximum.reduce([np.roll(height, by) for by in (-2, -1, 1, 2)])
    is_peak[0] = False
    found = []
    for at in np.flatnonzero(is_peak & (height > params.hard_change)):
        first = np.searchsorted(time_s, time_s[at] - params.around_s)
        last = np.searchsorted(time_s, time_s[at] + params.around_s, side="right")
        around = np.concatenate([height[max(first, 1) : at], height[at + 1 : last]])
        mean, most = (around.mean(), around.max()) if len(around) else (0.0, 0.0)
        log_odds = (
            2.1 * np.log(height[at] / (1 + mean))
            + 1.1 * np.log(height[at] / (1 + most))
            + 2.5 * np.log(height[at] / (6 + contrast[at - 1] + contrast[at]))
            + 1.9
        )
        if log_odds > params.hard_evidence:
            found.append((int(at), float(log_odds)))
    return _without_flashes(change, found, params.flash_s)


def _height(change: Signals) -> np.ndarray:
    """Return how much each frame starts something new (float64), flashes of two frames left out.

    A frame that starts a flash is close to one of the next three from behind; one that ends it is
    close to one of the three before it.
    """
    one, two, three = (change.columns[f"step_{back}"].astype(np.float64) for back in (1, 2, 3))
    height = np.minimum.reduce([one, two, three])
    height[:-1] = np.minimum(height[:-1], two[1:])
    height[:-2] = np.minimum(height[:-2], three[2:])
    return np.asarray(height)


def _without_flashes(
    change: Signals, found: list[tuple[int, float]], flash_s: float
) -> list[tuple[int, float]]:
    """Drop pairs of cuts that soon come back to where they left."""
    time_s = change.time_s
    across = change.columns["reach_240ms"]
    kept: list[tuple[int, float]] = []
    for at, log_odds in found:
        if kept and time_s[at] - time_s[kept[-1][0]] < flash_s:
            before = kept[-1][0]
            # Rows after the second cut that are compared with a frame before the first.
            last = np.searchsorted(time_s, time_s[before] + REACHES_S[0] - 0.02)
            if at < last and across[at:last].min() < 0.4 * across[before]:
                kept.pop()
                continue
        kept.append((at, log_odds))
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A gradual transition, in rows: `start` the first mixed, `end` the first new."""

    kind: CutKind
    start: int
    end: int
    first: int
    """First and last row of the look that found it: the transition is somewhere between."""
    last: int
    odds: float


def _gradual(change: Signals, hard: Sequence[int], params: Content.Params) -> list[_Span]:
    """Return the gradual transitions between the hard cuts, in order."""
    reaches = Reaches(change, hard)
    found = []
    for which, at in _candidates(reaches, params.gradual_change):
        fit = reaches.fit(which, at)
        features = _evidence(reaches, which, at, fit.misfit)
        odds = _BIAS + sum(_WEIGHTS[name] * value for name, value in features.items())
        first = int(reaches.back[which][at])
        inside = min(fit.end, at + 1) - max(fit.start, first)
        if odds > params.gradual_evidence and inside > max(1, 0.4 * (fit.end - fit.start)):
            start, end = _widened(reaches, fit, params.margin)
            found.append(
                _Span(kind=fit.kind, start=start, end=end, first=first, last=at, odds=odds)
            )
    # One transition shows in many looks: the surest speaks for all that share a good part of it.
    found.sort(key=lambda span: -span.odds)
    kept: list[_Span] = []
    for span in found:
        if not any(_is_same(span, other) for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _widened(reaches: Reaches, fit: Fit, margin: float) -> tuple[int, int]:
    """Return the first mixed and the first new row with a margin, inside the same shot."""
    by = max(1, round(margin * (fit.end - fit.start)))
    shot = np.flatnonzero(reaches.shot == reaches.shot[fit.start])
    return max(fit.start - by, int(shot[0])), min(fit.end + by, int(shot[-1]))


def _is_same(span: _Span, other: _Span) -> bool:
    """Whether the look of `span` takes in a fifth of `other`, or the two touch."""
    shared = min(span.last, other.end) - max(span.first, other.start)
    return shared > 0.2 * (other.end - other.start) or (
        span.start <= other.end and other.start <= span.end
    )


def _candidates(reaches: Reaches, least_change: float) -> list[tuple[int, int]]:
    """Return (which reach, last row) of the looks that stand out most, each of its own stretch."""
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


def _evidence(reaches: Reaches, which: int, at: int, misfit: float) -> dict[str, float]:
    """Return the numbers that `_WEIGHTS` weighs, for the look that ends at row `at`.

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
