"""Sources that are replaced, grow, vanish or come back after they were ingested."""

import json
import os
import shutil
from pathlib import Path

import pytest

from rushes.errors import ItemError, RecipeError
from rushes.media.source_file import check_source, file_state
from rushes.project import Project
from rushes.review.decide import SpanEdit
from rushes.testing import Take, make_video, read_numbers

CHANGES = (
    'score.use=["motion"]', "export.main.preset=ultrafast", "select.main={}",
    'scan.use=["change", "still", "motion"]',
)  # fmt: skip


def film(path, seed=0, frames=(30, 40)):
    return make_video(
        path,
        [Take(frames=count, seed=seed + at) for at, count in enumerate(frames)],
        size=(160, 96),
        numbered=True,
    ).path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "films").mkdir()
    film(tmp_path / "films" / "a.mp4")
    return tmp_path / "films"


@pytest.fixture
def open_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def opened(*changes):
        return Project.open(tmp_path / "p", create=True, workers=0, changes=[*CHANGES, *changes])

    return opened


@pytest.fixture
def project(folder, open_project):
    """A project of `folder`, with two clips in its export."""
    with open_project() as opened:
        reports = opened.run([folder])
        assert reports["export"][0].clips == 2
        yield opened


def states(project):
    return {row["id"]: row["file"] for row in project.ls("videos")}


def first_numbers(folder):
    """Return the number in the first frame of each exported clip."""
    found = {}
    for path in sorted(folder.glob("*.mp4")):
        found[path.name] = read_numbers(path)[0]
    return found


def test_a_replaced_file_is_never_cut_as_the_old_video(project, folder, tmp_path):
    (old,) = states(project)
    film(folder / "a.mp4", seed=70, frames=(50, 60))
    assert states(project) == {old: "changed"}
    done = project.export(folder=tmp_path / "other")
    assert (done.clips, done.encoded, done.failed) == (0, 0, 2)
    assert not list((tmp_path / "other").glob("*.mp4"))
    messages = {failure.message for failure in project.failures()}
    assert len(messages) == 1
    assert "has changed since it was ingested" in messages.pop()
    assert {failure.retry for failure in project.failures()} == {
        f"rushes ingest {folder / 'a.mp4'}"
    }


def test_the_new_content_is_a_new_video_and_the_old_one_is_gone(project, folder):
    (old,) = states(project)
    exported = {path.name for path in (project.folder / "exports" / "main").glob("*.mp4")}
    film(folder / "a.mp4", seed=70, frames=(50, 60))
    reports = project.run([folder])
    assert reports["ingest"].replaced == (str(folder / "a.mp4"),)
    assert reports["scan"].done == 1
    now = states(project)
    assert now.pop(old) == "gone"
    assert list(now.values()) == ["here"]
    assert reports["export"][0].clips == 4  # the clips that were cut before stay
    after = {path.name for path in (project.folder / "exports" / "main").glob("*.mp4")}
    assert exported < after
    status = project.status()
    assert (status["videos"], status["videos_gone"]) == (2, 1)
    assert any("replaced" in line and "a.mp4" in line for line in status["sources"])
    files = {row["clip"]: row["file"] for row in project.ls("clips")}
    assert sorted(files.values()) == ["gone", "gone", "here", "here"]


def test_a_replaced_video_whose_bytes_lie_elsewhere_is_cut_from_there(project, folder, tmp_path):
    (old,) = states(project)
    # Walked before a.mp4, and after it: the order must not matter.
    for name in ("0.mp4", "z.mp4"):
        shutil.copy(folder / "a.mp4", folder / name)
    film(folder / "a.mp4", seed=70, frames=(50, 60))
    project.ingest([folder])
    assert states(project)[old] == "here"
    done = project.export(folder=tmp_path / "other")
    assert (done.clips, done.failed) == (2, 0)
    assert sorted(first_numbers(tmp_path / "other").values()) == [0, 30]
    (folder / "0.mp4").unlink()
    (folder / "z.mp4").rename(folder / "y.mp4")
    project.ingest([folder])
    assert states(project)[old] == "here"


def test_a_touched_file_is_the_same_video_and_is_used(project, folder, tmp_path):
    (old,) = states(project)
    os.utime(folder / "a.mp4", (1, 1))
    assert states(project) == {old: "touched"}
    done = project.export(folder=tmp_path / "other")
    assert (done.clips, done.failed) == (2, 0)
    project.ingest([folder])
    assert states(project) == {old: "here"}


def test_other_bytes_of_the_same_size_are_noticed(project, folder):
    (video,) = project.context.catalog.videos().values()
    data = bytearray((folder / "a.mp4").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "a.mp4").write_bytes(data)
    assert file_state(video) == "touched"
    with pytest.raises(ItemError, match="has changed since it was ingested"):
        check_source(video)


