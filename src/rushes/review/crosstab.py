"""Crosstab: the number of clips for each pair of values of two columns, zeros included."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rushes.recipe.rules import Rule
from rushes.records import Row
from rushes.review.columns import Columns

MAX_VALUES = 14
"""Values of a text column with a line of their own; the others share one."""
MAX_BINS = 6
"""Bins of a column of numbers, at most."""


def crosstab(
    columns: Columns,
    across: str,
    down: str,
    passing: np.ndarray,
    known: Sequence[str] = (),
) -> Row:
    """Return the number of clips, of all and of those that pass, for each pair of values.

    Args:
        columns: The columns of all clips.
        across: The column of the horizontal axis.
        down: The column of the vertical axis.
        passing: Whether each clip passes: bool (N,).
        known: Values that `down` can have, listed even if no clip has them.

    Raises:
        RecipeError: There is no such column.
    """
    xs, x_N = _bins(columns, across)
    ys, y_N = _bins(columns, down, known)
    is_counted = (x_N >= 0) & (y_N >= 0)
    cell_N = y_N * len(xs) + x_N

    def counts_of(some_N: np.ndarray) -> list[list[int]]:
        counts = np.bincount(cell_N[some_N], minlength=len(xs) * len(ys))
        return [row.tolist() for row in counts.reshape(len(ys), len(xs))]

    return {
        "across": across,
        "down": down,
        "xs": xs,
        "ys": ys,
        "all": counts_of(is_counted),
        "passing": counts_of(is_counted & passing),
        "missing": int(np.count_nonzero(~is_counted)),
    }


def _bins(columns: Columns, name: str, known: Sequence[str] = ()) -> tuple[list[Row], np.ndarray]:
    """Return each bin's label and rule, and the bin of each clip: int64 (N,), -1 for none.

    Bins of numbers are separated by rounded quantiles over all clips, so that they do not depend on
    the filters.
    """
    if name in columns and columns[name].dtype == object:
        values = columns[name].tolist()
        texts = [", ".join(one) or None if isinstance(one, tuple) else one for one in values]
        return _text_bins(name, texts, known)
    numbers = columns.numbers_of(name)
    present = numbers[~np.isnan(numbers)]
    distinct = np.unique(present)
    if len(distinct) <= MAX_BINS:
        bins = [{"label": f"{value:g}", "rule": _equals_rule(name, value)} for value in distinct]
        which = np.searchsorted(distinct, numbers)
        return bins, np.where(np.isnan(numbers), -1, which)
    edges = _round_edges(np.quantile(present, np.linspace(0, 1, MAX_BINS + 1)[1:-1]))
    bins = [
        {"label": _range_label(low, high), "rule": _range_rule(name, low, high)}
        for low, high in pairwise([None, *edges, None])
    ]
    which = np.searchsorted(np.array(edges), numbers, side="right")
    return bins, np.where(np.isnan(numbers), -1, which)


def _text_bins(
    name: str, values: Sequence[str | None], known: Sequence[str]
) -> tuple[list[Row], np.ndarray]:
    counts = Counter(value for value in values if value is not None)
    shown = list(known) or sorted(counts, key=lambda value: (-counts[value], value))[:MAX_VALUES]
    place = {value: at for at, value in enumerate(shown)}
    bins = [{"label": value, "rule": _equals_rule(name, value)} for value in shown]
    if counts.keys() - place.keys():
        bins.append({"label": "others", "rule": ""})
    which = [-1 if value is None else place.get(value, len(shown)) for value in values]
    return bins, np.array(which, np.int64)


def _equals_rule(name: str, value: float | str) -> str:
    return str(Rule(column=name, operator="=", low=value))


def _round_edges(values: np.ndarray) -> list[float]:
    """Return values rounded to two digits, each once."""
    return sorted({float(f"{value:.2g}") for value in values.tolist()})


def _range_label(low: float | None, high: float | None) -> str:
    if low is None:
        return f"< {high:g}"
    return f"≥ {low:g}" if high is None else f"{low:g} – {high:g}"


def _range_rule(name: str, low: float | None, high: float | None) -> str:
    if high is None:
        return f"{name} >= {low:g}"
    below = float(np.nextafter(high, -np.inf))  # a range includes both of its ends
    return f"{name} < {high:g}" if low is None else f"{name} {low:g}..{below!r}"
