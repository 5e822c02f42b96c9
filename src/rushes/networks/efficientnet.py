"""EfficientNet-Lite0 (Tan & Le 2019; Lite: Liu 2020) as an ONNX graph that embeds pictures.

The network has the original's weights, with batch normalisation folded into the convolutions. One
layer is added: the 1280 means over the picture are projected by a fixed orthogonal matrix, which
keeps nearest neighbours at a fraction of the size (`docs/models.md`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError
from rushes.files import whole
from rushes.networks.checkpoint import read_checkpoint
from rushes.networks.onnx_graph import Graph

SIDE_PX = 224
WIDTH = 256
"""Width of an embedding; see the measurements in `docs/models.md`."""
SEED = 20_240_601
"""Seed of the projection; another seed gives other vectors."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1e-3
"""Epsilon of batch normalisation; torch's default differs."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """Equal blocks, one after another."""

    expand: int
    """Factor from the input channels of a block to its inner channels."""
    taps: int
    stride: int
    """Stride of the first block; the others have 1."""
    count: int


_STAGES = (
    _Stage(1, 3, 1, 1),
    _Stage(6, 3, 2, 2),
    _Stage(6, 5, 2, 2),
    _Stage(6, 3, 2, 3),
    _Stage(6, 5, 1, 3),
    _Stage(6, 5, 2, 4),
    _Stage(6, 3, 1, 1),
)


def convert(checkpoint: Path, target: Path) -> None:
    """Convert a checkpoint to an ONNX file; equal files give equal bytes.

    Raises:
        ItemError: The checkpoint is not EfficientNet-Lite0's.
        MissingDependency: The package onnx is not installed.
    """
    model = network(read_checkpoint(checkpoint))
    with whole(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def network(weights: Mapping[str, np.ndarray], width: int | None = WIDTH) -> Any:
    """Build the `onnx.ModelProto` of EfficientNet-Lite0 with these weights.

    Input: `pictures_NHWC`, uint8 RGB (N, 224, 224, 3). Outputs, float32: `vectors_ND`, the
    embedding, not normalised; `logits_NL`, of ImageNet's 1000 classes in their usual order.

    Args:
        weights: By the checkpoint's names; there may be fewer channels than in the original.
        width: D; None for the means without projection.

    Raises:
        ItemError: The weights are not EfficientNet-Lite0's.
        MissingDependency: The package onnx is not installed.
    """
    try:
        return _Network(weights).model(width)
    except (KeyError, ValueError, IndexError) as error:
        raise ItemError(f"these weights are not EfficientNet-Lite0's: {error}") from error


def projection(inputs: int, width: int) -> np.ndarray:
    """Return a random projection, float32 (width, inputs), that keeps expected lengths."""
    random = np.random.default_rng(SEED).standard_normal((inputs, width))
    basis_IO, upper_OO = np.linalg.qr(random)
    basis_IO *= np.sign(np.diag(upper_OO))  # the signs of a decomposition are arbitrary
    return np.asarray(basis_IO.T * np.sqrt(inputs / width), np.float32)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One convolution and its batch normalisation, by their names in the checkpoint."""

    conv: str
    norm: str
    stride: int = 1
    is_clipped: bool = True
    """Whether a ReLU6 follows."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One block: its name in the checkpoint, its stage, and its own stride."""

    name: str
    stage: _Stage
    stride: int


class _Network:
    """Builder of the graph."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self._weights = weights
        self._graph = Graph("efficientnet_lite0")

    def model(self, width: int | None) -> Any:
        graph = self._graph
        value = graph.op("Cast", "pictures_NHWC", to=1)
        scale = 1 / (255 * np.array(_DEVIATION))
        value = graph.op("Mul", value, graph.constant(scale))
        value = graph.op("Sub", value, graph.constant(np.array(_MEAN) / _DEVIATION))
        value = graph.op("Transpose", value, perm=[0, 3, 1, 2])
        value, side = self._convolve(value, SIDE_PX, _Layer("_conv_stem", "_bn0", stride=2))
        count = 0
        for stage in _STAGES:
            for number in range(stage.count):
                stride = 1 if number else stage.stride
                block = _Block(f"_blocks.{count}", stage, stride)
                value, side = self._add_block(value, side, block)
                count += 1
        value, _ = self._convolve(value, side, _Layer("_conv_head", "_bn1"))
        means = graph.op("Flatten", graph.op("GlobalAveragePool", value))
        logits, bias = self._weights["_fc.weight"], self._weights["_fc.bias"]
        graph.op("Gemm", means, graph.constant(logits), graph.constant(bias), transB=1,
                 out="logits_NL")  # fmt: skip
        inputs = logits.shape[1]
        matrix = np.eye(inputs) if width is None else projection(inputs, width)
        graph.op("MatMul", means, graph.constant(matrix.T), out="vectors_ND")
        return graph.model(
            {"pictures_NHWC": (np.uint8, ("N", SIDE_PX, SIDE_PX, 3))},
            {
                "vectors_ND": (np.float32, ("N", len(matrix))),
                "logits_NL": (np.float32, ("N", len(bias))),
            },
        )

    def _add_block(self, value: str, side: int, block: _Block) -> tuple[str, int]:
        """Expand, convolve by channel, project; add the input if the shapes agree.

        Returns:
            The value and its side.
        """
        name, stage, stride = block.name, block.stage, block.stride
        inside = value
        if stage.expand > 1:
            expand = _Layer(f"{name}._expand_conv", f"{name}._bn0")
            inside, side = self._convolve(value, side, expand)
        deep = f"{name}._depthwise_conv"
        if self._weights[f"{deep}.weight"].shape[-1] != stage.taps:
            raise ValueError(f"{deep} is not {stage.taps} wide")
        depthwise = _Layer(deep, f"{name}._bn1", stride=stride)
        inside, out_side = self._convolve(inside, side, depthwise)
        narrow = f"{name}._project_conv"
        project = _Layer(narrow, f"{name}._bn2", is_clipped=False)
        inside, _ = self._convolve(inside, out_side, project)
        first = f"{name}._expand_conv" if stage.expand > 1 else deep
        in_channels = self._weights[f"{first}.weight"].shape[1 if stage.expand > 1 else 0]
        if stride == 1 and in_channels == len(self._weights[f"{narrow}.weight"]):
            inside = self._graph.op("Add", inside, value)
        return inside, out_side

    def _convolve(self, value: str, side: int, layer: _Layer) -> tuple[str, int]:
        """Add a layer to a value of `side` × `side` pixels; return the value and its side."""
        graph, weights = self._graph, self._weights
        conv, norm, stride = layer.conv, layer.norm, layer.stride
        kernel_OIHW = weights[f"{conv}.weight"]
        gain_O = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        bias_O = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain_O
        taps, out_side = kernel_OIHW.shape[-1], -(-side // stride)
        # Padding as in TensorFlow: an odd pixel goes to the right and below.
        missing = max((out_side - 1) * stride + taps - side, 0)
        before, after = missing // 2, missing - missing // 2
        is_depthwise = conv.endswith("_depthwise_conv")
        value = graph.op(
            "Conv",
            value,
            graph.constant(kernel_OIHW * gain_O[:, None, None, None]),
            graph.constant(bias_O),
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=len(kernel_OIHW) if is_depthwise else 1,
        )
        if layer.is_clipped:
            value = graph.op("Clip", value, graph.constant(0), graph.constant(6))
        return value, out_side
