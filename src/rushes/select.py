"""Rules and columns → a frozen selection and its funnel."""

from collections.abc import Mapping, Sequence

import numpy as np

from rushes.errors import RecipeError
from rushes.records import RuleCount
from rushes.registry import nearest
from rushes.rules import Rule

Columns = Mapping[str, np.ndarray]
"""Column name → one value for each clip: float64 with NaN, or object with None, where missing."""


def mask(rules: Sequence[Rule], columns: Columns) -> np.ndarray:
    """Return which clips pass all rules (bool, one for each clip)."""
    size = len(next(iter(columns.values()))) if columns else 0
    passing = np.ones(size, bool)
    for rule in rules:
        values = column_of(rule, columns)
        passing &= rule.resolved(values).passes(values)
    return passing


def choose(rules: Sequence[Rule], columns: Columns) -> tuple[np.ndarray, tuple[RuleCount, ...]]:
    """Return which clips pass all rules, and what each rule did on the way.

    A percentile is taken over all candidates, so the selection does not depend on the order of
    the rules; only the `left` column of the funnel does.

    Raises:
        RecipeError: A rule names a column that is not there.
    """
    size = len(next(iter(columns.values()))) if columns else 0
    left = np.ones(size, bool)
    funnel = []
    for rule in rules:
        values = column_of(rule, columns)
        resolved = rule.resolved(values)
        alone = resolved.passes(values)
        left = left & alone
        funnel.append(
            RuleCount(
                rule=str(rule),
                threshold=str(resolved.rounded()),
                alone=int(alone.sum()),
                left=int(left.sum()),
                missing=int(is_missing(values).sum()),
            )
        )
    return left, tuple(funnel)


def overruled(
    passing: np.ndarray, verdicts: np.ndarray
) -> tuple[np.ndarray, tuple[RuleCount, ...]]:
    """Return which clips are selected once people have had their say, and what they changed.

    Args:
        passing: Which clips pass the rules (bool).
        verdicts: "keep", "drop" or "undecided" for each.
    """
    is_kept, is_dropped = verdicts == "keep", verdicts == "drop"
    added = passing | is_kept
    left = added & ~is_dropped
    lines = [
        RuleCount(
            rule=f"verdict = {word}",
            threshold=f"verdict = {word}: {told} by people",
            alone=int(of.sum()),
            left=int(after.sum()),
            missing=0,
        )
        for word, told, of, after in (
            ("keep", "in", is_kept, added),
            ("drop", "out", is_dropped, left),
        )
        if of.any()
    ]
    return left, tuple(lines)


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return where a column has no value (bool)."""
    if values.dtype == object:
        return np.array([value is None for value in values], bool)
    return np.asarray(np.isnan(values))


def column_of(rule: Rule, columns: Columns) -> np.ndarray:
    """Return the values that a rule is about.

    Raises:
        RecipeError: There is no such column; the message names the nearest.
    """
    if rule.column not in columns:
        known = sorted(columns)
        hint = nearest(rule.column, known) or f"; known: {', '.join(known)}"
        raise RecipeError(f"no column {rule.column!r} to select by{hint}")
    return columns[rule.column]
