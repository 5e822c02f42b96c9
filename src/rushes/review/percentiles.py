"""What is measured of a clip, beside what is measured of all."""

import numpy as np

from rushes.review.columns import Columns

MAX_SAMPLE = 50_000
"""Of more clips every second, third … counts: the next clip must not wait for a rank."""
_NAMES = (".group", ".cluster")
"""Columns whose numbers are names: more or less of them says nothing."""


def percentile_ranks(columns: Columns, at: int) -> dict[str, tuple[float, float]]:
    """Return column → where a clip stands among all that have a value in it.

    Each is the fraction of clips whose value is smaller, and of those whose value is not larger:
    the two are far apart where many have the same. Columns of text, and such as the clip has no
    value in, are left out.
    """
    found: dict[str, tuple[float, float]] = {}
    step = -(-len(columns) // MAX_SAMPLE)
    for name, values in columns.arrays.items():
        if not _is_score(name, values) or name.endswith(_NAMES):
            continue
        value = values[at]
        some = values[::step]
        known = np.count_nonzero(some == some)
        if value == value and known:
            below, upto = np.count_nonzero(some < value), np.count_nonzero(some <= value)
            found[name] = round(float(below / known), 4), round(float(upto / known), 4)
    return found


def is_measured(columns: Columns, at: int) -> bool:
    """Return whether a scorer has been at a clip; True also where none has been at any."""
    scores = [name for name, values in columns.arrays.items() if _is_score(name, values)]
    if any(columns[name][at] == columns[name][at] for name in scores):
        return True
    return all(columns.missing(name) == len(columns) for name in scores)


def _is_score(name: str, values: np.ndarray) -> bool:
    return "." in name and values.dtype != object
