"""Fit of a dissolve or wipe to the differences at lags of 0.24, 0.48, 0.96 and 1.92 s.

`reach_240ms` … `reach_1920ms` are the distances of each frame to the frame that long before. In a
dissolve the distance grows with the share of the transition that the comparison spans; in a wipe,
its square does. So the transition that fits all four curves best gives begin, end and kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.records import CutKind
from rushes.stages.items import Signals

REACHES_S = (0.24, 0.48, 0.96, 1.92)
NAMES = ("240ms", "480ms", "960ms", "1920ms")
# Looks that end this long before and after a span still say something about its transition.
_AROUND_S = (1.0, 2.0)
# Durations tried first, in seconds; a transition longer than the longest reach cannot be measured.
_DURATIONS_S = np.array([0.12, 0.2, 0.3, 0.42, 0.56, 0.72, 0.9, 1.1, 1.35, 1.6, 1.9, 2.2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The transition that fits a span best, in rows."""

    kind: CutKind
    """"dissolve" or "wipe"."""
    start: int
    """First mixed row."""
    end: int
    """First row that shows the new shot alone."""
    change: float
    """Distance between the two shots, motion taken out; root mean square of 255."""
    misfit: float
    """Mean error of the fit, as a share of `change`; 0 is perfect."""


class Reaches:
    """The lagged differences of one video, and the rows that each of them compares."""

    def __init__(self, change: Signals, hard: Sequence[int]) -> None:
        """Prepare the signals of the change probe.

        Args:
            change: The signals, of two rows or more.
            hard: Rows of the hard cuts; no comparison goes across one.
        """
        self.time_s = change.time_s
        self.rows = np.arange(len(self.time_s))
        self.step = change.columns["step_1"].astype(np.float64)
        self.far = [change.columns[f"reach_{name}"].astype(np.float64) for name in NAMES]
        self.spread = [change.columns[f"spread_{name}"] / 100 for name in NAMES]
        self.back = [_nearest(self.time_s, self.time_s - reach_s) for reach_s in REACHES_S]
        self.ahead = [_nearest(self.time_s, self.time_s + reach_s) for reach_s in REACHES_S]
        self.shot = np.searchsorted(np.array(hard, np.int64), self.rows, side="right")
        """Number of hard cuts up to each row: equal for two rows if none lies between them."""
        self.arrived = self._of_middle(change.columns["arrived"])
        """Percent of the cells that are new since 0.24 s ago and stay for as long; NaN where a hard
        cut is so near."""
        self.leaving = self._of_middle(change.columns["leaving"])
        """Percent of the cells that have been the same for 0.24 s and are new as long after."""
        sides = [self._motion(which) for which in range(len(NAMES))]
        self.before = [before for before, _ in sides]
        """For each reach and row: change over an equal span just before the one that ends there."""
        self.after = [after for _, after in sides]
        """The same just after it."""
        self.motion = [np.maximum(before, after) for before, after in sides]
        """The larger of both; NaN where one is unknown: a shot that just began has no before."""

    def row(self, time_s: float) -> int:
        """Return the first row at or after a time; one less than their number if there is none."""
        found = int(np.searchsorted(self.time_s, time_s - 1e-6))
        return min(found, len(self.rows) - 1)

    def _of_middle(self, cells: np.ndarray) -> np.ndarray:
        """Move values from the end of two comparisons to the row where they meet."""
        back, ahead = self.back[0], self.ahead[0]
        is_whole = (self.shot[back] == self.shot[ahead]) & (back < self.rows) & (self.rows < ahead)
        return np.where(is_whole, cells.astype(np.float64)[ahead], np.nan)

    def is_whole(self, which: int) -> np.ndarray:
        """Return a mask of the rows whose comparison stays inside one shot and has some length."""
        back = self.back[which]
        return np.asarray((self.shot == self.shot[back]) & (self.rows > back))

    def _motion(self, which: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the change just before and just after each row's comparison (NaN where unknown).

        Across a hard cut a shorter comparison is used, scaled up like a random walk.
        """
        before = np.full(len(self.rows), np.nan)
        after = before.copy()
        start = self.back[which]
        for shorter in range(which, -1, -1):
            scale = (REACHES_S[which] / REACHES_S[shorter]) ** 0.5
            for known, ends, begins in (
                (before, start, self.back[shorter][start]),
                (after, self.ahead[shorter], self.rows),
            ):
                is_usable = (
                    np.isnan(known)
                    & (self.shot[ends] == self.shot[begins])
                    & (self.time_s[ends] - self.time_s[begins] > 0.6 * REACHES_S[shorter])
                )
                known[is_usable] = scale * self.far[shorter][ends][is_usable]
        return before, after

    def fit(self, which: int, at: int) -> Fit:
        """Return the transition that fits best around the comparison that ends at row `at`.

        Both pictures move during the transition; that motion counts as noise and adds in squares.
        """
        first_s, last_s = self.time_s[self.back[which][at]], self.time_s[at]
        curves = self._curves(which, at, first_s, last_s)
        starts_s = np.arange(first_s - 0.5, last_s, 0.08)
        spans = np.array([(s, s + d) for s in starts_s for d in _DURATIONS_S])
        spans = spans[spans[:, 1] < last_s + 0.6]
        best = curves.best(spans, every=3)
        for step_s in (0.08, 0.04, 0.02):
            nudges = np.arange(-2, 3) * step_s
            spans = np.array([(best.start_s + a, best.end_s + b) for a in nudges for b in nudges])
            best = curves.best(spans[spans[:, 1] - spans[:, 0] > 0.08], every=1)
        start = int(np.searchsorted(self.time_s, best.start_s + 1e-6))
        end = int(np.searchsorted(self.time_s, best.end_s))
        return Fit(
            kind=best.kind,
            start=min(start, len(self.rows) - 1),
            end=min(max(end, start), len(self.rows) - 1),
            change=best.change,
            misfit=best.misfit / max(best.change, 1.0),
        )

    def _curves(self, which: int, at: int, first_s: float, last_s: float) -> "_Curves":
        """Collect the comparisons around the one that ends at `at`, for all four lags."""
        near = (self.time_s > first_s - _AROUND_S[0]) & (self.time_s < last_s + _AROUND_S[1])
        rows = np.flatnonzero(near & (self.shot == self.shot[at]))
        seen, ends_s, begins_s, noise = [], [], [], []
        for other, far in enumerate(self.far):
            looks = rows[self.is_whole(other)[rows]]
            begin_s = self.time_s[self.back[other][looks]]
            scale = (REACHES_S[other] / REACHES_S[which]) ** 0.5
            before = self._still(other, int(self.back[which][at]), scale * self.before[which][at])
            ahead = int(self.ahead[other][at])
            after = self._still(other, ahead if ahead > at else 0, scale * self.after[which][at])
            middle_s = (self.time_s[looks] + begin_s) / 2
            share = np.clip((middle_s - first_s) / (last_s - first_s), 0, 1)
            seen.append(far[looks])
            ends_s.append(self.time_s[looks])
            begins_s.append(begin_s)
            noise.append((before * (1 - share) + after * share) ** 2)
        return _Curves(*(np.concatenate(parts) for parts in (seen, ends_s, begins_s, noise)))

    def _still(self, which: int, row: int, otherwise: float) -> float:
        """Return the change of the comparison that ends at `row`; `otherwise` across a cut."""
        if self.is_whole(which)[row]:
            return float(self.far[which][row])
        return 0.0 if np.isnan(otherwise) else float(otherwise)


@dataclass(frozen=True, slots=True)
class _Guess:
    kind: CutKind
    start_s: float
    end_s: float
    change: float
    misfit: float
    """Mean absolute error, of 255."""


@dataclass(frozen=True, slots=True)
class _Curves:
    """Comparisons at all lags, one after another."""

    seen: np.ndarray
    """Distance of each comparison."""
    ends_s: np.ndarray
    begins_s: np.ndarray
    noise: np.ndarray
    """Squared distance by motion alone."""

    def best(self, spans_S2: np.ndarray, every: int) -> _Guess:
        """Return the best of the transitions that begin and end at the given seconds (S, 2)."""
        seen, noise = self.seen[::every], self.noise[::every]
        start_S1, end_S1 = spans_S2[:, :1], spans_S2[:, 1:]
        length_S1 = end_S1 - start_S1
        ends_SN = np.clip((self.ends_s[::every] - start_S1) / length_S1, 0, 1)
        begins_SN = np.clip((self.begins_s[::every] - start_S1) / length_S1, 0, 1)
        overlap_SN = ends_SN - begins_SN
        excess = seen**2 - noise
        guesses = []
        kinds: tuple[tuple[CutKind, np.ndarray], ...] = (
            ("dissolve", overlap_SN**2),
            ("wipe", overlap_SN),
            ("wipe", _eased(ends_SN) - _eased(begins_SN)),
        )
        for kind, shape_SN in kinds:
            weight = (shape_SN**2).sum(1) + 1e-9
            square = np.maximum((shape_SN * excess).sum(1) / weight, 0)
            errors = np.abs(seen - np.sqrt(noise + square[:, None] * shape_SN)).mean(1)
            which = int(np.argmin(errors))
            start_s, end_s = spans_S2[which].tolist()
            change = float(np.sqrt(square[which]))
            guesses.append(_Guess(kind, start_s, end_s, change, float(errors[which])))
        return min(guesses, key=lambda guess: guess.misfit)


def _eased(share: np.ndarray) -> np.ndarray:
    """Return the share of the picture that a soft-edged wipe has replaced, at shares of time."""
    return np.asarray(share**2 * (3 - 2 * share))


def _nearest(time_s: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """Return the row nearest to each time, as the probe chose it."""
    right = np.clip(np.searchsorted(time_s, wanted_s), 1, len(time_s) - 1)
    is_left = np.abs(time_s[right - 1] - wanted_s) < np.abs(time_s[right] - wanted_s)
    return np.asarray(np.where(is_left, right - 1, right))
