import hashlib
import json
import tarfile

import av
import pytest

from rushes.errors import MediaError, RecipeError
from rushes.exports import folder as export_folder
from rushes.exports import run as exporting
from rushes.project import Project
from rushes.testing import Take, make_video, read_numbers

FAST = "export.main.preset=ultrafast"
ALL = "select.main.motion.speed=top 100%"
SHARDS = "export.main.webdataset.shard_size=4"


@pytest.fixture
def opened(project_folder):
    projects = []

    def call(*changes):
        projects.append(Project.open(project_folder, workers=0, changes=[FAST, *changes]))
        return projects[-1]

    yield call
    for project in projects:
        project.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and path.name != "rushes-export.json"
    }


def manifest(folder):
    return json.loads((folder / "rushes-export.json").read_text())


def clips(folder):
    return [clip for group in manifest(folder)["groups"] for clip in group["clips"]]


@pytest.fixture
def counted(monkeypatch):
    """Counts the clips that are encoded; raise in it to interrupt."""
    calls = []
    encode = exporting.write_clip

    def counting(source, *others):
        calls.append((source.video.id, source.in_pts))
        if counting.stop_after is not None and len(calls) > counting.stop_after:
            raise KeyboardInterrupt
        if counting.fail_at is not None and len(calls) == counting.fail_at:
            raise MediaError("the disk is full; make room")
        return encode(source, *others)

    counting.calls, counting.stop_after, counting.fail_at = calls, None, None
    monkeypatch.setattr(exporting, "write_clip", counting)
    return counting


FORMATS = ["folder", "webdataset"]


@pytest.mark.parametrize("to", FORMATS)
def test_the_manifest_says_where_each_clip_is_from(opened, to):
    project = opened(ALL, f"export.main.to={to}", SHARDS)
    selection = project.select()
    report = project.export()
    folder = project.folder / "exports" / "main"
    assert (report.clips, report.encoded, report.failed) == (6, 6, 0)
    assert [clip["clip"] for clip in clips(folder)] == list(selection.clips)
    listed = {row["clip"]: row for row in project.ls("clips")}
    for clip in clips(folder):
        row = listed[clip["clip"]]
        assert (clip["in_pts"], clip["out_pts"]) == (row["in_pts"], row["out_pts"])
        assert clip["video"].endswith(row["video"].rpartition("/")[2])
        assert clip["frames"] == clip["source_frames"] == row["frames"]
        assert clip["scores"]["motion.speed"] == pytest.approx(row["motion.speed"], abs=1e-4)
        assert clip["has_audio"] == row["video"].endswith("one.mp4")
        assert clip["mode"] in ("smart", "exact")
    about = manifest(folder)
    assert (about["format"], about["selection"]) == (to, f"main@{selection.revision}")
    written = {name for group in about["groups"] for name in group["files"]}
    assert set(names(folder)) == written | {"rushes-export.json"}
    assert report.size_bytes == sum((folder / name).stat().st_size for name in written)


def test_clips_hold_exactly_the_frames_asked_for(tmp_path):
    make_video(tmp_path / "n.mp4", (30, Take(frames=40, seed=7), 30), numbered=True)
    with Project.open(tmp_path / "p", create=True, workers=0, changes=[FAST, ALL]) as project:
        project.run([tmp_path / "n.mp4"])
        found = [
            read_numbers(path) for path in sorted((project.folder / "exports/main").glob("*.mp4"))
        ]
    assert found == [list(range(30)), list(range(30, 70)), list(range(70, 100))]


def test_a_copy_says_what_it_truly_holds(tmp_path):
    make_video(tmp_path / "n.mp4", (30, Take(frames=40, seed=7), 30), numbered=True, gop=12)
    copy = [FAST, ALL, "export.main.mode=copy"]
    with Project.open(tmp_path / "p", create=True, workers=0, changes=copy) as project:
        project.run([tmp_path / "n.mp4"])
        folder = project.folder / "exports/main"
        for clip in clips(folder):
            numbers = read_numbers(folder / f"{clip['key']}.mp4")
            assert clip["mode"] == "copy"
            assert numbers[0] == round(clip["in_s"] * 24)
            assert numbers[-1] + 1 == round(clip["out_s"] * 24)
            assert len(numbers) == clip["source_frames"] == clip["frames_copied"]
        whole = [row for row in project.ls("clips")]
        assert len(whole) == len(clips(folder)) + len(project.failures())


