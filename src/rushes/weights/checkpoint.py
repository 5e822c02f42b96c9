"""Torch checkpoints as NumPy arrays: no torch, and nothing in the file is executed.

A checkpoint is a zip archive: a pickle that says how tensors lie in storages, and one file of raw
numbers a storage. Pickle can name any function; here only what a plain dictionary of tensors needs
is known by name, and everything else is refused.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError

_DTYPES: Mapping[str, Any] = {
    "HalfStorage": np.dtype("<f2"),
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "ByteStorage": np.dtype("u1"),
    "CharStorage": np.dtype("i1"),
    "ShortStorage": np.dtype("<i2"),
    "IntStorage": np.dtype("<i4"),
    "LongStorage": np.dtype("<i8"),
    "BoolStorage": np.dtype("?"),
}
_BROKEN = (pickle.UnpicklingError, zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError,
           AttributeError, IndexError, ImportError, UnicodeDecodeError)  # fmt: skip


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a checkpoint that torch saved as a dictionary of tensors.

    Args:
        path: A `.pth` or `.pt` as torch ≥ 1.6 writes it.

    Returns:
        Name → array, contiguous, in the file's own precision.

    Raises:
        ItemError: It is no such file, or it asks for anything else than tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = _read(archive)
    except _BROKEN as error:
        raise ItemError(f"{path.name} is no checkpoint that can be read safely: {error}") from error
    return found


def _read(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    index = next((n for n in archive.namelist() if n.endswith("/data.pkl")), None)
    if index is None:
        raise pickle.UnpicklingError("there is no data.pkl in it")
    folder = index.removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise pickle.UnpicklingError("its numbers are big-endian")
    with archive.open(index) as stream:
        tensors = _TensorsOnly(stream, archive, folder).load()
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(values, np.ndarray) for name, values in tensors.items()
    ):
        raise pickle.UnpicklingError("it is no dictionary of tensors")
    return dict(tensors)


class _TensorsOnly(pickle.Unpickler):
    """Knows three names; the functions behind them are ours."""

    def __init__(self, stream: Any, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(stream)
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _REBUILD
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is refused")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, kind, key, _, _ = pid
        return np.frombuffer(self._archive.read(f"{self._folder}data/{key}"), _DTYPES[kind])


class _Rebuild:
    """Stands for torch's function; has no attribute that a pickle could change."""

    __slots__ = ()

    def __call__(
        self,
        storage: np.ndarray,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        *_: object,
    ) -> np.ndarray:
        """Rebuild a tensor from its storage; shape and strides count elements.

        Raises:
            ValueError: It would reach beyond its storage, or repeat what is in it.
        """
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        sound = offset >= 0 and all(n > 0 for n in shape) and all(step >= 0 for step in strides)
        if not sound or last >= len(storage) or prod(shape) > len(storage):
            raise ValueError("a tensor reaches beyond its storage")
        steps = [step * storage.itemsize for step in strides]
        view = np.lib.stride_tricks.as_strided(storage[offset:], shape, steps)
        return np.ascontiguousarray(view).reshape(shape)


_REBUILD = _Rebuild()
