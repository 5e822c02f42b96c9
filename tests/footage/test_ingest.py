import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.errors import RecipeError
from rushes.footage.ingest import ingest
from rushes.footage.sources.folder import Folder
from rushes.project import Project
from rushes.recipe.recipe import Recipe
from rushes.runner.base import NullReporter
from rushes.runner.local import LocalRunner
from rushes.stages import registry
from rushes.testing import make_video


@pytest.fixture
def catalog(tmp_path):
    opened = Catalog(tmp_path / "catalog.db")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "films"
    found.mkdir()
    return found


@pytest.fixture
def take_in(catalog, folder, tmp_path):
    context = Context(
        catalog=catalog,
        recipe=Recipe({}),
        runner=LocalRunner(0, NullReporter()),
        folder=tmp_path,
    )

    def call(*paths):
        return ingest(context, list(paths) or [folder])

    return call


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """One tiny video to copy."""
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", (12,)).path


def failures(catalog):
    return {Path(failure.item).name: failure for failure in catalog.failures.all()}


def test_videos_are_found_in_all_folders(take_in, catalog, folder, video):
    (folder / "b" / "c").mkdir(parents=True)
    shutil.copy(video, folder / "b" / "c" / "x.mp4")
    make_video(folder / "y.mkv", (6,))
    report = take_in()
    assert (report.videos, report.new, report.failed) == (2, 2, 0)
    assert (report.duplicates, report.others) == ((), ())
    names = {Path(v.path).name: v for v in catalog.videos().values()}
    assert set(names) == {"x.mp4", "y.mkv"}
    assert len({v.id for v in names.values()}) == 2


def test_nothing_is_read_twice(take_in, folder, video, monkeypatch):
    shutil.copy(video, folder / "a.mp4")
    take_in()
    monkeypatch.setattr(Folder, "open", lambda _, found: pytest.fail(f"{found} was read again"))
    report = take_in()
    assert (report.videos, report.new, report.failed) == (1, 0, 0)


def test_a_moved_file_is_the_same_video(take_in, catalog, folder, video):
    shutil.copy(video, folder / "a.mp4")
    take_in()
    (before,) = catalog.videos().values()
    (folder / "sub").mkdir()
    (folder / "a.mp4").rename(folder / "sub" / "other name.mp4")
    report = take_in()
    assert (report.videos, report.new, report.moved) == (1, 0, 1)
    (after,) = catalog.videos().values()
    assert after.id == before.id
    assert after.path == str(folder / "sub" / "other name.mp4")
    assert after.given == after.path
    assert take_in().moved == 0


def test_a_copy_is_noticed_and_counts_once(take_in, catalog, folder, video):
    shutil.copy(video, folder / "a.mp4")
    shutil.copy(video, folder / "b.mp4")
    report = take_in()
    assert (report.videos, report.new) == (1, 1)
    (copy,) = report.duplicates
    (known,) = catalog.videos().values()
    assert (copy.path, copy.of) == (str(folder / "b.mp4"), str(folder / "a.mp4"))
    assert known.given == known.path == copy.of
    (folder / "a.mp4").unlink()  # and the copy takes over
    report = take_in()
    assert (report.videos, report.new, report.duplicates) == (1, 0, ())
    (known,) = catalog.videos().values()
    assert Path(known.path).exists()


def test_a_copy_takes_over_even_where_nothing_is_new(take_in, catalog, folder, video):
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(video, folder / name)
    take_in()
    (known,) = catalog.videos().values()
    Path(known.path).unlink()
    take_in()
    (known,) = catalog.videos().values()
    assert Path(known.path).exists()


def test_changed_bytes_under_the_same_name_are_another_video(take_in, catalog, folder, video):
    shutil.copy(video, folder / "a.mp4")
    take_in()
    make_video(folder / "a.mp4", (20,))
    report = take_in()
    assert (report.videos, report.new) == (1, 1)
    newest = max(catalog.videos())
    assert catalog.videos()[newest].frames_packets == 20


def test_a_touched_file_is_the_same_video(take_in, catalog, folder, video):
    shutil.copy(video, folder / "a.mp4")
    take_in()
    os.utime(folder / "a.mp4", (1, 1))
    report = take_in()
    assert (report.videos, report.new) == (1, 0)
    assert len(catalog.videos()) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"hello, this is text\n" * 50, os.urandom(5000), b"\0" * 5000],
    ids=["empty", "text", "noise", "zeros"],
)
def test_what_is_called_video_and_is_none_is_a_failure(take_in, catalog, folder, video, data):
    shutil.copy(video, folder / "good.mp4")
    (folder / "bad.mp4").write_bytes(data)
    report = take_in()
    assert (report.videos, report.failed) == (1, 1)
    failure = failures(catalog)["bad.mp4"]
    assert failure.error == "MediaError"
    assert str(folder / "bad.mp4") in failure.message
    assert failure.retry.startswith("rushes ingest ")
    if not data:
        assert "empty" in failure.message


