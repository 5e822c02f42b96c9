from fractions import Fraction

import numpy as np
import pytest

from rushes.annotation.scorers.flicker import Flicker
from rushes.errors import ItemError
from rushes.project import Project
from rushes.stages.items import Signals
from rushes.testing import Take, make_video


def jitter(item, luma_T, fps=24, moves=0):
    """Measure brightness given frame by frame; `moves` is what cells change by beside it."""
    luma_T = np.rint(np.clip(luma_T, 0, 255)).astype(np.uint8)
    steps_T = np.abs(np.diff(luma_T.astype(float), prepend=luma_T[0])) * 219 / 255 + moves
    signals = Signals(
        time_base=1 / Fraction(fps),
        pts=np.arange(len(luma_T)),
        end_pts=len(luma_T),
        columns={"luma": luma_T, "step_1": (steps_T / 3).astype(np.float16)},
    )
    return Flicker(Flicker.Params()).annotate([item(change=signals)])[0]["luma"]


def times(fps=24, length_s=4):
    return np.arange(length_s * fps) / fps


def hum(amplitude, fps=24, rate_hz=5):
    return 120 + amplitude * 2**0.5 * np.sin(2 * np.pi * rate_hz * times(fps))


def test_more_amplitude_is_more_flicker(item):
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(96)
    for shape in (noise, (-1.0) ** np.arange(96), np.sin(2 * np.pi * 5 * times())):
        found = [jitter(item, 120 + size * shape) for size in (0, 1, 2, 4, 8, 16)]
        assert found == sorted(found)
        assert found[0] == 0


@pytest.mark.parametrize("fps", [15, 24, 25, 30, 50, 60])
def test_the_number_is_the_root_mean_square_at_any_frame_rate(item, fps):
    assert jitter(item, hum(8, fps), fps) == pytest.approx(8, rel=0.1)


SMOOTH = {
    "nothing": lambda t: 120 + 0 * t,
    "a pan into light": lambda t: 40 + 40 * t,
    "a fade in": lambda t: 200 * np.clip(t / 0.5, 0, 1),
    "an explosion": lambda t: 60 + 180 * (t > 1) * np.exp(-np.maximum(0, t - 1) / 0.4),
    "a flash": lambda t: np.where((t > 1) & (t < 1.1), 250, 80),
    "a cut that was missed": lambda t: np.where(t > 2, 60, 180),
    "a slow swing": lambda t: 120 + 5 * np.sin(2 * np.pi * 0.5 * t),
}


@pytest.mark.parametrize("what", SMOOTH)
def test_other_changes_of_brightness_are_no_flicker(item, what):
    assert jitter(item, SMOOTH[what](times())) < 0.4


def test_brightness_that_changes_because_things_move_is_no_flicker(item):
    found = [jitter(item, hum(4), moves=moves) for moves in (0, 4, 8, 12, 60)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(4, rel=0.1)
    assert found[1] == pytest.approx(4, rel=0.1)  # flicker over a little motion is still all of it
    assert found[-1] == 0


def test_a_clip_too_short_has_no_value(item):
    with pytest.raises(ItemError, match="too short"):
        jitter(item, np.full(5, 100))
    with pytest.raises(ItemError, match="single frame"):
        jitter(item, np.full(1, 100))


def test_films_of_any_size_and_a_pan_that_does_not_flicker(tmp_path):
    sizes = [(96, 54), (160, 90), (320, 180)]
    for number, size in enumerate(sizes):
        # A picture that flickers is a row of takes of one texture and two brightnesses.
        takes = [Take(frames=1, seed=1, luma=120 + 10 * (at % 2)) for at in range(48)]
        make_video(tmp_path / f"flickers_{number}.mp4", takes, size=size)
        pan = Take(frames=48, seed=1, pan_px=(size[0] / 80, 0))
        make_video(tmp_path / f"pans_{number}.mp4", (pan,), size=size)
    changes = ["scan.use=['change']", "score.use=['flicker']", "cut.use=[]", "cut.min_s=0"]
    with Project.open(tmp_path / "p", create=True, workers=0, changes=changes) as project:
        project.run([tmp_path], only=["ingest", "scan", "cut", "score"])
        assert project.failures() == []
        rows = {row["video"].rpartition("/")[2]: row["flicker.luma"] for row in project.ls("clips")}
    flickers = [rows[f"flickers_{number}.mp4"] for number in range(len(sizes))]
    assert flickers == pytest.approx([5] * len(sizes), rel=0.15)
    assert max(rows[f"pans_{number}.mp4"] for number in range(len(sizes))) < 0.5
