"""Quotas: limits on the number of selected clips of each value, such as "no cluster above 2 %".

A quota that is a share is a share of the final selection, whose size depends on the limit. Both are
found together: the limit is the largest count that is at most that share of all clips once each
value is cut to it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rushes.errors import RecipeError
from rushes.recipe.rules import Rule
from rushes.records import RuleCount
from rushes.selection.column_values import Columns, column_of, is_missing, unmeasured
from rushes.words import count


def apply_quotas(
    quotas: Sequence[Rule], left: np.ndarray, columns: Columns
) -> tuple[np.ndarray, list[RuleCount]]:
    """Return the clips that stay when all quotas hold (bool), and a funnel line for each quota.

    Clips that one quota removes may break the share of another, so all are applied in turn until
    none removes a clip.

    Args:
        quotas: In the order of the recipe.
        left: Clips that pass all other rules (bool).
        columns: Of all clips.

    Raises:
        RecipeError: A share that cannot be kept, or a column that is not there.
    """
    limits = {rule: 0 for rule in quotas}
    counts = {rule: 0 for rule in quotas}
    before = -1
    while quotas and int(left.sum()) != before:
        before = int(left.sum())
        for rule in quotas:
            left, limits[rule] = _apply_quota(rule, left, columns)
            counts[rule] = int(left.sum())
    lines = []
    for rule in quotas:
        values = column_of(rule, columns)
        spared = unmeasured(rule.column, columns)
        alone, _ = _apply_quota(rule, np.ones(len(values), bool), columns)
        lines.append(
            RuleCount(
                rule=str(rule),
                threshold=str(replace(rule, low=limits[rule], is_share=False)),
                alone=int(alone.sum()),
                left=counts[rule],
                missing=int((is_missing(values) & ~spared).sum()),
                unmeasured=int(spared.sum()),
            )
        )
    return left, lines


def _apply_quota(rule: Rule, left: np.ndarray, columns: Columns) -> tuple[np.ndarray, int]:
    """Return the clips that one quota keeps of those left (bool), and its limit for each value."""
    values = column_of(rule, columns)
    rows = np.flatnonzero(left & ~is_missing(values))
    kept = left & unmeasured(rule.column, columns)
    if not len(rows):
        return kept, 0
    labels = values[rows].astype(str) if values.dtype == object else values[rows]
    _, value_of, counts = np.unique(labels, return_inverse=True, return_counts=True)
    limit = _limit_of(rule, counts)
    order = _preferred(rule, rows, columns)
    by_value = order[np.argsort(value_of[order], kind="stable")]
    for members in np.split(by_value, np.cumsum(counts)[:-1]):
        if len(members) > limit and not rule.by:  # the middles of as many equal stretches
            members = members[((np.arange(limit) + 0.5) * len(members) / limit).astype(int)]
        kept[rows[members[:limit]]] = True
    return kept, limit


def _limit_of(rule: Rule, counts: np.ndarray) -> int:
    """Return the number of clips of each value that a quota allows.

    Args:
        rule: A quota.
        counts: Number of clips of each value.
    """
    if not rule.is_share:
        return int(rule.low)
    share = float(rule.low) / 100
    low, high = 0, int(counts.max())
    while low < high:  # if a limit fits, every smaller one does
        middle = (low + high + 1) // 2
        fits = middle <= share * np.minimum(counts, middle).sum() + 1e-9
        low, high = (middle, high) if fits else (low, middle - 1)
    if not low:
        raise RecipeError(
            f"{rule}: {rule.column} has only {count(len(counts), 'value')} left, so the largest "
            f"share is at least {100 / len(counts):.3g}%; allow that much or more"
        )
    return low


def _preferred(rule: Rule, rows: np.ndarray, columns: Columns) -> np.ndarray:
    """Return the places of `rows` in the order in which a quota prefers them."""
    if not rule.by:
        return np.arange(len(rows))
    column = rule.by.removeprefix("-")
    values = column_of(replace(rule, column=column), columns)
    if values.dtype == object:
        raise RecipeError(f"{rule}: {column} is text; name a column of numbers after by")
    values = values[rows] if rule.by.startswith("-") else -values[rows]
    return np.argsort(values, kind="stable")  # missing values come last
