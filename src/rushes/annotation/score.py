"""Numbers for clips, from stills and signals: which are missing, and having them measured."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rushes.annotation.worker import Part, Scores, ScoreTask, score
from rushes.catalog import Shards
from rushes.catalog.signals import PROBE_FIELDS
from rushes.context import Context
from rushes.errors import ItemError
from rushes.records import Clip, Failure, Report, Row
from rushes.runner.base import Job
from rushes.stages.fingerprints import probes_of, reads_of, waves
from rushes.stages.protocols import Annotator

CLIPS_PER_TASK = 32
"""Clips that a worker scores in one go; so much is lost at most by `kill -9`."""


def score_clips(
    context: Context,
    numbers: Sequence[int],
    *,
    only: Sequence[str] = (),
    models: Mapping[str, Path] | None = None,
) -> Report:
    """Score each of the clips with each scorer that has not scored it yet.

    Args:
        context: The open project.
        numbers: The clips.
        only: Names of the scorers to run; all of the recipe's if empty. Those that they read from
            come with them.
        models: Files of the models that the scorers name.
    """
    scorers = context.recipe.stages("score")
    chosen = _with_read(scorers, only or list(scorers))
    pending = frozenset[int]().union(*_lacking(context, chosen, numbers).values())
    failed: set[int] = set()
    for wave in waves(chosen):
        # What later waves lack is known only when the earlier ones are through.
        some = {name: chosen[name] for name in wave}
        lacking = _lacking(context, some, numbers)
        jobs = list(_jobs(context, some, lacking))
        for done in context.runner.run("score", score, jobs, unit="clips"):
            task = done.job.payload
            scores = done.result
            if scores is None:  # the whole task failed: so did each clip that it was to score
                error = done.error or ItemError("no result")
                scores = [(no, s.name, error) for s, wanted in task.scorers for no in wanted]
            failed |= _commit(context, task, scores)
    return Report(
        verb="score",
        pending=len(pending),
        done=len(pending - failed),
        failed=len(failed),
        total=len(numbers),
        unit="clips",
    )


def unscored(context: Context, numbers: Sequence[int]) -> frozenset[int]:
    """Return those of the clips that some scorer of the recipe has not scored yet."""
    lacking = _lacking(context, context.recipe.stages("score"), numbers)
    return frozenset[int]().union(*lacking.values())


def uses_caption(scorer: Annotator) -> bool:
    """Return whether a scorer is given only clips that have a caption."""
    return bool(getattr(scorer, "uses_caption", False))


def _with_read(scorers: Mapping[str, Annotator], names: Sequence[str]) -> dict[str, Annotator]:
    """Return the named scorers and those that they read from, in the recipe's order."""
    wanted = set(names)
    for wave in reversed(waves(scorers)):
        wanted |= {read for name in wave if name in wanted for read in reads_of(scorers[name])}
    return {name: scorer for name, scorer in scorers.items() if name in wanted}


def _commit(context: Context, task: ScoreTask, scores: Scores) -> set[int]:
    """Store what a task found; return the numbers of the clips that failed."""
    ids = {no: clip.id for part in task.parts for no, clip in part.clips}
    for scorer, _ in task.scorers:
        rows = {no: row for no, n, row in scores if n == scorer.name and isinstance(row, dict)}
        key = f"scorer/{scorer.name}"
        context.catalog.stages.commit(
            key, scorer.fields, context.recipe.fingerprints.scorers[scorer.name], rows
        )
        context.catalog.failures.clear(key, [ids[no] for no in rows])
    failed = set()
    for no, name, row in scores:
        if isinstance(row, ItemError):
            failed.add(no)
            context.catalog.failures.add(_failure(name, ids[no], row))
    return failed


