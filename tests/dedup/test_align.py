import numpy as np
import pytest

from rushes.dedup.align import ClipStills, align
from tests.dedup.synthetic import made_up_curves


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
        return ClipStills(pictures.astype(np.uint8), times_s, 6.0, made_up_curves(seed, frames_s))

    pairs = [(0, 0), (5, 5)]
    same = align(run(1), run(1), is_mirrored=False, pairs=pairs)
    assert same.is_same
    assert same.offset_s == pytest.approx(0, abs=0.05)
    other = align(run(1), run(2), is_mirrored=False, pairs=pairs)
    assert other is None or not other.is_same
