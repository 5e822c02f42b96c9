"""Alignment: whether two clips show the same footage, and at which offset, speed and crop.

Stills alone do not tell: before a fixed camera all moments of a scene look alike. So the pictures
are compared twice, as they are and less their mean over time. The first finds the crop, the second
the offset in time. Both have to agree, and so do the change curves, which are exact to the frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.dedup.change_curves import ChangeCurves, CurveMatch, match_curves
from rushes.dedup.crop_windows import area_means, crop_windows
from rushes.dedup.descriptors import WHOLE, Window

_CELLS = 16  # along each side of a picture
_SPEEDS = (1.0, 1.05, 1 / 1.05)  # 25 for 24 frames a second is found as 1.05
_TRIES = 3  # offsets of each speed that are compared closely
_STEPS = 6  # on either side of each, within half a second
_SLACK_S = 0.25
_SAME = 0.52  # least certainty where both clips show all of the other
_SAME_PARTLY = 0.4  # added to it in proportion to the part of the longer clip that is not shown
_LEAST_LIKENESS = 0.7
_CROPPED = 0.95
_BEYOND_DOUBT = 1.1
_HALF_WEIGHT = 0.8  # information of the change curves at which they count half
_CURVE_WEIGHT = 2.0
_NEUTRAL = 0.75  # agreement of the change curves that speaks neither for nor against
_HOPELESS = 0.3  # likeness below which nothing is compared closely
_COVERED = 0.12  # share of the cells that a logo or a subtitle may cover


@dataclass(frozen=True, slots=True)
class ClipStills:
    """The stills and the change curves of one clip."""

    pictures_THW: np.ndarray
    """uint8 (T, 32, 32), see `descriptors.picture`."""
    times_s: np.ndarray
    """float64, ascending: seconds since the clip's first frame."""
    length_s: float
    """From its first frame to its end."""
    curves: ChangeCurves
    content: Window = WHOLE
    """The part of its pictures between bars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """The position of clip b on clip a: b shows at `(t - offset_s) / speed` what a shows at `t`."""

    offset_s: float
    speed: float
    """Seconds of a that one second of b shows."""
    is_mirrored: bool
    window_a: Window
    """The part of a's picture that b shows."""
    window_b: Window
    """The part of b's picture that a shows."""
    share_a: float
    """Part of a's length that b shows, 0–1."""
    share_b: float
    """Part of b's length that a shows, 0–1."""
    likeness: float
    """Mean correlation of the pictures, at most 1."""
    agreement: float
    """Correlation of the pictures' changes over time, at most 1."""
    curves: CurveMatch
    """Agreement of the change curves."""

    @property
    def certainty(self) -> float:
        """Certainty that both show the same footage; about 1 where nothing speaks against it.

        The change curves weigh more than the pictures, in proportion to what changes at all.
        """
        weight = self.curves.information / (self.curves.information + _HALF_WEIGHT)
        sure = self.agreement + _CURVE_WEIGHT * weight * (self.curves.agreement - _NEUTRAL)
        return sure if self.likeness >= _LEAST_LIKENESS else min(sure, 0.0)

    @property
    def is_cropped(self) -> bool:
        """True if one shows only a part of the other's picture."""
        return min(*self.window_a[2:], *self.window_b[2:]) < _CROPPED

    @property
    def is_same(self) -> bool:
        """True if both show the same footage.

        Two takes of one action before one camera agree for a while, at some offset. Two copies of
        a shot mostly begin and end together. So a partial overlap needs more certainty.
        """
        return self.certainty > _SAME + _SAME_PARTLY * (1 - min(self.share_a, self.share_b))


@dataclass(frozen=True, slots=True)
class _Cells:
    """The pictures of one clip as cells of one brightness, and their times."""

    values_TN: np.ndarray
    times_s: np.ndarray

    def only(self, kept_N: np.ndarray) -> "_Cells":
        return _Cells(self.values_TN[:, kept_N], self.times_s)


