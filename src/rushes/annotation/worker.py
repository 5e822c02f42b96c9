"""Work function of the annotation engine: runs annotators on batches of clips.

No video is opened here: pictures come from the stills, numbers from the signals.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rushes.catalog import Shards
from rushes.catalog.signals import read_signals
from rushes.errors import ContractError, ItemError, MissingDependency, RecipeError
from rushes.media.defects.bars import picture_box
from rushes.media.stills import read_stills_in_sizes
from rushes.records import Box, Clip, ClipRow, Row, Video
from rushes.runner.base import Progress, item_error
from rushes.stages.fingerprints import models_of
from rushes.stages.items import ClipInput, FrameSpec
from rushes.stages.protocols import Annotator
from rushes.stages.rows import check_row

BATCH_BYTES = 256 * 2**20
"""Memory for the stills of a batch, after which it ends early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoBatch:
    """Clips of one video, with the inputs of their annotators."""

    video: Video
    clips: tuple[ClipRow, ...]
    """Ascending in time."""
    signals: Mapping[str, Path]
    """Probe name → file of its signals."""
    stills: Path | None
    """The stills proxy, if some annotator reads stills."""
    scores: Mapping[str, Mapping[int, Row]]
    """Name of each scorer that is read → its rows by clip number; vectors as their numbers."""
    captions: Mapping[int, str]
    """Clip number → its caption, for clips that have one."""

    def __len__(self) -> int:
        return len(self.clips)

    def split(self, count: int) -> tuple["VideoBatch", "VideoBatch"]:
        """Return the first `count` clips, and the others."""
        first, rest = self.clips[:count], self.clips[count:]
        return replace(self, clips=first), replace(self, clips=rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateTask:
    """Clips ready to be sent to a worker."""

    batches: tuple[VideoBatch, ...]
    annotators: tuple[tuple[str, Annotator, frozenset[int]], ...]
    """Key, stage, and the numbers of the clips without a row of it."""
    shards: Mapping[tuple[str, str], Shards]
    """Files of the vectors of (scorer, field)."""
    device: str
    models: Mapping[str, Path]
    """Files of the annotators' models by name."""


Results = list[tuple[int, str, Row | ItemError]]
"""Clip number, annotator key, and the row or the error."""

_Inputs = tuple[int, Mapping[FrameSpec | None, ClipInput]]
"""A clip's number, and its input for each of the annotators' specs."""


def annotate(task: AnnotateTask, progress: Progress) -> Results:
    """Annotate the clips of a task; decode each still once for all annotators."""
    results: Results = []
    waiting: list[_Inputs] = []
    held_bytes = done = 0
    for batch in task.batches:
        for inputs in _inputs(task, batch):
            waiting.append(inputs)
            held_bytes += sum(item.stills_THWC.nbytes for item in inputs[1].values())
            if held_bytes > BATCH_BYTES:
                results += _annotate_batch(task, waiting)
                done += len(waiting)
                progress(done)
                waiting, held_bytes = [], 0
    return results + _annotate_batch(task, waiting)


def _annotate_batch(task: AnnotateTask, batch: Sequence[_Inputs]) -> Results:
    results: Results = []
    for key, stage, wanted in task.annotators:
        chosen = [(no, items[stage.frames]) for no, items in batch if no in wanted]
        models = tuple((name, task.models[name]) for name in models_of(stage))
        ready = _set_up(type(stage), stage.params, task.device, models)
        rows = _annotated(key, ready, [item for _, item in chosen])
        results += [(no, key, row) for (no, _), row in zip(chosen, rows, strict=True)]
    return results


def _annotated(key: str, stage: Annotator, items: Sequence[ClipInput]) -> list[Row | ItemError]:
    """Return each item's row, or its error; a batch that fails is halved down to one item.

    So one bad clip costs no other, and a batch too large for a device's memory runs in parts.
    """
    try:
        rows = stage.annotate(items) if items else []
        return [check_row(key, stage.fields, row) for row in rows]
    except (ContractError, MissingDependency, RecipeError):
        raise
    except Exception as error:
        if len(items) == 1:
            return [item_error(error)]
    half = len(items) // 2
    return _annotated(key, stage, items[:half]) + _annotated(key, stage, items[half:])


@cache
def _set_up(
    stage_class: type, params: Any, device: str, models: tuple[tuple[str, Path], ...]
) -> Annotator:
    """Return an annotator with its weights loaded, cached in each worker."""
    stage: Annotator = stage_class(params)
    stage.locate(dict(models))
    stage.setup(device, dict(models))
    return stage


def _inputs(task: AnnotateTask, batch: VideoBatch) -> Iterator[_Inputs]:
    """Yield the inputs of each clip of one video; the proxy is read once."""
    signals = {name: read_signals(path) for name, path in batch.signals.items()}
    stages = [(stage, numbers) for _, stage, numbers in task.annotators]
    wanted_by = {
        spec: frozenset[int]().union(*(nos for stage, nos in stages if stage.frames == spec))
        for spec in {stage.frames for stage, _ in stages}
    }
    rows_of: dict[tuple[int, FrameSpec], np.ndarray] = {}
    for spec, numbers in wanted_by.items():
        for row in batch.clips:
            if spec is not None and row.no in numbers:
                rows_of[row.no, spec] = _still_rows(signals["still"].pts, row.clip, spec)
    stills = _Stills(batch.stills, rows_of)
    for no, clip in ((row.no, row.clip) for row in batch.clips):
        inside = {name: found.span(clip.in_pts, clip.out_pts) for name, found in signals.items()}
        box = Box()
        if "border" in signals:
            box = picture_box(inside["border"], signals["border"])
        bare = ClipInput(
            clip=clip,
            video=batch.video.at(clip.in_pts),
            stills_THWC=np.zeros((0, 2, 2, 3), np.uint8),
            signals=inside,
            whole=signals,
            box=box,
            scores={name: _with_vectors(task, name, rows[no])
                    for name, rows in batch.scores.items() if no in rows},
            caption=batch.captions.get(no, ""),
        )  # fmt: skip
        items: dict[FrameSpec | None, ClipInput] = {}
        for spec, numbers in wanted_by.items():
            if no in numbers:
                shown = stills.of(no, spec) if spec is not None else bare.stills_THWC
                items[spec] = replace(bare, stills_THWC=_without_bars(shown, box))
        yield no, items


def _still_rows(pts: np.ndarray, clip: Clip, spec: FrameSpec) -> np.ndarray:
    """Return the rows of a clip's stills that a spec asks for, ascending."""
    first, last = np.searchsorted(pts, (clip.in_pts, clip.out_pts))
    rows = np.arange(first, last)
    if spec.stills is None or len(rows) <= spec.stills:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, spec.stills).round().astype(int)])


