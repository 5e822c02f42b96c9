"""Change curves: how much a clip changes at each frame, and how well two clips agree in that.

Stills are half a second apart, and two encodings of the same footage rarely keep the same ones. The
scan's change signals have a value for every frame. Size, codec, mirroring and a logo hardly touch
them. So they tell copies from other moments of one scene, and align two clips to the frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rushes.stages.items import Signals

_STEP_S = 1 / 24
_WINDOW = 25  # steps, about a second
_LAGS = 10  # steps tried on either side of an offset
# Column → its noise, in its own unit: coding alone moves it by about this.
_NOISE = {"reach_240ms": 0.10, "reach_480ms": 0.08, "luma": 1.0, "contrast": 1.0}
_AFTER_S = 0.48
"""Left out at the start: those signals compare with frames before the clip."""


@dataclass(frozen=True, slots=True)
class ChangeCurves:
    """The change of one clip at each of its frames, by several signals."""

    times_s: np.ndarray
    """float64, ascending: seconds since the clip's first frame."""
    curves: Mapping[str, np.ndarray]
    """Name of the signal → float32, one value a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMatch:
    """The agreement of two clips' change curves at the best offset."""

    offset_s: float
    """Time in the first clip at which the second begins, in seconds."""
    agreement: float
    """Correlation over all curves, at most 1."""
    information: float
    """Share of the changes above coding noise: 0–1 a curve, summed over the curves."""


def change_curves(change: Signals, in_pts: int, out_pts: int) -> ChangeCurves:
    """Return the change curves of a clip, from the change signals of its video."""
    inside = change.span(in_pts, out_pts)
    times_s = (inside.pts - in_pts) * float(change.time_base)
    curves = {name: inside.columns[name].astype(np.float32) for name in _NOISE}
    for name in ("reach_240ms", "reach_480ms"):
        # The logarithm makes a crop, which shows more change, differ by a constant only.
        curves[name] = np.log(curves[name] + 0.5)
    return ChangeCurves(times_s, curves)


def match_curves(a: ChangeCurves, b: ChangeCurves, offset_s: float, speed: float) -> CurveMatch:
    """Return how well two clips change in step, at the best offset near the given one.

    Args:
        a: One clip.
        b: The other.
        offset_s: Time in a at which b begins, known to about half a second.
        speed: Seconds of a that one second of b shows.
    """
    nothing = CurveMatch(offset_s=offset_s, agreement=0.0, information=0.0)
    if len(a.times_s) < 8 or len(b.times_s) < 8:
        return nothing
    start_s = max(float(a.times_s[0]), offset_s) + _AFTER_S
    end_s = min(float(a.times_s[-1]), offset_s + speed * float(b.times_s[-1]))
    at_s = np.arange(start_s, end_s, _STEP_S)
    if len(at_s) < 12:
        return nothing
    around_s = start_s + _STEP_S * np.arange(-_LAGS, len(at_s) + _LAGS)
    own_s = (at_s - offset_s) / speed
    total_L, weight_L = np.zeros(2 * _LAGS + 1), np.full(2 * _LAGS + 1, 1e-6)
    for name, noise in _NOISE.items():
        first = _detrended(np.interp(around_s, a.times_s, a.curves[name]))
        first_LN = np.lib.stride_tricks.sliding_window_view(first, len(at_s))
        second = _detrended(np.interp(own_s, b.times_s, b.curves[name]))
        second = second - second.mean()
        first_L = first_LN.std(1)
        product_L = (first_LN @ second) / len(at_s) / np.maximum(first_L * second.std(), 1e-6)
        least_L = np.minimum(first_L, second.std())
        share_L = least_L**2 / (least_L**2 + noise**2)
        total_L += share_L * product_L
        weight_L += share_L
    best = int((total_L / weight_L).argmax())
    return CurveMatch(
        offset_s=offset_s + (best - _LAGS) * _STEP_S,
        agreement=float(total_L[best] / weight_L[best]),
        information=float(weight_L[best]),
    )


def _detrended(curve: np.ndarray) -> np.ndarray:
    """Return a curve less its mean over a second around each frame.

    Slow waves agree by chance: two people who walk to one table differ only in their steps.
    """
    size = min(_WINDOW, len(curve))
    padded = np.pad(curve, (size // 2, size - 1 - size // 2), mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    return np.asarray(curve - (sums[size:] - sums[:-size]) / size)