def test_a_failure_clears_when_the_file_is_mended_or_gone(take_in, catalog, folder, video):
    shutil.copy(video, folder / "good.mp4")
    for name in ("bad.mp4", "worse.mp4"):
        (folder / name).write_bytes(b"x")
    assert take_in().failed == 2
    assert take_in().failed == 2  # tried again, failed again
    make_video(folder / "bad.mp4", (20,))
    (folder / "worse.mp4").unlink()
    assert take_in().failed == 0
    assert failures(catalog) == {}


def test_a_truncated_file_fails_or_comes_in_as_far_as_it_goes(take_in, catalog, folder):
    make_video(folder / "cut.mkv", (48,))
    make_video(folder / "cut.mp4", (48,))
    for name in ("cut.mkv", "cut.mp4"):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) * 2 // 3])
    report = take_in()
    assert (report.videos, report.failed) == (1, 1)
    assert set(failures(catalog)) == {"cut.mp4"}  # its index was at the end


def test_other_files_are_listed_and_never_opened(take_in, catalog, folder, video, monkeypatch):
    shutil.copy(video, folder / "a.mp4")
    for name in ("a.txt", "b.jpg", "c.SRT", "d.nfo", "e.mp3"):
        (folder / name).write_bytes(b"whatever")
    report = take_in()
    assert (report.videos, report.failed) == (1, 0)
    assert [Path(p).name for p in report.others] == ["a.txt", "b.jpg", "c.SRT", "d.nfo", "e.mp3"]
    assert failures(catalog) == {}


def test_the_copy_of_a_known_file_is_the_duplicate_whatever_its_name(
    take_in, catalog, folder, video
):
    shutil.copy(video, folder / "film.mp4")
    take_in()
    shutil.copy(video, folder / "a copy.mp4")
    for _ in range(2):
        (copy,) = take_in().duplicates
        assert (copy.path, copy.of) == (str(folder / "a copy.mp4"), str(folder / "film.mp4"))
        (known,) = catalog.videos().values()
        assert known.given == str(folder / "film.mp4")


def test_a_file_of_unknown_suffix_is_judged_by_what_it_holds(take_in, folder, video):
    shutil.copy(video, folder / "no suffix")
    shutil.copy(video, folder / "odd.xyz")
    (folder / "notes.abc").write_text("just notes")
    report = take_in()
    assert (report.videos, report.failed) == (1, 0)
    assert [Path(p).name for p in report.others] == ["notes.abc"]
    assert len(report.duplicates) == 1


def test_a_picture_called_mp4_is_no_video(take_in, folder, video):
    import av
    import numpy as np

    shutil.copy(video, folder / "good.mp4")
    with av.open(str(folder / "p.jpg"), "w", format="image2") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        out.mux(stream.encode(frame.reformat(format="yuvj420p")))
        out.mux(stream.encode())
    (folder / "p.jpg").rename(folder / "p.mp4")
    assert take_in().failed == 1