@pytest.mark.parametrize("to", FORMATS)
def test_a_second_export_does_nothing(opened, counted, to):
    project = opened(ALL, f"export.main.to={to}", SHARDS)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    report = project.export()
    assert (report.clips, report.encoded) == (6, 0)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert len(counted.calls) == 6


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("stop_after", [0, 1, 3, 5])
def test_an_interrupted_export_goes_on_where_it_stopped(opened, counted, tmp_path, to, stop_after):
    project = opened(ALL, f"export.main.to={to}", SHARDS)
    project.select()
    project.export(folder=tmp_path / "undisturbed")
    counted.calls.clear()
    counted.stop_after = stop_after
    with pytest.raises(KeyboardInterrupt):
        project.export(folder=tmp_path / "out")
    assert not (tmp_path / "out" / "rushes-export.json").exists()
    counted.stop_after = None
    report = project.export(folder=tmp_path / "out")
    assert (report.clips, report.encoded) == (6, 6 - stop_after)
    assert len(counted.calls) == 7  # the one that was interrupted is begun again
    assert digests(tmp_path / "out") == digests(tmp_path / "undisturbed")
    assert clips(tmp_path / "out") == clips(tmp_path / "undisturbed")


@pytest.mark.parametrize("to", FORMATS)
def test_another_selection_keeps_what_stays_and_removes_the_rest(opened, counted, to):
    project = opened(ALL, f"export.main.to={to}", "export.main.webdataset.shard_size=1")
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    mine = folder / "my notes.txt"
    mine.write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    counted.calls.clear()
    fewer = opened("select.main.motion.speed=bottom 50%", f"export.main.to={to}",
                   "export.main.webdataset.shard_size=1")  # fmt: skip
    selection = fewer.select()
    report = fewer.export()
    assert (report.clips, len(selection.clips)) == (3, 3)
    assert {clip["clip"] for clip in clips(folder)} == set(selection.clips)
    assert mine.read_text() == "mine"
    assert report.removed == 2 * (3 if to == "folder" else 6)
    if to == "folder":
        assert counted.calls == []
        assert len(names(folder)) == 2 * 3 + 3
        kept = [p for p in folder.glob("*.mp4")]
        assert all(path.stat().st_mtime_ns == before[path] for path in kept)
    else:
        assert names(folder) == sorted(
            [f"{n:05d}{end}" for n in range(3) for end in (".tar", "_stats.json")]
            + [".replaced", "my notes.txt", "rushes-export.json"]
        )
    again = opened(ALL, f"export.main.to={to}", "export.main.webdataset.shard_size=1")
    again.select()
    assert again.export().clips == 6


@pytest.mark.parametrize("to", FORMATS)
def test_a_much_smaller_selection_keeps_the_files_that_it_takes_out(opened, to):
    project = opened(ALL, f"export.main.to={to}", SHARDS)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = digests(folder)
    fewer = opened("select.main.motion.speed=bottom 50%", f"export.main.to={to}", SHARDS)
    fewer.select()
    report = fewer.export()
    assert report.replaced == str(folder / ".replaced" / "1")
    kept = digests(folder / ".replaced" / "1")
    assert len(kept) == report.removed > 0
    assert kept.items() <= before.items()
    both = before.keys() - kept.keys()
    assert {name: digest for name, digest in digests(folder).items() if name in both} == {
        name: before[name] for name in both
    }
    again = fewer.export()
    assert (again.removed, again.replaced) == (0, "")


def test_a_single_clip_of_many_that_leaves_is_deleted(opened, monkeypatch):
    monkeypatch.setattr(export_folder, "MAX_LOST", 0.2)
    project = opened(ALL)
    project.select()
    project.export()
    fewer = opened("select.main.motion.speed=bottom 80%")
    assert len(fewer.select().clips) == 5
    report = fewer.export()
    assert (report.clips, report.removed, report.replaced) == (5, 2, "")
    assert not (project.folder / "exports" / "main" / ".replaced").exists()


