"""Selections: the recipe's rules and people's verdicts applied to all clips, then frozen."""

from collections.abc import Sequence

from rushes.context import Context
from rushes.errors import RecipeError
from rushes.recipe.rules import Rule
from rushes.records import Selection
from rushes.selection.choose import apply_verdicts, choose
from rushes.selection.clip_table import clip_columns
from rushes.selection.column_values import Columns, is_missing
from rushes.stages import registry


def select_clips(context: Context, name: str, rules: Sequence[Rule]) -> Selection:
    """Freeze the clips that pass the rules, those that people keep, and none that they drop.

    Args:
        context: The open project.
        name: Name of the selection.
        rules: Its rules; duplicates and clusters that they ask for are up to date.

    Returns:
        The selection with its revision; the one before if nothing changed.

    Raises:
        RecipeError: A rule names an unknown column or one without any value, or its quota cannot
            be met.
    """
    numbers, columns = clip_columns(context)
    _check_measured(context, rules, columns)
    passing, funnel = choose(rules, columns)
    passing, by_people = apply_verdicts(passing, columns["verdict"])
    chosen = [no for no, passes in zip(numbers, passing, strict=True) if passes]
    clips = context.clips(chosen)
    selection = Selection(
        name=name,
        revision=1,
        clips=tuple(clips[no].clip.id for no in chosen),
        funnel=funnel + by_people,
        candidates=len(numbers),
        duration_s=round(float(columns["duration_s"][passing].sum()), 3),
    )
    return context.catalog.selections.freeze(selection, chosen, context.recipe.digest)


_MEASURED_BY = {"dedup": "rushes dedup", "coverage": "rushes coverage", "stars": "rushes review"}
"""Column, or start of its name → the command that gives it values."""


def _check_measured(context: Context, rules: Sequence[Rule], columns: Columns) -> None:
    """Check that some clip has a value in each column of the rules.

    Raises:
        RecipeError: No clip has; the message names the command that measures it.
    """
    scorers = context.recipe.stages("score")
    for rule in rules:
        for column in filter(None, (rule.column, rule.by.removeprefix("-"))):
            name = column.partition(".")[0]
            if column not in columns:
                if name not in scorers and name in registry.names("scorer"):
                    raise RecipeError(
                        f"{rule}: the scorer {name} does not run here; name it in score.use, and "
                        f"see rushes models for what it needs; then: rushes score --only {name}"
                    )
                continue  # `choose` names the nearest column
            if not len(columns[column]) or not is_missing(columns[column]).all():
                continue
            if name in scorers and context.scores(name):
                raise RecipeError(f"{rule}: {name} has found no {column} in any clip")
            if name == "dedup" and not is_missing(columns["dedup.group"]).all():
                raise RecipeError(
                    f"{rule}: look-alikes need the scorer embedding; name it in score.use, then: "
                    f"rushes score --only embedding"
                )
            command = _MEASURED_BY.get(name, f"rushes score --only {name}")
            raise RecipeError(f"{rule}: no clip has a value of {column} yet; run: {command}")
