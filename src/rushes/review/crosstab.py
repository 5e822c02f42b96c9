"""Two columns against each other: how many clips there are of each pair of values, also of none."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rushes.recipe.rules import Rule
from rushes.records import Row
from rushes.review.columns import Columns

MAX_VALUES = 14
"""So many values of a text have a line of their own; the others share one."""
_PARTS = 6
"""Numbers are divided into at most so many parts."""


def crosstab(
    columns: Columns,
    across: str,
    down: str,
    passing: np.ndarray,
    known: Sequence[str] = (),
) -> Row:
    """Return the counts of all clips and of those that pass, for each pair of values.

    Args:
        columns: Of all clips.
        across: The column whose values are beside one another.
        down: The column whose values are below one another.
        passing: Which clips pass: bool (N,).
        known: Values that `down` can have, whether or not a clip has them.

    Raises:
        RecipeError: There is no such column.
    """
    xs, x_N = _parts(columns, across)
    ys, y_N = _parts(columns, down, known)
    there = (x_N >= 0) & (y_N >= 0)
    cell_N = y_N * len(xs) + x_N

    def counted(some_N: np.ndarray) -> list[list[int]]:
        counts = np.bincount(cell_N[some_N], minlength=len(xs) * len(ys))
        return [row.tolist() for row in counts.reshape(len(ys), len(xs))]

    return {
        "across": across,
        "down": down,
        "xs": xs,
        "ys": ys,
        "all": counted(there),
        "passing": counted(there & passing),
        "missing": int(np.count_nonzero(~there)),
    }


def _parts(columns: Columns, name: str, known: Sequence[str] = ()) -> tuple[list[Row], np.ndarray]:
    """Return each part's label and rule, and which of them each clip is in: int64 (N,), -1: none.

    A number is divided at round values near its quantiles, over all clips, so that the parts stay
    where they are when filters move.
    """
    if name in columns and columns[name].dtype == object:
        values = columns[name].tolist()
        joined = [", ".join(one) or None if isinstance(one, tuple) else one for one in values]
        return _texts(name, joined, known)
    numbers = columns.numbers_of(name)
    present = numbers[~np.isnan(numbers)]
    distinct = np.unique(present)
    if len(distinct) <= _PARTS:
        parts = [{"label": f"{value:g}", "rule": _equals(name, value)} for value in distinct]
        which = np.searchsorted(distinct, numbers)
        return parts, np.where(np.isnan(numbers), -1, which)
    edges = _round_edges(np.quantile(present, np.linspace(0, 1, _PARTS + 1)[1:-1]))
    parts = [
        {"label": _between(low, high), "rule": _rule(name, low, high)}
        for low, high in pairwise([None, *edges, None])
    ]
    which = np.searchsorted(np.array(edges), numbers, side="right")
    return parts, np.where(np.isnan(numbers), -1, which)


def _texts(
    name: str, values: Sequence[str | None], known: Sequence[str]
) -> tuple[list[Row], np.ndarray]:
    counts = Counter(value for value in values if value is not None)
    shown = list(known) or sorted(counts, key=lambda value: (-counts[value], value))[:MAX_VALUES]
    place = {value: at for at, value in enumerate(shown)}
    parts = [{"label": value, "rule": _equals(name, value)} for value in shown]
    if counts.keys() - place.keys():
        parts.append({"label": "others", "rule": ""})
    which = [-1 if value is None else place.get(value, len(shown)) for value in values]
    return parts, np.array(which, np.int64)


def _equals(name: str, value: float | str) -> str:
    return str(Rule(column=name, operator="=", low=value))


def _round_edges(values: np.ndarray) -> list[float]:
    """Return values rounded to two digits, each once."""
    return sorted({float(f"{value:.2g}") for value in values.tolist()})


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return f"< {high:g}"
    return f"≥ {low:g}" if high is None else f"{low:g} – {high:g}"


def _rule(name: str, low: float | None, high: float | None) -> str:
    if high is None:
        return f"{name} >= {low:g}"
    below = float(np.nextafter(high, -np.inf))  # a range has both of its ends
    return f"{name} < {high:g}" if low is None else f"{name} {low:g}..{below!r}"