def test_an_interrupted_export_has_set_aside_all_that_it_takes_out(opened, counted):
    project = opened(ALL, "export.main.to=webdataset", SHARDS)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = digests(folder)
    counted.calls.clear()
    counted.stop_after = 1
    fewer = opened("select.main.motion.speed=bottom 50%", "export.main.to=webdataset", SHARDS)
    fewer.select()
    with pytest.raises(KeyboardInterrupt):
        fewer.export()
    counted.stop_after = None
    assert fewer.export().clips == 3
    assert digests(folder / ".replaced" / "1") == before


@pytest.mark.parametrize(
    ("change", "rule"),
    [("select.main.frames=> 9999", "frames > 9999"), ("select.main.motion.speed=> 1000", "motion")],
)
def test_an_empty_selection_is_an_error_and_removes_nothing(opened, change, rule):
    project = opened(ALL)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = digests(folder) | {"manifest": manifest(folder)}
    none = opened(change)
    none.select()
    with pytest.raises(RecipeError, match=rf"{rule}.* leaves none of 6 clips.*nothing was"):
        none.export()
    assert digests(folder) | {"manifest": manifest(folder)} == before
    assert "leaves none of 6 clips" in none.run([])["refused"][0]


def test_a_lost_catalog_costs_no_exported_file(opened):
    project = opened(ALL)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = digests(folder)
    for path in project.folder.glob("catalog.db*"):
        path.unlink()
    assert "the project has no clip" in opened(ALL).run([])["refused"][0]
    assert digests(folder) == before


def test_a_rule_on_a_score_that_nobody_measured_names_the_command(opened):
    project = opened(ALL)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = digests(folder)
    for column, change, command in (
        ("flicker.luma", 'score.use=["motion", "flicker"]', "rushes score --only flicker"),
        ("flicker.luma", ALL, "rushes score --only flicker"),
        ("stars", ALL, "rushes review"),
    ):
        new = opened(ALL, change, f"select.main.{column}=<= 3")
        with pytest.raises(RecipeError, match=rf"{column} <= 3.*{command}"):
            new.select()
        refused = new.run([], only=["select", "export"])["refused"]
        assert len(refused) == 1
        assert command in refused[0]
    assert digests(folder) == before


def test_a_folder_of_somebody_else_is_refused_and_left_alone(opened, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "holiday.mp4").write_bytes(b"precious")
    project = opened(ALL)
    project.select()
    with pytest.raises(RecipeError, match=r"theirs is not empty and is no export of Rushes"):
        project.export(folder=tmp_path / "theirs")
    assert names(tmp_path / "theirs") == ["holiday.mp4"]


def test_an_empty_folder_is_taken(opened, tmp_path):
    (tmp_path / "out").mkdir()
    project = opened(ALL)
    project.select()
    assert project.export(folder=tmp_path / "out").clips == 6


@pytest.mark.parametrize("lost", ["*.mp4", "*.txt"])
def test_a_file_that_somebody_deleted_is_made_again(opened, counted, lost):
    project = opened(ALL)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    before = digests(folder)
    sorted(folder.glob(lost))[0].unlink()
    report = project.export()
    assert (report.clips, report.encoded) == (6, 1)
    assert digests(folder) == before


def test_another_encoding_encodes_all_again(opened, counted):
    project = opened(ALL)
    project.select()
    project.export()
    small = opened(ALL, "export.main.width_px=64")
    report = small.export()
    assert (report.clips, report.encoded) == (6, 6)
    assert {clip["width_px"] for clip in clips(project.folder / "exports" / "main")} == {64}
    assert len(names(project.folder / "exports" / "main")) == 13


def test_another_format_in_the_same_folder_replaces_the_first(opened):
    project = opened(ALL)
    project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    opened(ALL, "export.main.to=webdataset").export()
    assert names(folder) == ["00000.tar", "00000_stats.json", "rushes-export.json"]


@pytest.mark.parametrize("to", FORMATS)
def test_a_clip_that_fails_costs_itself_and_is_tried_again(opened, counted, to):
    project = opened(ALL, f"export.main.to={to}", SHARDS)
    selection = project.select()
    counted.fail_at = 2
    report = project.export()
    assert (report.clips, report.encoded, report.failed) == (5, 5, 1)
    (failure,) = project.failures()
    assert (failure.stage, failure.item) == ("export/main", selection.clips[1])
    assert failure.message == "the disk is full; make room"
    counted.fail_at = None
    report = project.export()
    assert (report.clips, report.failed) == (6, 0)
    assert project.failures() == []
    folder = project.folder / "exports" / "main"
    assert [clip["clip"] for clip in clips(folder)] == list(selection.clips)


