"""Captions of clips: a person's words are in force, or else those of the recipe's first captioner.

Captioners run in the same engine as scorers. A caption that changed changes all that depends on
it: scorers that read captions measure those clips anew, exports rewrite their texts.
"""

from rushes.annotation import run
from rushes.context import Context
from rushes.records import Report


def caption_clips(context: Context) -> Report:
    """Have clips captioned that lack a current row of some captioner; put the captions in force."""
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
    """Return the clips that some captioner of the recipe has no current row of."""
    return run.pending(context, "caption", context.clips())


def _settle(context: Context, clips: list[int]) -> set[int]:
    """Put in force what the captioners' rows say; return the clips of which that is new."""
    said: dict[int, list[tuple[str, str]]] = {}
    members = frozenset(clips)
    for name in context.recipe.stages("caption"):
        for no, row in context.rows(f"captioner/{name}").items():
            if no in members and row["text"]:
                said.setdefault(no, []).append((name, row["text"]))
    return context.catalog.captions.settle(said, clips)


def _forget_others(context: Context) -> None:
    """Clear failures of captioners that the recipe does not name any more."""
    known = {f"captioner/{name}" for name in context.recipe.stages("caption")}
    for failure in context.catalog.failures.all():
        if failure.stage.startswith("captioner/") and failure.stage not in known:
            context.catalog.failures.clear(failure.stage, [failure.item])
