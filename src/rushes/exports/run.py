"""Export of a selection: clips are encoded in parallel and written in groups; resumable.

Unfinished work lies in `.parts/` inside the export's folder. `rushes-export.json` is written last:
it marks the export as whole. A group's fingerprint covers its clips and their encoding, so that a
second run writes only missing groups, and removes only files that an export wrote.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rushes.context import Context
from rushes.errors import ItemError, ProjectError, RecipeError
from rushes.exports.folder import Export, TreatedClips
from rushes.exports.plan import EncodeTask, plan_clips
from rushes.files import whole
from rushes.media.source_file import check_source, retry_command
from rushes.media.write.clip import write_clip
from rushes.media.write.source import ClipSource
from rushes.recipe.recipe import ExportPlan
from rushes.records import Clip, Failure, Row, Selection, Video
from rushes.runner.base import Progress
from rushes.words import count


def encode(task: EncodeTask, progress: Progress) -> Row:
    """Write one clip and return what the file holds; see `write_clip`."""
    source = ClipSource(task.video, task.clip.in_pts, task.clip.out_pts, task.correction)
    check_source(task.video)
    facts = write_clip(source, task.path, task.encoding)
    check_source(task.video)  # it may have been replaced meanwhile
    with whole(task.path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(facts))
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """Contents of an export folder, and the work of this run."""

    name: str
    folder: str
    format: str
    clips: int
    encoded: int
    """Clips encoded in this run."""
    failed: int
    size_bytes: int
    removed: int
    """Files of an earlier selection that this run took out of the folder."""
    replaced: str
    """Folder that they were moved to; empty if they were deleted."""
    treatments: tuple[TreatedClips, ...]
    """Clips that trainers which read this format do not simply train on."""


def export_selection(context: Context, plan: ExportPlan, folder: Path) -> ExportReport:
    """Write the newest selection of an export of the recipe to a folder.

    Args:
        context: The open project.
        plan: The export of the recipe.
        folder: The folder; only files that an export wrote are replaced or removed there.

    Raises:
        RecipeError: The selection does not exist yet or has no clip, or the folder has files of
            somebody else.
    """
    frozen = context.catalog.selections.newest(plan.selection)
    if frozen is None:
        raise RecipeError(
            f"there is no selection {plan.selection!r} yet; "
            f"make it with: rushes select {plan.selection}"
        )
    selection, selection_no = frozen
    if not selection.clips:
        raise RecipeError(
            f"export {plan.name}: selection {selection.name} has no clip ({_why_empty(selection)})"
            f"; nothing was written or removed"
        )
    planned = plan_clips(context, selection.clips, plan.caption)
    return write_export(
        context,
        Export(folder, planned, plan.exporter, plan.encoding),
        name=plan.name,
        selection_no=selection_no,
        about={
            "format": plan.to,
            "selection": f"{selection.name}@{selection.revision}",
            "recipe": context.recipe.digest,
        },
    )


def write_export(
    context: Context, work: Export, *, name: str, selection_no: int, about: Row
) -> ExportReport:
    """Bring an export folder up to date.

    Args:
        context: The open project.
        work: The export.
        name: Its name in the recipe.
        selection_no: Number of the selection that it holds.
        about: Entries of the manifest about the whole export.
    """
    encoded, failed = 0, 0
    was_whole = work.is_whole
    if not was_whole:
        with _disk_errors_explained(work.folder):
            work.begin()
        for done in context.runner.run("export", encode, work.jobs(), unit="clips"):
            clip, video = done.job.payload.clip, done.job.payload.video
            if done.error is not None:
                context.catalog.failures.add(_failure(name, clip, video, done.error))
                failed += 1
            else:
                context.catalog.failures.clear(f"export/{name}", [clip.id])
                encoded += 1
            with _disk_errors_explained(work.folder):
                work.mark_done(clip.id)
    with _disk_errors_explained(work.folder):
        clips, size_bytes = work.finish(about) if not was_whole else work.contents()
    context.catalog.selections.commit_export(
        {
            "folder": str(work.folder),
            "name": name,
            "format": about["format"],
            "selection_no": selection_no,
            "clips": clips,
            "size_bytes": size_bytes,
        }
    )
    return ExportReport(
        name=name,
        folder=str(work.folder),
        format=about["format"],
        clips=clips,
        encoded=encoded,
        failed=failed,
        size_bytes=size_bytes,
        removed=work.removed,
        replaced=str(work.replaced or ""),
        treatments=work.treatments(),
    )


def _why_empty(selection: Selection) -> str:
    """Return which rule leaves none of the candidates, and the next step."""
    if not selection.candidates:
        return "the project has no clip; add footage: rushes run PATH…"
    lines = selection.funnel
    emptying = [line for line in lines if not line.alone] or [ln for ln in lines if not ln.left]
    rule = f"the rule {emptying[0].rule!r}" if emptying else "the selection"
    return (
        f"{rule} leaves none of {count(selection.candidates, 'clip')}; change "
        f"[select.{selection.name}], then: rushes select {selection.name}"
    )


@contextmanager
def _disk_errors_explained(folder: Path) -> Iterator[None]:
    """Turn an OSError of the export folder into a ProjectError with advice."""
    try:
        yield
    except OSError as error:
        raise ProjectError(
            f"{folder}: {error.strerror or error}; finished files are kept. Make room or change "
            f"the permissions, then run the same command again"
        ) from error


def _failure(name: str, clip: Clip, video: Video, error: ItemError) -> Failure:
    message = str(error)
    if type(error) is ItemError and video.path not in message:  # an unexpected one
        message = f"{ClipSource(video, clip.in_pts, clip.out_pts).name}: {message}"
    return Failure(
        stage=f"export/{name}",
        item=clip.id,
        error=type(error).__name__,
        message=message,
        retry=retry_command(error, video, f"rushes export {name}"),
    )
