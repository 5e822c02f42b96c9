"""Checkpoints as torch writes them, new and old, opcode by opcode: there is no torch here."""

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

OLD_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {"f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage", "u2": "BFloat16Storage"}


def write_checkpoint(
    path: Path, tensors: Mapping[str, np.ndarray], *, is_old: bool = False
) -> Path:
    """Write a dictionary of tensors; uint16 arrays are taken for bfloat16."""
    index = _index(tensors, view=b"N" if is_old else b"")
    arrays = [np.ascontiguousarray(values) for values in tensors.values()]
    if is_old:
        with path.open("wb") as stream:
            for part in (OLD_MAGIC, 1001, {"little_endian": True}):
                pickle.dump(part, stream, protocol=2)
            stream.write(index)
            pickle.dump([str(key) for key in range(len(arrays))], stream, protocol=2)
            for values in arrays:
                stream.write(struct.pack("<q", values.size) + values.tobytes())
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", index)
        for key, values in enumerate(arrays):
            archive.writestr(f"archive/data/{key}", values.tobytes())
    return path


def _index(tensors: Mapping[str, np.ndarray], view: bytes) -> bytes:
    """Return the pickle that says how tensors lie in storages."""
    code = b"\x80\x02}"
    for key, (name, values) in enumerate(tensors.items()):
        kind = _KINDS[values.dtype.str[1:]]
        strides = [step // values.itemsize for step in values.copy(order="C").strides]
        code += _text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n("
        code += b"(" + _text("storage") + f"ctorch\n{kind}\n".encode() + _text(str(key))
        code += _text("cpu") + _int(values.size) + view + b"tQ"
        code += _int(0) + _ints(values.shape) + _ints(strides)
        code += b"\x89ccollections\nOrderedDict\n)RtRs"
    return code + b"."


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _int(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _ints(numbers) -> bytes:
    return b"(" + b"".join(_int(int(number)) for number in numbers) + b"t"
