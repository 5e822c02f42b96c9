"""Whether two clips change at the same moments, by the scan's numbers for every frame.

Stills are half a second apart, and two encodings of the same footage rarely keep the same ones. The
change signals know every frame; size, codec, mirroring and a logo hardly touch them. So they tell
copies from other moments of the same scene, and lay one clip on the other to the frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rushes.stages.items import Signals

_STEP_S = 1 / 24
_WIDTH = 25  # steps that make about a second
_LAGS = 10  # steps looked at on either side
# Column -> its noise, in its own unit: coding alone moves it by about this.
_NOISE = {"reach_240ms": 0.10, "reach_480ms": 0.08, "luma": 1.0, "contrast": 1.0}
_AFTER_S = 0.48
"""The first moments of a clip are compared with what was before it, which the other may lack."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What changes in one clip, and when."""

    times_s: np.ndarray
    """float64, ascending: seconds since the clip's first frame."""
    curves: Mapping[str, np.ndarray]
    """float32, one value a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """How two pulses agree."""

    offset_s: float
    agreement: float
    """Correlation over all curves, at most 1."""
    information: float
    """How much there is to agree in, in multiples of what coding alone would show."""


def pulse_of(change: Signals, in_pts: int, out_pts: int) -> Pulse:
    """Return the pulse of a clip, from the change signals of its video."""
    inside = change.span(in_pts, out_pts)
    times_s = (inside.pts - in_pts) * float(change.time_base)
    curves = {name: inside.columns[name].astype(np.float32) for name in _NOISE}
    for name in ("reach_240ms", "reach_480ms"):
        # In proportion: a crop shows more of it, a paler copy less.
        curves[name] = np.log(curves[name] + 0.5)
    return Pulse(times_s, curves)


def beat(a: Pulse, b: Pulse, offset_s: float, speed: float) -> Beat:
    """Return how well the pulses agree, b laid on a, at the best offset near the given one."""
    nothing = Beat(offset_s=offset_s, agreement=0.0, information=0.0)
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
        first = _quick(np.interp(around_s, a.times_s, a.curves[name]))
        first_LN = np.lib.stride_tricks.sliding_window_view(first, len(at_s))
        second = _quick(np.interp(own_s, b.times_s, b.curves[name]))
        second = second - second.mean()
        first_L = first_LN.std(1)
        product_L = (first_LN @ second) / len(at_s) / np.maximum(first_L * second.std(), 1e-6)
        least_L = np.minimum(first_L, second.std())
        share_L = least_L**2 / (least_L**2 + noise**2)
        total_L += share_L * product_L
        weight_L += share_L
    best = int((total_L / weight_L).argmax())
    return Beat(
        offset_s=offset_s + (best - _LAGS) * _STEP_S,
        agreement=float(total_L[best] / weight_L[best]),
        information=float(weight_L[best]),
    )


def _quick(curve: np.ndarray) -> np.ndarray:
    """Return what varies within a second: slow waves agree by chance, by one that is like another.

    Two people who come to the same table at the same pace differ in their steps.
    """
    size = min(_WIDTH, len(curve))
    padded = np.pad(curve, (size // 2, size - 1 - size // 2), mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    return np.asarray(curve - (sums[size:] - sums[:-size]) / size)
