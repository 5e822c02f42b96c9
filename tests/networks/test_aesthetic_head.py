"""Heads over vectors of pictures."""

import numpy as np
import pytest

from rushes.errors import ItemError
from rushes.networks.aesthetic_head import head, read_head
from tests.written_checkpoint import write_checkpoint

SIZES = (12, 10, 6, 5, 4, 1)
V2 = [f"layers.{at}" for at in (0, 2, 4, 6, 7)]
SIGLIP = [f"scoring_head.{at}" for at in (0, 2, 4, 6, 8)]


def chain(names, dtype=np.float32):
    rng = np.random.default_rng(7)
    weights = {}
    for name, come, go in zip(names, SIZES, SIZES[1:], strict=False):
        weights[f"{name}.weight"] = rng.normal(size=(go, come)).astype(dtype)
        weights[f"{name}.bias"] = rng.normal(size=go).astype(dtype)
    return weights


def layer_by_layer(weights, vectors):
    values = vectors.astype(np.float64)
    names = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    for name in names:
        values = values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return values[:, 0]


@pytest.mark.parametrize("names", [V2, SIGLIP])
@pytest.mark.parametrize("is_old", [True, False])
def test_layers_multiplied_out_are_the_layers(tmp_path, names, is_old):
    weights = chain(names)
    made = read_head(write_checkpoint(tmp_path / "head.pth", weights, is_old=is_old))
    vectors = np.random.default_rng(1).normal(size=(4, 12)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert made.scores(vectors) == pytest.approx(layer_by_layer(weights, unit), abs=1e-5)
    assert made.scores(3 * vectors) == pytest.approx(made.scores(vectors), abs=1e-5)


def test_one_layer(tmp_path):
    weights = {"weight": np.array([[1, 2]], np.float32), "bias": np.array([3], np.float32)}
    made = read_head(write_checkpoint(tmp_path / "head.pth", weights))
    assert made.scores(np.array([[0, 5], [1, 0]])) == pytest.approx((5, 4))


def test_heads_with_activations_between_are_refused():
    # improved-aesthetic-predictor's ReLU variant counts its activations among the layers.
    relu = chain([f"layers.{at}" for at in (0, 3, 6, 9, 11)])
    with pytest.raises(ItemError, match=r"x\.pth is no known aesthetic head"):
        head(relu, "x.pth")
    with pytest.raises(ItemError, match="no known aesthetic head"):
        head({"weight": np.ones((1, 2))}, "x.pth")


def test_layers_that_do_not_fit_are_refused():
    weights = chain(V2)
    weights["layers.2.weight"] = np.ones((6, 11))
    with pytest.raises(ItemError, match="do not fit"):
        head(weights, "x.pth")
    two = {"weight": np.ones((2, 4)), "bias": np.ones(2)}
    with pytest.raises(ItemError, match="they give 2 numbers"):
        head(two, "x.pth")
