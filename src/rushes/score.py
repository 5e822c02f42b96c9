"""Numbers for clips, read from the scan's stills and signals; no video is opened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rushes.boxes import content_box
from rushes.catalog import Catalog
from rushes.errors import ItemError
from rushes.media.stills import read_stills
from rushes.recipe import Recipe
from rushes.records import Box, Clip, Failure, Report, Row, Video
from rushes.runner import Job, Runner, Tell
from rushes.scan import PROBE_FIELDS, read_signals
from rushes.stage import Annotator, FrameSpec, Item, Signals, check_row

CLIPS_PER_TASK = 32
"""Clips of one video that a worker scores in one go; so much is lost at most by `kill -9`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTask:
    """Clips of one video, ready to be sent to a worker."""

    video: Video
    clips: tuple[tuple[int, Clip], ...]
    """Numbered, ascending in time."""
    scorers: tuple[tuple[Annotator, frozenset[int]], ...]
    """Each with the numbers of the clips that it has not scored yet."""
    signals: Mapping[str, Path]
    """Probe name → file of its signals."""
    stills: Path
    """The stills proxy."""
    device: str


Scores = list[tuple[int, str, Row | ItemError]]
"""Clip number, scorer name, and the row or what went wrong."""


def score(task: ScoreTask, tell: Tell) -> Scores:
    """Score the clips of a task; each clip's stills are decoded once for all scorers."""
    signals = {name: read_signals(path) for name, path in task.signals.items()}
    specs = {scorer.frames for scorer, _ in task.scorers}
    scores: Scores = []
    for spec in specs:
        scorers = [(s, wanted) for s, wanted in task.scorers if s.frames == spec]
        numbers = frozenset[int]().union(*(wanted for _, wanted in scorers))
        clips = [(no, clip) for no, clip in task.clips if no in numbers]
        for done, (no, item) in enumerate(_items(task, spec, clips, signals)):
            for scorer, wanted in scorers:
                if no in wanted:
                    scores.append((no, scorer.name, _score_one(scorer, item, task.device)))
            tell(done * len(task.clips) / (len(clips) * len(specs)))
    return scores


def _score_one(scorer: Annotator, item: Item, device: str) -> Row | ItemError:
    ready = _set_up(type(scorer), scorer.params, device)
    try:
        (row,) = ready.annotate([item])
    except ItemError as error:
        return error
    return check_row(f"scorer/{scorer.name}", scorer.fields, row)


@cache
def _set_up(scorer_class: type, params: Any, device: str) -> Annotator:
    """Return a scorer with its weights loaded; once in each worker."""
    scorer: Annotator = scorer_class(params)
    scorer.setup(device)
    return scorer


def _items(
    task: ScoreTask,
    spec: FrameSpec | None,
    clips: Sequence[tuple[int, Clip]],
    signals: Mapping[str, Signals],
) -> Iterator[tuple[int, Item]]:
    """Yield the clips with their stills; the proxy is read once, front to back."""
    spans = [np.zeros(0, np.int64)] * len(clips)
    if spec is not None:
        pts = signals["still"].pts
        spans = [np.arange(*np.searchsorted(pts, (clip.in_pts, clip.out_pts))) for _, clip in clips]
    wanted = np.concatenate(spans) if spans else np.zeros(0, np.int64)
    pictures: Iterator[np.ndarray] = iter(())
    if spec is not None and len(wanted):
        pictures = read_stills(task.stills, wanted, short_side_px=spec.short_side_px)
    for (no, clip), span in zip(clips, spans, strict=True):
        stills = [next(pictures) for _ in span]
        inside = {name: found.span(clip.in_pts, clip.out_pts) for name, found in signals.items()}
        stacked = np.stack(stills) if stills else np.zeros((0, 2, 2, 3), np.uint8)
        box = Box()
        if "border" in signals:
            box = content_box(inside["border"], signals["border"])
        item = Item(
            clip=clip,
            video=task.video,
            stills_THWC=_without_bars(stacked, box),
            signals=inside,
            whole=signals,
            box=box,
        )
        yield no, item


def _without_bars(stills_THWC: np.ndarray, box: Box) -> np.ndarray:
    """Return the stills without the bars that an export crops, and no trace of their edge."""
    if box == Box() or not len(stills_THWC):
        return stills_THWC
    height, width = stills_THWC.shape[1:3]
    # Scaling mixes a line of the bar into the picture.
    rim = 0.75
    wider = Box(
        top=box.top and box.top + rim / height,
        bottom=box.bottom and box.bottom + rim / height,
        left=box.left and box.left + rim / width,
        right=box.right and box.right + rim / width,
    )
    left, top, wide, high = wider.inside(width, height, even=False)
    return stills_THWC[:, top : top + high, left : left + wide]


