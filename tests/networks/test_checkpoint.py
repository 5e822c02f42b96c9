"""Reading torch checkpoints without torch; most files here are crafted by hand."""

import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from io import BytesIO

import numpy as np
import pytest

from rushes.errors import ItemError
from rushes.networks.checkpoint import read_checkpoint
from tests.written_checkpoint import write_checkpoint


class Storage:
    def __init__(self, key, kind, size):
        self.pid = ("storage", kind, key, "cpu", size)


class Tensor:
    """Pickles as torch's tensors do."""

    def __init__(self, rebuild, storage, offset, shape, strides):
        self.parts = rebuild, storage, offset, shape, strides

    def __reduce__(self):
        rebuild, *parts = self.parts
        return rebuild, (*parts, False, OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.pid if isinstance(value, Storage) else None


@pytest.fixture
def torch_names(monkeypatch):
    """Stand-ins by which pickle writes torch's names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def rebuild():
        pass

    rebuild.__module__, rebuild.__name__, rebuild.__qualname__ = (
        "torch._utils", "_rebuild_tensor_v2", "_rebuild_tensor_v2",
    )  # fmt: skip
    utils._rebuild_tensor_v2 = rebuild
    for name in ("FloatStorage", "LongStorage", "QInt8Storage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    torch._utils = utils
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


def write(path, content, storages=()):
    stream = BytesIO()
    Pickler(stream, protocol=2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream.getvalue())
        for key, values in enumerate(storages):
            archive.writestr(f"archive/data/{key}", values.tobytes())
    return path


def tensor(torch, shape, strides, offset=0, kind="FloatStorage", size=24):
    storage = Storage("0", getattr(torch, kind), size)
    return Tensor(torch._utils._rebuild_tensor_v2, storage, offset, shape, strides)


def test_tensors_come_back_with_their_strides(tmp_path, torch_names):
    numbers = np.arange(24, dtype=np.float32)
    content = OrderedDict(
        whole=tensor(torch_names, (4, 6), (6, 1)),
        turned=tensor(torch_names, (6, 4), (1, 6)),
        part=tensor(torch_names, (2, 3), (6, 1), offset=7),
        scalar=tensor(torch_names, (), (), offset=5),
    )
    found = read_checkpoint(write(tmp_path / "a.pth", content, [numbers]))
    square = numbers.reshape(4, 6)
    assert list(found) == ["whole", "turned", "part", "scalar"]
    np.testing.assert_array_equal(found["whole"], square)
    np.testing.assert_array_equal(found["turned"], square.T)
    np.testing.assert_array_equal(found["part"], square[1:3, 1:4])
    assert found["scalar"].shape == ()
    assert found["scalar"] == 5


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((4, 7), (6, 1), 0),
        ((24,), (1,), 1),
        ((2,), (-1,), 3),
        ((2,), (1,), -1),
        ((9**9,), (1,), 0),
        ((9**9,), (0,), 0),
    ],
)
def test_a_tensor_reads_nothing_beyond_its_storage(tmp_path, torch_names, shape, strides, offset):
    content = {"a": tensor(torch_names, shape, strides, offset)}
    path = write(tmp_path / "a.pth", content, [np.arange(24, dtype=np.float32)])
    with pytest.raises(ItemError, match="beyond its storage"):
        read_checkpoint(path)


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (eval, ("open({path!r}, 'w')",)),
        (exec, ("open({path!r}, 'w')",)),
        (open, ("{path}", "w")),
        (getattr, (OrderedDict, "fromkeys")),
        (__import__, ("os",)),
    ],
)
def test_nothing_in_a_checkpoint_is_executed(tmp_path, function, arguments):
    trace = tmp_path / "trace"
    evil = Evil(function, *(a.format(path=str(trace)) if a is str(a) else a for a in arguments))
    for number, content in enumerate((evil, {"a": evil}, OrderedDict(a=[evil]))):
        with pytest.raises(ItemError, match="refused"):
            read_checkpoint(write(tmp_path / f"{number}.pth", content))
    assert not trace.exists()


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {1: 2}, "text", OrderedDict(a={})])
def test_what_is_no_dictionary_of_tensors_is_refused(tmp_path, content):
    with pytest.raises(ItemError, match="no dictionary of tensors"):
        read_checkpoint(write(tmp_path / "a.pth", content))


def test_an_unknown_kind_of_number_is_refused(tmp_path, torch_names):
    content = {"a": tensor(torch_names, (2,), (1,), kind="QInt8Storage")}
    with pytest.raises(ItemError, match="QInt8Storage"):
        read_checkpoint(write(tmp_path / "a.pth", content, [np.arange(24, dtype=np.float32)]))


def test_broken_files_are_one_line_errors(tmp_path, torch_names):
    path = tmp_path / "a.pth"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ItemError, match=r"a\.pth is no checkpoint"):
        read_checkpoint(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other/file", b"")
    with pytest.raises(ItemError, match=r"no data\.pkl"):
        read_checkpoint(path)
    with pytest.raises(ItemError):
        read_checkpoint(write(path, {"a": tensor(torch_names, (2,), (1,))}))  # no storage
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00X\x01")
    with pytest.raises(ItemError):
        read_checkpoint(path)


def test_what_torch_saves_is_read(tmp_path):
    torch = pytest.importorskip("torch")
    saved = {
        "a": torch.arange(6.0).reshape(2, 3).T,
        "b": torch.tensor(3),
        "c": torch.ones(2).half(),
    }
    torch.save(saved, tmp_path / "a.pth")
    found = read_checkpoint(tmp_path / "a.pth")
    for name, values in saved.items():
        np.testing.assert_array_equal(found[name], values.numpy())
        assert found[name].dtype == values.numpy().dtype


@pytest.mark.parametrize("is_old", [True, False])
def test_old_and_new_layout_hold_the_same(tmp_path, is_old):
    tensors = {
        "a.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
        "a.count": np.array(7, np.int64),
        "half": np.array([0.5, -2], np.float16),
    }
    found = read_checkpoint(write_checkpoint(tmp_path / "x.pth", tensors, is_old=is_old))
    assert list(found) == list(tensors)
    for name, values in tensors.items():
        assert found[name].dtype == values.dtype
        assert found[name].shape == values.shape
        assert (found[name] == values).all()


@pytest.mark.parametrize("is_old", [True, False])
def test_bfloat16_becomes_float32(tmp_path, is_old):
    numbers = np.array([1, -2.5, 0.15625, 3e38], np.float32)
    upper = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    found = read_checkpoint(write_checkpoint(tmp_path / "x.pth", {"b": upper}, is_old=is_old))
    assert found["b"].dtype == np.float32
    assert found["b"] == pytest.approx(numbers, rel=0.01)


def test_an_old_file_that_breaks_off_or_lies_is_refused(tmp_path):
    path = write_checkpoint(tmp_path / "x.pth", {"a": np.ones(1000, np.float32)}, is_old=True)
    whole = path.read_bytes()
    for wrong in (whole[:-1], whole[:200], whole[:20], b"", whole.replace(b"FloatSt", b"FlootSt")):
        path.write_bytes(wrong)
        with pytest.raises(ItemError, match="no checkpoint that can be read safely"):
            read_checkpoint(path)
    size = (1000).to_bytes(4, "little")
    path.write_bytes(whole.replace(b"J" + size, b"J" + (2**31 - 1).to_bytes(4, "little")))
    with pytest.raises(ItemError, match="larger than the file"):
        read_checkpoint(path)


def test_an_old_file_cannot_call_anything(tmp_path):
    path = tmp_path / "x.pth"
    parts = [pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2), pickle.dumps({}, 2)]
    path.write_bytes(b"".join(parts) + b"cos\nsystem\n(X\x04\x00\x00\x00truetR.")
    with pytest.raises(ItemError, match=r"os\.system, which is refused"):
        read_checkpoint(path)
