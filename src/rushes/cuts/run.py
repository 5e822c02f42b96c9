"""Cut detection of scanned videos: cuts, and clips of the shots between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.catalog.signals import PROBE_FIELDS, read_signals
from rushes.context import Context
from rushes.cuts.clips import ClipLengths, clips_of
from rushes.cuts.shots import check_cuts, merged, shots, with_breaks
from rushes.errors import ItemError
from rushes.records import CutResult, Failure, Report, Video
from rushes.runner.base import Job, Progress
from rushes.stages.fingerprints import probe_inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTask:
    """One scanned video to cut."""

    video: Video
    detectors: tuple[Any, ...]
    lengths: ClipLengths
    signals: dict[str, Path]
    """Probe name → file of its signals."""
    damaged_pts: tuple[int, ...]


def cut(task: CutTask, progress: Progress) -> CutResult:
    """Find the cuts of one video from its signals, and make its clips."""
    signals = {name: read_signals(path) for name, path in task.signals.items()}
    timeline = next(iter(signals.values()))
    cuts = merged([c for detector in task.detectors for c in detector.detect(signals)])
    check_cuts(cuts, task.video.path)
    cuts = with_breaks(cuts, task.video.breaks_pts)
    spans = shots(cuts, timeline.pts, timeline.end_pts)
    clips = [
        clips_of([shot], task.video, timeline.pts, task.lengths, task.damaged_pts) for shot in spans
    ]
    return CutResult(
        cuts=cuts,
        clips=[clip for of_shot in clips for clip in of_shot],
        shots=len(spans),
        shots_too_short=sum(not of_shot for of_shot in clips),
    )


def cut_videos(context: Context, numbers: Sequence[int]) -> Report:
    """Cut the videos that are scanned and have no cuts of this recipe yet.

    Args:
        context: The open project.
        numbers: The videos.
    """
    detectors = tuple(context.recipe.stages("cut").values())
    needs = sorted(
        {name for d in detectors for name in probe_inputs(d, context.recipe.stages("scan"))}
        or {"change"}
    )
    rows = {
        name: context.catalog.stages.rows(
            f"probe/{name}", PROBE_FIELDS, context.recipe.fingerprints.probes[name]
        )
        for name in needs
    }
    scans = context.catalog.scans()
    uncut = set(context.catalog.uncut(context.recipe.fingerprints.cut)) & set(numbers)
    ready = sorted(no for no in uncut if all(no in found for found in rows.values()))
    videos = context.catalog.videos(ready)
    jobs = [
        Job(
            name=videos[no].path,
            payload=CutTask(
                video=videos[no],
                detectors=detectors,
                lengths=context.recipe.own("cut"),
                signals={
                    name: context.folder / found[no]["signals"] for name, found in rows.items()
                },
                damaged_pts=scans[no][0].damaged_pts,
            ),
        )
        for no in ready
    ]
    failed = 0
    for no, done in zip(ready, context.runner.run("cut", cut, jobs, in_process=True), strict=True):
        if done.result is None:
            error = done.error or ItemError("no result")
            failed += 1
            context.catalog.failures.add(
                Failure(
                    stage="cut",
                    item=done.job.name,
                    error=type(error).__name__,
                    message=str(error),
                    retry="rushes cut",
                )
            )
            continue
        context.catalog.commit_cuts(no, context.recipe.fingerprints.cut, done.result)
        context.catalog.failures.clear("cut", [done.job.name])
    return Report(
        verb="cut",
        pending=len(ready),
        done=len(ready) - failed,
        failed=failed,
        total=len(numbers),
        unit="videos",
    )
