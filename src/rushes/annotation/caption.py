"""Captions of clips: a person's is in force, or else that of the recipe's first captioner.

Captioners run in the same engine as scorers. A changed caption outdates all that depends on it:
scorers that read captions score those clips again, and exports rewrite their texts.
"""

from rushes.annotation import run
from rushes.context import Context
from rushes.records import Report


def caption_clips(context: Context) -> Report:
    """Caption the clips without a current row of some captioner; put the captions in force."""
    clips = list(context.clips())
    ran = run.run(context, "caption", clips)
    changed = _settle(context, clips)
    _forget_others(context)
    return Report(
        verb="caption",
        pending=len(changed | ran.failed),
        done=len(changed),
        failed=len(ran.failed),
        total=len(clips),
        unit="clips",
    )


def uncaptioned(context: Context) -> frozenset[int]:
    """Return the clips without a current row of some captioner of the recipe."""
    return run.pending(context, "caption", context.clips())


def _settle(context: Context, clips: list[int]) -> set[int]:
    """Put the captioners' texts in force; return the clips whose caption changed."""
    texts: dict[int, list[tuple[str, str]]] = {}
    members = frozenset(clips)
    for name in context.recipe.stages("caption"):
        for no, row in context.rows(f"captioner/{name}").items():
            if no in members and row["text"]:
                texts.setdefault(no, []).append((name, row["text"]))
    return context.catalog.captions.store(texts, clips)


def _forget_others(context: Context) -> None:
    """Clear failures of captioners that are no longer in the recipe."""
    known = {f"captioner/{name}" for name in context.recipe.stages("caption")}
    for failure in context.catalog.failures.all():
        if failure.stage.startswith("captioner/") and failure.stage not in known:
            context.catalog.failures.clear(failure.stage, [failure.item])
