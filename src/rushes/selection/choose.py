"""Selection by rules: columns in, the clips that pass and the funnel out."""

from collections.abc import Sequence

import numpy as np

from rushes.errors import RecipeError
from rushes.recipe.rules import Rule
from rushes.records import RuleCount
from rushes.selection.column_values import Columns, column_of, is_missing, unmeasured
from rushes.selection.quotas import apply_quotas


def mask(rules: Sequence[Rule], columns: Columns) -> np.ndarray:
    """Return the clips that pass all rules (bool, one for each clip).

    Raises:
        RecipeError: A rule names a column that is not there, or is a quota.
    """
    passing = _all_clips(columns)
    for rule in rules:
        if rule.is_quota:
            raise RecipeError(f"{rule}: a quota belongs in [select.NAME] of the recipe")
        values = column_of(rule, columns)
        passing &= rule.resolved(values).passes(values) | unmeasured(rule.column, columns)
    return passing


def choose(rules: Sequence[Rule], columns: Columns) -> tuple[np.ndarray, tuple[RuleCount, ...]]:
    """Return the clips that pass all rules (bool), and the funnel: the effect of each rule.

    A percentile is taken over all candidates, so the selection does not depend on the order of
    the rules; only the `left` column of the funnel does. Quotas are applied to the clips that all
    other rules leave, in the order of the recipe.

    Raises:
        RecipeError: A rule names a column that is not there, or a share that cannot be kept.
    """
    left = _all_clips(columns)
    funnel = []
    for rule in rules:
        if rule.is_quota:
            continue
        values = column_of(rule, columns)
        resolved = rule.resolved(values)
        spared = unmeasured(rule.column, columns)
        alone = resolved.passes(values) | spared
        left = left & alone
        funnel.append(
            RuleCount(
                rule=str(rule),
                threshold=str(resolved),
                alone=int(alone.sum()),
                left=int(left.sum()),
                missing=int((is_missing(values) & ~spared).sum()),
                unmeasured=int(spared.sum()),
            )
        )
    left, lines = apply_quotas([rule for rule in rules if rule.is_quota], left, columns)
    return left, (*funnel, *lines)


def apply_verdicts(
    passing: np.ndarray, verdicts: np.ndarray
) -> tuple[np.ndarray, tuple[RuleCount, ...]]:
    """Return the selected clips after the verdicts of people (bool), and their funnel lines.

    Args:
        passing: Clips that pass the rules (bool).
        verdicts: "keep", "drop" or "undecided" for each clip.
    """
    is_kept, is_dropped = verdicts == "keep", verdicts == "drop"
    added = passing | is_kept
    left = added & ~is_dropped
    lines = [
        RuleCount(
            rule=f"verdict = {verdict}",
            threshold=f"verdict = {verdict}: {effect} by people",
            alone=int(of.sum()),
            left=int(after.sum()),
            missing=0,
        )
        for verdict, effect, of, after in (
            ("keep", "in", is_kept, added),
            ("drop", "out", is_dropped, left),
        )
        if of.any()
    ]
    return left, tuple(lines)


def _all_clips(columns: Columns) -> np.ndarray:
    return np.ones(len(next(iter(columns.values()))) if columns else 0, bool)