def test_sound_alone_is_no_video(take_in, folder, video):
    import av
    import numpy as np

    shutil.copy(video, folder / "good.mp4")
    with av.open(str(folder / "a.mkv"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert take_in().failed == 1


def test_a_folder_without_a_video_says_so(take_in, catalog, folder):
    (folder / "a.txt").write_text("x")
    report = take_in()
    assert (report.videos, report.failed) == (0, 1)
    assert "no video in this folder" in failures(catalog)["films"].message
    make_video(folder / "a.mp4", (5,))
    assert take_in().failed == 0
    assert failures(catalog) == {}


def test_a_path_that_is_not_there_stops_before_anything_is_done(take_in, catalog, folder, video):
    shutil.copy(video, folder / "a.mp4")
    with pytest.raises(RecipeError, match="nowhere"):
        take_in(folder, folder / "nowhere")
    assert catalog.videos() == {}


def test_a_file_without_permission_is_a_failure(take_in, catalog, folder, video, monkeypatch):
    shutil.copy(video, folder / "mine.mp4")
    shutil.copy(video, folder / "theirs.mp4")
    open_file = Folder.open

    def refusing(self, found):  # the tests may run as root, whom nothing is refused
        if Path(found.path).name == "theirs.mp4":
            raise PermissionError(errno.EACCES, "Permission denied", found.path)
        return open_file(self, found)

    monkeypatch.setattr(Folder, "open", refusing)
    report = take_in()
    assert (report.videos, report.failed) == (1, 1)
    assert "chmod u+r" in failures(catalog)["theirs.mp4"].message


def test_a_folder_without_permission_is_a_failure(take_in, catalog, folder, video, monkeypatch):
    shutil.copy(video, folder / "a.mp4")
    (folder / "closed").mkdir()
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    report = take_in()
    assert (report.videos, report.failed) == (1, 1)
    assert "Permission denied" in failures(catalog)["closed"].message


@pytest.mark.parametrize(
    "name", ["with space.mp4", "größe 映画 🎬.mp4", "-dash.mp4", "quote'\".mp4", "new\nline.mp4"]
)
def test_names_may_hold_anything(take_in, catalog, folder, video, name):
    shutil.copy(video, folder / name)
    report = take_in()
    assert (report.videos, report.failed) == (1, 0)
    (known,) = catalog.videos().values()
    assert known.path == str(folder / name)


def test_the_retry_of_a_failure_is_quoted_for_the_shell(take_in, catalog, folder):
    (folder / "a b.mp4").write_bytes(b"x")
    take_in()
    assert failures(catalog)["a b.mp4"].retry == f"rushes ingest '{folder}/a b.mp4'"


def test_links_are_followed_to_files_and_never_round_in_circles(take_in, folder, video, tmp_path):
    (folder / "sub").mkdir()
    shutil.copy(video, folder / "sub" / "a.mp4")
    (folder / "sub" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to(folder / "self")
    (folder / "dangling.mp4").symlink_to(tmp_path / "gone.mp4")
    (folder / "link.mp4").symlink_to(folder / "sub" / "a.mp4")
    report = take_in()
    assert report.videos == 1
    assert report.failed == 2  # the two links that lead nowhere


def test_hidden_files_and_own_folders_are_passed_over(take_in, folder, video, tmp_path):
    for place in (".hidden", "exports", "stills", "scratch"):
        (tmp_path / place).mkdir()
        shutil.copy(video, tmp_path / place / "b.mp4")
    shutil.copy(video, folder / "a.mp4")
    shutil.copy(video, folder / "._a.mp4")
    report = take_in(tmp_path)
    assert (report.videos, report.duplicates, report.failed) == (1, (), 0)


def test_an_export_elsewhere_is_no_footage(take_in, folder, video):
    shutil.copy(video, folder / "a.mp4")
    (folder / "out").mkdir()
    make_video(folder / "out" / "clip.mp4", (5,))
    (folder / "out" / "rushes-export.json").write_text("{}")
    assert take_in().videos == 1


def test_the_same_folder_named_twice_counts_once(take_in, folder, video):
    shutil.copy(video, folder / "a.mp4")
    around = folder / ".." / "films"
    report = take_in(folder, folder / "a.mp4", around, around / "a.mp4")
    assert (report.videos, report.new, report.duplicates) == (1, 1, ())


def test_a_linked_folder_is_the_folder(take_in, folder, video, tmp_path):
    shutil.copy(video, folder / "a.mp4")
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    report = take_in(folder, tmp_path / "link")
    assert (report.videos, report.new, report.duplicates) == (1, 1, ())


class Shelf(Folder):
    """A source of another package: "shelf://films" names a folder beside the project."""

    name = "shelf"
    root = None

    def accepts(self, place):
        return place.startswith("shelf://")

    def find(self, place, skip):
        for found in super().find(str(self.root / place.removeprefix("shelf://")), skip):
            yield replace(found, given=f"{place}/{Path(found.path).name}")


@pytest.fixture
def shelf(monkeypatch, tmp_path):
    monkeypatch.setattr(Shelf, "root", tmp_path)
    monkeypatch.setitem(registry.BUILT_IN, "source/shelf", f"{__name__}:Shelf")
    registry.stages.cache_clear()
    yield "shelf://films"
    monkeypatch.undo()
    registry.stages.cache_clear()


def test_a_place_goes_to_the_source_that_accepts_it(shelf, take_in, catalog, folder, video):
    shutil.copy(video, folder / "a.mp4")
    report = take_in(shelf)
    assert (report.videos, report.new, report.failed) == (1, 1, 0)
    (known,) = catalog.videos().values()
    assert (known.path, known.given) == (str(folder / "a.mp4"), "shelf://films/a.mp4")


def test_the_verbs_hand_a_url_on_as_it_is(shelf, folder, video, tmp_path):
    shutil.copy(video, folder / "a.mp4")
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        assert project.plan([shelf])["ingest"] == 1
        assert project.run([shelf], only=["ingest"])["ingest"].videos == 1


def an_apng(path, *, frames):
    """Write an APNG, or a still PNG for one frame."""
    import av
    import numpy as np

    name, kind = ("apng", "apng") if frames > 1 else ("png", "image2")
    with av.open(str(path), "w", format=kind) as out:
        stream = out.add_stream(name, rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
        for at in range(frames):
            picture = np.full((32, 32, 3), 40 * at, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())


def test_an_animated_png_is_a_video_under_any_name(take_in, catalog, folder):
    an_apng(folder / "moving.apng", frames=5)
    (folder / "moving.apng").rename(folder / "moving.png")
    an_apng(folder / "still.png", frames=1)
    report = take_in()
    assert (report.videos, report.failed) == (1, 0)
    assert [Path(path).name for path in report.others] == ["still.png"]
    (video,) = catalog.videos().values()
    assert (Path(video.path).name, video.frames_packets) == ("moving.png", 5)


@pytest.mark.parametrize("name", ["a.webp", "a.gif", "no suffix"])
def test_an_animated_webp_is_named_as_what_it_is(take_in, catalog, folder, video, name):
    shutil.copy(video, folder / "good.mp4")
    animated = b"RIFF\x00\x02\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02" + bytes(500)
    (folder / name).write_bytes(animated)
    (folder / "still.webp").write_bytes(animated.replace(b"\x00\x02" + bytes(9), bytes(11)))
    assert take_in().failed == 1
    assert "an animated WebP" in failures(catalog)[name].message
