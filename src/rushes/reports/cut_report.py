"""`rushes report`: a page with the true frames on both sides of each cut, to be skimmed by eye.

The frames come from the source, not from the stills: only the last frame before a cut and the first
one after it show whether the cut is right to the frame.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rushes.catalog.signals import read_signals
from rushes.context import Context
from rushes.errors import ItemError, MediaError, RecipeError
from rushes.files import whole
from rushes.media.thumbnails import thumbnails
from rushes.records import Clip, Cut, Row, Video
from rushes.reports.contact_sheet import Picture, Pictures, VideoSheet
from rushes.reports.lists import LISTS, listed
from rushes.reports.page import Overview, page
from rushes.runner.base import Job, Progress

CUTS_PER_TASK = 32
"""Cuts of one video whose frames a worker decodes in one go."""
MOST_CUTS = 1000
"""Cuts on a page where no limit is given: some 20 MB, which a phone still opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """What `rushes report` wrote."""

    path: Path
    videos: int
    """Videos on the page."""
    cuts: int
    """Cuts that were asked for."""
    shown: int
    """Cuts with a card on the page; fewer where a limit leaves some out."""
    failed: tuple[str, ...]
    """What could not be shown, and why."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTask:
    """Some cuts of one video, ready to be sent to a worker."""

    video: Video
    cuts: tuple[Cut, ...]
    """Ascending."""
    signals: Path
    """A file of signals with a row for every frame."""
    key_pts: np.ndarray
    """int64 pts of the key frames."""


def take_pictures(task: PictureTask, progress: Progress) -> list[Pictures]:
    """Decode the frames at each cut; `progress` is told the cuts done.

    Raises:
        MediaError: The video or its signals cannot be read.
    """
    video = task.video
    if not Path(video.path).exists():
        raise MediaError(f"{video.path}: the file is gone; ingest the folder it moved to")
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

    def picture(at: int | None) -> Picture | None:
        return None if at is None else Picture(at, found.get(at, b""))

    return [
        Pictures(
            before=picture(before),
            middle=picture(middle),
            after=picture(after),
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
    """Write the page.

    Args:
        context: The open project.
        path: The page, ending in .html.
        status: As `Project.status` returns it.
        where: Only cuts that meet this condition on the columns of `ls cuts`.
        limit: At most so many cuts of each video, the least sure ones; None shares `MOST_CUTS`
            out among the videos.

    Raises:
        RecipeError: `path` is no .html file or cannot be written, or `where` is wrong.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        # Other verbs take videos here; footage must never be written over.
        raise RecipeError(
            f"{path}: a report is written to a file that ends in .html; "
            f"for one video only: rushes report --where 'video = {path}'"
        )
    asked = _asked(context, where)
    chosen = _chosen(asked, limit)
    taken, errors = _take_all(context, chosen)
    found = context.catalog.cuts(context.recipe.fingerprints.cut)
    clips = _clips_by_video(context)
    sheets = [
        VideoSheet(
            video=video,
            cuts=found.get(no),
            asked=len(asked.get(no, ())),
            shown=[(cut, taken.get((no, cut))) for cut in chosen.get(no, ())],
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
        failures=context.catalog.failures.all(),
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
        videos=len(asked) if where else len(sheets),
        cuts=sum(len(cuts) for cuts in asked.values()),
        shown=sum(len(cuts) for cuts in chosen.values()),
        failed=tuple(error for of_video in errors.values() for error in of_video),
        size_bytes=path.stat().st_size,
    )


def _asked(context: Context, where: str | None) -> dict[int, list[Cut]]:
    """Return video number → the cuts that meet `where`; videos without one are left out."""
    rows = LISTS["cuts"](context)
    passing = {id(row) for row in listed(rows, where=where, sort=None, limit=None)}
    found = context.catalog.cuts(context.recipe.fingerprints.cut)
    pairs = [(no, cut) for no, cuts in found.items() for cut in cuts]
    asked: dict[int, list[Cut]] = {}
    for row, (no, cut) in zip(rows, pairs, strict=True):
        if id(row) in passing:
            asked.setdefault(no, []).append(cut)
    return asked


def _chosen(asked: Mapping[int, Sequence[Cut]], limit: int | None) -> dict[int, list[Cut]]:
    """Return the cuts that get a card, in order of time: those that need a look most."""
    ranked = [
        (rank, cut.confidence, no, cut)
        for no, cuts in asked.items()
        for rank, cut in enumerate(sorted(cuts, key=lambda cut: cut.confidence))
        if limit is None or rank < limit
    ]
    if limit is None:  # the least sure of each video, then the second of each, …
        ranked = sorted(ranked, key=lambda entry: entry[:3])[:MOST_CUTS]
    chosen: dict[int, list[Cut]] = {}
    for *_, no, cut in sorted(ranked, key=lambda entry: entry[3].pts):
        chosen.setdefault(no, []).append(cut)
    return chosen


def _take_all(
    context: Context,
    chosen: Mapping[int, Sequence[Cut]],
) -> tuple[dict[tuple[int, Cut], Pictures], dict[int, list[str]]]:
    """Return the pictures by video number and cut, and what went wrong by video number."""
    number_of: dict[str, int] = {}
    jobs: list[Job[PictureTask]] = []
    for no, job in _jobs(context, chosen):
        number_of[job.payload.video.id] = no
        jobs.append(job)
    taken: dict[tuple[int, Cut], Pictures] = {}
    errors: dict[int, list[str]] = {}
    for done in context.runner.run("report", take_pictures, jobs, unit="cuts"):
        task = done.job.payload
        no = number_of[task.video.id]
        if done.result is None:
            message = str(done.error or ItemError(f"{task.video.path}: no result"))
            if message not in errors.setdefault(no, []):  # the same for each part of a lost file
                errors[no].append(message)
            continue
        taken |= {(no, cut): found for cut, found in zip(task.cuts, done.result, strict=True)}
    return taken, errors


def _jobs(
    context: Context, chosen: Mapping[int, Sequence[Cut]]
) -> Iterator[tuple[int, Job[PictureTask]]]:
    rows = context.probe_rows("change")
    for no, video in context.catalog.videos(chosen).items():
        key_pts = context.catalog.key_pts(no)
        for at in range(0, len(chosen[no]), CUTS_PER_TASK):
            part = tuple(chosen[no][at : at + CUTS_PER_TASK])
            task = PictureTask(
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
