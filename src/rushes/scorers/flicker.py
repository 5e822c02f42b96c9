"""How much the brightness of a clip jitters from frame to frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.records import Field, Row
from rushes.stage import Item, Signals

TREND_S = 0.4
"""Length of the triangle that smooths brightness: what is slower than about 2.5 Hz is trend."""
WINDOW_S = 0.5
"""Jitter is taken for stretches of this length, and their median for the clip."""
ROUNDING = 1 / 12
"""Variance that rounding luma to whole levels adds."""


class Flicker:
    """Jitter of the mean luma around its smooth trend: old film, fluorescent light, time lapses.

    Root mean square of brightness changes faster than about 2.5 Hz, in levels of 255; the median
    over half seconds, so that a flash, an explosion or a cut that was missed does not decide. Slow
    changes (a fade, a pan into light) are trend. Below 0.5 nobody sees it; 1.5 is plain to see.

    Lies where the picture itself pulses that fast: strobes, gunfire, rain of sparks, a fight cut
    without cuts. Blind to what leaves the mean alone: dark bands that roll through the picture
    (some phones under lamps), flicker of a small part of it, and flicker at the frame rate's own
    multiples. Frames that are shown twice halve the rate of what flickers, not its size.

    Source: ours, from the scan's mean luma of each frame.
    """

    name: ClassVar = "flicker"
    version: ClassVar = 1
    frames: ClassVar = None
    needs: ClassVar = ("change",)
    fields: ClassVar = (
        Field(name="luma", unit="/255", low=0, higher_is_better=False,
              about="root mean square jitter of the mean luma, faster than about 2.5 Hz"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """None so far."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Nothing to load."""

    def annotate(self, items: Sequence[Item]) -> Sequence[Row]:
        """Return the flicker of each clip; ItemError for one shorter than about half a second."""
        return [{"luma": _jitter(item.signals["change"])} for item in items]


def _jitter(signals: Signals) -> float:
    luma_T = signals.columns["luma"].astype(np.float64)
    gaps_s = np.diff(signals.time_s)
    if not len(gaps_s):
        raise ItemError("a single frame cannot flicker")
    fps = 1 / float(np.median(gaps_s))
    weights = _triangle(round(TREND_S * fps / 2))
    if len(luma_T) < len(weights):
        raise ItemError(f"the clip is too short to tell flicker: {len(luma_T)} frames")
    rest_T = np.convolve(luma_T, _without_trend(weights), "valid")
    windows = max(1, min(len(rest_T), round(len(rest_T) / fps / WINDOW_S)))
    powers = [float((part**2).mean()) for part in np.array_split(rest_T, windows)]
    rounding = ROUNDING * float((_without_trend(weights) ** 2).sum())
    return float(np.sqrt(max(0.0, float(np.median(powers)) - rounding)))


def _triangle(half: int) -> np.ndarray:
    """Return weights of a moving average, `half` frames to each side at least one."""
    half = max(1, half)
    weights = 1 - np.abs(np.arange(-half, half + 1)) / (half + 1)
    return np.asarray(weights / weights.sum())


def _without_trend(weights: np.ndarray) -> np.ndarray:
    """Return what leaves a signal less its moving average."""
    rest = -weights
    rest[len(weights) // 2] += 1
    return np.asarray(rest)
