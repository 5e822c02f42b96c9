"""Reader of torch checkpoints: NumPy arrays without torch, and without executing the file.

A checkpoint is a zip archive: a pickle that maps tensors to storages, and one file of raw numbers
for each storage. Before torch 1.6 the same parts stood one after another in a single file. A pickle
can name any function; this reader knows only the names that a plain dictionary of tensors needs,
and refuses all others.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rushes.errors import ItemError

_DTYPES: Mapping[str, Any] = {
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype("<u2"),  # the upper half of a float; see `_numbers`
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "ByteStorage": np.dtype("u1"),
    "CharStorage": np.dtype("i1"),
    "ShortStorage": np.dtype("<i2"),
    "IntStorage": np.dtype("<i4"),
    "LongStorage": np.dtype("<i8"),
    "BoolStorage": np.dtype("?"),
}
_OLD_MAGIC = 0x1950A86A20F9469CFC6C
"""First pickled object of a file of torch < 1.6."""
_BROKEN = (pickle.UnpicklingError, zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError,
           AttributeError, IndexError, ImportError, UnicodeDecodeError)  # fmt: skip


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a checkpoint that torch saved as a dictionary of tensors.

    Args:
        path: A `.pth` or `.pt` of any torch since 0.4.

    Returns:
        Name → array, contiguous, in the file's own precision; bfloat16 as float32.

    Raises:
        ItemError: The file is no checkpoint, or contains anything other than tensors.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found = _read(archive)
        else:
            with path.open("rb") as stream:
                found = _read_old(stream, path.stat().st_size)
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

    def storage(key: str, kind: str, _: int) -> np.ndarray:
        return _numbers(archive.read(f"{folder}data/{key}"), kind)

    with archive.open(index) as stream:
        return _checked(_TensorsOnly(stream, storage).load())


def _read_old(stream: BinaryIO, size_bytes: int) -> dict[str, np.ndarray]:
    """Read a file of torch < 1.6; its pickle is read twice, since its storages follow it."""
    if _TensorsOnly(stream, _no_storage).load() != _OLD_MAGIC:
        raise pickle.UnpicklingError("it begins like no checkpoint")
    for _ in ("version", "system"):
        _TensorsOnly(stream, _no_storage).load()
    start = stream.tell()
    kinds: dict[str, str] = {}

    def placeholder(key: str, kind: str, count: int) -> np.ndarray:
        if not 0 <= count * _DTYPES[kind].itemsize <= size_bytes:
            raise ValueError("a storage is larger than the file")
        kinds[key] = kind
        return np.broadcast_to(np.zeros((), _DTYPES[kind]), count)

    _TensorsOnly(stream, placeholder, rebuild=_NOTHING).load()
    storages: dict[str, np.ndarray] = {}
    for key in _TensorsOnly(stream, _no_storage).load():
        count = int.from_bytes(stream.read(8), "little")
        content = stream.read(count * _DTYPES[kinds[key]].itemsize)
        storages[key] = _numbers(content, kinds[key])
    stream.seek(start)
    return _checked(_TensorsOnly(stream, lambda key, *_: storages[key]).load())


def _numbers(content: bytes, kind: str) -> np.ndarray:
    numbers = np.frombuffer(content, _DTYPES[kind])
    if kind == "BFloat16Storage":
        return (numbers.astype("<u4") << 16).view("<f4")
    return numbers


def _no_storage(*_: object) -> np.ndarray:
    raise pickle.UnpicklingError("it has a tensor in a wrong place")


def _checked(tensors: object) -> dict[str, np.ndarray]:
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(values, np.ndarray) for name, values in tensors.items()
    ):
        raise pickle.UnpicklingError("it is no dictionary of tensors")
    return dict(tensors)


class _TensorsOnly(pickle.Unpickler):
    """Unpickles three known names, bound to functions of this module; refuses all others."""

    def __init__(
        self, stream: Any, storage: Callable[[str, str, int], np.ndarray], rebuild: Any = None
    ) -> None:
        super().__init__(stream)
        self._storage, self._rebuild = storage, rebuild or _REBUILD

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._rebuild
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is refused")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, kind, key, _, count, *view = pid
        if any(view):
            raise pickle.UnpicklingError("its storages are parts of others")
        return self._storage(key, kind, count)


class _Rebuild:
    """Replacement of torch's function; it has no attribute that a pickle could change."""

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
            ValueError: It would reach beyond its storage, or repeat numbers of it.
        """
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        sound = offset >= 0 and all(n > 0 for n in shape) and all(step >= 0 for step in strides)
        if not sound or last >= len(storage) or prod(shape) > len(storage):
            raise ValueError("a tensor reaches beyond its storage")
        steps = [step * storage.itemsize for step in strides]
        view = np.lib.stride_tricks.as_strided(storage[offset:], shape, steps)
        return np.ascontiguousarray(view).reshape(shape)


class _Nothing:
    """Replacement of torch's function while the numbers are not read yet."""

    __slots__ = ()

    def __call__(self, *_: object) -> None:
        """Return nothing."""


_REBUILD, _NOTHING = _Rebuild(), _Nothing()
