"""EfficientNet-Lite0 as ONNX, with few channels and random weights."""

import numpy as np
import pytest

from rushes.errors import ItemError
from rushes.networks.efficientnet import WIDTH, convert, network, projection
from tests.written_checkpoint import write_checkpoint

STAGES = ((1, 3, 1, 4, 1), (6, 3, 2, 4, 2), (6, 5, 2, 5, 2), (6, 3, 2, 6, 3), (6, 5, 1, 6, 3),
          (6, 5, 2, 7, 4), (6, 3, 1, 8, 1))  # fmt: skip
"""Expansion, taps, stride, channels, blocks."""
HEAD = 300


def layers():
    """Yield (convolution, its normalisation, channels in, out, taps, stride, is depthwise, cut)."""
    yield "_conv_stem", "_bn0", 3, 4, 3, 2, False, True
    came, block = 4, 0
    for expand, taps, stride, out, count in STAGES:
        for number in range(count):
            name, wide = f"_blocks.{block}", came * expand
            if expand > 1:
                yield f"{name}._expand_conv", f"{name}._bn0", came, wide, 1, 1, False, True
            step = 1 if number else stride
            yield f"{name}._depthwise_conv", f"{name}._bn1", wide, wide, taps, step, True, True
            yield f"{name}._project_conv", f"{name}._bn2", wide, out, 1, 1, False, False
            came, block = out, block + 1
    yield "_conv_head", "_bn1", came, HEAD, 1, 1, False, True


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(5)
    made = {}
    for conv, norm, come, go, taps, _, is_depthwise, _ in layers():
        come = 1 if is_depthwise else come
        made[f"{conv}.weight"] = rng.normal(0, (come * taps**2) ** -0.5, (go, come, taps, taps))
        made[f"{norm}.weight"] = rng.uniform(0.5, 2, go)
        made[f"{norm}.bias"] = rng.normal(0, 0.5, go)
        made[f"{norm}.running_mean"] = rng.normal(0, 0.1, go)
        made[f"{norm}.running_var"] = rng.uniform(0.5, 2, go)
    made["_fc.weight"], made["_fc.bias"] = rng.normal(size=(10, HEAD)), rng.normal(size=10)
    return {name: values.astype(np.float32) for name, values in made.items()}


def run(model, pictures):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(["vectors_ND", "logits_NL"], {"pictures_NHWC": pictures})


def test_torch_says_the_same(weights):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    pictures = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    tensors = {name: torch.tensor(values) for name, values in weights.items()}
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    value = ((torch.tensor(pictures) / 255 - mean) / deviation).permute(0, 3, 1, 2)
    came = {}
    for conv, norm, _, go, taps, stride, is_depthwise, is_cut in layers():
        block = conv.rpartition(".")[0]
        came.setdefault(block, value)
        side = value.shape[-1]
        missing = max((-(-side // stride) - 1) * stride + taps - side, 0)
        before, after = missing // 2, missing - missing // 2
        value = functional.pad(value, (before, after, before, after))
        value = functional.conv2d(value, tensors[f"{conv}.weight"], stride=stride,
                                  groups=go if is_depthwise else 1)  # fmt: skip
        value = functional.batch_norm(
            value, tensors[f"{norm}.running_mean"], tensors[f"{norm}.running_var"],
            tensors[f"{norm}.weight"], tensors[f"{norm}.bias"], eps=1e-3,
        )  # fmt: skip
        if is_cut:
            value = value.clamp(0, 6)
        elif value.shape == came[block].shape:
            value = value + came[block]
    means = value.mean(dim=(2, 3))
    logits = means @ tensors["_fc.weight"].T + tensors["_fc.bias"]
    found, said = run(network(weights, None), pictures)
    assert found == pytest.approx(means.numpy(), abs=1e-4)
    assert said == pytest.approx(logits.numpy(), abs=1e-3)


def test_the_projection_keeps_angles():
    matrix = projection(1280, WIDTH)
    assert matrix.shape == (WIDTH, 1280)
    assert matrix @ matrix.T == pytest.approx(np.eye(WIDTH) * 1280 / WIDTH, abs=1e-4)
    rng = np.random.default_rng(2)
    vectors = np.abs(rng.normal(size=(40, 1280)))  # as means after a ReLU are: never negative
    vectors[20:] = vectors[:20] + 0.3 * vectors[20:]
    narrow = vectors @ matrix.T

    def cosines(values):
        values = values / np.linalg.norm(values, axis=1, keepdims=True)
        return values @ values.T

    assert np.abs(cosines(vectors) - cosines(narrow)).max() < 0.1
    near = cosines(vectors) - 2 * np.eye(40)
    assert ((cosines(narrow) - 2 * np.eye(40)).argmax(axis=1) == near.argmax(axis=1)).all()


def test_the_vectors_are_the_means_projected(weights):
    pictures = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
    means, _ = run(network(weights, None), pictures)
    found, _ = run(network(weights), pictures)
    assert found == pytest.approx(means @ projection(HEAD, WIDTH).T, abs=1e-3)


def test_the_same_weights_make_the_same_bytes(weights, tmp_path):
    path = write_checkpoint(tmp_path / "weights.pth", weights, is_old=True)
    convert(path, tmp_path / "a.onnx")
    convert(path, tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_other_weights_are_refused(weights):
    with pytest.raises(ItemError, match="not EfficientNet-Lite0's"):
        network({name: values for name, values in weights.items() if "stem" not in name})
    wrong = {**weights, "_blocks.3._depthwise_conv.weight": np.zeros((24, 1, 3, 3), np.float32)}
    with pytest.raises(ItemError, match="is not 5 wide"):
        network(wrong)
