"""Access to the columns that rules are applied to."""

from collections.abc import Mapping

import numpy as np

from rushes.errors import RecipeError, nearest
from rushes.recipe.rules import Rule

Columns = Mapping[str, np.ndarray]
"""Column name → one value for each clip: float64 with NaN, or object with None, where missing."""


EDITED = "edited"
"""Column of clips that a person trimmed, split or merged: "yes" or "no"."""


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return the clips without a value in a column (bool)."""
    if values.dtype == object:
        return np.array([value is None for value in values], bool)
    return np.asarray(np.isnan(values))


def shortened(values: np.ndarray) -> np.ndarray:
    """Return values (float64) rounded to six significant digits, large ones to whole numbers.

    So a number in a list or a funnel is the whole number: a rule with it passes the same clips.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.maximum(0, 5 - np.floor(np.log10(np.abs(values))))
    is_fraction = np.isfinite(digits) & (values != np.round(values)) & (digits <= 22)
    # Powers of ten up to 10^22 are exact, so the quotients are the nearest numbers to the decimals.
    powers = 10.0 ** np.where(is_fraction, digits, 0)
    return np.where(is_fraction, np.round(values * powers) / powers, values)


def column_of(rule: Rule, columns: Columns) -> np.ndarray:
    """Return the column of a rule.

    Raises:
        RecipeError: There is no such column; the message names the nearest.
    """
    if rule.column not in columns:
        known = sorted(columns)
        hint = nearest(rule.column, known) or f"; known: {', '.join(known)}"
        raise RecipeError(f"no column {rule.column!r} to select by{hint}")
    return columns[rule.column]


def unmeasured(column: str, columns: Columns) -> np.ndarray:
    """Return the clips that pass every rule on a column because nothing measured them (bool).

    A person's edit makes a new clip without scores. It would vanish under each rule on a score, so
    it passes until it is measured.
    """
    if "." not in column or EDITED not in columns:
        return np.zeros(len(columns[column]), bool)
    return np.asarray((columns[EDITED] == "yes") & is_missing(columns[column]))
