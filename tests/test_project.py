import json
import os
import shutil
from pathlib import Path

import av
import pytest

from rushes.errors import ProjectError, RecipeError
from rushes.project import Project
from rushes.testing import Take, make_video

FAST = "export.main.preset=ultrafast"
CLIP_KEYS = {
    "clip", "video", "in_pts", "out_pts", "in_s", "out_s", "frames", "caption", "tags", "verdict",
}  # fmt: skip
CUT_KEYS = {
    "video", "kind", "start_pts", "pts", "start_time_s", "time_s", "confidence",
}  # fmt: skip


@pytest.fixture(scope="module")
def done(footage, tmp_path_factory):
    """A project after its first `run`, with that run's reports."""
    folder = tmp_path_factory.mktemp("done") / "project"
    with Project.open(folder, create=True, workers=0, changes=[FAST]) as project:
        reports = project.run([footage])
        yield project, reports


def files_below(folder):
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("catalog.db", ".lock"))
    }


def test_run_turns_footage_into_clips(done):
    project, reports = done
    assert list(reports) == ["ingest", "scan", "cut", "caption", "score", "select", "export"]
    assert (reports["ingest"].videos, reports["ingest"].new) == (3, 3)
    assert (reports["scan"].done, reports["scan"].failed) == (3, 0)
    assert project.failures() == []
    exported = sorted((project.folder / "exports" / "main").glob("*.mp4"))
    assert len(exported) == len(reports["select"][0].clips) == reports["export"][0].clips == 5
    for path in exported:
        with av.open(str(path)) as container:
            assert len(list(container.decode(video=0))) >= 24
        assert path.with_suffix(".txt").exists()


def test_no_video_is_decoded_twice(done):
    project, _ = done
    assert project.status()["decode_passes_per_video"] == 1.0
    assert {row["decode_passes"] for row in project.ls("videos")} == {1}


def test_status_counts_what_there_is(done):
    project, _ = done
    status = project.status()
    assert (status["videos"], status["scanned"], status["clips"]) == (3, 3, 6)
    assert (status["cuts"], status["shots"], status["shots_too_short"]) == (4, 7, 1)
    assert status["selections"] == ["main@1: 5 clips"]
    assert [text.endswith("exports/main (folder): 5 clips") for text in status["exports"]] == [True]
    assert status["failures"] == 0
    assert status["hours"] == pytest.approx((3.75 + 1.6 + 3.42) / 3600, abs=0.001)


def test_clips_are_listed_with_the_documented_keys(done):
    project, _ = done
    rows = project.ls("clips")
    json.dumps(rows, allow_nan=False)
    scores = {"motion.speed", "sharpness.detail", "exposure.luma_fraction"}
    assert all(CLIP_KEYS | scores <= set(row) for row in rows)
    for row in rows:
        assert row["in_pts"] < row["out_pts"]
        assert row["out_s"] - row["in_s"] == pytest.approx(row["duration_s"], abs=2e-6)
        assert (row["caption"], row["tags"], row["verdict"]) == (None, [], None)
    spans = [(r["in_s"], r["out_s"], r["frames"]) for r in rows if r["video"].endswith("one.mp4")]
    assert spans == [(0.0, 1.25, 30), (1.25, 2.5, 30), (2.5, 3.75, 30)]
    assert len({row["clip"] for row in rows}) == 6


def test_cuts_are_listed_with_the_documented_keys(done, footage):
    project, _ = done
    rows = project.ls("cuts")
    json.dumps(rows, allow_nan=False)
    assert all(set(row) >= CUT_KEYS for row in rows)
    hard = [r for r in rows if r["video"] == str(footage / "one.mp4")]
    assert [(r["kind"], r["start_time_s"], r["time_s"]) for r in hard] == [
        ("hard", 1.25, 1.25),
        ("hard", 2.5, 2.5),
    ]
    (slow,) = [r for r in rows if r["video"].endswith("two.mkv")]
    assert slow["kind"] == "dissolve"
    # All mixed frames are in it, and at most three clean ones on either side.
    assert 1.25 - 3.1 / 24 <= slow["start_time_s"] <= 1.25
    assert 1.75 <= slow["time_s"] <= 1.75 + 3.1 / 24
    assert all(0 <= r["confidence"] <= 1 for r in rows)


