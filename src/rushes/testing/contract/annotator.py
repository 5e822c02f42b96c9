"""Contract of scorers and captioners."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError
from rushes.media.decode import Decoder
from rushes.media.stills import read_stills
from rushes.records import Clip, Row, Video
from rushes.stages.fingerprints import probe_inputs, scorer_inputs
from rushes.stages.items import ClipInput, Signals
from rushes.stages.rows import check_row
from rushes.testing.contract.material import (
    Models,
    Settings,
    model_files,
    new_probes,
    new_stage,
    require,
    signals_of,
    videos,
)


def check_annotator(key: str, stage: Any, folder: Path, models: Models, settings: Settings) -> None:
    """Give the stage clips of every video; compare each row with its declaration and its batch."""
    read = {name: new_stage(f"scorer/{name}", settings) for name in scorer_inputs(stage)}
    needs = list(probe_inputs(stage))
    for scorer in (stage, *read.values()):
        scorer.setup("cpu", model_files(scorer, models))
        needs += [need for need in probe_inputs(scorer) if need not in needs]
    items = []
    for video in videos(folder / "videos"):
        signals = signals_of(folder / "project", video, new_probes(needs), models)
        stills = folder / "project" / "stills" / f"{video.id}.still.mkv"
        own = list(_items(stage, video, signals, stills))
        others = {name: list(_items(r, video, signals, stills)) for name, r in read.items()}
        for at, item in enumerate(own):
            scores = {
                name: _row_or_error(f"scorer/{name}", read[name], others[name][at]) for name in read
            }
            if all(row is not None for row in scores.values()):
                known = {name: _widened(row) for name, row in scores.items() if row is not None}
                items.append(replace(item, scores=known))
    rows = [_row_or_error(key, stage, item) for item in items]
    good = [(item, row) for item, row in zip(items, rows, strict=True) if row is not None]
    require(bool(good), f"{key} has no row for any video")
    together = [check_row(key, stage.fields, row) for row in stage.annotate([i for i, _ in good])]
    require(len(together) == len(good), f"{key} returned {len(together)} rows for {len(good)}")
    for (item, alone), row in zip(good, together, strict=True):
        where = f"{key} on {Path(item.video.path).stem}"
        require(_is_same(alone, row), f"{where} gave {alone} alone and {row} in a batch")
    require(list(stage.annotate([])) == [], f"{key} must return no row for no item")


def _row_or_error(key: str, stage: Any, item: ClipInput) -> Row | None:
    """Return the checked row of one item; None where the stage raises ItemError."""
    try:
        (row,) = stage.annotate([item])
    except ItemError as error:
        require(bool(str(error)), f"{key} raised an ItemError without a message")
        return None
    return check_row(key, stage.fields, row)


def _widened(row: Row) -> Row:
    """Return a row with float32 vectors, as dependent scorers get it."""
    return {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in row.items()
    }


def _is_same(one: Row, other: Row) -> bool:
    return all(
        np.allclose(value, other[name], rtol=1e-2, atol=1e-3)  # they are kept at half precision
        if isinstance(value, np.ndarray)
        else value == other[name]
        or (isinstance(value, float) and math.isclose(value, other[name], rel_tol=1e-5))
        for name, value in one.items()
    )


def _items(
    stage: Any, video: Video, signals: Mapping[str, Signals], stills: Path
) -> Iterator[ClipInput]:
    """Yield three clips of a video as an annotator gets them: all frames, the first, none."""
    frames = [decoded.pts for decoded in Decoder(video)]
    ends = [video.end_pts, frames[1] if len(frames) > 1 else video.end_pts, frames[0]]
    for out_pts, count in zip(ends, (len(frames), 1, 0), strict=True):
        inside = {name: found.span(frames[0], out_pts) for name, found in signals.items()}
        stills_THWC = np.zeros((0, 2, 2, 3), np.uint8)
        if stage.frames is not None and len(inside["still"].pts):
            wanted = np.arange(len(inside["still"].pts))
            size = stage.frames.short_side_px
            stills_THWC = np.stack(list(read_stills(stills, wanted, short_side_px=size)))
        clip = Clip(video_id=video.id, in_pts=frames[0], out_pts=out_pts, frames=count)
        yield ClipInput(
            clip=clip,
            video=video,
            stills_THWC=stills_THWC,
            signals=inside,
            caption="a blue picture" if count > 1 else "",
        )
