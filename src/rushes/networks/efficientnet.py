"""EfficientNet-Lite0 (Tan & Le 2019; Lite: Liu 2020) as an ONNX graph: a picture's embedding.

The network is the original's, weight for weight, with batch normalisation folded into the
convolutions. What follows it is ours: the 1280 means over the picture are projected by a fixed
orthogonal matrix, which keeps nearest neighbours at a fraction of the size (`docs/models.md`).
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
"""Numbers of an embedding. Of its 1280 means, so many keep all that was measured."""
SEED = 20_240_601
"""Of the projection; another one makes other vectors."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_EPSILON = 1e-3
"""Of batch normalisation; torch's own default is another."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """Blocks of one kind, one after another."""

    expand: int
    """Channels inside a block over those that come in."""
    taps: int
    stride: int
    """Of the first block; the others keep the size."""
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
    """Write the network in `checkpoint` as an ONNX file.

    Raises:
        ItemError: The checkpoint is not EfficientNet-Lite0's.
        MissingDependency: The package onnx is not installed.
    """
    model = network(read_checkpoint(checkpoint))
    with whole(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def network(weights: Mapping[str, np.ndarray], width: int | None = WIDTH) -> Any:
    """Return the `onnx.ModelProto` of EfficientNet-Lite0 with these weights.

    Input: `pictures_NHWC`, uint8 RGB (N, 224, 224, 3). Outputs, float32: `vectors_ND`, the
    embedding, not normalised; `logits_NL`, of ImageNet's 1000 classes in their usual order.

    Args:
        weights: As the checkpoint names them; channels may be fewer than the original's.
        width: D; None for the means themselves, without projection.

    Raises:
        ItemError: The weights are not EfficientNet-Lite0's.
        MissingDependency: The package onnx is not installed.
    """
    try:
        return _Network(weights).model(width)
    except (KeyError, ValueError, IndexError) as error:
        raise ItemError(f"these weights are not EfficientNet-Lite0's: {error}") from error


def projection(inputs: int, width: int) -> np.ndarray:
    """Return float32 (width, inputs) whose rows are orthogonal, of a length that keeps lengths."""
    random = np.random.default_rng(SEED).standard_normal((inputs, width))
    basis_IO, upper_OO = np.linalg.qr(random)
    basis_IO *= np.sign(np.diag(upper_OO))  # the sign that a decomposition gives is arbitrary
    return np.asarray(basis_IO.T * np.sqrt(inputs / width), np.float32)


class _Network:
    """Writes the graph."""

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
        value, side = self._convolved(value, "_conv_stem", "_bn0", SIDE_PX, stride=2)
        block = 0
        for stage in _STAGES:
            for number in range(stage.count):
                stride = 1 if number else stage.stride
                value, side = self._block(value, f"_blocks.{block}", side, stage, stride)
                block += 1
        value, _ = self._convolved(value, "_conv_head", "_bn1", side)
        means = graph.op("Flatten", graph.op("GlobalAveragePool", value))
        logits, bias = self._weights["_fc.weight"], self._weights["_fc.bias"]
        graph.op("Gemm", means, graph.constant(logits), graph.constant(bias), transB=1,
                 out="logits_NL")  # fmt: skip
        count = logits.shape[1]
        matrix = np.eye(count) if width is None else projection(count, width)
        graph.op("MatMul", means, graph.constant(matrix.T), out="vectors_ND")
        return graph.model(
            {"pictures_NHWC": (np.uint8, ("N", SIDE_PX, SIDE_PX, 3))},
            {
                "vectors_ND": (np.float32, ("N", len(matrix))),
                "logits_NL": (np.float32, ("N", len(bias))),
            },
        )

    def _block(
        self, value: str, name: str, side: int, stage: _Stage, stride: int
    ) -> tuple[str, int]:
        """Widen, look at the surroundings channel by channel, narrow; add the input if it fits."""
        inside = value
        if stage.expand > 1:
            inside, side = self._convolved(value, f"{name}._expand_conv", f"{name}._bn0", side)
        deep = f"{name}._depthwise_conv"
        if self._weights[f"{deep}.weight"].shape[-1] != stage.taps:
            raise ValueError(f"{deep} is not {stage.taps} wide")
        inside, out_side = self._convolved(inside, deep, f"{name}._bn1", side, stride=stride)
        narrow = f"{name}._project_conv"
        inside, _ = self._convolved(inside, narrow, f"{name}._bn2", out_side, is_last=True)
        first = f"{name}._expand_conv" if stage.expand > 1 else deep
        came = self._weights[f"{first}.weight"].shape[1 if stage.expand > 1 else 0]
        if stride == 1 and came == len(self._weights[f"{narrow}.weight"]):
            inside = self._graph.op("Add", inside, value)
        return inside, out_side

    def _convolved(
        self, value: str, conv: str, norm: str, side: int, *, stride: int = 1, is_last: bool = False
    ) -> tuple[str, int]:
        """Convolve, normalise and, unless it is the last of a block, cut off at 0 and 6."""
        graph, weights = self._graph, self._weights
        kernel_OIHW = weights[f"{conv}.weight"]
        gain_O = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        bias_O = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain_O
        taps, out_side = kernel_OIHW.shape[-1], -(-side // stride)
        # As TensorFlow pads: an odd pixel goes to the right and below.
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
        if not is_last:
            value = graph.op("Clip", value, graph.constant(0), graph.constant(6))
        return value, out_side
