"""Whether two runs of stills show the same footage, and how they lie on each other.

Pictures alone do not tell: all moments of a scene before a fixed camera look alike. So the pictures
are compared twice, as they are and less what never changes in them. The first finds the window of a
crop, the second the offset in time; both have to agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from rushes.dedup.change_curves import Beat, Pulse, beat
from rushes.dedup.descriptors import SIDE_PX, WHOLE, Window, within

_CELLS = 16
_SPEEDS = (1.0, 1.05, 1 / 1.05)  # 25 for 24 frames a second falls to the nearest
_TRIES = 3  # offsets of each speed that are looked at closely
_STEPS = 6  # on either side of each, within half a second
_SLACK_S = 0.25
_SURE = 0.52
_SURE_PARTLY = 0.4  # more is asked for where only a part of the longer clip is in the other
_LEAST_LIKENESS = 0.7
_CROPPED = 0.95
_BEYOND_DOUBT = 1.1
_LITTLE = 0.8  # information that counts half
_STEP_WEIGHT = 2.0
_IN_STEP = 0.75  # agreement of frames that speaks neither way
_LEAST = 0.3  # of likeness: below it there is nothing to look at closely
_SAME = 0.985  # pictures that agree so well need no crop to explain them
_TRIMMED = 0.12  # share of the cells that a logo or a subtitle may spoil


@dataclass(frozen=True, slots=True)
class Run:
    """The stills of one clip."""

    pictures_THW: np.ndarray
    """uint8 (T, 32, 32), see `descriptors.picture`."""
    times_s: np.ndarray
    """float64, ascending: seconds since the clip's first frame."""
    length_s: float
    """From its first frame to its end."""
    pulse: Pulse
    """When it changes."""
    content: Window = WHOLE
    """What of its pictures lies between bars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How run b lies on run a: what a shows at `t`, b shows at `(t - offset_s) / speed`."""

    offset_s: float
    speed: float
    is_mirrored: bool
    window_a: Window
    """What of the picture of a is in b's."""
    window_b: Window
    """What of the picture of b is in a's."""
    overlap_s: float
    """Seconds of a that b shows."""
    share_a: float
    """Part of a that b shows, 0-1."""
    share_b: float
    likeness: float
    """Mean correlation of the pictures, at most 1."""
    agreement: float
    """Correlation of what changes in them, at most 1."""
    liveliness: float
    """Share of what changes in all that the pictures hold, 0–1; near 0 nothing moves."""
    beat: Beat
    """How the changes of single frames agree."""

    @property
    def certainty(self) -> float:
        """How sure it is that both show the same footage, about 1 where nothing speaks against it.

        Frames that change in step speak louder than pictures, as far as anything changes.
        """
        weight = self.beat.information / (self.beat.information + _LITTLE)
        sure = self.agreement + _STEP_WEIGHT * weight * (self.beat.agreement - _IN_STEP)
        return sure if self.likeness >= _LEAST_LIKENESS else min(sure, 0.0)

    @property
    def is_cropped(self) -> bool:
        """Whether one shows but a part of the other's picture."""
        return min(*self.window_a[2:], *self.window_b[2:]) < _CROPPED

    @property
    def is_same(self) -> bool:
        """Whether both show the same footage.

        Two takes of one action before one camera agree for a while, at some offset; two copies of
        a shot mostly begin and end together.
        """
        return self.certainty > _SURE + _SURE_PARTLY * (1 - min(self.share_a, self.share_b))


