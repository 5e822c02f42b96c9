"""TransNetV2 (Souček & Lokoč, 2020) as an ONNX graph that one CPU core runs fast.

The network is the original's, weight for weight, and its output the same to six digits; the order
of work is ours, for it is half the price (`docs/lab-notes.md`):

- Pixels come first and time last, `HWCT`, so that all spatial work is a matrix product from the
  left, the dilated convolutions in time run along contiguous memory, and nothing is ever permuted.
- The 3 × 3 convolutions of a block's four branches read the same input: they are one, by Winograd.
- The first layer's spatial and temporal kernels are multiplied out, as 27 inputs are fewer than
  the 32 values between them.
- Batch normalisation is folded into the temporal kernels, 1/255 into the first.
- Rows are done in strips, each down to its pooled result, so that large intermediates stay small.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError
from rushes.files import whole
from rushes.networks.checkpoint import read_checkpoint
from rushes.networks.onnx_graph import Graph
from rushes.networks.transnetv2.dilated_conv import (
    Branch,
    Extent,
    FeatureMap,
    Weights,
    branches_of,
    channels_of,
    in_time,
    strip,
)
from rushes.networks.transnetv2.winograd import TAPS

HEIGHT, WIDTH = 27, 48
WINDOW = 101
"""Neighbouring frames, itself included, that each frame is compared with."""
BINS = 8
"""Steps of each colour in the histogram."""

_STRIPS = {27: (6, 6, 6, 6, 3), 26: (6, 6, 6, 6, 2), 13: (6, 6, 1), 12: (6, 6), 6: (6,)}
"""Rows that a layer makes → the heights of its strips. Those of an odd layer and of the pooled one
after it begin at the same rows, so that whole strips are handed on."""


def convert(checkpoint: Path, target: Path) -> None:
    """Write the network in `checkpoint` as an ONNX file; the same weights make the same bytes.

    Raises:
        ItemError: The checkpoint is not TransNetV2's.
        MissingDependency: The package onnx is not installed.
    """
    model = network(read_checkpoint(checkpoint))
    with whole(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def network(weights: Weights) -> Any:
    """Return the `onnx.ModelProto` of TransNetV2 with these weights.

    Input: `frames_BTHWC`, uint8 RGB (B, T, 27, 48, 3), any B and T. Outputs, float32 (B, T):
    `single_BT`, the probability that the frame is the middle of a transition, and `many_hot_BT`,
    that it belongs to one. Channels may be fewer than the original's, blocks may not.

    Raises:
        ItemError: The weights are not TransNetV2's.
        MissingDependency: The package onnx is not installed.
    """
    try:
        return _Network(weights).model()
    except (KeyError, ValueError, IndexError) as error:
        raise ItemError(f"these weights are not TransNetV2's: {error}") from error


class _Network:
    """Builder of the graph."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._graph = Graph("transnetv2")
        shape = self._graph.op("Shape", "frames_BTHWC")
        self._extent = Extent(
            batch=self._graph.cut(shape, 0, 0, 1), time=self._graph.cut(shape, 0, 1, 2)
        )

    def model(self) -> Any:
        graph = self._graph
        picture = self._first_layer(self._layer_of(0, 0))
        means = []
        for block in range(3):
            if block:
                picture = self._layer(self._layer_of(block, 0), picture)
            picture = self._pooled_layer(self._layer_of(block, 1), picture)
            (value,) = picture.strips
            means.append(graph.op("ReduceMean", value, graph.ints(1, 2), keepdims=0))
        flat_BNT = graph.reshape(value, 0, -1, self._extent.time)
        features = (
            self._beside(self._colours(), "color_hist_layer"),
            self._beside(self._contents(means), "frame_sim_layer"),
            graph.op("Transpose", flat_BNT, perm=[0, 2, 1]),
        )
        hidden = self._dense("fc1", graph.op("Concat", *features, axis=2))
        for layer, name in (("cls_layer1", "single_BT"), ("cls_layer2", "many_hot_BT")):
            logits = graph.linear(hidden, *self._affine(layer))
            graph.op("Sigmoid", graph.op("Squeeze", logits, graph.ints(2)), out=name)
        return graph.model(
            {"frames_BTHWC": (np.uint8, ("B", "T", HEIGHT, WIDTH, 3))},
            {name: (np.float32, ("B", "T")) for name in ("single_BT", "many_hot_BT")},
        )

    def _first_layer(self, branches: Sequence[Branch]) -> FeatureMap:
        """Each pixel's 27 neighbours, then both kernels at once along time."""
        graph = self._graph
        kernels = [_multiplied_out(branch) for branch in branches]
        frames_BHWCT = graph.op("Transpose", "frames_BTHWC", perm=[0, 2, 3, 4, 1])
        # Padded as float: onnxruntime pads bytes one by one.
        padded = graph.op(
            "Pad", graph.op("Cast", frames_BHWCT, to=1), graph.ints(0, 1, 1, 0, 0, 0, 1, 1, 0, 0)
        )
        strips, top = [], 0
        for height in _STRIPS[HEIGHT]:
            rows = graph.cut(padded, 1, top, top + height + 2)
            near = [
                graph.cut(graph.cut(rows, 1, y, y + height), 2, x, x + WIDTH)
                for y in range(TAPS)
                for x in range(TAPS)
            ]
            pixels = graph.reshape(graph.op("Concat", *near, axis=3), -1, 9 * 3, self._extent.time)
            outs = [
                in_time(graph, pixels, kernel_FO3, branch)
                for kernel_FO3, branch in zip(kernels, branches, strict=True)
            ]
            strips.append(self._joined(outs, branches, height, WIDTH))
            top += height
        return FeatureMap(
            strips=strips,
            heights=_STRIPS[HEIGHT],
            width=WIDTH,
            channels=channels_of(branches),
        )

    def _layer(self, branches: Sequence[Branch], x: FeatureMap) -> FeatureMap:
        """Four branches side by side."""
        strips, top = [], 0
        for rows in _STRIPS[x.height]:
            outs = strip(self._graph, self._extent, branches, x, range(top, top + rows))
            strips.append(self._joined(outs, branches, rows, x.width))
            top += rows
        return FeatureMap(
            strips=strips,
            heights=_STRIPS[x.height],
            width=x.width,
            channels=channels_of(branches),
        )

    def _pooled_layer(self, branches: Sequence[Branch], x: FeatureMap) -> FeatureMap:
        """The same plus its input, then 2 × 2 means; an odd last row is left out."""
        graph, height, width = self._graph, x.height // 2, x.width // 2
        strips, top = [], 0
        for rows in _STRIPS[2 * height]:
            outs = strip(graph, self._extent, branches, x, range(top, top + rows))
            pooled = [self._pool(out, len(branches[0].bias_F), rows, x.width) for out in outs]
            same = self._pool(x.rows(graph, top, top + rows), x.channels, rows, x.width)
            strips.append(graph.op("Add", graph.op("Concat", *pooled, axis=3), same))
            top += rows
        value = graph.op("Concat", *strips, axis=1)
        return FeatureMap(strips=[value], heights=[height], width=width, channels=x.channels)

    def _joined(
        self, outs: Sequence[str], branches: Sequence[Branch], rows: int, width: int
    ) -> str:
        """Return the branches' outputs as one (B, rows, W, C, T)."""
        value = self._graph.op("Concat", *outs, axis=1)
        sizes = (rows, width, channels_of(branches))
        return self._graph.reshape(value, self._extent.batch, *sizes, self._extent.time)

    def _pool(self, value: str, channels: int, rows: int, width: int) -> str:
        """Return the 2 × 2 means of rows × width pixels, as a matrix product from the left."""
        graph = self._graph
        means = np.tile(np.repeat(np.eye(width // 2), 2, axis=1), 2) / 4
        inner = graph.op("Mul", self._extent.time, graph.ints(channels))
        value = graph.reshape(value, -1, 2 * width, inner)
        value = graph.op("MatMul", graph.constant(means), value)
        sizes = (rows // 2, width // 2, channels)
        return graph.reshape(value, self._extent.batch, *sizes, self._extent.time)

    def _colours(self) -> str:
        """Return each frame's histogram of 512 colours, (B, T, 512), of length 1."""
        graph, bits = self._graph, 5
        steps = graph.op("BitShift", "frames_BTHWC", graph.constant(bits, np.uint8),
                         direction="RIGHT")  # fmt: skip
        places = graph.constant([[BINS * BINS], [BINS], [1]])
        bins = graph.op("MatMul", graph.op("Cast", steps, to=1), places)
        bins = graph.op("Cast", graph.reshape(bins, 0, 0, HEIGHT * WIDTH), to=7)
        shape = graph.op(
            "Concat", self._extent.batch, self._extent.time, graph.ints(BINS**3), axis=0
        )
        empty = graph.op("Expand", graph.constant(0), shape)
        ones = graph.op("Expand", graph.constant(1), graph.op("Shape", bins))
        return self._unit(graph.op("ScatterElements", empty, bins, ones, axis=2, reduction="add"))

    def _contents(self, means: Sequence[str]) -> str:
        """Return the embedding of each frame, (B, T, 128), of length 1."""
        graph = self._graph
        features = graph.op("Transpose", graph.op("Concat", *means, axis=1), perm=[0, 2, 1])
        return self._unit(graph.linear(features, *self._affine("frame_sim_layer.projection")))

    def _unit(self, vectors_BTN: str) -> str:
        graph = self._graph
        length = graph.op("ReduceL2", vectors_BTN, graph.ints(2), keepdims=1)
        return graph.op("Div", vectors_BTN, graph.op("Max", length, graph.constant(1e-12)))

    def _beside(self, vectors_BTN: str, layer: str) -> str:
        """Compare each frame with its neighbours in time, 0 beyond the ends; then a dense layer."""
        graph, half = self._graph, WINDOW // 2
        turned = graph.op("Transpose", vectors_BTN, perm=[0, 2, 1])
        alike_BTT = graph.op("MatMul", vectors_BTN, turned)
        padded = graph.op("Pad", alike_BTT, graph.ints(0, 0, half, 0, 0, half))
        count = graph.op("Squeeze", self._extent.time, graph.ints(0))
        zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
        row = graph.op("Unsqueeze", graph.op("Range", zero, count, one), graph.ints(1))
        columns = graph.op("Add", row, graph.ints(*range(WINDOW)))
        shape = graph.op(
            "Concat", self._extent.batch, self._extent.time, graph.ints(WINDOW), axis=0
        )
        columns = graph.op("Expand", columns, shape)
        return self._dense(f"{layer}.fc", graph.op("GatherElements", padded, columns, axis=2))

    def _dense(self, layer: str, value: str) -> str:
        return self._graph.op("Relu", self._graph.linear(value, *self._affine(layer)))

    def _affine(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        return self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]

    def _layer_of(self, block: int, layer: int) -> Sequence[Branch]:
        return branches_of(self._weights, f"SDDCNN.{block}.DDCNN.{layer}")


def _multiplied_out(branch: Branch) -> np.ndarray:
    """Return a branch's kernel over byte values, (F, 27 neighbours, 3).

    Summed one by one, since a matrix product's last digit depends on the machine.
    """
    time_FO3 = branch.time_FO3.astype(np.float64)
    space_ONC = branch.space_OC33.reshape(*branch.space_OC33.shape[:2], -1).transpose(0, 2, 1)
    total = np.zeros((len(time_FO3), *space_ONC.shape[1:], TAPS))
    for at, taps_NC in enumerate(space_ONC.astype(np.float64) / 255):
        total += time_FO3[:, at, None, None, :] * taps_NC[None, :, :, None]
    return total.reshape(len(total), -1, TAPS).astype(np.float32)
