"""Rules and columns → a frozen selection and its funnel.

Quotas ("no cluster above 2 %") take what all other rules leave, and limit how many clips of each
value stay. A share is one of the selection as it ends up, so the limit is found together with its
size: the largest number c such that c is at most that share of all clips, each value cut to c.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rushes.errors import RecipeError, nearest
from rushes.recipe.rules import Rule
from rushes.records import RuleCount

Columns = Mapping[str, np.ndarray]
"""Column name → one value for each clip: float64 with NaN, or object with None, where missing."""


def mask(rules: Sequence[Rule], columns: Columns) -> np.ndarray:
    """Return which clips pass all rules (bool, one for each clip).

    Raises:
        RecipeError: A rule names a column that is not there, or is a quota.
    """
    size = len(next(iter(columns.values()))) if columns else 0
    passing = np.ones(size, bool)
    for rule in rules:
        if rule.is_quota:
            raise RecipeError(f"{rule}: a quota belongs in [select.NAME] of the recipe")
        values = column_of(rule, columns)
        passing &= rule.resolved(values).passes(values)
    return passing


def choose(rules: Sequence[Rule], columns: Columns) -> tuple[np.ndarray, tuple[RuleCount, ...]]:
    """Return which clips pass all rules, and what each rule did on the way.

    A percentile is taken over all candidates, so the selection does not depend on the order of
    the rules; only the `left` column of the funnel does. Quotas come last, and among themselves in
    the order of the recipe.

    Raises:
        RecipeError: A rule names a column that is not there, or a share that cannot be kept.
    """
    size = len(next(iter(columns.values()))) if columns else 0
    left = np.ones(size, bool)
    funnel = []
    quotas = [rule for rule in rules if rule.is_quota]
    for rule in rules:
        if rule.is_quota:
            continue
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
    left, lines = _apply_quotas(quotas, left, columns)
    return left, (*funnel, *lines)


def _apply_quotas(
    quotas: Sequence[Rule], left: np.ndarray, columns: Columns
) -> tuple[np.ndarray, list[RuleCount]]:
    """Return which of the clips that are left stay when all quotas hold, and a line for each.

    What one quota takes away may break another's share, so they go round until nothing changes.
    """
    caps = {rule: 0 for rule in quotas}
    counts = {rule: 0 for rule in quotas}
    before = -1
    while quotas and int(left.sum()) != before:
        before = int(left.sum())
        for rule in quotas:
            left, caps[rule] = _apply_quota(rule, left, columns)
            counts[rule] = int(left.sum())
    lines = []
    for rule in quotas:
        values = column_of(rule, columns)
        everything = np.ones(len(values), bool)
        lines.append(
            RuleCount(
                rule=str(rule),
                threshold=str(replace(rule, low=caps[rule], is_share=False)),
                alone=_count_alone(rule, everything, columns),
                left=counts[rule],
                missing=int(is_missing(values).sum()),
            )
        )
    return left, lines


def _count_alone(rule: Rule, everything: np.ndarray, columns: Columns) -> int:
    return int(_apply_quota(rule, everything, columns)[0].sum())


def _apply_quota(rule: Rule, left: np.ndarray, columns: Columns) -> tuple[np.ndarray, int]:
    """Return which of the clips that are left one quota keeps, and how many of each value."""
    values = column_of(rule, columns)
    rows = np.flatnonzero(left & ~is_missing(values))
    kept = np.zeros(len(left), bool)
    if not len(rows):
        return kept, 0
    labels = values[rows].astype(str) if values.dtype == object else values[rows]
    _, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
    cap = _cap_of(rule, counts)
    order = _order_of(rule, rows, columns)
    by_value = order[np.argsort(which[order], kind="stable")]
    for mine in np.split(by_value, np.cumsum(counts)[:-1]):
        if len(mine) > cap and not rule.by:  # the middles of as many equal stretches
            mine = mine[((np.arange(cap) + 0.5) * len(mine) / cap).astype(int)]
        kept[rows[mine[:cap]]] = True
    return kept, cap


def _cap_of(rule: Rule, counts: np.ndarray) -> int:
    """Return how many clips of each value a quota allows.

    Args:
        rule: A quota.
        counts: How many clips there are of each value.
    """
    if not rule.is_share:
        return int(rule.low)
    share = float(rule.low) / 100
    low, high = 0, int(counts.max())
    while low < high:  # what holds for a number holds for all below it
        middle = (low + high + 1) // 2
        fits = middle <= share * np.minimum(counts, middle).sum() + 1e-9
        low, high = (middle, high) if fits else (low, middle - 1)
    if not low:
        raise RecipeError(
            f"{rule}: there are only {len(counts)} values of {rule.column} left, so the largest "
            f"holds at least {100 / len(counts):.3g}%; allow at least that"
        )
    return low


def _order_of(rule: Rule, rows: np.ndarray, columns: Columns) -> np.ndarray:
    """Return the places of `rows`, those first that a quota prefers."""
    if not rule.by:
        return np.arange(len(rows))
    column = rule.by.removeprefix("-")
    values = column_of(replace(rule, column=column), columns)
    if values.dtype == object:
        raise RecipeError(f"{rule}: {column} is text; name a column of numbers after by")
    values = values[rows] if rule.by.startswith("-") else -values[rows]
    return np.argsort(values, kind="stable")  # missing values come last


def apply_verdicts(
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