def test_shots_lie_between_the_cuts(done):
    project, _ = done
    shots = [r for r in project.ls("shots") if r["video"].endswith("one.mp4")]
    assert [(r["in_s"], r["out_s"]) for r in shots] == [(0, 1.25), (1.25, 2.5), (2.5, 3.75)]


def test_videos_are_listed_with_their_facts(done):
    project, _ = done
    rows = {Path(row["video"]).name: row for row in project.ls("videos")}
    assert (rows["one.mp4"]["width_px"], rows["one.mp4"]["height_px"]) == (160, 90)
    assert rows["one.mp4"]["frames"] == 90
    assert rows["one.mp4"]["audio_codec"] == "aac"
    assert rows["three ö.mp4"]["audio_codec"] is None
    assert rows["three ö.mp4"]["fps_measured"] == 25
    assert rows["two.mkv"]["duration_s"] == pytest.approx(82 / 24, abs=0.002)


def test_a_second_run_does_nothing(films, tmp_path):
    with Project.open(tmp_path / "p", create=True, workers=0, changes=[FAST]) as project:
        project.run([films])
        before, rows = files_below(project.folder), project.ls("clips")
        reports = project.run([films])
        assert files_below(project.folder) == before
        assert project.ls("clips") == rows
        assert project.status()["decode_passes_per_video"] == 1.0
    assert (reports["ingest"].videos, reports["ingest"].new) == (3, 0)
    assert [reports[verb].pending for verb in ("scan", "cut", "score")] == [0, 0, 0]
    assert reports["export"][0].encoded == 0
    assert reports["select"][0].revision == 1


def test_run_without_a_path_goes_on_with_what_is_known(project):
    reports = project.run([], only=["scan", "cut", "score", "select"])
    assert "ingest" not in reports
    assert reports["scan"].total == 3


def test_one_new_video_costs_one_scan(project, tmp_path):
    make_video(tmp_path / "new.mp4", (30,))
    reports = project.run([tmp_path / "new.mp4"], only=["ingest", "scan", "cut", "score"])
    assert [reports[verb].done for verb in ("scan", "cut", "score")] == [1, 1, 1]
    assert reports["scan"].total == 4


def test_moving_a_threshold_decodes_nothing(project_folder):
    with Project.open(project_folder, workers=0, changes=["cut.min_s=0.2"]) as project:
        plan = project.plan()
        assert (plan["scan"], plan["cut"]) == (0, 3)
        reports = project.run([], only=["scan", "cut", "score"])
        assert (reports["scan"].pending, reports["cut"].done) == (0, 3)
        assert reports["score"].done == 1  # the shot of 10 frames; the others are scored already
        assert len(project.ls("clips")) == 7
        assert project.status()["decode_passes_per_video"] == 1.0
    with Project.open(project_folder, workers=0) as project:  # and back again
        assert len(project.ls("clips")) == 6
        assert not any(project.plan().values())


def test_plan_does_nothing(tmp_path, footage):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        assert project.plan([footage])["ingest"] == 3
        assert project.status()["videos"] == 0


def test_scan_takes_names_and_a_limit(tmp_path, footage):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.ingest([footage])
        assert project.scan(limit=1).done == 1
        assert project.scan([str(footage / "sub" / "two.mkv")]).total == 1
        assert project.status()["scanned"] == 2
        with pytest.raises(RecipeError, match=r"nothere\.mp4.*ingest"):
            project.scan(["nothere.mp4"])


def test_a_video_named_below_the_current_folder(tmp_path, films, monkeypatch):
    monkeypatch.chdir(films.parent)
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.ingest(["films"])
        assert sorted(row["video"] for row in project.ls("videos")) == [
            "films/one.mp4",
            "films/sub/two.mkv",
            "films/three ö.mp4",
        ]
        assert project.scan(["films/one.mp4"]).done == 1
        monkeypatch.chdir(films)
        assert project.scan(["one.mp4"]).total == 1


def test_ls_filters_sorts_and_limits(project):
    rows = project.ls("clips", where="motion.speed > 5 and frames >= 30", sort="motion.speed")
    speeds = [row["motion.speed"] for row in rows]
    assert speeds == sorted(speeds, reverse=True)
    assert len(rows) >= 3
    assert min(speeds) > 5
    assert project.ls("clips", sort="-motion.speed", limit=1)[0]["motion.speed"] < 5
    assert project.ls("videos", where="codec = h264", limit=2) == project.ls("videos")[:2]