class _Stills:
    """The stills of clips in ascending order, each decoded once."""

    def __init__(
        self, proxy: Path | None, rows_of: Mapping[tuple[int, FrameSpec], np.ndarray]
    ) -> None:
        self._rows_of = rows_of
        wanted: dict[int | None, np.ndarray] = {}
        for (_, spec), rows in rows_of.items():
            size = spec.short_side_px
            wanted[size] = np.union1d(wanted.get(size, np.zeros(0, np.int64)), rows)
        self._order = iter(np.unique(np.concatenate([np.zeros(0, np.int64), *wanted.values()])))
        self._pictures = read_stills_in_sizes(proxy, wanted) if proxy else iter(())
        self._held: dict[int, dict[int | None, np.ndarray]] = {}

    def of(self, no: int, spec: FrameSpec) -> np.ndarray:
        """Return the stills of a clip for a spec: uint8 (T, H, W, 3)."""
        rows = self._rows_of[no, spec].tolist()
        while rows and rows[-1] not in self._held:
            self._held[int(next(self._order))] = next(self._pictures)
        found = [self._held[row][spec.short_side_px] for row in rows]
        for row in [row for row in self._held if rows and row < rows[0]]:
            del self._held[row]  # clips come in order: no later clip needs it
        return np.stack(found) if found else np.zeros((0, 2, 2, 3), np.uint8)


def _with_vectors(task: AnnotateTask, name: str, row: Row) -> Row:
    """Return a row with its vectors read: float32 arrays."""
    return {
        field: task.shards[name, field].read([value])[0].astype(np.float32)
        if (name, field) in task.shards
        else value
        for field, value in row.items()
    }


def _without_bars(stills_THWC: np.ndarray, box: Box) -> np.ndarray:
    """Return the stills without the bars that an export crops, and without their blurred edge."""
    if box == Box() or not len(stills_THWC):
        return stills_THWC
    height, width = stills_THWC.shape[1:3]
    # Scaling mixes the bar into the first line of the picture.
    rim = 0.75
    wider = Box(
        top=box.top and box.top + rim / height,
        bottom=box.bottom and box.bottom + rim / height,
        left=box.left and box.left + rim / width,
        right=box.right and box.right + rim / width,
    )
    left, top, wide, high = wider.inside(width, height, even=False)
    return stills_THWC[:, top : top + high, left : left + wide]
