import numpy as np
import pytest

from rushes.dedup.descriptors import LENGTH, describe, mirrored


def test_descriptors_ignore_brightness_and_turn_with_the_picture():
    picture = np.random.default_rng(0).integers(40, 180, (1, 8, 8)).astype(np.uint8)
    picture = picture.repeat(4, 1).repeat(4, 2)
    plain = describe(picture)
    assert plain.shape == (1, LENGTH)
    assert float((plain * describe(picture // 2 + 60)).sum()) > 0.97
    turned = describe(picture[:, :, ::-1])
    assert float((mirrored(plain) * turned).sum()) == pytest.approx(1, abs=1e-3)
    assert not describe(np.full((1, 32, 32), 90, np.uint8)).any()
