from pathlib import Path

import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.embedding import Embedding
from rushes.errors import ItemError
from rushes.models import store
from rushes.networks.efficientnet import WIDTH
from tests.tiny_network import write_tiny_embedding


def made(path):
    pytest.importorskip("onnxruntime")
    scorer = Embedding(Embedding.Params())
    scorer.setup("cpu", {"efficientnet-lite0": path})
    return scorer


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return made(write_tiny_embedding(tmp_path_factory.mktemp("model") / "tiny.onnx"))


def scenery(seed, size=(240, 426)):
    """Blobs of colour that a network can tell apart."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 10, 3), np.uint8)
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)


def test_first_middle_and_last_are_kept(tiny, item):
    stills = [scenery(seed) for seed in range(3)]
    (row,) = tiny.annotate([item(*stills)])
    assert row["vector"].shape == (3, WIDTH)
    assert np.linalg.norm(row["vector"], axis=1) == pytest.approx(1, abs=1e-5)
    alone = [tiny.annotate([item(still)])[0]["vector"][0] for still in stills]
    assert np.allclose(row["vector"], alone, atol=1e-5)


@pytest.mark.parametrize(("count", "places"), [(1, (0, 0, 0)), (2, (0, 0, 1)), (5, (0, 2, 4))])
def test_where_there_are_other_than_three_they_repeat_or_are_picked(tiny, item, count, places):
    stills = [scenery(seed) for seed in range(count)]
    (row,) = tiny.annotate([item(*stills)])
    expected = [tiny.annotate([item(stills[at])])[0]["vector"][0] for at in places]
    assert np.allclose(row["vector"], expected, atol=1e-5)


def test_steadiness_falls_with_change(tiny, item):
    one, other = scenery(1), scenery(2)
    half = ((one.astype(int) + other) // 2).astype(np.uint8)
    found = [tiny.annotate([item(one, one, last)])[0]["steadiness"] for last in (one, half, other)]
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert found[0] > found[1] > found[2]


def test_many_clips_at_once_are_each_their_own(tiny, item):
    clips = [item(*(scenery(10 * clip + at) for at in range(3))) for clip in range(12)]
    rows = tiny.annotate(clips)
    for clip, row in zip(clips, rows, strict=True):
        assert np.allclose(row["vector"], tiny.annotate([clip])[0]["vector"], atol=1e-5)


@pytest.mark.parametrize("size", [(120, 213), (480, 854), (600, 300), (16, 16)])
def test_size_and_shape_of_the_stills_hardly_matter(tiny, item, size):
    shown = scenery(4, (960, 960))
    small = cv2.resize(shown, size[::-1], interpolation=cv2.INTER_AREA)
    (row,) = tiny.annotate([item(small)])
    (whole,) = tiny.annotate([item(shown)])
    assert row["vector"][0] @ whole["vector"][0] > 0.97


def test_a_black_clip_has_a_vector_and_an_empty_one_none(tiny, item):
    (row,) = tiny.annotate([item(np.zeros((90, 160, 3), np.uint8))])
    assert np.isfinite(row["vector"]).all()
    with pytest.raises(ItemError, match="no still"):
        tiny.annotate([item()])


@pytest.mark.weights
def test_the_real_network_knows_its_own_again(item):
    cache = Path.home() / ".cache" / "rushes" / "models"  # tests have an empty one of their own
    try:
        scorer = made(store.get("efficientnet-lite0", cache))
    except ItemError as error:
        pytest.skip(str(error))
    footage = Path(__file__).parents[4] / "shared" / "footage" / "open"
    if not footage.is_dir():
        pytest.skip("there is no footage")
    stills = []
    for path in sorted(footage.glob("sam2_*.mp4")):
        capture = cv2.VideoCapture(str(path))
        _, still = capture.read()
        capture.release()
        stills.append(np.ascontiguousarray(still[..., ::-1]))
    vectors = np.stack([row["vector"][0] for row in scorer.annotate([item(s) for s in stills])])
    height, width = stills[0].shape[:2]
    for change in (
        lambda still: still[:, ::-1],
        lambda still: still[height // 10 : -height // 10, width // 10 : -width // 10],
        lambda still: cv2.resize(still, (160, 90), interpolation=cv2.INTER_AREA),
    ):
        changed = [item(np.ascontiguousarray(change(still))) for still in stills]
        found = np.stack([row["vector"][0] for row in scorer.annotate(changed)])
        assert (found @ vectors.T).argmax(axis=1).tolist() == list(range(len(stills)))
