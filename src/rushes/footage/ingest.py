"""Find video files, and know each by the sha256 of its bytes whatever its name."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.errors import MediaError, RecipeError
from rushes.files import MANIFEST, located
from rushes.media.probe import probe
from rushes.records import Failure, Video
from rushes.runner.base import Job, Progress

# fmt: off
VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".divx", ".mpg", ".mpeg", ".mpe",
    ".m2v", ".vob", ".ts", ".m2ts", ".mts", ".m2t", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogm",
    ".3gp", ".3g2", ".mxf", ".rm", ".rmvb", ".dv", ".y4m", ".h264", ".264", ".h265", ".hevc",
    ".gif", ".apng", ".nut",
})
"""A file with one of these is meant to be a video: if it cannot be read, that is a failure."""

OTHER_SUFFIXES = frozenset({
    ".txt", ".json", ".jsonl", ".csv", ".tsv", ".xml", ".nfo", ".srt", ".ass", ".ssa", ".sub",
    ".idx", ".vtt", ".edl", ".otio", ".ffmetadata", ".jpg", ".jpeg", ".png", ".webp", ".bmp",
    ".tif", ".tiff", ".heic", ".avif", ".svg", ".psd", ".pdf", ".md", ".html", ".htm", ".url",
    ".log", ".mp3", ".wav", ".flac", ".m4a", ".aac", ".opus", ".oga", ".wma", ".zip", ".rar",
    ".7z", ".gz", ".tar", ".torrent", ".part", ".crdownload", ".py", ".sh", ".db", ".toml",
    ".yaml", ".yml", ".ini", ".exe", ".dll", ".parquet", ".npz", ".npy", ".safetensors",
})
"""A file with one of these is listed as no video without being opened."""
# fmt: on

OWN_FOLDERS = ("exports", "scratch", "signals", "stills", "vectors")
"""What a project makes beside its footage, if both share a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file below the paths that were asked for."""

    path: Path
    """Absolute."""
    given: str
    """As the person gave it, or below what they gave."""
    size_bytes: int
    mtime_ns: int

    @property
    def is_meant_as_video(self) -> bool:
        """Whether its suffix says that it is a video."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES

    @property
    def is_something_else(self) -> bool:
        """Whether its suffix says that it is no video."""
        return self.path.suffix.lower() in OTHER_SUFFIXES


def find(paths: Sequence[Path], skip: Sequence[Path]) -> Iterator[Found | tuple[Path, OSError]]:
    """Yield all files at and below `paths`, in order of name, or what kept one from being read.

    Hidden files and folders, those in `skip` and exports of Rushes are passed over.
    """
    for path in paths:
        if path.is_dir():
            yield from _below(path, skip)
        else:
            yield _stat(located(path), path)


def _below(folder: Path, skip: Sequence[Path]) -> Iterator[Found | tuple[Path, OSError]]:
    errors: list[OSError] = []
    root = located(folder)
    for at, folders, names in os.walk(root, onerror=errors.append):
        if MANIFEST in names:
            folders.clear()
            continue
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(at, name) not in skip
        )
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(at, name)
                yield _stat(path, folder / path.relative_to(root))
    for error in errors:
        yield Path(str(error.filename)), error


def _stat(path: Path, given: Path) -> Found | tuple[Path, OSError]:
    try:
        stat = path.stat()
    except OSError as error:
        return path, error
    return Found(
        path=path,
        given=str(given),
        size_bytes=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
    )


def _own_folders(project: Path) -> list[Path]:
    return [located(project / name) for name in OWN_FOLDERS]


def new_files(context: Context, paths: Sequence[Path]) -> list[Found]:
    """Return the files below `paths` that `ingest` would have to read."""
    known = context.catalog.files()
    seen = _Seen()
    walked = find(paths, _own_folders(context.folder))
    files = [found for found in walked if isinstance(found, Found)]
    return [job.payload for found in files for job in seen.sort(found, known.get(str(found.path)))]