def align(
    a: Run, b: Run, *, is_mirrored: bool, pairs: Sequence[tuple[int, int]]
) -> Alignment | None:
    """Return the best way to lay b on a; None where that is no good at all.

    Args:
        a: One clip.
        b: The other.
        is_mirrored: Whether b is turned left to right before it is laid on a.
        pairs: Stills of a and b whose looks are near.
    """
    if min(len(a.times_s), len(b.times_s)) < 2:
        return None
    pictures_b = b.pictures_THW[:, :, ::-1] if is_mirrored else b.pictures_THW
    window_a, window_b = _windows(a, b, pictures_b, pairs)
    cells_a = _normal(_cells(a.pictures_THW, window_a))
    cells_b = _normal(_cells(pictures_b, window_b))
    best: Alignment | None = None
    for speed, rough_s in _search(a, b, cells_a, cells_b, _SPEEDS).items():
        both = _laid(a, b, cells_a, cells_b, rough_s, speed)
        if _compared(*both)[0] < _LEAST:
            continue
        # What a logo or a subtitle covers in one of the two says nothing.
        off_N = ((both[0] - both[1]) ** 2).mean(0)
        kept_N = off_N <= np.quantile(off_N, 1 - _TRIMMED)
        bare_a, bare_b = cells_a[:, kept_N], cells_b[:, kept_N]
        offset_s = _search(a, b, bare_a, bare_b, (speed,)).get(speed, rough_s)
        likeness, agreement, liveliness = _compared(*_laid(a, b, bare_a, bare_b, offset_s, speed))
        in_step = beat(a.pulse, b.pulse, offset_s, speed)
        overlap_s = _overlap_s(a, b, in_step.offset_s, speed)
        found = Alignment(
            offset_s=in_step.offset_s,
            speed=speed,
            is_mirrored=is_mirrored,
            window_a=window_a,
            window_b=window_b,
            overlap_s=overlap_s,
            share_a=min(1.0, overlap_s / max(a.length_s, 1e-6)),
            share_b=min(1.0, overlap_s / speed / max(b.length_s, 1e-6)),
            likeness=likeness,
            agreement=agreement,
            liveliness=liveliness,
            beat=in_step,
        )
        if best is None or found.certainty > best.certainty:
            best = found
        if best.certainty > _BEYOND_DOUBT:
            break  # no other speed would fit better
    return best


def _overlap_s(a: Run, b: Run, offset_s: float, speed: float) -> float:
    return max(0.0, min(a.length_s, offset_s + speed * b.length_s) - max(0.0, offset_s))


def _windows(
    a: Run, b: Run, pictures_b: np.ndarray, pairs: Sequence[tuple[int, int]]
) -> tuple[Window, Window]:
    """Return which part of a shows what which part of b shows."""
    import cv2

    left, top, wide, high = b.content
    is_turned = pictures_b is not b.pictures_THW
    content_b = (1 - left - wide, top, wide, high) if is_turned else b.content
    bases = [(a.content, content_b)]
    if (a.content, content_b) != (WHOLE, WHOLE):
        bases.append((WHOLE, WHOLE))  # what looks like bars in one may be none
    chosen = [pairs[i] for i in sorted({0, len(pairs) - 1})]
    best, found = -1.0, (WHOLE, WHOLE)
    for base_a, base_b in bases:
        all_a = _part(a.pictures_THW[[i for i, _ in chosen]], base_a, SIDE_PX)
        all_b = _part(pictures_b[[j for _, j in chosen]], base_b, SIDE_PX)
        for wide_px, high_px in _sizes():
            is_whole = (wide_px, high_px) == (SIDE_PX, SIDE_PX)
            for is_b_inside in (True,) if is_whole else (True, False):
                total = np.zeros((SIDE_PX - high_px + 1, SIDE_PX - wide_px + 1), np.float32)
                for one, other in zip(all_a, all_b, strict=True):
                    outer, inner = (one, other) if is_b_inside else (other, one)
                    small = cv2.resize(inner, (wide_px, high_px), interpolation=cv2.INTER_AREA)
                    total += cv2.matchTemplate(outer, small, cv2.TM_CCOEFF_NORMED)
                # The whole is the likeliest; a smaller part fits by chance more easily.
                score = float(total.max()) / len(chosen) - 0.02 * (not is_whole)
                if score > best:
                    row, column = np.unravel_index(int(total.argmax()), total.shape)
                    inside = (
                        float(column) / SIDE_PX, float(row) / SIDE_PX,
                        wide_px / SIDE_PX, high_px / SIDE_PX,
                    )  # fmt: skip
                    one_part, other_part = (inside, WHOLE) if is_b_inside else (WHOLE, inside)
                    best, found = score, (within(base_a, one_part), within(base_b, other_part))
            if best > _SAME:
                return found
    return found


