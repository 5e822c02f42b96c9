"""The engine of scorers, captioners and taggers: find the clips without a row and annotate them.

Rows are stored after each task, and a failing clip costs no other. After a stop, the next run
continues with the clips without a row.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rushes.annotation.worker import AnnotateTask, Results, VideoBatch, annotate
from rushes.catalog import Shards
from rushes.context import Context
from rushes.errors import ItemError
from rushes.media.source_file import retry_command
from rushes.records import ClipRow, Row
from rushes.runner.base import Job
from rushes.stages.fingerprints import (
    KINDS,
    annotators,
    models_of,
    probe_inputs,
    scorer_inputs,
    topological_order,
    verb_of,
    with_dependencies,
)
from rushes.stages.protocols import Annotator

CLIPS_PER_TASK = 32
"""Clips of one task; `kill -9` loses at most so many per worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """Row numbers of the clips of a run."""

    pending: frozenset[int]
    """Clips without a row of some annotator before the run."""
    failed: frozenset[int]
    """Clips of those without one after it."""


def run(context: Context, verb: str, numbers: Sequence[int], only: Sequence[str] = ()) -> Annotated:
    """Annotate each clip with each annotator of a verb that has no row of it yet.

    Args:
        context: The open project.
        verb: "score" or "caption".
        numbers: Row numbers of the clips.
        only: Names of the annotators; all of the verb's if empty. The scorers that they read run
            too.
    """
    chosen = _chosen(context, verb, only)
    before = frozenset[int]().union(*_pending(context, chosen, numbers).values())
    failed: set[int] = set()
    for wave in topological_order(chosen):
        # The pending clips of later waves are known only after the earlier ones.
        some = {key: chosen[key] for key in wave}
        jobs = list(_Jobs(context, some, _pending(context, some, numbers)))
        for outcome in context.runner.run(verb, annotate, jobs, unit="clips"):
            task = outcome.job.payload
            results = outcome.result
            if results is None:  # the whole task failed: so did each clip in it
                error = outcome.error or ItemError("no result")
                results = [(no, key, error) for key, _, wanted in task.annotators for no in wanted]
            failed |= _commit(context, task, results)
    return Annotated(pending=before, failed=frozenset(failed))


def pending(context: Context, verb: str, numbers: Collection[int]) -> frozenset[int]:
    """Return the clips without a row of some annotator of a verb."""
    lacking = _pending(context, _chosen(context, verb, ()), numbers)
    return frozenset[int]().union(*lacking.values())


def _chosen(context: Context, verb: str, only: Sequence[str]) -> dict[str, Annotator]:
    names = only or list(context.recipe.stages(verb))
    every = annotators({name: context.recipe.stages(name) for name in ("caption", "score")})
    return with_dependencies(every, [f"{KINDS[verb]}/{name}" for name in names])


def _pending(
    context: Context, chosen: Mapping[str, Annotator], numbers: Collection[int]
) -> dict[str, frozenset[int]]:
    """Return annotator key → clips without a current row of its fingerprint."""
    prints = context.recipe.fingerprints
    wanted = frozenset(numbers)
    captioned = wanted
    if any(stage.inputs.caption for stage in chosen.values()):
        captioned = wanted.intersection(context.catalog.captions.current())
    found = {}
    for key, stage in chosen.items():
        lacking = context.catalog.stages.pending(
            key, stage.fields, prints.annotators[key], prints.cut
        )
        if stage.inputs.files:
            lacking = [*lacking, *_outdated(context, key, stage)]
        found[key] = (captioned if stage.inputs.caption else wanted).intersection(lacking)
    return found


def _outdated(context: Context, key: str, stage: Annotator) -> list[int]:
    """Return the clips whose row is outdated, for a stage that reads files."""
    rows = context.rows(key)
    clips = context.clips(rows)
    videos = context.catalog.videos({row.video_no for row in clips.values()})
    # Most clips of a video share a row.
    are_current: dict[tuple[int, tuple[object, ...]], bool] = {}
    outdated = []
    for no, clip_row in clips.items():
        key_of_row = clip_row.video_no, tuple(rows[no].values())
        if key_of_row not in are_current:
            are_current[key_of_row] = stage.is_current(rows[no], videos[clip_row.video_no])
        if not are_current[key_of_row]:
            outdated.append(no)
    return outdated


