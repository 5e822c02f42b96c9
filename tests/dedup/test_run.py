import json
from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.dedup.keep import duplicate_groups
from rushes.project import Project
from rushes.testing import Take, make_video

LEAN = ('scan.use=["change","still","border"]', 'cut.use=["content","fade"]', "score.use=[]")


def films(folder):
    """The same two takes in three films, larger, smaller and later; and one that is different."""
    folder.mkdir()
    first = Take(frames=96, seed=1, pan_px=(1.5, 0.5))
    second = Take(frames=72, seed=2, pan_px=(-1, 1))
    other = Take(frames=96, seed=9, pan_px=(1.5, 0.5))
    make_video(folder / "large.mp4", (first, second), size=(320, 180))
    make_video(folder / "other.mp4", (other, Take(frames=72, seed=10, pan_px=(0, 2))))
    with av.open(str(folder / "large.mp4")) as source:
        pictures = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    with av.open(str(folder / "small.mp4"), "w") as target:
        stream = target.add_stream("libx264", rate=24, options={"crf": "30"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        for number, picture in enumerate(pictures[9:]):
            turned = np.ascontiguousarray(picture[::2, ::-2])  # half the size, mirrored, later
            frame = av.VideoFrame.from_ndarray(turned, format="rgb24")
            frame.pts = number
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return folder


@pytest.fixture(scope="module")
def deduped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dedup")
    with Project.open(folder / "p", create=True, workers=0, changes=LEAN) as project:
        project.run([films(folder / "films")], only=["ingest", "scan", "cut"])
        report = project.dedup()
        yield project, report


def test_a_smaller_mirrored_later_copy_is_found_and_the_larger_one_kept(deduped):
    project, report = deduped
    assert (report.clips, report.compared, report.failed) == (6, 6, 0)
    assert [len(group) for group in report.groups] == [2, 2]
    rows = {(row["video"].rsplit("/")[-1], row["in_s"] > 1): row for row in project.ls("clips")}
    for is_second in (False, True):
        large, small = rows["large.mp4", is_second], rows["small.mp4", is_second]
        assert large["dedup.group"] == small["dedup.group"] > 0
        assert (large["dedup.keep"], small["dedup.keep"]) == (1, 0)
        assert "mirrored" in small["dedup.of"]
        assert "large.mp4" in small["dedup.of"]
        assert rows["other.mp4", is_second]["dedup.group"] == 0
        assert rows["other.mp4", is_second]["dedup.keep"] == 1
    start_s = float(rows["small.mp4", False]["dedup.of"].split("-")[0])
    assert start_s == pytest.approx(9 / 24, abs=0.1)


def test_a_rerun_compares_nothing_and_says_the_same(deduped):
    project, report = deduped
    again = project.dedup()
    assert again.compared == 0
    assert again.groups == report.groups


def test_a_rule_leaves_the_redundant_ones_out(deduped):
    project, _ = deduped
    rows = project.ls("clips", where="dedup.keep >= 1")
    assert len(rows) == 4
    json.dumps(project.ls("clips"), allow_nan=False)


def test_others_can_ask_for_the_groups(deduped):
    project, _ = deduped
    groups = duplicate_groups(project.context)
    assert sorted(groups.values()) == [1, 1, 2, 2]


def test_a_new_film_is_compared_with_the_old_ones(deduped, tmp_path):
    project, report = deduped
    make_video(
        tmp_path / "late.mp4",
        (Take(frames=96, seed=9, pan_px=(1.5, 0.5)), Take(frames=30, seed=33)),
    )
    project.run([tmp_path], only=["ingest", "scan", "cut"])
    again = project.dedup()
    assert again.compared == 2
    assert len(again.groups) == len(report.groups) + 1


def test_a_selection_that_asks_for_it_runs_it(project_folder):
    text = (project_folder / "recipe.toml").read_text()
    (project_folder / "recipe.toml").write_text(
        text.replace("[select.main]", '[select.main]\ndedup.keep = ">= 1"')
    )
    with Project.open(project_folder, workers=0) as project:
        assert project.select().funnel[0].alone > 0