@pytest.mark.parametrize(
    ("what", "options", "message"),
    [
        ("clip", {}, "clips"),
        ("clips", {"where": "motion.sped > 3"}, r"motion\.speed"),
        ("clips", {"where": "frames"}, "frames > 48"),
        ("clips", {"sort": "motion.sped"}, r"motion\.speed"),
    ],
)
def test_ls_names_what_was_meant(project, what, options, message):
    with pytest.raises(RecipeError, match=message):
        project.ls(what, **options)


def test_lists_of_an_empty_project_are_empty(tmp_path):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        for what in ("videos", "cuts", "shots", "clips", "failures"):
            assert project.ls(what, where="frames > 3", sort="frames") == []
        reports = project.run([])
        assert reports["select"][0].clips == ()
        assert reports["export"] == []
        assert "the project has no clip" in reports["refused"][0]


def test_a_project_moves_with_its_folder(project_folder, tmp_path):
    moved = Path(shutil.move(project_folder, tmp_path / "elsewhere"))
    with Project.open(moved, workers=0) as project:
        assert not any(project.plan().values())
        assert len(project.ls("shots")) == 7


def test_a_project_is_named_by_a_string_or_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("films", Path("films"), str(tmp_path / "films")):
        with Project.open(folder, create=True, workers=0) as project:
            assert project.folder == tmp_path / "films"
    with Project("films") as project:
        assert project.options.workers is None
    with pytest.raises(TypeError, match="worker"):
        Project.open("films", worker=0)


def test_a_folder_without_a_project_says_how_to_start_one(tmp_path):
    with pytest.raises(ProjectError, match="rushes run"):
        Project.open(tmp_path)


def test_two_verbs_at_a_time_are_refused(project_folder, footage):
    with (
        Project.open(project_folder, workers=0) as first,
        Project.open(project_folder, workers=0) as second,
        first._working(),
    ):
        assert len(second.ls("clips")) == 6  # looking is always allowed
        with pytest.raises(ProjectError, match=f"process {os.getpid()} is at work"):
            second.ingest([footage])
    with Project.open(project_folder, workers=0) as third:
        assert third.ingest([footage]).new == 0


def test_scores_only_what_is_asked(project_folder, footage, tmp_path):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.run([footage / "one.mp4"], only=["ingest", "scan", "cut"])
        assert project.score(only=["motion"], limit=2).done == 2
        rows = project.ls("clips")
        assert [row["motion.speed"] is not None for row in rows] == [True, True, False]
        assert {row["sharpness.detail"] for row in rows} == {None}
        with pytest.raises(RecipeError, match="motion"):
            project.score(only=["moton"])


def test_a_deleted_still_proxy_is_made_again(project):
    for path in (project.folder / "stills").iterdir():
        path.unlink()
    assert project.plan()["scan"] == 3
    assert project.scan().done == 3
    assert len(list((project.folder / "stills").iterdir())) == 3


def test_cuts_are_written_beside_the_videos(films, tmp_path):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.run([films], only=["ingest", "scan", "cut"])
        written = project.cuts("sidecar")
        assert sorted(path.name for path in written) == [
            "one.mp4.cuts.txt",
            "three ö.mp4.cuts.txt",
            "two.mkv.cuts.txt",
        ]
        assert (films / "one.mp4.cuts.txt").read_text() == "1.250000\n2.500000\n"
        with pytest.raises(RecipeError, match="sidecar"):
            project.cuts("sidecars")
        assert project.ingest([films]).new == 0  # what it wrote is no footage


def test_footage_and_project_may_share_a_folder(films):
    with Project.open(films, create=True, workers=0, changes=[FAST]) as project:
        first = project.run([films])
        again = project.run([films])
    assert (first["ingest"].videos, again["ingest"].videos, again["ingest"].new) == (3, 3, 0)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_video_of_one_frame_is_no_failure(tmp_path, codec):
    make_video(tmp_path / "one.mp4", (Take(frames=1),), codec=codec)
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.run([tmp_path / "one.mp4"])
        assert project.failures() == []
        assert (project.status()["shots"], project.status()["clips"]) == (1, 0)