def _lacking(
    context: Context, scorers: Mapping[str, Annotator], numbers: Sequence[int]
) -> dict[str, frozenset[int]]:
    """Return scorer name → clips without a row of its fingerprint."""
    prints = context.recipe.fingerprints
    wanted = frozenset(numbers)
    captioned = wanted
    if any(uses_caption(scorer) for scorer in scorers.values()):
        captioned = wanted.intersection(context.catalog.captions.in_force())
    return {
        name: (captioned if uses_caption(scorer) else wanted).intersection(
            context.catalog.stages.pending(
                f"scorer/{name}", scorer.fields, prints.scorers[name], prints.cut
            )
        )
        for name, scorer in scorers.items()
    }


def _jobs(
    context: Context,
    scorers: Mapping[str, Annotator],
    lacking: Mapping[str, frozenset[int]],
) -> Iterator[Job[ScoreTask]]:
    scan, prints = context.recipe.stages("scan"), context.recipe.fingerprints
    reads = {name for scorer in scorers.values() for name in reads_of(scorer)}
    read_rows: dict[str, Mapping[int, Row]] = {}
    shards: dict[tuple[str, str], Shards] = {}
    for name in reads:
        key, stage = f"scorer/{name}", context.recipe.stages("score")[name]
        read_rows[name] = context.catalog.stages.rows(key, stage.fields, prints.scorers[name])
        for field in stage.fields:
            if field.dtype == "vector":
                shards[name, field.name] = context.catalog.stages.shards(
                    key, field, prints.scorers[name]
                )
    lacking = {
        # Without a row of what it reads, a clip has failed already.
        name: numbers.intersection(*(read_rows[read] for read in reads_of(scorers[name])))
        for name, numbers in lacking.items()
    }
    pending = frozenset[int]().union(*lacking.values())
    if not pending:
        return
    probe_rows = {
        name: context.catalog.stages.rows(f"probe/{name}", PROBE_FIELDS, prints.probes[name])
        for name in {need for scorer in scorers.values() for need in probes_of(scorer, scan)}
    }
    captions = context.catalog.captions.in_force()
    by_video: dict[int, list[tuple[int, Clip]]] = {}
    for no, row in context.clips().items():
        if no in pending:
            by_video.setdefault(row.video_no, []).append((no, row.clip))
    waiting: list[Part] = []
    room = CLIPS_PER_TASK
    for video_no, video in context.catalog.videos(by_video).items():
        clips = sorted(by_video[video_no], key=lambda numbered: numbered[1].in_pts)
        files = {name: rows[video_no] for name, rows in probe_rows.items()}
        while clips:
            some, clips = clips[:room], clips[room:]
            part = Part(
                video=video,
                clips=tuple(some),
                signals={name: context.folder / row["signals"] for name, row in files.items()},
                stills=context.folder / files["still"]["file"]
                if "still" in files
                else context.folder,
                reads={
                    name: {no: rows[no] for no, _ in some if no in rows}
                    for name, rows in read_rows.items()
                },
                captions={no: captions[no] for no, _ in some if no in captions},
            )
            waiting.append(part)
            room -= len(some)
            if not room:
                yield _job(waiting, scorers, lacking, shards, context.device, context.models)
                waiting, room = [], CLIPS_PER_TASK
    if waiting:
        yield _job(waiting, scorers, lacking, shards, context.device, context.models)


def _job(
    parts: Sequence[Part],
    scorers: Mapping[str, Annotator],
    lacking: Mapping[str, frozenset[int]],
    shards: Mapping[tuple[str, str], Shards],
    device: str,
    models: Mapping[str, Path],
) -> Job[ScoreTask]:
    numbers = frozenset(no for part in parts for no, _ in part.clips)
    task = ScoreTask(
        parts=tuple(parts),
        scorers=tuple((s, numbers & lacking[name]) for name, s in scorers.items()),
        shards=shards,
        device=device,
        models=models,
    )
    more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
    return Job(name=parts[0].video.path + more, payload=task, size=len(numbers))


def _failure(name: str, clip_id: str, error: ItemError) -> Failure:
    return Failure(
        stage=f"scorer/{name}",
        item=clip_id,
        error=type(error).__name__,
        message=f"clip {clip_id}: {error}",
        retry=f"rushes score --only {name}",
    )
