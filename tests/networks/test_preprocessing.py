"""Pictures prepared as the networks were trained on them."""

import json

import numpy as np
import pytest

from rushes.errors import ItemError
from rushes.networks.preprocessing import read_preprocessing, resized


def noise(height, width):
    rng = np.random.default_rng(height * width)
    smooth = np.cumsum(rng.normal(size=(height, width, 3)), axis=1)
    return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)


@pytest.mark.parametrize("how", [1, 2, 3])
@pytest.mark.parametrize("size", [(50, 90), (224, 398), (300, 40), (480, 854), (1, 1)])
def test_scaling_is_pillows_to_the_bit_of_rounding(how, size):
    image = pytest.importorskip("PIL.Image")
    picture = noise(270, 480)
    expected = np.asarray(image.fromarray(picture).resize(size[::-1], how), int)
    found = resized(picture, *size, how).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1
    assert (found != expected).mean() < 0.03


def test_scaling_down_averages_and_keeps_what_is_flat():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    for how in (1, 2, 3):
        inside = resized(stripes, 16, 16, how)[:, 2:-2]
        assert np.abs(inside.astype(int) - 127).max() <= 8, "no moiré"
        flat = np.full((40, 30, 3), 77, np.uint8)
        assert (resized(flat, 90, 11, how) == 77).all()
    assert (resized(stripes, 64, 64) == stripes).all()


@pytest.mark.parametrize("size", [(30, 52), (31, 53), (10, 12)])
def test_the_middle_is_cut_out_of_the_whole(size):
    picture = noise(60, 104)
    whole = resized(picture, *size)
    cut = resized(picture, *size, crop_px=(20, 20))
    top, left = (size[0] - 20) // 2, (size[1] - 20) // 2
    if top >= 0:
        assert (cut == whole[top : top + 20, left : left + 20]).all()
    else:
        assert (cut[-top : -top + size[0], -left : -left + size[1]] == whole).all()
        assert not cut[:-top].any()


def write(folder, **config):
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(config))
    return path


def test_clip_takes_the_middle_and_siglip_squeezes(tmp_path):
    picture = np.zeros((32, 96, 3), np.uint8)
    picture[:, :32, 0] = picture[:, 32:64, 1] = picture[:, 64:, 2] = 255
    plain = {"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}
    clip = read_preprocessing(write(tmp_path, size=16, crop_size=16, **plain))(picture)
    assert clip.shape == (3, 16, 16)
    assert clip.dtype == np.float32
    assert clip.mean(axis=(1, 2)) == pytest.approx((0, 1, 0), abs=0.03)
    siglip = read_preprocessing(write(
        tmp_path, image_processor_type="SiglipImageProcessor", size={"height": 16, "width": 24},
        **plain,
    ))(picture)  # fmt: skip
    assert siglip.shape == (3, 16, 24)
    assert siglip.mean(axis=(1, 2)) == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=0.01)


def test_numbers_are_as_the_configuration_says(tmp_path):
    picture = np.full((16, 16, 3), 255, np.uint8)
    size = {"shortest_edge": 16}
    default = read_preprocessing(write(tmp_path, size=size, crop_size=16))(picture)
    assert default[0, 0, 0] == pytest.approx((1 - 0.48145466) / 0.26862954)
    own = read_preprocessing(write(
        tmp_path, size=size, crop_size=16, rescale_factor=0.01, image_mean=[0, 1, 2],
        image_std=[1, 2, 1],
    ))(picture)  # fmt: skip
    assert own[:, 0, 0] == pytest.approx((2.55, 0.775, 0.55))
    plain = {"do_rescale": False, "do_normalize": False, "do_center_crop": False}
    assert (read_preprocessing(write(tmp_path, size=size, **plain))(picture) == 255).all()


@pytest.mark.parametrize(
    "config", [{"resample": 5}, {"size": {"longest_edge": 5}}, {"max_num_patches": 256}]
)
def test_what_is_not_known_is_refused(tmp_path, config):
    with pytest.raises(ItemError, match="cannot be used"):
        read_preprocessing(write(tmp_path, **config))
    with pytest.raises(ItemError, match="cannot be used"):
        read_preprocessing(tmp_path / "missing.json")
