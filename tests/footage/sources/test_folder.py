import pytest

from rushes.footage.sources.folder import Folder
from rushes.stages.items import Unreadable


@pytest.fixture
def source():
    return Folder(Folder.Params())


def test_a_relative_place_gives_absolute_paths_and_keeps_its_own_words(
    source, tmp_path, monkeypatch
):
    (tmp_path / "films" / "day").mkdir(parents=True)
    (tmp_path / "films" / "day" / "b.mp4").write_bytes(b"12")
    (tmp_path / "films" / "a.mp4").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    found = list(source.find("films", ()))
    assert [file.given for file in found] == ["films/a.mp4", "films/day/b.mp4"]
    assert [file.path for file in found] == [str(tmp_path / file.given) for file in found]
    assert [file.size_bytes for file in found] == [1, 2]


def test_one_file_is_a_place(source, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"123")
    (found,) = source.find(str(tmp_path / "a.mp4"), ())
    with source.open(found) as file:
        assert file.read() == b"123"


def test_a_link_to_nothing_is_listed_with_its_error(source, tmp_path):
    (tmp_path / "a.mp4").symlink_to(tmp_path / "gone.mp4")
    path = str(tmp_path / "a.mp4")
    assert list(source.find(str(tmp_path), ())) == [Unreadable(path, "No such file or directory")]


@pytest.mark.parametrize("place", ["nowhere", "s3://bucket/films", "https://example.org/a.mp4"])
def test_no_place_of_this_machine_is_not_accepted(source, place):
    assert not source.accepts(place)
