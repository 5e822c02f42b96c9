"""How numbers are spread: bars, quantiles, and an axis on which most of them can be told apart."""

from dataclasses import dataclass

import numpy as np

BINS = 64
"""Bars of a histogram."""
QUANTILES = 200
"""Steps of the quantiles of a histogram."""
_SKEWED = 8.0
"""Positive numbers whose 95th percentile is so many times the 5th are drawn by their logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From where to where numbers are drawn; what lies beyond is drawn at the ends."""

    low: float
    high: float
    is_log: bool
    """Whether equal ratios are equally far apart, rather than equal differences."""

    def edges(self, parts: int) -> np.ndarray:
        """Return the ends of so many equal parts: float64 (parts + 1,)."""
        spaced = np.geomspace if self.is_log else np.linspace
        return spaced(self.low, self.high, parts + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How a column's values are spread."""

    axis: Axis
    """Of the bars; the outermost half percent on either side is in the last bars."""
    counts: tuple[int, ...]
    least: float
    most: float
    missing: int
    quantiles: tuple[float, ...]
    """From the least value to the most, in steps of half a percent of the clips that have one."""


def histogram(values: np.ndarray) -> Histogram:
    """Return how values (float64, NaN where missing) are spread."""
    present = np.sort(values[~np.isnan(values)])
    if not len(present):
        return Histogram(
            axis=Axis(low=0.0, high=1.0, is_log=False),
            counts=(0,) * BINS,
            least=0.0,
            most=1.0,
            missing=len(values),
            quantiles=(0.0,) * (QUANTILES + 1),
        )
    # Of a sorted array each quantile is a look-up.
    places = np.linspace(0, len(present) - 1, QUANTILES + 1)
    quantiles = np.interp(places, np.arange(len(present)), present).tolist()
    axis = _axis(quantiles)
    counts, _ = np.histogram(np.clip(present, axis.low, axis.high), axis.edges(BINS))
    return Histogram(
        axis=axis,
        counts=tuple(counts.tolist()),
        least=float(present[0]),
        most=float(present[-1]),
        missing=len(values) - len(present),
        quantiles=tuple(quantiles),
    )


def _axis(quantiles: list[float]) -> Axis:
    low, high = quantiles[1], quantiles[-2]
    if low == high:
        low, high = quantiles[0], quantiles[-1]
    if low == high:
        return Axis(low=low - 0.5, high=high + 0.5, is_log=False)
    twentieth = QUANTILES // 20
    few, many = quantiles[twentieth], quantiles[-1 - twentieth]
    if few > 0 and many > _SKEWED * few:
        return Axis(low=max(low, few / 4), high=high, is_log=True)  # a logarithm has no 0
    return Axis(low=low, high=high, is_log=False)
