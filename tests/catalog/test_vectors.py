import numpy as np
import pytest

from rushes.catalog import Shards


def some(count, start=0, shape=(2, 3)):
    return (np.arange(count * 6).reshape(count, *shape) + start).astype(np.float16)


@pytest.fixture
def shards(tmp_path):
    return Shards(tmp_path / "vectors", (2, 3), shard_bytes=4 * 12)  # four rows a file


def test_rows_come_back_by_their_numbers(shards):
    first, second = shards.append(some(3)), shards.append(some(4, start=100))
    assert first + second == list(range(7))
    assert (shards.read([5, 0, 3]) == np.concatenate([some(3), some(4, 100)])[[5, 0, 3]]).all()


def test_each_file_is_a_plain_npy(shards, tmp_path):
    shards.append(some(6))
    files = sorted((tmp_path / "vectors").iterdir())
    assert [path.name for path in files] == ["00000.npy", "00001.npy"]
    assert [np.load(path).shape for path in files] == [(4, 2, 3), (2, 2, 3)]


@pytest.mark.parametrize("torn_bytes", [1, 12, 30])
def test_a_row_that_was_cut_off_by_a_kill_is_overwritten(shards, tmp_path, torn_bytes):
    shards.append(some(2))
    with (tmp_path / "vectors" / "00000.npy").open("ab") as stream:
        stream.write(b"x" * torn_bytes)  # written, but not yet counted
    assert (shards.read([0, 1]) == some(2)).all()
    assert shards.append(some(1, start=50)) == [2]
    assert (shards.read([2]) == some(1, start=50)).all()


def test_nothing_appended_and_nothing_read(shards, tmp_path):
    assert shards.append(some(0)) == []
    assert shards.read([]).shape == (0, 2, 3)
