import json
import sys
import tarfile

import pytest
import webdataset

from rushes.errors import MissingDependency, RecipeError
from rushes.exports.formats.webdataset import WebDataset
from rushes.stages.items import Sample


def samples(tmp_path, count):
    made = []
    for number in range(count):
        media = tmp_path / f"clip{number}.mp4"
        media.write_bytes(b"video %d" % number * 100)
        facts = {"clip": f"id{number}", "video": "/a b/ä.mkv", "in_s": 1.5, "out_s": 2.5,
                 "fps": None, "scores": {"motion.speed": 0.5}, "caption": "x"}  # fmt: skip
        made.append(
            Sample(
                key=f"long_name_{number}",
                media=media,
                caption=f"größe {number}",
                metadata=facts,
            )
        )
    return made


def shards(shard_size):
    return WebDataset(WebDataset.Params(shard_size=shard_size))


# The library leaves the tar open when its iterator ends.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_back_what_was_written(tmp_path):
    exporter, out = shards(1000), tmp_path / "out"
    made = samples(tmp_path, 3)
    exporter.write(7, made, out)
    read = list(webdataset.WebDataset(str(out / "00007.tar"), shardshuffle=False).decode())
    assert [one["__key__"] for one in read] == ["00007000", "00007001", "00007002"]
    for one, meant in zip(read, made, strict=True):
        assert one["mp4"] == meant.media.read_bytes()
        assert one["txt"] == meant.caption
        assert one["json"]["key"] == one["__key__"]
        assert one["json"]["caption"] == meant.caption
        assert one["json"]["status"] == "success"
        assert one["json"]["clips"] == [[1.5, 2.5]]
        assert one["json"]["url"] == "/a b/ä.mkv"
        assert one["json"]["clip"] == meant.metadata["clip"]
        assert one["json"]["scores"] == {"motion.speed": 0.5}


def test_shard_has_the_exact_layout_of_video2dataset(tmp_path):
    exporter, out = shards(10), tmp_path / "out"
    exporter.write(0, samples(tmp_path, 2), out)
    with tarfile.open(out / "00000.tar") as tar:
        assert tar.getnames() == [f"00000{n}.{s}" for n in (0, 1) for s in ("json", "mp4", "txt")]
        member = tar.extractfile("000000.json")
        assert b'\n    "key": "000000",\n' in member.read()
    stats = json.loads((out / "00000_stats.json").read_text())
    assert (stats["count"], stats["successes"], stats["status_dict"]) == (2, 2, {"success": 2})
    names = exporter.outputs(0, ["a", "b"])
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert names[-1] == "00000.tar"
    assert exporter.group_size == 10


@pytest.mark.parametrize(("size", "digits"), [(1, 1), (10, 1), (11, 2), (1000, 3), (10000, 4)])
def test_keys_have_as_many_digits_as_the_shard_needs(tmp_path, size, digits):
    shards(size).write(12, samples(tmp_path, 1), tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "00012.tar") as tar:
        assert tar.getnames()[0] == f"00012{0:0{digits}d}.json"


def test_equal_samples_make_equal_bytes(tmp_path):
    made = samples(tmp_path, 3)
    for name in ("a", "b"):
        shards(5).write(0, made, tmp_path / name)
        made[0].media.touch()
    for name in ("00000.tar", "00000_stats.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_shard_that_fails_leaves_no_tar(tmp_path):
    made = samples(tmp_path, 2)
    made[1].media.unlink()
    with pytest.raises(FileNotFoundError):
        shards(5).write(0, made, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*tar*"))


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match="pip install pyarrow"):
        WebDataset(WebDataset.Params(parquet=True))


def test_parquet_holds_the_facts(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    exporter = WebDataset(WebDataset.Params(parquet=True))
    exporter.write(0, samples(tmp_path, 2), tmp_path)
    table = parquet.read_table(tmp_path / "00000.parquet").to_pylist()
    assert [row["key"] for row in table] == ["00000000", "00000001"]
    assert json.loads(table[0]["scores"]) == {"motion.speed": 0.5}


def test_an_empty_shard_is_refused():
    with pytest.raises(RecipeError, match="shard_size"):
        WebDataset.Params(shard_size=0)


def test_a_key_with_a_dot_is_lost_to_readers():
    rules = WebDataset(WebDataset.Params()).rules
    assert list(rules({"key": "00000003", "caption": ""})) == []
    (rule,) = rules({"key": "film.2_00000003", "caption": "a film"})
    assert (rule.effect, rule.case) == ("dropped", "with a dot in the key")


def test_a_table_beside_the_shards_is_read_in_their_place(monkeypatch):
    monkeypatch.setattr("rushes.exports.formats.webdataset._pyarrow", lambda: None)
    (rule,) = WebDataset(WebDataset.Params(parquet=True)).rules({"key": "00000003", "caption": "x"})
    assert (rule.trainer, rule.effect) == ("finetrainers", "dropped")
    assert "parquet = false" in rule.why
