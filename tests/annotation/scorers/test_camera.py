"""Camera moves of known truth: generated pictures through the probe, and the judgement alone."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.camera import Camera, judged
from rushes.errors import ItemError
from rushes.records import Box
from rushes.stages.items import Signals
from tests.small_pictures import in_bursts

DIAGONAL_PX = np.hypot(640, 360)


@pytest.fixture(scope="module")
def scene():
    """A picture like a photograph, 3× as wide and high as what is shown: shapes of all sizes."""
    rng = np.random.default_rng(3)
    image = np.full((1080, 1920), 120, np.uint8)
    for size in (300, 160, 80, 40, 20):
        for _ in range(9000 // size):
            x, y = rng.integers(0, 1920), rng.integers(0, 1080)
            level = int(rng.integers(40, 220))
            corner = (int(x + rng.integers(4, size)), int(y + rng.integers(4, size)))
            cv2.rectangle(image, (int(x), int(y)), corner, level, -1)
    return cv2.GaussianBlur(image, (0, 0), 1.5)


def pictures(scene, fps, size, *, move, seconds=3, subject=0.0):
    """Yield (seconds, picture): the view that `move` gives as x, y, angle and scale at a time."""
    width, height = size
    zoom = width / 640
    for number in range(int(seconds * fps)):
        at_s = number / fps
        if at_s % 0.5 > 4.5 / fps:
            continue  # the probe would not look at it
        x, y, angle, scale = move(at_s)
        a, b = np.cos(angle) / scale / zoom, np.sin(angle) / scale / zoom
        left = 960 + x - a * (width - 1) / 2 - b * (height - 1) / 2
        top = 540 + y + b * (width - 1) / 2 - a * (height - 1) / 2
        matrix = np.array([[a, b, left], [-b, a, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shown = cv2.warpAffine(scene, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
        if subject:  # somebody who walks through, a sixth of the picture wide
            moved = int(width * 0.15 + subject / 100 * DIAGONAL_PX * zoom * at_s)
            span = slice(moved, moved + width // 6)
            rows = slice(height // 4, height)
            shown[rows, span] = scene[: height - height // 4, : width // 6]
        noise = np.random.default_rng(number).normal(0, 1, shown.shape)
        small = cv2.resize(np.clip(shown + noise, 0, 255), (160, 90), interpolation=cv2.INTER_AREA)
        yield at_s, small.astype(np.uint8)


def judge(pictures, **params):
    columns = in_bursts(pictures).columns
    axes = [columns[name].astype(float) for name in ("pan", "tilt", "zoom", "roll")]
    return judged(np.stack(axes, axis=1), columns["fit"].astype(float), 1.0)


def steady(label, speed):
    """Return a move of one kind; speeds in %diag/s, of zoom and roll in the corner."""
    step = speed / 100 * DIAGONAL_PX
    return {
        "pan_right": lambda t: (step * t, 0, 0, 1),
        "pan_left": lambda t: (-step * t, 0, 0, 1),
        "tilt_down": lambda t: (0, step * t, 0, 1),
        "tilt_up": lambda t: (0, -step * t, 0, 1),
        "zoom_in": lambda t: (0, 0, 0, np.exp(speed / 50 * t)),
        "zoom_out": lambda t: (0, 0, 0, np.exp(speed / 50 * (3 - t))),
        "roll": lambda t: (0, 0, speed / 50 * t, 1),
        "static": lambda t: (0, 0, 0, 1),
    }[label]


@pytest.mark.parametrize(
    ("label", "speed", "fps", "size"),
    [("pan_right", 3, 24, (640, 360)), ("pan_right", 15, 60, (640, 360)),
     ("pan_left", 40, 12, (320, 180)), ("tilt_up", 6, 30, (1280, 720)),
     ("tilt_down", 15, 24, (320, 180)), ("zoom_in", 8, 24, (640, 360)),
     ("zoom_in", 25, 30, (320, 180)), ("zoom_out", 15, 24, (640, 360)),
     ("roll", 15, 24, (640, 360)), ("roll", 8, 30, (320, 180)),
     ("static", 0, 24, (640, 360)), ("static", 0, 60, (320, 180))],
)  # fmt: skip
def test_a_single_steady_move_is_named_and_sure(scene, label, speed, fps, size):
    found, strength, confidence = judge(pictures(scene, fps, size, move=steady(label, speed)))
    assert found == label
    assert confidence > 0.7
    assert strength == pytest.approx(speed, rel=0.2, abs=0.5)


@pytest.mark.parametrize("seed", range(3))
def test_a_hand_that_shakes_is_handheld(scene, seed):
    rng = np.random.default_rng(seed)
    hertz, phase = rng.uniform(0.7, 5, (2, 5)), rng.uniform(0, 7, (2, 5))

    def shaking(t):
        wave = np.sin(2 * np.pi * hertz * t + phase) / (2 * np.pi * hertz)
        x, y = 0.08 * DIAGONAL_PX * wave.sum(1)
        return x, y, 0, 1

    label, _, confidence = judge(pictures(scene, 24, (640, 360), move=shaking, seconds=4))
    assert label == "handheld"
    assert confidence > 0.3


@pytest.mark.parametrize("speed", [8, 25])
def test_a_subject_before_a_camera_that_stands_still_is_no_camera_move(scene, speed):
    label, _, confidence = judge(
        pictures(scene, 24, (640, 360), move=steady("static", 0), subject=speed, seconds=2)
    )
    assert label == "static" or confidence < 0.3


@pytest.mark.parametrize(
    "move",
    [
        lambda t: (70 * min(t, 3 - t), 0, 0, 1),  # there and back
        lambda t: (70 * min(t, 1.5), 70 * max(0.0, t - 1.5), 0, 1),  # one way, then another
        lambda t: (50 * t, 50 * t, 0, 1),  # both at once
        lambda t: (80 * max(0.0, t - 1.5), 0, 0, 1),  # only at the end
        lambda t: (60 * t, 0, 0, np.exp(0.15 * t)),  # a zoom while it turns
    ],
)
def test_two_moves_in_one_clip_are_not_sure(scene, move):
    assert judge(pictures(scene, 24, (640, 360), move=move))[2] < 0.6


def test_half_a_second_is_less_sure_than_three():
    sure = [judged(np.tile([10.0, 0, 0, 0], (count, 1)), np.ones(count), 1.0)[2] for count in
            (1, 2, 6)]  # fmt: skip
    assert sure == sorted(sure)
    assert sure[0] <= 0.5 < 0.9 < sure[2]


@pytest.fixture
def camera(item):
    def score(pan, *, next_pts=None, box=None, **params):
        pan = np.array(pan, np.float32)
        pts = np.arange(len(pan), dtype=np.int64) * 100
        columns = {name: np.zeros_like(pan) for name in ("tilt", "zoom", "roll")}
        columns |= {"pan": pan, "fit": np.ones_like(pan)}
        columns["next_pts"] = pts + 40 if next_pts is None else np.array(next_pts, np.int64)
        signals = Signals(time_base=Fraction(1, 1000), pts=pts, end_pts=1000, columns=columns)
        one = item(motion=signals)
        if box is not None:
            object.__setattr__(one, "box", box)
        (row,) = Camera(Camera.Params(**params)).annotate([one])
        return row

    return score


def test_what_leads_into_the_next_shot_does_not_count(camera):
    pts = [40, 140, 240, 340, 1000]
    assert camera([8, 8, 8, 8, -90], next_pts=pts) == camera([8, 8, 8, 8])
    with pytest.raises(ItemError, match="no motion"):
        camera([8.0], next_pts=[1000])


def test_a_letterboxed_pan_is_as_fast_as_its_picture_is_crossed(camera):
    plain, boxed = camera([8] * 4), camera([8] * 4, box=Box(top=0.125, bottom=0.125))
    assert boxed["label"] == plain["label"] == "pan_right"
    assert boxed["strength"] == pytest.approx(8 * np.hypot(160, 90) / np.hypot(160, 68), rel=0.02)


def test_how_slow_is_static_can_be_set(camera):
    assert camera([1.5] * 6, still_below=4.0)["label"] == "static"
    assert camera([1.5] * 6, still_below=0.5)["label"] == "pan_right"
