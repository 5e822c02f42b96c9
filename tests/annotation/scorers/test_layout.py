import numpy as np
import pytest

from rushes.annotation.scorers.layout import Layout
from rushes.errors import ItemError
from rushes.similarity.pooling import pool_stills


@pytest.fixture
def vector(item):
    def describe(*stills):
        (row,) = Layout(Layout.Params()).annotate([item(*stills)])
        return pool_stills(row["vector"][None])[0]

    return describe


def scene(seed, height=180, width=320):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (6, 8, 3)).astype(np.uint8)
    import cv2

    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def test_the_same_scene_is_nearer_than_any_other_whatever_its_size_and_noise(vector):
    rng = np.random.default_rng(0)
    small = scene(1, 90, 160).astype(int) + rng.integers(-12, 12, (90, 160, 3))
    again = vector(small.clip(0, 255).astype(np.uint8))
    first = vector(scene(1))
    others = [vector(scene(seed)) for seed in range(2, 12)]
    assert first @ again > 0.9
    assert max(first @ other for other in others) < first @ again - 0.2


def test_colour_and_place_count(vector):
    def patch(colour, at):
        still = np.full((90, 160, 3), 90, np.uint8)
        still[20:70, at : at + 50] = colour
        return still

    red = vector(patch((220, 40, 40), 10))
    assert red @ vector(patch((220, 60, 40), 14)) > red @ vector(patch((40, 40, 220), 10))
    assert red @ vector(patch((220, 60, 40), 14)) > red @ vector(patch((220, 40, 40), 100))


def test_a_flat_gray_still_is_like_nothing(vector):
    assert np.abs(vector(np.full((90, 160, 3), 128, np.uint8))).max() < 0.3


def test_a_clip_without_a_still_fails(item):
    with pytest.raises(ItemError):
        Layout(Layout.Params()).annotate([item()])
