"""Removal of videos from a project: clips, results, failures and files; footage stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.context import Context
from rushes.errors import RecipeError
from rushes.files import located
from rushes.media.source_file import file_state

FOLDERS = ("signals", "stills", "looks")
"""Folders of a project with files of videos; their names begin with the video's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetReport:
    """Counts of what was taken out of a project."""

    videos: tuple[str, ...]
    """Paths of the videos as a person gave them."""
    clips: int
    failures: int
    files_here: tuple[str, ...]
    """Files that are still there: the next ingest of their folder takes them in again."""


def forget(context: Context, items: Sequence[str]) -> ForgetReport:
    """Take videos and failed files out of a project.

    Args:
        context: The open project.
        items: Paths or ids of videos, paths of files that failed, or folders of them.

    Raises:
        RecipeError: The project has nothing under that name, or two videos.
    """
    catalog = context.catalog
    before = catalog.failures.all()
    numbers: set[int] = set()
    for item in items:
        found, failed = _find(context, item)
        if not found and not failed:
            raise RecipeError(f"{item}: not a video of this project; see: rushes ls videos")
        numbers |= found
        catalog.failures.remove([failure for failure in before if failure.item in failed])
    videos = catalog.videos(numbers)
    clips = catalog.forget(numbers)
    for video in videos.values():
        for folder in FOLDERS:
            for path in (context.folder / folder).glob(f"{video.id}.*"):
                path.unlink(missing_ok=True)
    for clip in clips:
        (context.folder / "previews" / f"{clip}.mp4").unlink(missing_ok=True)
    here = [video.given for video in videos.values() if file_state(video) != "gone"]
    return ForgetReport(
        videos=tuple(video.given for video in videos.values()),
        clips=len(clips),
        failures=len(before) - len(catalog.failures.all()),
        files_here=tuple(here),
    )


def _find(context: Context, item: str) -> tuple[set[int], set[str]]:
    """Return the numbers of the videos, and the items of the failures, under one name.

    Raises:
        RecipeError: Two videos lay at this path one after the other.
    """
    videos = context.catalog.videos()
    path = located(Path(item))
    of_id = {no for no, video in videos.items() if video.id == item}
    if of_id:
        return of_id, set()
    at_path = {no: v for no, v in videos.items() if item == v.given or str(path) == v.path}
    at_path |= {
        no: videos[no]
        for name, (_, _, no) in context.catalog.files().items()
        if no is not None and name == str(path)
    }
    if len(at_path) > 1:
        names = " and ".join(f"{video.id} ({file_state(video)})" for video in at_path.values())
        raise RecipeError(f"{item}: the project has videos {names} of this path; name one by id")
    below = {no for no, video in videos.items() if path in Path(video.path).parents}
    failed = {
        failure.item
        for failure in context.catalog.failures.all()
        if Path(failure.item) == path or path in Path(failure.item).parents
    }
    return set(at_path) | below, failed
