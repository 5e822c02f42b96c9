"""Selections: the recipe's rules and people's verdicts applied to all clips, then frozen."""

from collections.abc import Sequence

from rushes.context import Context
from rushes.recipe.rules import Rule
from rushes.records import Selection
from rushes.selection.choose import apply_verdicts, choose
from rushes.selection.clip_table import clip_columns


def select_clips(context: Context, name: str, rules: Sequence[Rule]) -> Selection:
    """Freeze the clips that pass the rules, those that people keep, and none that they drop.

    Args:
        context: The open project.
        name: Name of the selection.
        rules: Its rules; duplicates and clusters that they ask for are up to date.

    Returns:
        The selection with its revision; the one before if nothing changed.

    Raises:
        RecipeError: A rule names an unknown column, or its quota cannot be met.
    """
    numbers, columns = clip_columns(context)
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
