"""Files that appear whole or not at all; their hashes and locks."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rushes.errors import ProjectError

PART = ".part"
MANIFEST = "rushes-export.json"
"""Name of the file that lists the contents of an export folder."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    The suffix stays the same, since FFmpeg and others choose the format by it. The name carries
    this process's id, so that two writers never share one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}{PART}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def move_whole(source: Path, target: Path) -> None:
    """Move a file, also to another disk; do nothing if an earlier run has moved it."""
    if source.exists() or not target.exists():
        with whole(target) as temporary:
            shutil.move(source, temporary)


def located(path: Path) -> Path:
    """Return `path` absolute and without "..", so that each file has one path.

    Links to folders are followed; a link to a file keeps its own name.
    """
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def scratch_folder(project: Path) -> Path:
    """Return the folder for this process's unfinished files of a project; it may not exist yet."""
    return project / "scratch" / str(os.getpid())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock `folder` for this process until the block ends, by the file `.lock` in it.

    Raises:
        ProjectError: Another process has locked it; the message has its id.
    """
    with (folder / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise ProjectError(
                f"{folder}: process {lock.read().strip() or '?'} is at work on this project; "
                f"wait for it or stop it"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def sweep(folder: Path) -> None:
    """Remove unfinished files and scratch folders of dead processes; subfolders stay."""
    for leftover in folder.glob(f".*{PART}.*"):
        if not _is_alive(leftover.name[1:].split(PART)[0]):
            leftover.unlink(missing_ok=True)
    for scratch in (folder / "scratch").glob("*"):
        if not _is_alive(scratch.name):
            shutil.rmtree(scratch, ignore_errors=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):  # another user's process; a name that is not ours
        return True
    return True
