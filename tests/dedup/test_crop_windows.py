import cv2
import numpy as np
import pytest

from rushes.dedup.crop_windows import crop_windows
from rushes.dedup.descriptors import SIDE_PX, WHOLE


@pytest.fixture
def large():
    """One picture of 320 pixels a side, with shapes of all sizes."""
    random = np.random.default_rng(4)
    coarse = cv2.resize(random.uniform(0, 255, (10, 10)), (320, 320), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse, 0, 255).astype(np.uint8)


def small(picture):
    return cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)[None]


def test_a_crop_is_found_on_the_side_of_the_larger_picture(large):
    whole, crop = small(large), small(large[40:310, 20:290])
    in_whole, in_crop = crop_windows((whole, WHOLE), (crop, WHOLE))
    assert in_whole == pytest.approx((20 / 320, 40 / 320, 270 / 320, 270 / 320), abs=0.04)
    assert in_crop == WHOLE
    assert crop_windows((crop, WHOLE), (whole, WHOLE)) == (in_crop, in_whole)


def test_equal_pictures_need_no_crop(large):
    assert crop_windows((small(large), WHOLE), (small(large) // 2, WHOLE)) == (WHOLE, WHOLE)


def test_bars_are_looked_past(large):
    letterboxed = np.zeros((320, 320), np.uint8)
    letterboxed[40:280] = cv2.resize(large, (320, 240), interpolation=cv2.INTER_AREA)
    between = (0.0, 40 / 320, 1.0, 240 / 320)
    found = crop_windows((small(letterboxed), between), (small(large), WHOLE))
    assert found[0] == pytest.approx(between, abs=0.04)
    assert found[1] == WHOLE
