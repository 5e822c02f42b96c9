from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.motion import Motion
from rushes.errors import ItemError
from rushes.project import Project
from rushes.stages.items import Signals
from rushes.testing import Take, make_video


def scores(folder, files, use="['motion']"):
    """Run scan, cut and score over files and return file name → row of its only clip."""
    changes = [f"score.use={use}", "cut.use=[]", "cut.min_s=0"]
    with Project.open(folder, create=True, workers=0, changes=changes) as project:
        project.run(files, only=["ingest", "scan", "cut", "score"])
        assert project.failures() == []
        return {row["video"].rpartition("/")[2]: row for row in project.ls("clips")}


def test_a_faster_pan_scores_higher(tmp_path):
    speeds = (0.0, 0.5, 1.0, 2.0, 4.0)
    for speed in speeds:
        make_video(tmp_path / f"{speed}.mp4", (Take(frames=30, seed=1, pan_px=(speed, 0)),))
    rows = scores(tmp_path / "p", [tmp_path / f"{speed}.mp4" for speed in speeds])
    found = [rows[f"{speed}.mp4"]["motion.speed"] for speed in speeds]
    assert found == sorted(found)
    assert found[0] < 0.5
    expected = [100 * speed * 24 / np.hypot(160, 90) for speed in speeds]
    # The flow is a little high where less than two pixels of the 160×90 picture move.
    assert found[1:3] == pytest.approx(expected[1:3], rel=0.2)
    assert found[3:] == pytest.approx(expected[3:], rel=0.05)


def test_the_score_means_the_same_at_any_size_and_frame_rate(tmp_path):
    kinds = [((160, 90), 24), ((320, 180), 24), ((640, 360), 12), ((160, 90), 48),
             ((160, 120), Fraction(30000, 1001))]  # fmt: skip
    files = []
    for at, (size, fps) in enumerate(kinds):
        pan_px = 0.4 * np.hypot(*size) / float(fps)
        files.append(tmp_path / f"{at}.mp4")
        take = Take(frames=round(1.5 * fps), seed=1, pan_px=(pan_px, 0))
        make_video(files[-1], (take,), size=size, fps=fps)
    rows = scores(tmp_path / "p", files)
    speeds = [rows[path.name]["motion.speed"] for path in files]
    assert speeds == pytest.approx([40] * len(kinds), rel=0.1)
    for path in files:
        assert rows[path.name]["motion.camera"] == pytest.approx(40, rel=0.1)
        assert rows[path.name]["motion.subject"] < 2


@pytest.mark.parametrize("bars", [(0, 0.13), (0.12, 0)])
def test_a_letterboxed_pan_is_as_fast_as_without_its_bars(tmp_path, bars):
    """The bars go around the same picture: it moves as far across itself as before."""
    rng = np.random.default_rng(2)
    scene = cv2.GaussianBlur(rng.normal(0, 1, (360, 1600)), (0, 0), 6)
    scene = np.clip(scene / scene.std() * 25 + 120, 20, 255).astype(np.uint8)
    across, down = (
        round(share * side / 2) * 2 for share, side in zip(bars, (640, 360), strict=True)
    )
    for name, border in (("plain", (0, 0)), ("boxed", (across, down))):
        with av.open(str(tmp_path / f"{name}.mkv"), "w") as container:
            stream = container.add_stream("libx264", rate=24, options={"crf": "14"})
            stream.width, stream.height = 640 + 2 * border[0], 360 + 2 * border[1]
            stream.pix_fmt = "yuv420p"
            for number in range(48):
                shown = scene[:, 10 * number : 10 * number + 640]
                shown = np.pad(shown, ((border[1],) * 2, (border[0],) * 2))
                rgb = np.ascontiguousarray(np.repeat(shown[:, :, None], 3, axis=2))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
            container.mux(stream.encode())
    rows = scores(tmp_path / "p", [tmp_path / "plain.mkv", tmp_path / "boxed.mkv"],
                  use="['motion', 'picture']")  # fmt: skip
    assert rows["boxed.mkv"]["picture.content_box"].startswith("640x3")
    for column in ("motion.speed", "motion.camera"):
        assert rows["boxed.mkv"][column] == pytest.approx(rows["plain.mkv"][column], rel=0.1)
    assert rows["plain.mkv"]["motion.speed"] == pytest.approx(
        100 * 10 * 24 / np.hypot(640, 360), rel=0.1
    )


@pytest.fixture
def motion(item):
    """Score motion signals: one row for each number given, half a second apart."""

    def score(flow, next_pts=None):
        flow = np.array(flow, np.float32)
        pts = np.arange(len(flow), dtype=np.int64) * 500
        columns = {
            "next_pts": pts + 40 if next_pts is None else np.array(next_pts, np.int64),
            **{name: np.zeros_like(flow) for name in ("pan", "tilt", "zoom", "roll", "fit")},
            "flow": flow,
            "camera": flow / 2,
            "subject": flow / 4,
        }
        signals = Signals(time_base=Fraction(1, 1000), pts=pts, end_pts=1000, columns=columns)
        (row,) = Motion(Motion.Params()).annotate([item(motion=signals)])
        return row

    return score


def test_the_score_is_the_mean_over_the_clip(motion):
    assert motion([10, 20]) == {"speed": 15.0, "camera": 7.5, "subject": 3.75}


def test_flow_across_the_clips_end_does_not_count(motion):
    assert motion([10, 90], next_pts=[40, 1000])["speed"] == 10.0


@pytest.mark.parametrize("next_pts", [[], [1000]])
def test_a_clip_without_two_neighbouring_frames_has_no_value(motion, next_pts):
    with pytest.raises(ItemError, match="no motion"):
        motion([5.0] * len(next_pts), next_pts=next_pts)
