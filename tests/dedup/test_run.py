import json

import numpy as np
import pytest

from rushes.dedup.align import Run, align
from rushes.dedup.change_curves import Pulse, beat
from rushes.dedup.descriptors import LENGTH, looks, mirrored
from rushes.dedup.groups import Link, grouped
from rushes.dedup.keep import duplicate_groups
from rushes.dedup.lsh import Stills, near_stills
from rushes.dedup.worker import ASKED, PARTS
from rushes.errors import RecipeError
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
    from fractions import Fraction

    import av

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


def test_a_rule_leaves_the_spare_ones_out(deduped):
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


def test_a_project_that_was_not_deduped_knows_no_groups(project):
    assert duplicate_groups(project.context) == {}
    assert {row["dedup.keep"] for row in project.ls("clips")} == {None}


def test_a_selection_that_asks_for_it_runs_it(project_folder):
    text = (project_folder / "recipe.toml").read_text()
    (project_folder / "recipe.toml").write_text(
        text.replace("[select.main]", '[select.main]\ndedup.keep = ">= 1"')
    )
    with Project.open(project_folder, workers=0) as project:
        assert project.select().funnel[0].alone > 0


@pytest.mark.parametrize("change", ["dedup.overlap=0", "dedup.alike=2"])
def test_settings_out_of_range_are_refused(project_folder, change):
    with pytest.raises(RecipeError, match="dedup"):
        Project.open(project_folder, changes=[change])


def test_looks_ignore_brightness_and_turn_with_the_picture():
    picture = np.random.default_rng(0).integers(40, 180, (1, 8, 8)).astype(np.uint8)
    picture = picture.repeat(4, 1).repeat(4, 2)
    plain = looks(picture)
    assert plain.shape == (1, LENGTH)
    assert float((plain * looks(picture // 2 + 60)).sum()) > 0.97
    turned = looks(picture[:, :, ::-1])
    assert float((mirrored(plain) * turned).sum()) == pytest.approx(1, abs=1e-3)
    assert not looks(np.full((1, 32, 32), 90, np.uint8)).any()


def test_planted_looks_are_met_and_few_others():
    random = np.random.default_rng(0)
    vectors = random.standard_normal((400, LENGTH))
    vectors[200:220] = vectors[:20] + 0.25 * random.standard_normal((20, LENGTH))
    vectors[210:220] = mirrored(vectors[210:220])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed = np.zeros((PARTS, 400, LENGTH), np.int8)
    packed[0] = np.rint(127 * vectors)
    stills = Stills(
        looks_WNL=packed, asked_W=ASKED, owner_N=np.arange(400, dtype=np.int32),
        is_asked_N=np.ones(400, bool),
    )  # fmt: skip
    found = near_stills(stills)
    met = set(zip(found.first.tolist(), found.second.tolist(), found.is_mirrored.tolist(),
                  strict=True))  # fmt: skip
    planted = {(n, 200 + n, n >= 10) for n in range(20)}
    assert len(planted & met) >= 18
    assert len(met - planted) <= 2


def test_the_best_is_kept_and_a_chain_costs_no_footage():
    links = [
        Link(first=1, second=2, share_first=0.6, share_second=0.6),
        Link(first=2, second=3, share_first=0.6, share_second=0.6),
    ]
    found = grouped(links, {1: (5,), 2: (3,), 3: (4,)}, 0.5)
    assert {no: g.kept_instead for no, g in found.items()} == {1: None, 2: 1, 3: None}
    assert {g.group for g in found.values()} == {1}
    # The best one shows too little of the other to make it spare.
    partly = [Link(first=1, second=2, share_first=1.0, share_second=0.3)]
    found = grouped(partly, {1: (5,), 2: (3,)}, 0.5)
    assert [found[no].kept_instead for no in (1, 2)] == [None, None]


def pulse(seed, times_s):
    steps = np.random.default_rng(seed).standard_normal(1000)
    names = ("reach_240ms", "reach_480ms", "luma", "contrast")
    return Pulse(times_s, {name: 5 * np.interp(times_s * 12, np.arange(1000), steps)
                           for name in names})  # fmt: skip


def test_pulses_find_the_offset_to_the_frame():
    times_s = np.arange(240) / 24
    late = Pulse(times_s[:120], pulse(1, times_s + 2.0).curves)
    late = Pulse(times_s[:120], {name: c[:120] for name, c in late.curves.items()})
    found = beat(pulse(1, times_s), late, 1.8, 1.0)
    assert found.offset_s == pytest.approx(2.0, abs=0.03)
    assert found.agreement > 0.9
    assert beat(pulse(2, times_s), late, 1.8, 1.0).agreement < 0.6


def test_two_moments_of_one_scene_are_no_copies():
    """Before a camera that stands still all stills look alike; what moves in them does not."""
    random = np.random.default_rng(3)
    scene = random.integers(40, 180, (8, 8)).repeat(4, 0).repeat(4, 1)

    def run(seed):
        moving = np.random.default_rng(seed)
        pictures = np.stack([scene] * 12)
        for still in pictures:
            row, column = moving.integers(0, 24, 2)
            still[row : row + 8, column : column + 8] = 230
        times_s = np.arange(12) / 2
        frames_s = np.arange(144) / 24
        return Run(pictures.astype(np.uint8), times_s, 6.0, pulse(seed, frames_s))

    pairs = [(0, 0), (5, 5)]
    same = align(run(1), run(1), is_mirrored=False, pairs=pairs)
    assert same.is_same
    assert same.offset_s == pytest.approx(0, abs=0.05)
    other = align(run(1), run(2), is_mirrored=False, pairs=pairs)
    assert other is None or not other.is_same
