import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.svd_motion import SvdMotion
from rushes.errors import ItemError

PIXELS = np.hypot(1280, 720) / 100 * 0.5 * 16 / 720
"""Magnitude of 1 %diag/s: px of a picture 16 px high, in half a second."""


@pytest.fixture
def magnitude(item):
    scorer = SvdMotion(SvdMotion.Params())
    return lambda stills: scorer.annotate([item(*stills)])[0]["magnitude"]


def panning(speed, size=(1280, 720), count=4):
    """Stills half a second apart of a soft scene that moves by `speed`, in %diag/s."""
    scene = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (72, 256)), (0, 0), 3)
    scene = np.clip(scene / scene.std() * 40 + 120, 0, 255).astype(np.uint8)
    scene = cv2.resize(scene, (2560, 720), interpolation=cv2.INTER_CUBIC)
    step = speed / 100 * np.hypot(1280, 720) / 2
    for number in range(count):
        matrix = np.array([[1.0, 0, 200 + step * number], [0, 1, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shown = cv2.warpAffine(scene, matrix, (1280, 720), flags=flags)
        small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
        yield cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)


def test_it_is_ordered_and_has_its_unit_while_the_motion_is_small(magnitude):
    speeds = (0, 2, 5, 10, 20)
    found = [magnitude(panning(speed)) for speed in speeds]
    assert found == sorted(found)
    assert found[0] < 0.01
    expected = [speed * PIXELS for speed in speeds[1:]]
    assert found[1:] == pytest.approx(expected, rel=0.1)


def test_it_saturates_where_the_docstring_says(magnitude):
    assert magnitude(panning(60)) < 0.4 * 60 * PIXELS
    assert magnitude(panning(60)) < magnitude(panning(20))


def test_the_size_of_the_source_does_not_matter(magnitude):
    found = [magnitude(panning(6, size)) for size in ((1280, 720), (640, 360), (114, 64))]
    assert found == pytest.approx([found[0]] * 3, rel=0.1)


def test_a_clip_without_two_stills_has_no_value(magnitude):
    with pytest.raises(ItemError, match="two stills"):
        magnitude(panning(1, count=1))