def identify(found: Found, progress: Progress) -> Video | None:
    """Return the video that a file holds, or None for a file that is no video.

    Raises:
        MediaError: The file is meant to be a video and cannot be read as one.
    """
    try:
        return replace(probe(found.path), given=found.given)
    except PermissionError as error:
        raise MediaError(
            f"{found.path}: no permission to read it; change that with: chmod u+r"
        ) from error
    except MediaError:
        if found.is_meant_as_video:
            raise
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What is below the paths that were asked for."""

    videos: int
    """Different videos."""
    new: int
    """Videos that the project did not know."""
    moved: int
    """Known videos that are at another place now."""
    duplicates: tuple[str, ...]
    """Files whose bytes another file holds too."""
    others: tuple[str, ...]
    """Files that are no videos."""
    failed: int


def ingest(context: Context, paths: Sequence[Path]) -> IngestReport:
    """Bring the catalog up to date with the files at and below `paths`.

    Args:
        context: The open project.
        paths: Files and folders.

    Raises:
        RecipeError: One of the paths does not exist.
    """
    for path in paths:
        if not path.exists():
            raise RecipeError(f"{path}: there is no such file or folder")
    for failure in context.catalog.failures.all():
        if failure.stage == "ingest" and not Path(failure.item).exists():
            context.catalog.failures.clear("ingest", [failure.item])
    known = context.catalog.files()
    seen = _Seen()
    jobs = []
    for found in find(paths, _own_folders(context.folder)):
        if isinstance(found, Found):
            jobs += seen.sort(found, known.get(str(found.path)))
        else:
            path, error = found
            context.catalog.failures.add(_failure(path, MediaError(f"{path}: {error.strerror}")))
            seen.failed += 1
    before = context.catalog.videos()
    for done in context.runner.run("ingest", identify, jobs, unit="MB"):
        file = done.job.payload
        if done.error is not None:
            context.catalog.failures.add(_failure(file.path, done.error))
            seen.failed += 1
            continue
        number = context.catalog.add_file(
            str(file.path), file.size_bytes, file.mtime_ns, done.result
        )
        seen.note(file, number)
    gone = {no for no, video in before.items() if not Path(video.path).exists()}
    context.catalog.move_videos({no: path for path, no in seen.videos.items() if no in gone})
    context.catalog.call_videos(
        {no: name for no, name in seen.given.items() if no in before and before[no].given != name}
    )
    return IngestReport(
        videos=len(seen.given),
        new=len(seen.given.keys() - before.keys()),
        moved=_forget_missing(context.catalog, known, seen.videos),
        duplicates=_duplicates(seen.videos),
        others=tuple(sorted(seen.others)),
        failed=seen.failed + _note_empty_paths(context.catalog, paths, seen.videos),
    )


class _Seen:
    """What a walk has come across so far."""

    def __init__(self) -> None:
        self.videos: dict[str, int] = {}  # path → number
        self.given: dict[int, str] = {}  # number → what the person calls it
        self.others: list[str] = []
        self.failed = 0

    def sort(self, found: Found, known: tuple[int, int, int | None] | None) -> list[Job[Found]]:
        """Note a file if it is unchanged or plainly no video; return the job of reading it else."""
        if known is not None and known[:2] == (found.size_bytes, found.mtime_ns):
            self.note(found, known[2])
            return []
        if found.is_something_else:
            self.note(found, None)
            return []
        return [Job(name=str(found.path), payload=found, size=found.size_bytes / 1e6)]

    def note(self, found: Found, number: int | None) -> None:
        if number is None:
            self.others.append(found.given)
        else:
            self.videos[str(found.path)] = number
            self.given.setdefault(number, found.given)


def _forget_missing(
    catalog: Catalog, known: dict[str, tuple[int, int, int | None]], seen: dict[str, int]
) -> int:
    """Drop files that are gone and whose bytes were found elsewhere; return how many."""
    found_numbers = set(seen.values())
    gone = [
        path
        for path, (_, _, number) in known.items()
        if number in found_numbers and path not in seen and not Path(path).exists()
    ]
    for path in gone:
        catalog.forget_file(path)
    return len(gone)


def _note_empty_paths(catalog: Catalog, paths: Sequence[Path], seen: dict[str, int]) -> int:
    """Note each asked folder that holds no video as a failure; return how many there are."""
    empty = 0
    for path in paths:
        root = located(path)
        if any(Path(file).is_relative_to(root) for file in seen):
            catalog.failures.clear("ingest", [str(root)])
        elif path.is_dir():
            message = f"{path}: no video in this folder or below it; name the one with your footage"
            catalog.failures.add(_failure(root, MediaError(message)))
            empty += 1
    return empty


def _duplicates(seen: dict[str, int]) -> tuple[str, ...]:
    first: dict[int, str] = {}
    return tuple(path for path, no in sorted(seen.items()) if first.setdefault(no, path) != path)


def _failure(path: Path, error: Exception) -> Failure:
    return Failure(
        stage="ingest",
        item=str(path),
        error=type(error).__name__,
        message=str(error),
        retry=f"rushes ingest {shlex.quote(str(path))}",
    )