def test_shards_hold_the_clips_in_order(opened):
    project = opened(ALL, "export.main.to=webdataset", SHARDS, "export.main.caption=a film")
    selection = project.select()
    project.export()
    folder = project.folder / "exports" / "main"
    found = []
    for shard in ("00000.tar", "00001.tar"):
        with tarfile.open(folder / shard) as tar:
            for name in tar.getnames():
                if name.endswith(".json"):
                    row = json.load(tar.extractfile(name))
                    found.append(row["clip"])
                    assert row["caption"] == "a film"
    assert found == list(selection.clips)


def test_names_are_readable_and_sort_by_time(opened):
    project = opened(ALL)
    project.select()
    project.export()
    keys = [clip["key"] for clip in clips(project.folder / "exports" / "main")]
    assert len(set(keys)) == 6
    assert not [key for key in keys if "." in key or " " in key or "/" in key]
    ones = [key for key in keys if key.startswith("one_")]
    assert ones == sorted(ones)
    assert [key.split("_")[1] for key in ones] == ["00000000", "00001250", "00002500"]


def test_export_before_select_says_so(tmp_path, footage):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        with pytest.raises(RecipeError, match="rushes select main"):
            project.export()
        with pytest.raises(RecipeError, match=r"no \[export.mian\].*main"):
            project.export("mian")


def test_a_source_that_is_gone_is_a_failure(films, tmp_path):
    with Project.open(tmp_path / "p", create=True, workers=0, changes=[FAST, ALL]) as project:
        project.run([films], only=["ingest", "scan", "cut", "score", "select"])
        (films / "one.mp4").unlink()
        report = project.export()
        assert (report.clips, report.failed) == (3, 3)
        assert all("one.mp4" in failure.message for failure in project.failures())


def test_the_report_counts_the_clips_that_trainers_treat_in_their_own_way(opened):
    project = opened(ALL)
    project.select()
    first, again = project.export(), project.export()
    assert {line.treatment.trainer: line.clips for line in first.treatments} == {
        "musubi-tuner": 6, "diffusion-pipe": 6, "ai-toolkit": 6,
    }  # fmt: skip
    assert again.treatments == first.treatments
    captioned = opened(ALL, "export.main.caption=a film")
    assert captioned.export().treatments == ()


@pytest.mark.parametrize("mode", ["copy", "auto"])
@pytest.mark.parametrize("size", [(98, 65), (97, 66)])
def test_sources_of_odd_sizes_are_exported_and_the_manifest_says_the_files_size(
    tmp_path, mode, size
):
    make_video(tmp_path / "odd.webm", (30, Take(frames=30, seed=7)), size=size, codec="libvpx-vp9")
    changes = [FAST, ALL, f"export.main.mode={mode}"]
    with Project.open(tmp_path / "p", create=True, workers=0, changes=changes) as project:
        reports = project.run([tmp_path / "odd.webm"])
        assert project.failures() == []
        (video,) = project.ls("videos")
        assert (video["width_px"], video["height_px"]) == size
        assert len(project.ls("clips", where=f"width_px = {size[0]} and height_px = {size[1]}"))
        folder = project.folder / "exports" / "main"
        assert reports["export"][0].clips == len(clips(folder)) > 0
        for clip in clips(folder):
            with av.open(str(folder / f"{clip['key']}.mp4")) as file:
                frame = next(file.decode(video=0))
            assert (clip["width_px"], clip["height_px"]) == (frame.width, frame.height)


def test_an_unexpected_error_names_the_clip(opened, monkeypatch):
    def broken(*_):
        raise AssertionError("height has to be even")

    monkeypatch.setattr(exporting, "write_clip", broken)
    project = opened(ALL)
    project.select()
    project.export()
    first = next(one for one in project.failures() if "one.mp4 [0.0" in one.message)
    assert "one.mp4 [0.0–1.25 s]: AssertionError: height has to be even" in first.message