def align(
    a: ClipStills, b: ClipStills, *, is_mirrored: bool, pairs: Sequence[tuple[int, int]]
) -> Alignment | None:
    """Return the best way to lay b on a; None where there is none.

    Args:
        a: One clip.
        b: The other.
        is_mirrored: Whether b is turned left to right before it is laid on a.
        pairs: Rows of stills of a and b whose descriptors are near.
    """
    if min(len(a.times_s), len(b.times_s)) < 2:
        return None
    pictures_b = b.pictures_THW[:, :, ::-1] if is_mirrored else b.pictures_THW
    left, top, wide, high = b.content
    content_b = (1 - left - wide, top, wide, high) if is_mirrored else b.content
    some = [pairs[i] for i in sorted({0, len(pairs) - 1})]
    window_a, window_b = crop_windows(
        (a.pictures_THW[[i for i, _ in some]], a.content),
        (pictures_b[[j for _, j in some]], content_b),
    )
    cells_a = _Cells(_normal(a.pictures_THW, window_a), a.times_s)
    cells_b = _Cells(_normal(pictures_b, window_b), b.times_s)
    best: Alignment | None = None
    for speed, rough_s in _offsets(cells_a, cells_b, _SPEEDS).items():
        both = _interpolated(cells_a, cells_b, rough_s, speed)
        if _compared(*both)[0] < _HOPELESS:
            continue
        # Cells that differ most may lie under a logo or a subtitle of one of the two.
        off_N = ((both[0] - both[1]) ** 2).mean(0)
        kept_N = off_N <= np.quantile(off_N, 1 - _COVERED)
        bare_a, bare_b = cells_a.only(kept_N), cells_b.only(kept_N)
        offset_s = _offsets(bare_a, bare_b, (speed,)).get(speed, rough_s)
        likeness, agreement = _compared(*_interpolated(bare_a, bare_b, offset_s, speed))
        curves = match_curves(a.curves, b.curves, offset_s, speed)
        overlap_s = _overlap_s(a, b, curves.offset_s, speed)
        found = Alignment(
            offset_s=curves.offset_s,
            speed=speed,
            is_mirrored=is_mirrored,
            window_a=window_a,
            window_b=window_b,
            share_a=min(1.0, overlap_s / max(a.length_s, 1e-6)),
            share_b=min(1.0, overlap_s / speed / max(b.length_s, 1e-6)),
            likeness=likeness,
            agreement=agreement,
            curves=curves,
        )
        if best is None or found.certainty > best.certainty:
            best = found
        if best.certainty > _BEYOND_DOUBT:
            break  # no other speed would fit better
    return best


def _overlap_s(a: ClipStills, b: ClipStills, offset_s: float, speed: float) -> float:
    return max(0.0, min(a.length_s, offset_s + speed * b.length_s) - max(0.0, offset_s))


def _normal(pictures_THW: np.ndarray, window: Window) -> np.ndarray:
    """Return cells less their mean, over their spread, so that brightness does not count.

    Args:
        pictures_THW: The pictures of one clip.
        window: Their part that is compared.

    Returns:
        float32 (T, 256).
    """
    cells_TN = area_means(pictures_THW, window, _CELLS).reshape(len(pictures_THW), -1)
    cells_TN = cells_TN - cells_TN.mean()
    return np.asarray(cells_TN / max(float(cells_TN.std()), 1.0))


