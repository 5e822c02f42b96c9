"""Preview of an export: the clips that pass rules and quotas, overruled by verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.errors import RecipeError
from rushes.recipe.rules import Rule
from rushes.review.columns import Columns
from rushes.selection.choose import choose
from rushes.selection.column_values import EDITED


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPreview:
    """Size of the selection that an export would write."""

    count: int
    duration_s: float
    kept: int
    """Clips that fail a rule and are kept by a person."""
    dropped: int
    """Clips that pass and are dropped by a person."""
    over_quota: int
    """Clips that pass all rules and exceed a quota."""


def preview_export(columns: Columns, rules: Sequence[Rule]) -> ExportPreview:
    """Return the size of the selection that `rushes select` would write; write nothing.

    Args:
        columns: All clips.
        rules: Rules and quotas, in the order of the recipe.

    Raises:
        RecipeError: `rushes select` would refuse these rules, or a quota lacks its values.
    """
    quotas = [rule for rule in rules if rule.is_quota]
    before = columns.mask([rule for rule in rules if not rule.is_quota])
    passing = _apply_quotas(columns, quotas, before) if quotas else before
    kept, dropped = (
        columns.passes(Rule(column="verdict", operator="=", low=word)) for word in ("keep", "drop")
    )
    left = (passing | kept) & ~dropped
    return ExportPreview(
        count=int(np.count_nonzero(left)),
        duration_s=round(float(np.sum(columns["duration_s"], where=left)), 3),
        kept=int(np.count_nonzero(kept & ~passing)),
        dropped=int(np.count_nonzero(passing & dropped)),
        over_quota=int(np.count_nonzero(before & ~passing)),
    )


def _apply_quotas(columns: Columns, quotas: Sequence[Rule], before: np.ndarray) -> np.ndarray:
    """Return whether each clip passes the rules (`before`) and the quotas: bool (N,)."""
    needed = {name for rule in quotas for name in (rule.column, rule.by.removeprefix("-")) if name}
    for name in sorted(needed & set(columns.arrays)):
        if len(columns) and columns.missing(name) == len(columns):
            raise RecipeError(f"{name} has no values yet, and the recipe has a quota on it")
    # Quotas apply to the clips that are left, so the columns are reduced to those first.
    needed.add(EDITED)
    stay, _ = choose(quotas, {n: v[before] for n, v in columns.arrays.items() if n in needed})
    passing = np.zeros(len(columns), bool)
    passing[np.flatnonzero(before)[stay]] = True
    return passing
