import numpy as np
import pytest

from rushes.annotation.scorers.exposure import Exposure
from rushes.annotation.scorers.sharpness import Sharpness
from rushes.errors import ContractError, ItemError
from rushes.project import Project
from rushes.testing import Take, make_video


@pytest.fixture
def changed(project_folder):
    """Open the finished project with changes to its recipe."""
    opened = []

    def open_with(*changes):
        opened.append(Project.open(project_folder, workers=0, changes=changes))
        return opened[-1]

    yield open_with
    for project in opened:
        project.close()


def test_a_changed_setting_redoes_only_its_scorer(changed, monkeypatch):
    before = changed().ls("clips")
    monkeypatch.setattr(Sharpness, "annotate", lambda *_: pytest.fail("it was up to date"))
    project = changed("score.exposure.black=90")
    assert project.plan()["score"] == 6
    assert project.score().done == 6
    after = project.ls("clips")
    assert [r["sharpness.detail"] for r in after] == [r["sharpness.detail"] for r in before]
    darker = [(a["exposure.black_fraction"], b["exposure.black_fraction"]) for a, b in
              zip(after, before, strict=True)]  # fmt: skip
    assert all(now >= then for now, then in darker)
    assert any(now > then for now, then in darker)
    assert changed().ls("clips") == before  # and back, without measuring


def test_no_video_is_opened(changed, footage, monkeypatch):
    from rushes.media import decode

    monkeypatch.setattr(decode.Decoder, "__iter__", lambda _: pytest.fail("a video was decoded"))
    assert changed("score.exposure.black=91").score().done == 6


def test_a_scorer_that_is_left_out_shows_no_column(changed):
    project = changed("score.use=['motion']")
    assert set(project.ls("clips")[0]) & {"sharpness.detail"} == set()
    assert project.score().pending == 0


def test_stills_of_a_clip_are_those_inside_it(changed, monkeypatch):
    seen = {}
    annotate = Exposure.annotate

    def watching(self, items):
        for item in items:
            seen[item.clip.id] = item
        return annotate(self, items)

    monkeypatch.setattr(Exposure, "annotate", watching)
    project = changed("score.exposure.black=92")
    project.score()
    rows = {row["clip"]: row for row in project.ls("clips")}
    assert set(seen) == set(rows)
    for clip_id, item in seen.items():
        row = rows[clip_id]
        stills = item.signals["still"]
        assert len(item.stills_THWC) == len(stills.pts) in (2, 3, 4)
        assert all(row["in_pts"] <= pts < row["out_pts"] for pts in stills.pts)
        assert item.stills_THWC.dtype == np.uint8


def test_clips_of_different_looks_get_their_own_scores(tmp_path):
    make_video(
        tmp_path / "a.mp4",
        [Take(frames=36, luma=luma, contrast=0.2, seed=1) for luma in (20, 120, 220)],
    )
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        project.run([tmp_path / "a.mp4"], only=["ingest", "scan", "cut", "score"])
        found = [row["exposure.luma_fraction"] for row in project.ls("clips")]
    assert found == pytest.approx([20 / 255, 120 / 255, 220 / 255], abs=0.08)


def test_an_item_that_cannot_be_scored_is_a_failure_and_no_number(changed, monkeypatch):
    annotate = Exposure.annotate

    def picky(self, items):
        if items[0].clip.in_pts == 0:
            raise ItemError("too early; come back later")
        return annotate(self, items)

    with monkeypatch.context() as patched:
        patched.setattr(Exposure, "annotate", picky)
        project = changed("score.exposure.black=93")
        report = project.score()
        assert (report.pending, report.done, report.failed) == (6, 3, 3)
        failures = project.failures()
        assert len(failures) == 3
        assert all(f.stage == "scorer/exposure" for f in failures)
        assert all("too early" in f.message and f.item in f.message for f in failures)
        assert {f.retry for f in failures} == {"rushes score --only exposure"}
        values = [row["exposure.luma_fraction"] for row in project.ls("clips")]
        assert values.count(None) == 3
        funnel = project.select("main").funnel
        assert [line.missing for line in funnel] == [0, 0]
    assert project.score().done == 3  # only those that failed are tried again
    assert project.failures() == []


def test_a_clip_without_a_score_is_left_out_and_shown(changed, monkeypatch):
    annotate = Exposure.annotate

    def fails_for_one(self, items):
        if items[0].video.path.endswith("one.mp4"):
            raise ItemError("no")
        return annotate(self, items)

    monkeypatch.setattr(Exposure, "annotate", fails_for_one)
    project = changed("score.exposure.black=94", "select.main.exposure.luma_fraction=bottom 100%")
    project.score()
    selection = project.select("main")
    sources = {row["clip"]: row["video"] for row in project.ls("clips")}
    assert selection.clips
    assert not any(sources[clip].endswith("one.mp4") for clip in selection.clips)
    assert [line.missing for line in selection.funnel if "luma" in line.rule] == [3]


def test_a_surprise_in_one_video_costs_its_clips_only(changed, monkeypatch):
    annotate = Exposure.annotate

    def broken(self, items):
        if items[0].video.path.endswith("one.mp4"):
            raise ZeroDivisionError("what now")
        return annotate(self, items)

    monkeypatch.setattr(Exposure, "annotate", broken)
    project = changed("score.exposure.black=95")
    report = project.score()
    assert (report.done, report.failed) == (3, 3)
    assert all("ZeroDivisionError: what now" in f.message for f in project.failures())


@pytest.mark.parametrize(
    "row",
    [{"luma_fraction": 0.5}, {"luma_fraction": 7.0, "black_fraction": 0.0, "white_fraction": 0.0},
     {"luma_fraction": float("nan"), "black_fraction": 0.0, "white_fraction": 0.0}],
    ids=["columns", "range", "nan"],
)  # fmt: skip
def test_a_scorer_that_breaks_its_promise_stops_the_run(changed, monkeypatch, row):
    monkeypatch.setattr(Exposure, "annotate", lambda self, items: [row for _ in items])
    with pytest.raises(ContractError, match="scorer/exposure"):
        changed("score.exposure.black=96").score()


def test_missing_signals_say_what_to_do(changed):
    project = changed("score.exposure.black=97")
    for path in (project.folder / "stills").iterdir():
        path.unlink()
    report = project.score()
    assert report.failed == 6
    assert all("clip " in f.message for f in project.failures())
    project.scan()
    assert project.score().failed == 0
    assert project.failures() == []
