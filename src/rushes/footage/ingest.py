"""Find videos at the places that a person names; identify each by the sha256 of its bytes."""

import hashlib
import os
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.errors import MediaError, RecipeError
from rushes.files import located
from rushes.footage import animated
from rushes.footage.ignore import is_ignored
from rushes.media.probe import probe
from rushes.media.source_file import file_state
from rushes.records import Failure, Video
from rushes.runner.base import Job, Progress
from rushes.stages import registry
from rushes.stages.items import Found, Unreadable
from rushes.stages.protocols import Source

# fmt: off
VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".divx", ".mpg", ".mpeg", ".mpe",
    ".m2v", ".vob", ".ts", ".m2ts", ".mts", ".m2t", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogm",
    ".3gp", ".3g2", ".mxf", ".rm", ".rmvb", ".dv", ".y4m", ".h264", ".264", ".h265", ".hevc",
    ".gif", ".apng", ".nut",
})
"""Suffixes of videos: such a file that cannot be read is a failure."""

OTHER_SUFFIXES = frozenset({
    ".txt", ".json", ".jsonl", ".csv", ".tsv", ".xml", ".nfo", ".srt", ".ass", ".ssa", ".sub",
    ".idx", ".vtt", ".edl", ".otio", ".ffmetadata", ".jpg", ".jpeg", ".png", ".webp", ".bmp",
    ".tif", ".tiff", ".heic", ".avif", ".svg", ".psd", ".pdf", ".md", ".html", ".htm", ".url",
    ".log", ".mp3", ".wav", ".flac", ".m4a", ".aac", ".opus", ".oga", ".wma", ".zip", ".rar",
    ".7z", ".gz", ".tar", ".torrent", ".part", ".crdownload", ".py", ".sh", ".db", ".toml",
    ".yaml", ".yml", ".ini", ".exe", ".dll", ".parquet", ".npz", ".npy", ".safetensors",
})
"""Suffixes of other files: they are listed without being opened, animated pictures excepted."""
# fmt: on

OF_CONTENT = ("scan", "cut", "dedup")
"""Stages whose failures of a file end when it holds another video."""

OWN_FOLDERS = ("exports", "scratch", "signals", "stills", "vectors")
"""Folders of a project, to be skipped where it lies among its footage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyTask:
    """One file to identify, as a worker gets it."""

    found: Found
    source: Source


def identify(task: IdentifyTask, progress: Progress) -> Video | None:
    """Return the video that a file holds, or None for a file that is no video.

    Raises:
        MediaError: The file has the suffix of a video and cannot be read as one.
    """
    found = task.found
    try:
        with task.source.open(found) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        video = replace(
            probe(found.path, digest),
            given=found.given,
            size_bytes=found.size_bytes,
            mtime_ns=found.mtime_ns,
        )
        if file_state(video) != "here":
            raise MediaError(
                f"{found.path}: the file is still being written; ingest it when it is complete"
            )
        return video
    except PermissionError as error:
        raise MediaError(
            f"{found.path}: no permission to read it; change that with: chmod u+r"
        ) from error
    except MediaError as error:
        if _animation(found, task.source) == "WebP":
            raise MediaError(
                f"{found.path}: an animated WebP, which FFmpeg does not read; convert it to "
                f"another format first, such as GIF or APNG"
            ) from error
        if _suffix(found) in VIDEO_SUFFIXES:
            raise
        return None


def new_files(context: Context, places: Sequence[Path | str]) -> list[str]:
    """Return the paths of the files at and below `places` that `ingest` would read."""
    known = context.catalog.files()
    walk = _Walk()
    return [
        job.name
        for item, source in _listed(context, places)
        if isinstance(item, Found)
        for job in walk.add(item, source, known.get(item.path))
    ]


def _listed(
    context: Context, places: Sequence[Path | str], ignored: list[str] | None = None
) -> Iterator[tuple[Found | Unreadable, Source]]:
    """Yield the files of all places with their sources; add the ignored ones to `ignored`."""
    skip = [located(context.folder / name) for name in OWN_FOLDERS]
    patterns = context.recipe.own("ingest").ignore
    for place, source in [(str(place), _source_of(str(place))) for place in places]:
        for item in source.find(place, skip):
            if not is_ignored(item.path, patterns):
                yield item, source
            elif ignored is not None:
                ignored.append(item.path)


def _source_of(place: str) -> Source:
    for name in registry.names("source"):
        source_class = registry.load(f"source/{name}")
        source: Source = source_class(source_class.Params())
        if source.accepts(place):
            return source
    raise RecipeError(f"{place}: there is no such file or folder")


def _animation(found: Found, source: Source) -> Literal["APNG", "WebP"] | None:
    try:
        with source.open(found) as file:
            return animated.animation_in(file)
    except OSError:
        return None


def _suffix(found: Found) -> str:
    return Path(found.path).suffix.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A file with the same bytes as another one, which stands for the video."""

    path: str
    of: str
    """The other file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """Counts of the files at the places that a person named."""

    videos: int
    """Different videos."""
    new: int
    """Videos that the project did not know."""
    moved: int
    """Known videos that have another path now."""
    replaced: tuple[str, ...]
    """Files that hold another video than before; the earlier video is gone."""
    duplicates: tuple[Duplicate, ...]
    """Files with the same bytes as the file that stands for the video."""
    others: tuple[str, ...]
    """Files that are no videos."""
    ignored: int
    """Files that the recipe's `ingest.ignore` leaves out."""
    failed: int


