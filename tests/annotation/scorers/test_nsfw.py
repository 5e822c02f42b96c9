from pathlib import Path

import numpy as np
import pytest

from rushes.annotation.scorers.nsfw import Nsfw
from rushes.errors import ItemError
from rushes.models import store
from tests.tiny_vision import write_tiny_nsfw


def ready(path):
    scorer = Nsfw(Nsfw.Params())
    scorer.setup("cpu", {"open-nsfw": path})
    return scorer


@pytest.fixture
def probability(tmp_path, item):
    pytest.importorskip("onnxruntime")
    scorer = ready(write_tiny_nsfw(tmp_path / "tiny.onnx"))
    return lambda *stills: scorer.annotate([item(*stills)])[0]["probability"]


def flat(level, size=(320, 569)):
    return np.full((*size, 3), level, np.uint8)


def test_the_most_suspicious_still_decides(probability):
    alone = probability(flat(250))
    assert probability(flat(10), flat(250), flat(100)) == pytest.approx(alone)
    assert probability(flat(10)) < probability(flat(100)) < alone


def test_blue_comes_first_and_the_means_are_taken_off(probability):
    # The stand-in's logit is the mean of what it gets, over 50.
    expected = 1 / (1 + np.exp(-(200 - (104 + 117 + 123) / 3) / 50))
    assert probability(flat(200)) == pytest.approx(expected, abs=1e-4)


def test_any_shape_will_do(probability):
    assert probability(flat(90, (640, 360))) == pytest.approx(probability(flat(90)))


def test_a_clip_without_a_still_has_no_value(probability):
    with pytest.raises(ItemError, match="no still"):
        probability()


@pytest.mark.weights
def test_the_real_network_finds_nothing_in_a_landscape(item):
    pytest.importorskip("onnxruntime")
    try:
        scorer = ready(store.get("open-nsfw", Path.home() / ".cache" / "rushes" / "models"))
    except ItemError as error:
        pytest.skip(str(error))
    rows = np.linspace(0, 1, 320)[:, None, None]
    sky, grass = np.array([120, 170, 230]), np.array([60, 120, 40])
    landscape = np.where(rows < 0.55, sky + 40 * rows, grass + 30 * rows)
    picture = np.broadcast_to(landscape, (320, 569, 3)).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (320, 569, 3), np.uint8)
    assert scorer.annotate([item(picture, noise)])[0]["probability"] < 0.2
