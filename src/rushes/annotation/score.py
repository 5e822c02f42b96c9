"""Scores of clips, from stills and signals, by the scorers of the recipe."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from rushes.annotation import run
from rushes.context import Context
from rushes.errors import ProjectError
from rushes.files import locked
from rushes.records import Report
from rushes.runner.base import NullReporter
from rushes.runner.local import LocalRunner


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


def score_at_once(context: Context, numbers: Sequence[int]) -> None:
    """Score clips in this process, by the scorers that read only stills, signals and no model.

    Nothing is done while another process works on the project: its next run scores the clips.
    """
    names = [
        name
        for name, scorer in context.recipe.stages("score").items()
        if (scorer.frames or scorer.inputs.probes)
        and not (scorer.inputs.models or scorer.inputs.scorers)
    ]
    if not names:
        return
    with suppress(ProjectError), locked(context.folder):
        own = replace(context, runner=LocalRunner(0, NullReporter()))
        run.run(own, "score", numbers, names)


def unscored(context: Context) -> frozenset[int]:
    """Return the clips that some scorer of the recipe has not scored yet."""
    return run.pending(context, "score", context.clips())