def _commit(context: Context, task: AnnotateTask, results: Results) -> set[int]:
    """Store the results of a task; return the row numbers of the clips that failed."""
    ids = {row.no: row.clip.id for batch in task.batches for row in batch.clips}
    video_of = {row.no: batch.video for batch in task.batches for row in batch.clips}
    for key, stage, _ in task.annotators:
        rows = {no: row for no, of, row in results if of == key and isinstance(row, dict)}
        fingerprint = context.recipe.fingerprints.annotators[key]
        context.catalog.stages.commit(key, stage.fields, fingerprint, rows)
        context.catalog.failures.clear(key, [ids[no] for no in rows])
    failed = set()
    for no, key, error in results:
        if isinstance(error, ItemError):
            failed.add(no)
            verb, name = verb_of(key), key.partition("/")[2]
            retry = f"rushes {verb}" + (f" --only {name}" if verb == "score" else "")
            retry = retry_command(error, video_of[no], retry)
            context.fail(key, ids[no], error, message=f"clip {ids[no]}: {error}", retry=retry)
    return failed


class _Jobs:
    """The tasks of one wave: batches of clips by video, with all inputs of their annotators."""

    def __init__(
        self,
        context: Context,
        chosen: Mapping[str, Annotator],
        lacking: Mapping[str, frozenset[int]],
    ) -> None:
        self._context, self._chosen = context, chosen
        self._scores: dict[str, Mapping[int, Row]] = {}
        self._shards: dict[tuple[str, str], Shards] = {}
        for name in {name for stage in chosen.values() for name in scorer_inputs(stage)}:
            key, stage = f"scorer/{name}", context.recipe.stages("score")[name]
            self._scores[name] = context.scores(name)
            for field in stage.fields:
                if field.dtype == "vector":
                    self._shards[name, field.name] = context.catalog.stages.shards(
                        key, field, context.recipe.fingerprints.annotators[key]
                    )
        self._lacking = {
            # A clip without a row of a scorer that it reads has failed there.
            key: numbers.intersection(*(self._scores[name] for name in scorer_inputs(chosen[key])))
            for key, numbers in lacking.items()
        }

    def __iter__(self) -> Iterator[Job[AnnotateTask]]:
        pending = frozenset[int]().union(*self._lacking.values())
        if not pending:
            return
        waiting: list[VideoBatch] = []
        room = CLIPS_PER_TASK
        for batch in self._batches(pending):
            while batch:
                part, batch = batch.split(room)
                waiting.append(part)
                room -= len(part)
                if not room:
                    yield self._job(waiting)
                    waiting, room = [], CLIPS_PER_TASK
        if waiting:
            yield self._job(waiting)

    def _batches(self, pending: frozenset[int]) -> Iterator[VideoBatch]:
        context = self._context
        scan = context.recipe.stages("scan")
        probes = {name for stage in self._chosen.values() for name in probe_inputs(stage, scan)}
        probe_rows = {name: context.probe_rows(name) for name in probes}
        captions = context.catalog.captions.current()
        by_video: dict[int, list[ClipRow]] = {}
        for row in context.clips(pending).values():
            by_video.setdefault(row.video_no, []).append(row)
        for video_no, video in context.catalog.videos(by_video).items():
            clips = sorted(by_video[video_no], key=lambda row: row.clip.in_pts)
            numbers = [row.no for row in clips]
            files = {name: rows[video_no] for name, rows in probe_rows.items()}
            yield VideoBatch(
                video=video,
                clips=tuple(clips),
                signals={name: context.folder / row["signals"] for name, row in files.items()},
                stills=context.folder / files["still"]["file"] if "still" in files else None,
                scores={
                    name: {no: rows[no] for no in numbers if no in rows}
                    for name, rows in self._scores.items()
                },
                captions={no: captions[no] for no in numbers if no in captions},
            )

    def _job(self, batches: Sequence[VideoBatch]) -> Job[AnnotateTask]:
        numbers = frozenset(row.no for batch in batches for row in batch.clips)
        models = self._context.models
        task = AnnotateTask(
            batches=tuple(batches),
            annotators=tuple(
                (key, stage, numbers & self._lacking[key]) for key, stage in self._chosen.items()
            ),
            shards=self._shards,
            device=self._context.device,
            models={
                name: models[name] for stage in self._chosen.values() for name in models_of(stage)
            },
        )
        more = f" and {len(batches) - 1} more" if len(batches) > 1 else ""
        return Job(name=batches[0].video.path + more, payload=task, size=len(numbers))
