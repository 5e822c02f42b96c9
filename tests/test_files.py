import os
import subprocess
import sys

import pytest

from rushes.files import PART, located, sweep, whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_is_through(tmp_path):
    path = tmp_path / "new folder" / "a.mp4"
    with whole(path) as temporary:
        temporary.write_text("x")
        assert not path.exists()
        assert temporary.parent == path.parent  # the rename is within one file system
        assert temporary.suffix == ".mp4"  # FFmpeg chooses the format by it
        assert temporary.name.startswith(".")
    assert path.read_text() == "x"
    assert names(path.parent) == ["a.mp4"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), whole(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_before_anything_is_written_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="x"), whole(tmp_path / "a.txt"):
        raise ValueError("x")
    assert names(tmp_path) == []


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), whole(tmp_path / "a.txt"):
        pass


def test_sweep_removes_what_dead_processes_left_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [f".{os.getpid()}{PART}.a.mp4", "a.mp4", ".hidden", "film.part.mp4", f".x{PART}.mp4"]
    for name in kept:
        (tmp_path / name).write_text("x")
    (tmp_path / f".{dead.pid}{PART}.b.mp4").write_text("x")
    for pid in (dead.pid, os.getpid()):
        (tmp_path / "scratch" / str(pid)).mkdir(parents=True)
    sweep(tmp_path)
    assert names(tmp_path) == sorted([*kept, "scratch"])
    assert names(tmp_path / "scratch") == [str(os.getpid())]


def test_two_ways_to_a_file_are_one(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "x.mp4").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "y.mp4").symlink_to(tmp_path / "a" / "x.mp4")
    monkeypatch.chdir(tmp_path / "a" / "b")
    from pathlib import Path

    x = (tmp_path / "a" / "x.mp4").resolve()
    for way in ("../x.mp4", "../../link/x.mp4", tmp_path / "a" / "b" / ".." / "x.mp4"):
        assert located(Path(way)) == x
    assert located(Path("..")) == x.parent
    assert located(Path("../y.mp4")).name == "y.mp4"  # a link to a file keeps its own name
    assert located(Path("../nothing.mp4")) == x.with_name("nothing.mp4")
