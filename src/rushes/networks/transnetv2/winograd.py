"""Small convolutions with fewer multiplications (Winograd; Toom and Cook).

A row of m outputs of a three-tap convolution is a product of polynomials, and a product of
polynomials is known by its values at m + 2 points. So `y = out @ ((taps @ g) * (into @ d))`
costs m + 2 multiplications instead of 3 m; in two dimensions, (m + 2)² instead of 9 m². The
transforms `into` and `out` are constant and shared by all channels, hence cheap. In exact
arithmetic the result is the same; in float32 up to m = 6 it is so to six digits.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import prod

import numpy as np

TAPS = 3
_POINTS = [Fraction(p) for p in ("0", "1", "-1", "2", "-2", "1/2", "-1/2")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """The transforms of a tile of m outputs from n = m + 2 inputs. All float64, exact."""

    into_NN: np.ndarray
    """Inputs → values at the points."""
    taps_N3: np.ndarray
    """Kernel taps → values at the points."""
    out_MN: np.ndarray
    """Products at the points → outputs."""


@cache
def tile(m: int) -> Tile:
    """Return the transforms for `m` outputs, 1 to 6."""
    points = _POINTS[: m + TAPS - 2]  # and one at infinity
    into, taps = [], []
    for at, point in enumerate(points):
        others = points[:at] + points[at + 1 :]
        scale = prod((point - other for other in others), start=Fraction(1))
        into.append([*_with_roots(others), Fraction(0)])
        taps.append([point**power / scale for power in range(TAPS)])
    into.append(_with_roots(points))
    taps.append([Fraction(0)] * (TAPS - 1) + [Fraction(1)])
    out = [[p**row for p in points] + [Fraction(int(row == m - 1))] for row in range(m)]
    as_float = [np.array(matrix, np.float64) for matrix in (into, taps, out)]
    return Tile(into_NN=as_float[0], taps_N3=as_float[1], out_MN=as_float[2])


def along(length: int, m: int) -> np.ndarray:
    """Return the input transform of a whole axis that tiles of `m` cover, zeros beyond its ends.

    Args:
        length: Of the axis, inputs as outputs; a multiple of `m`.
        m: Outputs of a tile.

    Returns:
        float64 (tiles × (m + 2), length), tile by tile.
    """
    step, tiles = m + TAPS - 1, length // m
    padded = np.zeros((tiles * step, length + 2))
    for number in range(tiles):
        rows = slice(number * step, (number + 1) * step)
        padded[rows, number * m : number * m + step] = tile(m).into_NN
    return padded[:, 1:-1]


def _with_roots(roots: list[Fraction]) -> list[Fraction]:
    """Return the coefficients of the monic polynomial with these roots, lowest power first."""
    found = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *found], [*(-root * c for c in found), Fraction(0)]
        found = [a + b for a, b in zip(shifted, scaled, strict=True)]
    return found