@cache
def _sizes() -> list[tuple[int, int]]:
    even = [(side, side) for side in (32, 30, 29, 28, 27, 26, 24)]
    return [*even, (24, 32), (32, 24), (27, 32), (32, 27), (29, 32), (32, 29)]


@cache
def _area(start: float, length: float, cells: int) -> np.ndarray:
    """Return what averages a part of a side to cells: (cells, pixels)."""
    edges = SIDE_PX * (start + length * np.arange(cells + 1) / cells)
    pixels = np.arange(SIDE_PX)
    low = np.maximum(edges[:-1, None], pixels)
    high = np.minimum(edges[1:, None], pixels + 1)
    share = np.clip(high - low, 0, None)
    return np.asarray(share / share.sum(1, keepdims=True), np.float32)


def _part(pictures_THW: np.ndarray, window: Window, cells: int) -> np.ndarray:
    """Return a part of each picture: float32 (T, cells, cells)."""
    left, top, wide, high = window
    rows, columns = _area(top, high, cells), _area(left, wide, cells)
    return np.asarray(rows @ pictures_THW.astype(np.float32) @ columns.T)


def _cells(pictures_THW: np.ndarray, window: Window) -> np.ndarray:
    """Return a part of each picture as cells: float32 (T, 256)."""
    return _part(pictures_THW, window, _CELLS).reshape(len(pictures_THW), -1)


def _normal(cells_TN: np.ndarray) -> np.ndarray:
    """Return the cells of a run less their mean, over their spread: brightness does not count."""
    cells_TN = cells_TN - cells_TN.mean()
    return np.asarray(cells_TN / max(float(cells_TN.std()), 1.0))


def _search(
    a: Run, b: Run, cells_a: np.ndarray, cells_b: np.ndarray, speeds: Sequence[float]
) -> dict[float, float]:
    """Return for each speed the offset at which pictures and changes agree best, if any."""
    grams = [
        _Gram(cells_a - cells_a.mean(1, keepdims=True), cells_b - cells_b.mean(1, keepdims=True)),
        _Gram(cells_a - cells_a.mean(0), cells_b - cells_b.mean(0)),
    ]
    votes = grams[0].cosines() + grams[1].cosines()
    offsets: list[np.ndarray] = []
    paces: list[np.ndarray] = []
    fine_s = np.arange(-_STEPS, _STEPS + 1) / (2 * _STEPS)
    for speed in speeds:
        bins = np.rint(2 * (a.times_s[:, None] - speed * b.times_s[None, :])).astype(int)
        low = int(bins.min())
        counts = np.bincount((bins - low).ravel())
        # Two stills that agree say less than ten.
        sums = np.bincount((bins - low).ravel(), votes.ravel()) / np.sqrt(counts.clip(1))
        for at in np.argsort(sums)[::-1][:_TRIES]:
            offsets.append((low + float(at)) / 2 + fine_s)
            paces.append(np.full(len(fine_s), speed))
    offset_K, speed_K = np.concatenate(offsets), np.concatenate(paces)
    spots = _Spots.at(a, b, offset_K, speed_K)
    score_K = (grams[0].correlation(spots) + grams[1].correlation(spots)) * spots.count_K**0.25
    score_K[spots.count_K < 2] = -np.inf
    found = {}
    for speed in speeds:
        best = int(np.where(speed_K == speed, score_K, -np.inf).argmax())
        if np.isfinite(score_K[best]):
            found[speed] = float(offset_K[best])
    return found


