"""`rushes report`: a page with the frames on both sides of each cut.

The frames come from the source, not from the stills: only the last frame before a cut and the first
one after it show whether the cut is right to the frame.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rushes.catalog.signals import read_signals
from rushes.context import Context
from rushes.errors import ItemError, RecipeError
from rushes.files import whole
from rushes.media.source_file import check_source
from rushes.media.thumbnails import thumbnails
from rushes.records import Clip, Cut, Row, Video
from rushes.reports.contact_sheet import CutFrames, Frame, VideoSheet
from rushes.reports.failures import current_failures
from rushes.reports.lists import LISTS, filter_rows
from rushes.reports.page import Overview, page
from rushes.runner.base import Job, Progress

CUTS_PER_TASK = 32
"""Cuts of one video in one task of a worker."""
MOST_CUTS = 1000
"""Cuts on a page without a limit: some 20 MB, which a phone still opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The page that `rushes report` wrote."""

    path: Path
    videos: int
    """Videos on the page."""
    cuts: int
    """Cuts that meet the condition."""
    shown: int
    """Cuts with a card on the page; fewer if a limit leaves some out."""
    failed: tuple[str, ...]
    """Errors of the videos whose frames could not be decoded."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFramesTask:
    """Some cuts of one video, as a worker gets them."""

    video: Video
    cuts: tuple[Cut, ...]
    """Ascending."""
    signals: Path
    """File of signals with a row for every frame."""
    key_pts: np.ndarray
    """int64 pts of the key frames."""