def test_a_deleted_file_is_marked_and_comes_back(project, folder, tmp_path):
    (old,) = states(project)
    (folder / "a.mp4").rename(tmp_path / "elsewhere.mp4")
    assert states(project) == {old: "gone"}
    assert project.status()["videos_gone"] == 1
    done = project.export(folder=tmp_path / "other")
    assert (done.clips, done.failed) == (0, 2)
    assert all("the file is gone" in failure.message for failure in project.failures())
    (tmp_path / "elsewhere.mp4").rename(folder / "a.mp4")
    done = project.export(folder=tmp_path / "other")
    assert (done.clips, done.failed) == (2, 0)
    assert project.failures() == []
    assert project.status()["sources"] == []


def test_page_and_previews_never_show_the_new_file_as_the_old(project, folder):
    (old,) = states(project)
    film(folder / "a.mp4", seed=70, frames=(50, 60))
    project.ingest([folder])
    session = project.review()
    clips = [row["clip"] for row in project.ls("clips")]
    with pytest.raises(ItemError, match="replaced"):
        session.source(old)
    with pytest.raises(ItemError, match="replaced"):
        session.preview(clips[0])


def test_the_report_and_timestamps_leave_a_replaced_video_out(project, folder):
    film(folder / "a.mp4", seed=70, frames=(50, 60))
    done = project.report()
    assert "has changed since it was ingested" in done.failed[0]
    assert project.cuts("csv") == []
    assert not list(folder.glob("*.csv"))


