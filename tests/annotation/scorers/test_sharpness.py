import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.sharpness import Sharpness
from rushes.errors import ItemError


@pytest.fixture
def detail(item):
    scorer = Sharpness(Sharpness.Params())
    return lambda *stills: scorer.annotate([item(*stills)])[0]["detail"]


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)


def test_blur_reads_as_less_detail_the_stronger_the_less(detail, noise):
    blurred = [cv2.GaussianBlur(noise, (0, 0), sigma) for sigma in (0.7, 1.5, 3, 6)]
    values = [detail(noise), *(detail(picture) for picture in blurred)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 10 * values[-1]


def test_a_flat_picture_has_none(detail):
    assert detail(np.full((480, 640, 3), 128, np.uint8)) == 0


def test_a_picture_that_was_scaled_up_reads_as_soft(detail, noise):
    native = cv2.GaussianBlur(noise, (0, 0), 1)
    small = cv2.resize(native, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    upscaled = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
    assert detail(small) < 0.8 * detail(native)
    assert detail(upscaled) < 0.8 * detail(native)


def test_one_blurred_still_among_sharp_ones_does_not_decide(detail, noise):
    blurred = cv2.GaussianBlur(noise, (0, 0), 6)
    assert detail(noise, blurred, noise) == detail(noise)


def test_a_clip_without_a_still_has_no_value(detail):
    with pytest.raises(ItemError, match="no still"):
        detail()
