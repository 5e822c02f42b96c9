"""Percentile ranks of a clip's scores among all clips."""

import numpy as np

from rushes.review.columns import Columns

MAX_SAMPLE = 50_000
"""Clips that a rank is computed from, at most; of more, every second, third … counts."""
_LABEL_SUFFIXES = (".group", ".cluster")
"""Ends of the names of columns whose numbers are labels, without an order."""


def percentile_ranks(columns: Columns, at: int) -> dict[str, tuple[float, float]]:
    """Return column → percentile rank of a clip among the clips with a value in it.

    A rank is a pair: the fraction of clips with a smaller value, and with a smaller or equal value.
    The two differ if many clips have the same value. Columns of text, and columns without a value
    for the clip, are left out.
    """
    found: dict[str, tuple[float, float]] = {}
    step = -(-len(columns) // MAX_SAMPLE)
    for name, values in columns.arrays.items():
        if not _is_score(name, values) or name.endswith(_LABEL_SUFFIXES):
            continue
        value = values[at]
        some = values[::step]
        known = np.count_nonzero(some == some)
        if value == value and known:
            below, upto = np.count_nonzero(some < value), np.count_nonzero(some <= value)
            found[name] = round(float(below / known), 4), round(float(upto / known), 4)
    return found


def is_measured(columns: Columns, at: int) -> bool:
    """Return whether a clip has a score; True also if no clip has one."""
    scores = [name for name, values in columns.arrays.items() if _is_score(name, values)]
    if any(columns[name][at] == columns[name][at] for name in scores):
        return True
    return all(columns.missing(name) == len(columns) for name in scores)


def _is_score(name: str, values: np.ndarray) -> bool:
    return "." in name and values.dtype != object
