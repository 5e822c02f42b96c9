"""A selection → files that a trainer reads: encode in parallel, lay out in groups, resume anywhere.

Work in progress lives in `.parts/` inside the export's folder; `rushes-export.json` is written
last and says that the export is whole. A group (one clip of a folder, one shard of WebDataset) is
known by the clips in it and how they are encoded, so an export that is run again makes only what
is not there, and removes only files that it wrote itself.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rushes.context import Context
from rushes.errors import ItemError, ProjectError
from rushes.exports.folder import Export
from rushes.exports.plan import EncodeTask
from rushes.files import whole
from rushes.media.write.clip import write_clip
from rushes.media.write.source import ClipSource
from rushes.records import Clip, Failure, Row
from rushes.runner.base import Progress


def encode(task: EncodeTask, progress: Progress) -> Row:
    """Write one clip and return what the file holds; see `write_clip`."""
    source = ClipSource(task.video, task.clip.in_pts, task.clip.out_pts, task.correction)
    facts = write_clip(source, task.path, task.encoding)
    with whole(task.path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(facts))
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export folder holds now."""

    name: str
    folder: str
    format: str
    clips: int
    encoded: int
    """Clips that had to be encoded this time."""
    failed: int
    size_bytes: int


def write_export(
    context: Context, work: Export, *, name: str, selection_no: int, about: Row
) -> ExportReport:
    """Bring an export folder up to date.

    Args:
        context: The open project.
        work: The export.
        name: Its name in the recipe.
        selection_no: Number of the selection that it holds.
        about: What the manifest says of the export as a whole.
    """
    encoded, failed = 0, 0
    was_whole = work.is_whole
    if not was_whole:
        with _explained(work.folder):
            work.begin()
        for done in context.runner.run("export", encode, work.jobs(), unit="clips"):
            clip = done.job.payload.clip
            if done.error is not None:
                context.catalog.failures.add(_failure(name, clip, done.error))
                failed += 1
            else:
                context.catalog.failures.clear(f"export/{name}", [clip.id])
                encoded += 1
            with _explained(work.folder):
                work.take(clip.id)
    with _explained(work.folder):
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
    )


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise ProjectError(
            f"{folder}: {error.strerror or error}; what is written is kept. Make room or mend the "
            f"permissions and run the same command again"
        ) from error


def _failure(name: str, clip: Clip, error: ItemError) -> Failure:
    return Failure(
        stage=f"export/{name}",
        item=clip.id,
        error=type(error).__name__,
        message=str(error),
        retry=f"rushes export {name}",
    )
