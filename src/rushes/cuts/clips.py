"""Shots → clips: long shots divided evenly at frame times, short ones left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.cuts.shots import merged, shots
from rushes.errors import ItemError, RecipeError
from rushes.footage.scan import PROBE_FIELDS, read_signals
from rushes.recipe.recipe import Recipe
from rushes.records import Clip, Cut, Failure, Report, Shot, Video
from rushes.runner.local import Job, Runner, Tell
from rushes.stages.fingerprints import probes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """How shots become clips."""

    min_s: float = 1.0
    """Shorter shots make no clip; larger leaves out more."""
    max_s: float = 20.0
    """Longer shots are divided into equal clips no longer than this."""

    def __post_init__(self) -> None:
        if self.min_s < 0 or self.max_s <= 0 or self.min_s > self.max_s:
            raise RecipeError(
                f"cut.min_s = {self.min_s} and cut.max_s = {self.max_s}: "
                f"they must be 0 <= min_s <= max_s"
            )


def clips_of(
    shots: Sequence[Shot],
    video: Video,
    pts: np.ndarray,
    clipping: Clipping,
    damaged_pts: Sequence[int] = (),
) -> list[Clip]:
    """Return the clips of a video's shots, ascending.

    Args:
        shots: Clean spans, ascending.
        video: Gives the time base.
        pts: int64 pts of every frame of the video, ascending.
        clipping: Shortest and longest clip.
        damaged_pts: Frames that the decoder marked corrupt.
    """
    damaged = np.sort(np.array(damaged_pts, np.int64))
    clips = []
    for shot in shots:
        for in_pts, out_pts in _divided(shot, video, pts, clipping):
            first, last = np.searchsorted(pts, (in_pts, out_pts))
            bad_first, bad_last = np.searchsorted(damaged, (in_pts, out_pts))
            clips.append(
                Clip(
                    video_id=video.id,
                    in_pts=in_pts,
                    out_pts=out_pts,
                    frames=int(last - first),
                    frames_damaged=int(bad_last - bad_first),
                )
            )
    return clips


def clips_within(
    video: Video,
    times: np.ndarray,
    spans: Sequence[tuple[int, int]],
    damaged_pts: Sequence[int] = (),
) -> list[Clip]:
    """Return clips of spans that a person chose, moved to the nearest frame times.

    Args:
        video: Theirs.
        times: int64 pts of every frame of the video, and where the last one ends.
        spans: in_pts and out_pts of each.
        damaged_pts: Frames that the decoder marked corrupt.

    Raises:
        RecipeError: A span holds no frame.
    """
    shots = []
    for span in spans:
        in_pts, out_pts = (int(times[np.argmin(np.abs(times - pts))]) for pts in span)
        if in_pts >= out_pts:
            at = f"{video.seconds(span[0])}–{video.seconds(span[1])} s"
            raise RecipeError(f"{video.given}: there is no frame in {at}")
        shots.append(Shot(in_pts=in_pts, out_pts=out_pts))
    whole = Clipping(min_s=0.0, max_s=float("inf"))
    return clips_of(shots, video, times[:-1], whole, damaged_pts)


def _divided(
    shot: Shot, video: Video, pts: np.ndarray, clipping: Clipping
) -> list[tuple[int, int]]:
    """Return the shot's spans: as few equal ones as fit under the longest, each on frame times."""
    length_s = float((shot.out_pts - shot.in_pts) * video.time_base)
    if length_s < clipping.min_s:
        return []
    # A clip ends on a frame time at or before its share, so none gets longer than the longest.
    spans = []
    at = shot.in_pts
    # The half microsecond forgives a shot of exactly max_s its rounding.
    pieces = max(1, int(np.ceil(length_s / clipping.max_s - 5e-7)))
    while pieces > 1:
        target = at + (shot.out_pts - at) / pieces
        index = int(np.searchsorted(pts, target, side="right")) - 1
        until = int(pts[index])
        if until <= at:  # one frame shows longer than a whole clip may last
            until = int(pts[min(index + 1, len(pts) - 1)])
        if not at < until < shot.out_pts:
            break
        spans.append((at, until))
        at = until
        left_s = float((shot.out_pts - at) * video.time_base)
        pieces = max(pieces - 1, int(np.ceil(left_s / clipping.max_s - 5e-7)))
    spans.append((at, shot.out_pts))
    return [
        (start, end)
        for start, end in spans
        if float((end - start) * video.time_base) >= clipping.min_s
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTask:
    """One scanned video to cut."""

    video: Video
    detectors: tuple[Any, ...]
    clipping: Clipping
    signals: dict[str, Path]
    """Probe name → file of its signals."""
    damaged_pts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutResult:
    """Where one video is cut, and what clips that makes."""

    cuts: list[Cut]
    clips: list[Clip]
    shots: int
    shots_too_short: int


def cut(task: CutTask, tell: Tell) -> CutResult:
    """Find the cuts of one video from its signals, and make its clips."""
    signals = {name: read_signals(path) for name, path in task.signals.items()}
    cuts = merged([c for detector in task.detectors for c in detector.detect(signals)])
    timeline = next(iter(signals.values()))
    spans = shots(cuts, timeline.pts, timeline.end_pts)
    clips = [
        clips_of([shot], task.video, timeline.pts, task.clipping, task.damaged_pts)
        for shot in spans
    ]
    return CutResult(
        cuts=cuts,
        clips=[clip for of_shot in clips for clip in of_shot],
        shots=len(spans),
        shots_too_short=sum(not of_shot for of_shot in clips),
    )


def cut_videos(
    catalog: Catalog, runner: Runner, recipe: Recipe, folder: Path, numbers: Sequence[int]
) -> Report:
    """Cut each of the videos that is scanned and has no cuts of this recipe yet.

    Args:
        catalog: Where results and failures go.
        runner: Runs it in this process: it is work of milliseconds on numbers.
        recipe: Names the detectors.
        folder: The project.
        numbers: The videos.
    """
    detectors = tuple(recipe.stages("cut").values())
    needs = sorted(
        {name for d in detectors for name in probes_of(d, recipe.stages("scan"))} or {"change"}
    )
    rows = {
        name: catalog.stages.rows(f"probe/{name}", PROBE_FIELDS, recipe.fingerprints.probes[name])
        for name in needs
    }
    scans = catalog.scans()
    uncut = set(catalog.uncut(recipe.fingerprints.cut)) & set(numbers)
    ready = sorted(no for no in uncut if all(no in found for found in rows.values()))
    videos = catalog.videos(ready)
    jobs = [
        Job(
            name=videos[no].path,
            payload=CutTask(
                video=videos[no],
                detectors=detectors,
                clipping=recipe.own("cut"),
                signals={name: folder / found[no]["signals"] for name, found in rows.items()},
                damaged_pts=scans[no][0].damaged_pts,
            ),
        )
        for no in ready
    ]
    failed = 0
    for no, done in zip(ready, runner.run("cut", cut, jobs, in_process=True), strict=True):
        if done.result is None:
            error = done.error or ItemError("no result")
            failed += 1
            catalog.failures.add(
                Failure(
                    stage="cut",
                    item=done.job.name,
                    error=type(error).__name__,
                    message=str(error),
                    retry="rushes cut",
                )
            )
            continue
        result = done.result
        catalog.commit_cuts(
            no,
            recipe.fingerprints.cut,
            result.cuts,
            result.clips,
            shots=result.shots,
            shots_too_short=result.shots_too_short,
        )
        catalog.failures.clear("cut", [done.job.name])
    return Report(
        verb="cut",
        pending=len(ready),
        done=len(ready) - failed,
        failed=failed,
        total=len(numbers),
        unit="videos",
    )
