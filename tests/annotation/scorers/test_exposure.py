import numpy as np
import pytest

from rushes.annotation.scorers.exposure import Exposure
from rushes.errors import ItemError


@pytest.fixture
def exposure(item):
    def measure(*stills, **params):
        (row,) = Exposure(Exposure.Params(**params)).annotate([item(*stills)])
        return row["luma_fraction"], row["black_fraction"], row["white_fraction"]

    return measure


def flat(level):
    return np.full((48, 64, 3), level, np.uint8)


@pytest.mark.parametrize(
    ("level", "expected"), [(0, (0, 1, 0)), (255, (1, 0, 1)), (128, (128 / 255, 0, 0))]
)
def test_flat_pictures(exposure, level, expected):
    assert exposure(flat(level)) == pytest.approx(expected, abs=1e-6)


def test_shares_are_of_the_pixels(exposure):
    picture = flat(128)
    picture[:12] = 0  # a letterbox bar of a quarter
    picture[:, 56:] = 255
    luma, black, white = exposure(picture)
    assert black == pytest.approx(0.25 * 7 / 8)
    assert white == pytest.approx(1 / 8)
    assert luma == pytest.approx((0.25 * 7 / 8 * 0 + 0.75 * 7 / 8 * 128 + 255 / 8) / 255, abs=1e-4)


def test_stills_are_averaged(exposure):
    assert exposure(flat(0), flat(255)) == pytest.approx((0.5, 0.5, 0.5))


def test_what_counts_as_black_and_white_can_be_set(exposure):
    assert exposure(flat(30))[1] == 0
    assert exposure(flat(30), black=30)[1] == 1
    assert exposure(flat(240))[2] == 0
    assert exposure(flat(240), white=240)[2] == 1


def test_colour_counts_as_the_eye_sees_it(exposure):
    green, blue = flat(0), flat(0)
    green[..., 1] = blue[..., 2] = 255
    assert exposure(green)[0] == pytest.approx(0.587, abs=0.01)
    assert exposure(blue)[0] == pytest.approx(0.114, abs=0.01)


def test_a_clip_without_a_still_has_no_value(exposure):
    with pytest.raises(ItemError, match="no still"):
        exposure()