@dataclass(frozen=True, slots=True)
class _Spots:
    """For each of K ways to lay b on a: where each still of b falls among those of a."""

    inside_KT: np.ndarray
    before_KT: np.ndarray
    share_KT: np.ndarray
    """How far from the still before to the next one, 0-1."""
    count_K: np.ndarray

    @classmethod
    def at(cls, a: Run, b: Run, offset_K: np.ndarray, speed_K: np.ndarray) -> "_Spots":
        at_KT = offset_K[:, None] + speed_K[:, None] * b.times_s[None, :]
        inside_KT = (at_KT >= a.times_s[0] - _SLACK_S) & (at_KT <= a.times_s[-1] + _SLACK_S)
        before_KT = np.searchsorted(a.times_s, at_KT).clip(1, len(a.times_s) - 1) - 1
        gap_KT = np.maximum(a.times_s[before_KT + 1] - a.times_s[before_KT], 1e-6)
        share_KT = np.minimum(np.maximum((at_KT - a.times_s[before_KT]) / gap_KT, 0), 1)
        return cls(inside_KT, before_KT, share_KT, inside_KT.sum(1))


class _Gram:
    """The products of all stills of two runs, from which those of stills in between follow."""

    def __init__(self, a_TN: np.ndarray, b_TN: np.ndarray) -> None:
        self._ab = a_TN @ b_TN.T
        self._aa = np.einsum("tn,tn->t", a_TN, a_TN)
        self._next = np.einsum("tn,tn->t", a_TN[:-1], a_TN[1:])
        self._bb = np.einsum("tn,tn->t", b_TN, b_TN)

    def cosines(self) -> np.ndarray:
        """Return the cosine of each still of a with each of b."""
        return np.asarray(self._ab / np.sqrt(self._aa[:, None] * self._bb[None, :]).clip(1e-6))

    def correlation(self, spots: _Spots) -> np.ndarray:
        """Return for each way the correlation of b's stills with a at their moments."""
        at, q = spots.before_KT, spots.share_KT
        p, of_b = 1 - q, np.arange(len(self._bb))[None, :]
        product = p * self._ab[at, of_b] + q * self._ab[at + 1, of_b]
        of_a = p * p * self._aa[at] + q * q * self._aa[at + 1] + 2 * p * q * self._next[at]
        inside = spots.inside_KT
        both = (of_a * inside).sum(1) * (self._bb[None, :] * inside).sum(1)
        return np.asarray((product * inside).sum(1) / np.sqrt(np.maximum(both, 1e-9)))


def _laid(
    a: Run, b: Run, cells_a: np.ndarray, cells_b: np.ndarray, offset_s: float, speed: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of a at the moments of b's stills, between its own, and those of b."""
    spots = _Spots.at(a, b, np.array([offset_s]), np.array([speed]))
    inside = spots.inside_KT[0]
    before, share = spots.before_KT[0, inside], spots.share_KT[0, inside, None]
    share = share.astype(np.float32)
    return cells_a[before] * (1 - share) + cells_a[before + 1] * share, cells_b[inside]


def _compared(a_TN: np.ndarray, b_TN: np.ndarray) -> tuple[float, float, float]:
    """Return likeness, agreement and liveliness of two runs of the same length."""
    likeness = float((_unit(a_TN) * _unit(b_TN)).sum(1).mean())
    changes_a, changes_b = a_TN - a_TN.mean(0), b_TN - b_TN.mean(0)
    energy_a, energy_b = float((changes_a**2).sum()), float((changes_b**2).sum())
    agreement = float((changes_a * changes_b).sum()) / max(np.sqrt(energy_a * energy_b), 1e-6)
    whole = float(((a_TN - a_TN.mean()) ** 2).sum() + ((b_TN - b_TN.mean()) ** 2).sum())
    return likeness, agreement, (energy_a + energy_b) / max(whole, 1e-6)


def _unit(cells_TN: np.ndarray) -> np.ndarray:
    cells_TN = cells_TN - cells_TN.mean(1, keepdims=True)
    return np.asarray(cells_TN / np.linalg.norm(cells_TN, axis=1, keepdims=True).clip(1e-6))
