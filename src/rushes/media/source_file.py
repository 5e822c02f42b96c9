"""Source files of videos: their state, and the check that their bytes are still those ingested."""

import shlex
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rushes.errors import MediaError, SourceChanged
from rushes.files import sha256_of
from rushes.records import Video

FileState = Literal["here", "touched", "changed", "gone"]
"""State of a video's file: as ingested; of another modification time, so that only its bytes can
tell; of other bytes; not there, or replaced by another video."""


def file_state(video: Video) -> FileState:
    """Return the state of a video's file by its size and modification time; no byte is read."""
    try:
        stat = Path(video.path).stat()
    except OSError:
        return "gone"
    if video.mtime_ns is None:
        return "gone"
    if stat.st_size != video.size_bytes:
        return "changed"
    return "here" if stat.st_mtime_ns == video.mtime_ns else "touched"


def check_source(video: Video) -> None:
    """Raise an error unless a video's file still holds the bytes that were ingested.

    The size and the modification time are compared, and the bytes where only the time differs.

    Raises:
        SourceChanged: The file holds other bytes now.
        MediaError: The file is gone, or another video has taken its place.
    """
    path = Path(video.path)
    try:
        stat = path.stat()
    except OSError as error:
        raise MediaError(
            f"{video.path}: the file is gone; put it back, or ingest where it moved to, or take "
            f"the video out of the project: rushes forget {shlex.quote(video.path)}"
        ) from error
    if stat.st_size == video.size_bytes:
        if stat.st_mtime_ns == video.mtime_ns:
            return
        if _id_of(path, stat.st_size, stat.st_mtime_ns) == video.id:
            return
    if video.mtime_ns is None:
        raise MediaError(
            f"{video.path}: another video has replaced video {video.id} there; ingest where it "
            f"lies now, or take it out of the project: rushes forget {video.id}"
        )
    raise SourceChanged(
        f"{video.path}: the file has changed since it was ingested; nothing of it was read; take "
        f"in the new one: rushes ingest {shlex.quote(video.path)}"
    )


def retry_command(error: Exception, video: Video, otherwise: str) -> str:
    """Return the command that tries again after an error with a video's file, or any other."""
    if isinstance(error, SourceChanged):
        return f"rushes ingest {shlex.quote(video.path)}"
    return otherwise


@lru_cache(maxsize=4096)
def _id_of(path: Path, size_bytes: int, mtime_ns: int) -> str:
    """Return the id of the video that a file of this size and time would be."""
    return sha256_of(path)[:16]