def test_a_recording_that_still_grows_is_a_new_video_each_time(folder, open_project):
    film(folder / "a.mkv", frames=(60,))
    whole = (folder / "a.mkv").read_bytes()
    (folder / "a.mp4").unlink()
    (folder / "a.mkv").write_bytes(whole[: len(whole) // 2])
    with open_project() as project:
        project.ingest([folder])
        (folder / "a.mkv").write_bytes(whole)  # before anything was made of the first half
        report = project.scan()
        assert (report.done, report.failed) == (0, 1)
        (failure,) = project.failures()
        assert failure.retry == f"rushes ingest {folder / 'a.mkv'}"
        reports = project.run([folder])
        assert reports["scan"].failed == 0
        assert list(states(project).values()) == ["here"]  # nothing was made of the first half
        assert project.failures() == []


def test_a_file_that_is_written_during_the_ingest_waits(folder, open_project, monkeypatch):
    from rushes.footage import ingest

    real = ingest.probe

    def probe(path, digest):
        found = real(path, digest)
        with Path(path).open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(ingest, "probe", probe)
    with open_project() as project:
        report = project.ingest([folder])
        assert (report.videos, report.failed) == (0, 1 + 1)  # and the folder has no video
        assert "still being written" in project.failures()[0].message


def test_a_file_that_changes_during_the_scan_is_not_stored(folder, open_project, monkeypatch):
    from rushes.footage import scan

    real = scan._stream

    def stream(*arguments):
        with (folder / "a.mp4").open("ab") as file:
            file.write(b"more")
        return real(*arguments)

    with open_project() as project:
        project.ingest([folder])
        monkeypatch.setattr(scan, "_stream", stream)
        assert project.scan().failed == 1
        assert not list((project.folder / "signals").glob("*"))


# ---- forget, ignore ------------------------------------------------------------------------------


def test_forget_takes_a_video_out_with_all_that_was_made_of_it(project, folder):
    film(folder / "b.mp4", seed=40)
    project.run([folder])
    by_name = {row["video"].rpartition("/")[2]: row["id"] for row in project.ls("videos")}
    clips = [row["clip"] for row in project.ls("clips") if row["video"].endswith("a.mp4")]
    project.verdict("keep", clips[:1], who="ann")
    done = project.forget(["films/a.mp4"])
    assert (done.videos, done.clips) == ((str(folder / "a.mp4"),), 2)
    assert done.files_here == (str(folder / "a.mp4"),)
    assert list(states(project)) == [by_name["b.mp4"]]
    assert len(project.ls("clips")) == 2
    left = [path.name for path in project.folder.glob("s*/*") if path.is_file()]
    assert left
    assert all(name.startswith(by_name["b.mp4"]) for name in left)
    assert project.search("a.mp4") == []
    reports = project.run([])
    assert reports["export"][0].clips == 2
    # Taken in again, it is a new row with the old decisions.
    project.run([folder])
    verdicts = {row["clip"]: row["verdict"] for row in project.ls("clips")}
    assert verdicts[clips[0]] == "keep"
    assert len(verdicts) == 4


def test_numbers_of_forgotten_videos_and_clips_are_never_given_again(project, folder):
    catalog = project.context.catalog
    video_no, clip_nos = max(catalog.videos()), set(project.context.clips())
    project.forget([str(folder)])
    assert (catalog.videos(), project.context.clips()) == ({}, {})
    film(folder / "b.mp4", seed=40)
    project.run([folder / "b.mp4"])
    assert min(catalog.videos()) > video_no
    assert min(project.context.clips()) > max(clip_nos)


def test_an_open_page_drops_the_clips_of_a_forgotten_video(project, folder):
    session = project.review()
    assert session.state()["clips"] == 2
    project.forget([str(folder / "a.mp4")])
    assert session.state()["clips"] == 0


def test_edits_of_a_forgotten_video_come_back_with_it(project, folder):
    session = project.review()
    (video,) = project.context.catalog.videos().values()
    first = project.ls("clips")[0]
    ticks = (first["out_pts"] - first["in_pts"]) // 10  # 3 frames
    for _ in range(2):  # trimmed, and trimmed again
        clip = project.ls("clips")[0]
        trimmed = (clip["in_pts"] + ticks, clip["out_pts"])
        session.edit_spans(SpanEdit(clips=[clip["clip"]], spans=[trimmed]), who="ann")
    wanted = [row["clip"] for row in project.ls("clips")]
    assert project.ls("clips")[0]["frames"] == 24
    project.forget([video.id])
    assert project.undo(who="ann")  # of nothing that is there: no error
    assert project.redo(who="ann")
    project.run([folder])
    assert [row["clip"] for row in project.ls("clips")] == wanted


def test_forget_asks_which_of_two_videos_of_one_path(project, folder):
    (old,) = states(project)
    film(folder / "a.mp4", seed=70)
    project.run([folder])
    with pytest.raises(RecipeError, match=old):
        project.forget([str(folder / "a.mp4")])
    project.forget([old])
    assert list(states(project).values()) == ["here"]
    with pytest.raises(RecipeError, match="not a video of this project"):
        project.forget(["nothere.mp4"])


def test_forget_takes_the_failure_of_a_bad_file_out(project, folder):
    (folder / "bad.mp4").write_bytes(b"no video" * 99)
    project.ingest([folder])
    assert len(project.failures()) == 1
    assert project.forget([str(folder / "bad.mp4")]).failures == 1
    assert project.failures() == []


def test_ignored_files_and_folders_stay_out_and_their_failures_are_silent(
    project, folder, open_project
):
    (folder / "outtakes" / "day 1").mkdir(parents=True)
    film(folder / "outtakes" / "day 1" / "x.mp4", seed=40)
    (folder / "bad.mp4").write_bytes(b"no video" * 99)
    assert project.run([folder], only=["scan"])["ingest"].failed == 1
    project.close()
    ignore = json.dumps(["bad.*", "outtakes"])
    with open_project(f"ingest.ignore={ignore}") as again:
        assert again.failures() == []
        report = again.ingest([folder])
        assert (report.ignored, report.failed, report.videos) == (2, 0, 1)
        assert again.failures() == []
    with pytest.raises(RecipeError, match="ignore"), open_project('ingest.ignore=["/"]'):
        pass


@pytest.mark.parametrize(
    ("pattern", "is_out"),
    [
        ("*.part", True), ("x.mp4.part", True), ("films/x.mp4.part", True), ("films", True),
        ("/data/films/*.part", True), ("films/", True), ("x.mp4", False), ("*/x", False),
        ("ilms", False), ("/films", False),
    ],
)  # fmt: skip
def test_patterns_match_the_end_of_a_path_name_by_name(pattern, is_out):
    from rushes.footage.ignore import is_ignored

    assert is_ignored("/data/films/x.mp4.part", [pattern]) == is_out


# ---- failures of this run ------------------------------------------------------------------------


def test_failures_outlive_neither_export_nor_scorer_nor_clip(project, folder, tmp_path):
    context = project.context
    clip = project.ls("clips")[0]["clip"]
    for stage in ("export/main", "export/old", "scorer/motion", "scorer/old"):
        context.fail(stage, clip, ItemError("x"), retry="rushes run")
    context.fail("scorer/motion", "0" * 16, ItemError("x"), retry="rushes score")
    context.fail("scan", "/nowhere.mp4", ItemError("x"), retry="rushes scan /nowhere.mp4")
    assert {failure.stage for failure in project.failures()} == {"export/main", "scorer/motion"}
    assert len(project.failures()) == project.status()["failures"] == 2
    project.run([], only=["scan"])
    assert len(context.catalog.failures.all()) == 2


def test_a_mended_file_ends_the_failures_of_its_old_content(folder, open_project):
    film(folder / "a.mkv", frames=(60,))
    whole = (folder / "a.mkv").read_bytes()
    (folder / "a.mp4").unlink()
    middle = len(whole) // 2
    (folder / "a.mkv").write_bytes(whole[:middle] + bytes(2000) + whole[middle + 2000 :])
    with open_project() as project:
        project.run([folder], only=["scan"])
        (failure,) = project.failures()
        assert failure.stage == "scan"  # damage: the part that is there is used
        assert failure.retry == f"rushes ingest {folder / 'a.mkv'}"
        (folder / "a.mkv").write_bytes(whole)
        project.ingest([folder / "a.mkv"])  # the command that it names
        assert project.failures() == []


def test_a_path_is_ingested_whatever_only_names(folder, open_project):
    with open_project() as project:
        reports = project.run([folder], only=["scan", "cut"])
        assert list(reports) == ["ingest", "scan", "cut"]
        assert reports["cut"].done == 1
        with pytest.raises(RecipeError, match="name the footage"):
            project.run([], only=["ingest"])