def decode_cut_frames(task: CutFramesTask, progress: Progress) -> list[CutFrames]:
    """Decode the frames at each cut of a task, in their order; `progress` counts cuts.

    Raises:
        MediaError: The video or its signals cannot be read.
    """
    video = task.video
    check_source(video)
    pts = read_signals(task.signals).pts
    spans = [np.searchsorted(pts, (cut.start_pts, cut.pts)).tolist() for cut in task.cuts]
    places = [
        (
            int(pts[first - 1]) if first > 0 else None,
            int(pts[(first + last) // 2]) if last > first else None,
            int(pts[last]) if last < len(pts) else None,
        )
        for first, last in spans
    ]
    wanted = sorted({at for place in places for at in place if at is not None})
    found: dict[int, bytes] = {}
    for at, jpeg in thumbnails(video, wanted, task.key_pts):
        found[at] = jpeg
        progress(len(task.cuts) * len(found) / len(wanted))

    def frame(at: int | None) -> Frame | None:
        return None if at is None else Frame(at, found.get(at, b""))

    return [
        CutFrames(
            before=frame(before),
            middle=frame(middle),
            after=frame(after),
            frames_mixed=last - first,
        )
        for (before, middle, after), (first, last) in zip(places, spans, strict=True)
    ]


def write_report(
    context: Context,
    path: Path,
    status: Row,
    *,
    where: str | None = None,
    limit: int | None = None,
) -> ReportPage:
    """Write the page of cuts.

    Args:
        context: The open project.
        path: The page, ending in .html.
        status: As `Project.status` returns it.
        where: Only cuts that meet this condition on the columns of `ls cuts`.
        limit: At most this many cuts of each video, those of lowest confidence; None divides
            `MOST_CUTS` among the videos.

    Raises:
        RecipeError: `path` is no .html file or cannot be written, or `where` is wrong.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        # Other verbs take videos here; footage must never be written over.
        raise RecipeError(
            f"{path}: a report is written to a file that ends in .html; "
            f"for one video only: rushes report --where 'video = {path}'"
        )
    requested = _cuts_where(context, where)
    chosen = _least_confident(requested, limit)
    frames, errors = _decode_all(context, chosen)
    found = context.catalog.cuts(context.recipe.fingerprints.cut)
    clips = _clips_by_video(context)
    sheets = [
        VideoSheet(
            video=video,
            cuts=found.get(no),
            requested=len(requested.get(no, ())),
            shown=[(cut, frames.get((no, cut))) for cut in chosen.get(no, ())],
            clips=clips.get(no, []),
            errors=errors.get(no, []),
        )
        for no, video in context.catalog.videos().items()
    ]
    frozen = [
        one
        for name in context.recipe.selections
        if (one := context.catalog.selections.newest(name))
    ]
    overview = Overview(
        status=status,
        selections=[selection for selection, _ in frozen],
        failures=current_failures(context),
    )
    try:
        # A file name need not be valid text; the page must be.
        how = "backslashreplace"
        with whole(path) as temporary, temporary.open("w", encoding="utf-8", errors=how) as file:
            file.writelines(page(overview, sheets, where=where))
    except OSError as error:
        raise RecipeError(
            f"{path}: {error.strerror or error}; give another place: rushes report PATH"
        ) from error
    return ReportPage(
        path=path,
        videos=len(requested) if where else len(sheets),
        cuts=sum(len(cuts) for cuts in requested.values()),
        shown=sum(len(cuts) for cuts in chosen.values()),
        failed=tuple(error for of_video in errors.values() for error in of_video),
        size_bytes=path.stat().st_size,
    )


def _cuts_where(context: Context, where: str | None) -> dict[int, list[Cut]]:
    """Return video number → the cuts that meet `where`; videos without one are left out."""
    rows = LISTS["cuts"](context)
    passing = {id(row) for row in filter_rows(rows, where=where, sort=None, limit=None)}
    found = context.catalog.cuts(context.recipe.fingerprints.cut)
    pairs = [(no, cut) for no, cuts in found.items() for cut in cuts]
    requested: dict[int, list[Cut]] = {}
    for row, (no, cut) in zip(rows, pairs, strict=True):
        if id(row) in passing:
            requested.setdefault(no, []).append(cut)
    return requested


def _least_confident(
    requested: Mapping[int, Sequence[Cut]], limit: int | None
) -> dict[int, list[Cut]]:
    """Return the cuts that get a card, in order of time: those of lowest confidence."""
    ranked = [
        (rank, cut.confidence, no, cut)
        for no, cuts in requested.items()
        for rank, cut in enumerate(sorted(cuts, key=lambda cut: cut.confidence))
        if limit is None or rank < limit
    ]
    if limit is None:  # the least confident of each video, then the second of each, …
        ranked = sorted(ranked, key=lambda entry: entry[:3])[:MOST_CUTS]
    chosen: dict[int, list[Cut]] = {}
    for *_, no, cut in sorted(ranked, key=lambda entry: entry[3].pts):
        chosen.setdefault(no, []).append(cut)
    return chosen


def _decode_all(
    context: Context,
    chosen: Mapping[int, Sequence[Cut]],
) -> tuple[dict[tuple[int, Cut], CutFrames], dict[int, list[str]]]:
    """Return the frames by video number and cut, and the errors by video number."""
    number_of: dict[str, int] = {}
    jobs: list[Job[CutFramesTask]] = []
    for no, job in _jobs(context, chosen):
        number_of[job.payload.video.id] = no
        jobs.append(job)
    decoded: dict[tuple[int, Cut], CutFrames] = {}
    errors: dict[int, list[str]] = {}
    for done in context.runner.run("report", decode_cut_frames, jobs, unit="cuts"):
        task = done.job.payload
        no = number_of[task.video.id]
        if done.result is None:
            message = str(done.error or ItemError(f"{task.video.path}: no result"))
            if message not in errors.setdefault(no, []):  # the same for each part of a lost file
                errors[no].append(message)
            continue
        decoded |= {(no, cut): found for cut, found in zip(task.cuts, done.result, strict=True)}
    return decoded, errors


def _jobs(
    context: Context, chosen: Mapping[int, Sequence[Cut]]
) -> Iterator[tuple[int, Job[CutFramesTask]]]:
    rows = context.probe_rows("change")
    for no, video in context.catalog.videos(chosen).items():
        key_pts = context.catalog.key_pts(no)
        for at in range(0, len(chosen[no]), CUTS_PER_TASK):
            part = tuple(chosen[no][at : at + CUTS_PER_TASK])
            task = CutFramesTask(
                video=video,
                cuts=part,
                signals=context.folder / rows[no]["signals"],
                key_pts=key_pts,
            )
            limit_s = 600 + 60 * video.duration_s
            yield no, Job(name=video.path, payload=task, size=len(part), limit_s=limit_s)


def _clips_by_video(context: Context) -> dict[int, list[Clip]]:
    by_video: dict[int, list[Clip]] = {}
    for row in context.clips().values():
        by_video.setdefault(row.video_no, []).append(row.clip)
    return by_video
