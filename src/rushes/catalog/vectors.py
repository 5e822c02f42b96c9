"""Vectors of stages: append-only .npy files, read as memory maps.

Each file is a valid .npy at any time: rows are appended first, then counted in the header. After a
kill there may be rows that the header does not count, which the next append overwrites, or rows
that the catalog does not know, which only take space.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

SHARD_BYTES = 256 * 2**20
"""Largest size of a file."""

_HEADER_BYTES = 128  # as NumPy aligns it; any shape of a vector fits


class Shards:
    """The vectors of one field of one stage under one fingerprint: float16 (rows, *shape)."""

    def __init__(
        self, folder: Path, shape: tuple[int, ...], shard_bytes: int = SHARD_BYTES
    ) -> None:
        """Name the folder; it is made by the first append."""
        self._folder = folder
        self._shape = shape
        self._row_bytes = 2 * int(np.prod(shape))
        self._most = max(1, shard_bytes // self._row_bytes)

    def append(self, rows_NX: np.ndarray) -> list[int]:
        """Append rows, flushed to disk on return; return their numbers."""
        numbers: list[int] = []
        self._folder.mkdir(parents=True, exist_ok=True)
        which = max(len(self._files()) - 1, 0)
        while len(numbers) < len(rows_NX):
            path = self._folder / f"{which:05}.npy"
            count = len(np.load(path, mmap_mode="r")) if path.exists() else 0
            part = np.ascontiguousarray(
                rows_NX[len(numbers) : len(numbers) + self._most - count], np.float16
            )
            if len(part):
                self._extend(path, count, part)
            numbers += range(which * self._most + count, which * self._most + count + len(part))
            which += 1
        return numbers

    def read(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the rows with these numbers: float16 (len(numbers), *shape)."""
        wanted = np.asarray(numbers, np.int64)
        found = np.empty((len(wanted), *self._shape), np.float16)
        shards = wanted // self._most
        for which in np.unique(shards).tolist():
            is_here = shards == which
            stored = np.load(self._folder / f"{which:05}.npy", mmap_mode="r")
            found[is_here] = stored[wanted[is_here] - which * self._most]
        return found

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.npy"))

    def _extend(self, path: Path, count: int, part: np.ndarray) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+b") as stream:
            if count == 0:
                self._write_header(stream, 0)
            stream.seek(_HEADER_BYTES + count * self._row_bytes)
            stream.truncate()
            stream.write(part.tobytes())
            stream.flush()
            os.fsync(stream.fileno())
            self._write_header(stream, count + len(part))
            stream.flush()
            os.fsync(stream.fileno())

    def _write_header(self, stream: BinaryIO, count: int) -> None:
        stream.seek(0)
        shape = (count, *self._shape)
        npy.write_array_header_1_0(stream, {"descr": "<f2", "fortran_order": False, "shape": shape})
