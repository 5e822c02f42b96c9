"""Scores of clips, from stills and signals, by the scorers of the recipe."""

from collections.abc import Sequence

from rushes.annotation import run
from rushes.context import Context
from rushes.records import Report


def score_clips(context: Context, numbers: Sequence[int], only: Sequence[str] = ()) -> Report:
    """Score each of the clips with each scorer that has not scored it yet.

    Args:
        context: The open project.
        numbers: Row numbers of the clips.
        only: Names of the scorers; all of the recipe's if empty. The scorers that they read run
            too.
    """
    done = run.run(context, "score", numbers, only)
    return Report(
        verb="score",
        pending=len(done.pending),
        done=len(done.pending - done.failed),
        failed=len(done.failed),
        total=len(numbers),
        unit="clips",
    )


def unscored(context: Context) -> frozenset[int]:
    """Return the clips that some scorer of the recipe has not scored yet."""
    return run.pending(context, "score", context.clips())
