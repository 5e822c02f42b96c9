"""What an export would hold: rules, the recipe's quotas, and what people decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.errors import RecipeError
from rushes.recipe.rules import Rule
from rushes.review.columns import Columns
from rushes.selection.choose import choose


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPreview:
    """What a selection would hold."""

    count: int
    duration_s: float
    kept: int
    """So many are there although they do not pass: somebody keeps them."""
    dropped: int
    """So many are not there although they pass: somebody drops them."""
    rationed: int
    """So many pass all rules, and are beyond a quota."""


def preview_export(columns: Columns, rules: Sequence[Rule]) -> ExportPreview:
    """Return what `rushes select` would freeze, without writing anything down.

    Args:
        columns: All clips.
        rules: With quotas, in the order of the recipe.

    Raises:
        RecipeError: It would refuse these rules, or would first have to work something out.
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
        rationed=int(np.count_nonzero(before & ~passing)),
    )


def _apply_quotas(columns: Columns, quotas: Sequence[Rule], before: np.ndarray) -> np.ndarray:
    """Return which of the clips that pass all other rules stay when the quotas hold (bool)."""
    asked = {name for rule in quotas for name in (rule.column, rule.by.removeprefix("-")) if name}
    for name in sorted(asked & set(columns.arrays)):
        if len(columns) and columns.missing(name) == len(columns):
            raise RecipeError(f"{name} has no values yet, and the recipe has a quota of it")
    # Quotas look only at what is left: the columns are cut down to that before.
    stay, _ = choose(quotas, {n: v[before] for n, v in columns.arrays.items() if n in asked})
    passing = np.zeros(len(columns), bool)
    passing[np.flatnonzero(before)[stay]] = True
    return passing
