"""Folders and files of this machine."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import ClassVar

from rushes.files import MANIFEST, located
from rushes.stages.items import Found, Unreadable
from rushes.stages.protocols import Source


class Folder(Source):
    """All files at and below a path, in order of name.

    Hidden files and folders and exports of Rushes are left out. Links to files are followed, links
    to folders only where the place itself is one.
    """

    name: ClassVar = "folder"
    version: ClassVar = 1

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def accepts(self, place: str) -> bool:
        """Return whether there is a file or a folder at this path."""
        return Path(place).exists()

    def find(self, place: str, skip: Sequence[Path]) -> Iterator[Found | Unreadable]:
        """Yield the files at and below a path, then the folders that cannot be read."""
        path = Path(place)
        if path.is_dir():
            yield from _below(path, skip)
        else:
            yield _stat(located(path), path)

    def open(self, found: Found) -> BufferedReader:
        """Open a file."""
        return Path(found.path).open("rb")


def _below(folder: Path, skip: Sequence[Path]) -> Iterator[Found | Unreadable]:
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
        yield Unreadable(str(error.filename), error.strerror or str(error))


def _stat(path: Path, given: Path) -> Found | Unreadable:
    try:
        stat = path.stat()
    except OSError as error:
        return Unreadable(str(path), error.strerror or str(error))
    return Found(
        path=str(path),
        given=str(given),
        size_bytes=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
    )
