from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.media.probe import probe
from rushes.testing import Take, make_video, read_beeps, read_number, read_numbers


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "avi", "mpg", "ts", "webm"])
def test_every_container_keeps_every_number_and_beep(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    # AVI stores no display times; there B-frames delay the picture by one frame.
    b_frames = 0 if suffix == "avi" else 2
    truth = make_video(path, (20, 15), numbered=True, fps=25, b_frames=b_frames, beeps_s=(0.3, 0.9))
    assert read_numbers(path) == list(range(35))
    assert (truth.cuts[0].start_frame, truth.cuts[0].frame) == (20, 20)
    assert float(truth.end_s) == 1.4
    start_s = float(probe(path).start_pts * probe(path).time_base)
    assert np.subtract(read_beeps(path), start_s) == pytest.approx([0.3, 0.9], abs=0.003)


def test_transitions_mix_only_where_the_truth_says(tmp_path):
    takes = (
        Take(frames=10, then="dissolve", mixed=8),
        Take(frames=10, then="fade", mixed=9),
        Take(frames=10),
    )
    path = tmp_path / "a.mp4"
    truth = make_video(path, takes)
    assert [(cut.kind, cut.start_frame, cut.frame) for cut in truth.cuts] == [
        ("dissolve", 10, 18),
        ("fade", 28, 37),
    ]
    with av.open(str(path)) as container:
        means = np.array([f.to_ndarray(format="rgb24").mean((0, 1)) for f in container.decode()])
    assert len(means) == len(truth.times_s) == 47
    change = np.abs(np.diff(means, axis=0)).max(1)
    assert set(np.flatnonzero(change > 2)) <= set(range(9, 18)) | set(range(27, 37))
    assert means[32].max() < 3  # black in the middle of the fade


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_numbers_are_upright_after_rotation(tmp_path, rotation_deg):
    path = tmp_path / "a.mp4"
    make_video(path, (5,), numbered=True, rotation_deg=rotation_deg, size=(176, 144))
    assert probe(path).rotation_deg == rotation_deg
    assert read_numbers(path) == [0, 1, 2, 3, 4]


def test_variable_frame_times_arrive_as_given(tmp_path):
    pts = [0, 10, 50, 51, 100, 400]
    path = tmp_path / "a.mkv"
    truth = make_video(path, (5,), pts=pts, numbered=True)
    video = probe(path)
    assert truth.times_s == tuple(Fraction(t, 1000) for t in pts[:-1])
    with av.open(str(path)) as container:
        assert [f.pts * f.time_base for f in container.decode()] == list(truth.times_s)
    assert video.is_vfr


def test_format_facts_reach_the_file(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path, (5,), pix_fmt="yuv420p10le", sample_aspect=Fraction(4, 3), full_range=True)
    video = probe(path)
    assert (video.pix_fmt, video.sample_aspect) == ("yuv420p10le", Fraction(4, 3))
    assert video.color_range == "full"


def test_a_pan_moves_by_the_pixels_asked(tmp_path):
    import cv2

    path = tmp_path / "a.mp4"
    make_video(path, (Take(frames=6, pan_px=(2.5, -1.0)),))
    with av.open(str(path)) as container:
        luma = [f.to_ndarray(format="gray").astype(np.float32) for f in container.decode()]
    window = cv2.createHanningWindow(luma[0].shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(luma[0], luma[4], window)
    assert (right, down) == pytest.approx((10, -4), abs=0.3)


def test_a_frame_without_number_is_refused():
    with pytest.raises(ValueError, match="no number"):
        read_number(np.full((90, 160, 3), 100, np.uint8))