def ingest(context: Context, places: Sequence[Path | str]) -> IngestReport:
    """Update the catalog with the files at and below `places`.

    Args:
        context: The open project.
        places: Files, folders, or whatever else a source accepts.

    Raises:
        RecipeError: No source accepts one of the places, such as a path that does not exist.
    """
    walk = _Walk()
    jobs = []
    known = context.catalog.files()
    for failure in context.catalog.failures.all():
        if failure.stage == "ingest" and not os.path.lexists(failure.item):
            context.catalog.failures.clear("ingest", [failure.item])
    ignored: list[str] = []
    listed = list(_listed(context, places, ignored))
    for item, source in listed:
        if isinstance(item, Found):
            jobs += walk.add(item, source, known.get(item.path))
        else:
            error = MediaError(f"{item.path}: {item.why}")
            context.catalog.failures.add(_failure(item.path, error))
            walk.failed += 1
    before = context.catalog.videos()
    replaced: dict[str, int] = {}
    for done in context.runner.run("ingest", identify, jobs, unit="MB"):
        file = done.job.payload.found
        if done.error is not None:
            context.catalog.failures.add(_failure(file.path, done.error))
            walk.failed += 1
            continue
        number = context.catalog.add_file(file.path, file.size_bytes, file.mtime_ns, done.result)
        walk.note(file, number)
        earlier = known[file.path][2] if file.path in known else None
        if earlier not in (None, number):
            replaced[file.path] = earlier
            for stage in OF_CONTENT:
                context.catalog.failures.clear(stage, [file.path])
    lost = {no for no, video in context.catalog.videos().items() if file_state(video) != "here"}
    context.catalog.set_paths({no: path for path, no in walk.videos.items() if no in lost})
    _forget_unscanned(context.catalog, replaced.values())
    own = _own_paths(context.catalog, walk, [item.path for item, _ in listed], before)
    return IngestReport(
        videos=len(own),
        new=len(own.keys() - before.keys()),
        moved=_forget_missing(context.catalog, known, walk.videos),
        replaced=tuple(sorted(replaced)),
        duplicates=_duplicates(walk, own),
        others=tuple(sorted(walk.others)),
        ignored=len(ignored),
        failed=walk.failed + _note_empty_folders(context.catalog, places, walk.videos),
    )


class _Walk:
    """Files listed so far: videos, others, failures."""

    def __init__(self) -> None:
        self.videos: dict[str, int] = {}  # path → number
        self.given: dict[str, str] = {}  # path → the path as a person gave it
        self.others: list[str] = []
        self.failed = 0

    def add(
        self, found: Found, source: Source, known: tuple[int, int, int | None] | None
    ) -> list[Job[IdentifyTask]]:
        """Note an unchanged file, or one with another suffix; return a job for any other."""
        if known is not None and known[:2] == (found.size_bytes, found.mtime_ns):
            self.note(found, known[2])
            return []
        is_animated = _suffix(found) in animated.SUFFIXES and _animation(found, source)
        if _suffix(found) in OTHER_SUFFIXES and not is_animated:
            self.note(found, None)
            return []
        task = IdentifyTask(found=found, source=source)
        return [Job(name=found.path, payload=task, size=found.size_bytes / 1e6)]

    def note(self, found: Found, number: int | None) -> None:
        if number is None:
            self.others.append(found.given)
        else:
            self.videos[found.path] = number
            self.given[found.path] = found.given


def _forget_missing(
    catalog: Catalog, known: dict[str, tuple[int, int, int | None]], seen: dict[str, int]
) -> int:
    """Forget missing files whose bytes were found elsewhere; return their number."""
    found_numbers = set(seen.values())
    gone = [
        path
        for path, (_, _, number) in known.items()
        if number in found_numbers and path not in seen and not Path(path).exists()
    ]
    for path in gone:
        catalog.forget_file(path)
    return len(gone)


def _forget_unscanned(catalog: Catalog, numbers: Collection[int]) -> None:
    """Forget replaced videos of which nothing was made yet, such as a recording that grew."""
    scanned = catalog.scans()
    lost = {no for no, video in catalog.videos(numbers).items() if file_state(video) == "gone"}
    catalog.forget([no for no in lost if no not in scanned])


def _note_empty_folders(
    catalog: Catalog, places: Sequence[Path | str], seen: dict[str, int]
) -> int:
    """Add a failure for each folder among the places without a video; return their number."""
    empty = 0
    for path in map(Path, places):
        root = located(path)
        if any(Path(file).is_relative_to(root) for file in seen):
            catalog.failures.clear("ingest", [str(root)])
        elif path.is_dir():
            message = f"{path}: no video in this folder or below it; name the one with your footage"
            catalog.failures.add(_failure(str(root), MediaError(message)))
            empty += 1
    return empty


def _own_paths(
    catalog: Catalog, walk: _Walk, order: Sequence[str], before: Mapping[int, Video]
) -> dict[int, str]:
    """Return video number → the file that stands for it; store it, and how a person gave it.

    A known video keeps its file; the file of a new one is the first that was listed.
    """
    first: dict[int, str] = {}
    for path in order:
        if path in walk.videos:
            first.setdefault(walk.videos[path], path)
    catalog.set_paths({no: path for no, path in first.items() if no not in before})
    videos = catalog.videos(first)
    own = {no: videos[no].path for no in first}
    catalog.set_given(
        {
            no: walk.given[path]
            for no, path in own.items()
            if path in walk.given and videos[no].given != walk.given[path]
        }
    )
    return own


def _duplicates(walk: _Walk, own: Mapping[int, str]) -> tuple[Duplicate, ...]:
    return tuple(
        Duplicate(path=walk.given[path], of=walk.given.get(own[no], own[no]))
        for path, no in sorted(walk.videos.items())
        if path != own[no]
    )


def _failure(path: str, error: Exception) -> Failure:
    return Failure(
        stage="ingest",
        item=path,
        error=type(error).__name__,
        message=str(error),
        retry=f"rushes ingest {shlex.quote(path)}",
    )