def score_clips(
    catalog: Catalog,
    runner: Runner,
    recipe: Recipe,
    folder: Path,
    numbers: Sequence[int],
    *,
    only: Sequence[str] = (),
    device: str = "cpu",
) -> Report:
    """Score each of the clips with each scorer that has not scored it yet.

    Args:
        catalog: Where results and failures go.
        runner: Where the work is done.
        recipe: Names the scorers.
        folder: The project.
        numbers: The clips.
        only: Names of the scorers to run; all of the recipe's if empty.
        device: Where models run: "cpu", "cuda".
    """
    scorers = {
        name: stage for name, stage in recipe.stages("score").items() if not only or name in only
    }
    lacking = _lacking(catalog, recipe, scorers, numbers)
    pending = frozenset[int]().union(*lacking.values())
    jobs = list(_jobs(catalog, recipe, folder, scorers, lacking, device))
    failed: set[int] = set()
    for done in runner.run("score", score, jobs, unit="clips"):
        task = done.job.payload
        names = [scorer.name for scorer, _ in task.scorers]
        scores = done.result
        if scores is None:  # the whole task failed: so did each clip that it was to score
            error = done.error or ItemError("no result")
            scores = [(no, s.name, error) for s, wanted in task.scorers for no in wanted]
        ids = {no: clip.id for no, clip in task.clips}
        for name in names:
            rows = {no: row for no, n, row in scores if n == name and isinstance(row, dict)}
            key, fields = f"scorer/{name}", scorers[name].fields
            catalog.commit_rows(key, fields, recipe.fingerprints.scorers[name], rows)
            catalog.clear_failures(key, [ids[no] for no in rows])
        for no, name, row in scores:
            if isinstance(row, ItemError):
                failed.add(no)
                catalog.commit_failure(_failure(name, ids[no], row))
    return Report(
        verb="score",
        pending=len(pending),
        done=len(pending - failed),
        failed=len(failed),
        total=len(numbers),
        unit="clips",
    )


def unscored(catalog: Catalog, recipe: Recipe, numbers: Sequence[int]) -> frozenset[int]:
    """Return those of the clips that some scorer of the recipe has not scored yet."""
    lacking = _lacking(catalog, recipe, recipe.stages("score"), numbers)
    return frozenset[int]().union(*lacking.values())


def _lacking(
    catalog: Catalog, recipe: Recipe, scorers: Mapping[str, Annotator], numbers: Sequence[int]
) -> dict[str, frozenset[int]]:
    """Return scorer name → clips without a row of its fingerprint."""
    prints = recipe.fingerprints
    wanted = frozenset(numbers)
    return {
        name: wanted.intersection(
            catalog.pending(f"scorer/{name}", scorer.fields, prints.scorers[name], prints.cut)
        )
        for name, scorer in scorers.items()
    }


def _jobs(
    catalog: Catalog,
    recipe: Recipe,
    folder: Path,
    scorers: Mapping[str, Annotator],
    lacking: Mapping[str, frozenset[int]],
    device: str,
) -> Iterator[Job[ScoreTask]]:
    pending = frozenset[int]().union(*lacking.values())
    if not pending:
        return
    probe_rows = {
        name: catalog.rows(f"probe/{name}", PROBE_FIELDS, recipe.fingerprints.probes[name])
        for name in {need for scorer in scorers.values() for need in recipe.probes_of(scorer)}
    }
    by_video: dict[int, list[tuple[int, Clip]]] = {}
    for no, (video_no, clip) in catalog.clips(recipe.fingerprints.cut).items():
        if no in pending:
            by_video.setdefault(video_no, []).append((no, clip))
    for video_no, video in catalog.videos(by_video).items():
        clips = by_video[video_no]
        files = {name: rows[video_no] for name, rows in probe_rows.items()}
        for at in range(0, len(clips), CLIPS_PER_TASK):
            part = tuple(clips[at : at + CLIPS_PER_TASK])
            ours = frozenset(no for no, _ in part)
            task = ScoreTask(
                video=video,
                clips=part,
                scorers=tuple((s, ours & lacking[n]) for n, s in scorers.items()),
                signals={name: folder / row["signals"] for name, row in files.items()},
                stills=folder / files["still"]["file"] if "still" in files else folder,
                device=device,
            )
            yield Job(name=video.path, payload=task, size=len(part))


def _failure(name: str, clip_id: str, error: ItemError) -> Failure:
    return Failure(
        stage=f"scorer/{name}",
        item=clip_id,
        error=type(error).__name__,
        message=f"clip {clip_id}: {error}",
        retry=f"rushes score --only {name}",
    )