def _offsets(a: _Cells, b: _Cells, speeds: Sequence[float]) -> dict[float, float]:
    """Return for each speed the offset at which pictures and changes agree best, if any."""
    cells_a, cells_b = a.values_TN, b.values_TN
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
    places = _Places.of(a.times_s, b.times_s, offset_K, speed_K)
    score_K = grams[0].correlation(places) + grams[1].correlation(places)
    score_K = score_K * places.count_K**0.25
    score_K[places.count_K < 2] = -np.inf
    found = {}
    for speed in speeds:
        best = int(np.where(speed_K == speed, score_K, -np.inf).argmax())
        if np.isfinite(score_K[best]):
            found[speed] = float(offset_K[best])
    return found


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each still of b falls among those of a, for each of K offsets and speeds."""

    inside_KT: np.ndarray
    before_KT: np.ndarray
    """The still of a before it."""
    share_KT: np.ndarray
    """Share of the way from the still before to the next one, 0–1."""
    count_K: np.ndarray

    @classmethod
    def of(
        cls, times_a: np.ndarray, times_b: np.ndarray, offset_K: np.ndarray, speed_K: np.ndarray
    ) -> "_Places":
        at_KT = offset_K[:, None] + speed_K[:, None] * times_b[None, :]
        inside_KT = (at_KT >= times_a[0] - _SLACK_S) & (at_KT <= times_a[-1] + _SLACK_S)
        before_KT = np.searchsorted(times_a, at_KT).clip(1, len(times_a) - 1) - 1
        gap_KT = np.maximum(times_a[before_KT + 1] - times_a[before_KT], 1e-6)
        share_KT = np.minimum(np.maximum((at_KT - times_a[before_KT]) / gap_KT, 0), 1)
        return cls(inside_KT, before_KT, share_KT, inside_KT.sum(1))


class _Gram:
    """Dot products of all stills of two clips; those of interpolated stills follow from them."""

    def __init__(self, a_TN: np.ndarray, b_TN: np.ndarray) -> None:
        self._ab = a_TN @ b_TN.T
        self._aa = np.einsum("tn,tn->t", a_TN, a_TN)
        self._next = np.einsum("tn,tn->t", a_TN[:-1], a_TN[1:])
        self._bb = np.einsum("tn,tn->t", b_TN, b_TN)

    def cosines(self) -> np.ndarray:
        """Return the cosine of each still of a with each of b."""
        return np.asarray(self._ab / np.sqrt(self._aa[:, None] * self._bb[None, :]).clip(1e-6))

    def correlation(self, places: _Places) -> np.ndarray:
        """Return for each offset and speed the correlation of b's stills with a: (K,)."""
        at, q = places.before_KT, places.share_KT
        p, of_b = 1 - q, np.arange(len(self._bb))[None, :]
        product = p * self._ab[at, of_b] + q * self._ab[at + 1, of_b]
        of_a = p * p * self._aa[at] + q * q * self._aa[at + 1] + 2 * p * q * self._next[at]
        inside = places.inside_KT
        both = (of_a * inside).sum(1) * (self._bb[None, :] * inside).sum(1)
        return np.asarray((product * inside).sum(1) / np.sqrt(np.maximum(both, 1e-9)))


def _interpolated(
    a: _Cells, b: _Cells, offset_s: float, speed: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of a interpolated at the times of b's stills, and the cells of b."""
    places = _Places.of(a.times_s, b.times_s, np.array([offset_s]), np.array([speed]))
    inside = places.inside_KT[0]
    before, share = places.before_KT[0, inside], places.share_KT[0, inside, None]
    share = share.astype(np.float32)
    cells_a = a.values_TN[before] * (1 - share) + a.values_TN[before + 1] * share
    return cells_a, b.values_TN[inside]


def _compared(a_TN: np.ndarray, b_TN: np.ndarray) -> tuple[float, float]:
    """Return likeness and agreement of stills that belong together."""
    likeness = float((_unit(a_TN) * _unit(b_TN)).sum(1).mean())
    changes_a, changes_b = a_TN - a_TN.mean(0), b_TN - b_TN.mean(0)
    energy_a, energy_b = float((changes_a**2).sum()), float((changes_b**2).sum())
    agreement = float((changes_a * changes_b).sum()) / max(np.sqrt(energy_a * energy_b), 1e-6)
    return likeness, agreement


def _unit(cells_TN: np.ndarray) -> np.ndarray:
    cells_TN = cells_TN - cells_TN.mean(1, keepdims=True)
    return np.asarray(cells_TN / np.linalg.norm(cells_TN, axis=1, keepdims=True).clip(1e-6))
