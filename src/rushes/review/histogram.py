"""Histograms: bin counts, quantiles, and a linear or logarithmic axis."""

from dataclasses import dataclass

import numpy as np

BINS = 64
"""Bins of a histogram."""
QUANTILES = 200
"""Steps of the quantiles of a histogram."""
_LOG_RATIO = 8.0
"""Ratio of the 95th to the 5th percentile above which an axis is logarithmic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Range of a histogram; values outside of it count in the outermost bins."""

    low: float
    high: float
    is_log: bool
    """Whether the axis is logarithmic."""

    def edges(self, parts: int) -> np.ndarray:
        """Return the edges of equal parts: float64 (parts + 1,)."""
        spaced = np.geomspace if self.is_log else np.linspace
        return spaced(self.low, self.high, parts + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Distribution of the values of a column."""

    axis: Axis
    """Range of the bins; half a percent of the values on either side is outside."""
    counts: tuple[int, ...]
    least: float
    most: float
    missing: int
    quantiles: tuple[float, ...]
    """Quantiles from the minimum to the maximum, in steps of half a percent."""


def histogram(values: np.ndarray) -> Histogram:
    """Return the histogram of values: float64 (N,), NaN where missing."""
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
    # In a sorted array each quantile is a look-up.
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
    p5, p95 = quantiles[twentieth], quantiles[-1 - twentieth]
    if p5 > 0 and p95 > _LOG_RATIO * p5:
        return Axis(low=max(low, p5 / 4), high=high, is_log=True)  # a logarithm has no 0
    return Axis(low=low, high=high, is_log=False)
