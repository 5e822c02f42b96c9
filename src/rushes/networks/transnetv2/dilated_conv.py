"""The (2+1)D dilated convolutions of TransNetV2 as matrix products, for any part of the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rushes.networks.onnx_graph import Graph
from rushes.networks.transnetv2.winograd import TAPS, along, tile

DILATIONS = (1, 2, 4, 8)
ACROSS = 6
"""Columns of a tile; divides 48, 24 and 12."""

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One of a layer's four convolutions, batch normalisation folded in."""

    dilation: int
    space_OC33: np.ndarray
    time_FO3: np.ndarray
    bias_F: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureMap:
    """A value of shape (B, height, width, channels, T), in strips of rows."""

    strips: Sequence[str]
    heights: Sequence[int]
    width: int
    channels: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return sum(self.heights)

    def rows(self, graph: Graph, start: int, stop: int) -> str:
        """Return the rows `start` to `stop`, copying no more than needed."""
        pieces, top = [], 0
        for value, height in zip(self.strips, self.heights, strict=True):
            first, last = max(start - top, 0), min(stop - top, height)
            if first < last:
                is_whole = (first, last) == (0, height)
                pieces.append(value if is_whole else graph.cut(value, 1, first, last))
            top += height
        return graph.op("Concat", *pieces, axis=1) if len(pieces) > 1 else pieces[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Names of the sizes that are known only at run time, each a vector of one element."""

    batch: str
    time: str


def branches_of(weights: Weights, stem: str) -> Sequence[Branch]:
    """Return the branches of the layer `stem`; one batch normalisation spans all four."""
    gain, bias, mean, variance = (
        weights[f"{stem}.bn.{key}"].astype(np.float64)
        for key in ("weight", "bias", "running_mean", "running_var")
    )
    gain = gain / np.sqrt(variance + 1e-3)
    shift = bias - mean * gain
    found = []
    for number, dilation in enumerate(DILATIONS):
        space, time = (weights[f"{stem}.Conv3D_{dilation}.layers.{n}.weight"] for n in (0, 1))
        own = slice(number * len(time), (number + 1) * len(time))
        found.append(
            Branch(
                dilation=dilation,
                space_OC33=space[:, :, 0],
                time_FO3=(time[..., 0, 0] * gain[own, None, None]).astype(np.float32),
                bias_F=shift[own].astype(np.float32),
            )
        )
    return found


def channels_of(branches: Sequence[Branch]) -> int:
    """Return the number of channels of a layer."""
    return sum(len(branch.bias_F) for branch in branches)


def strip(
    graph: Graph, extent: Extent, branches: Sequence[Branch], x: FeatureMap, out_rows: range
) -> Sequence[str]:
    """Return some rows of a layer's output, (B × rows × W, F, T) for each branch."""
    top, rows = out_rows.start, len(out_rows)
    down, across = tile(rows), tile(ACROSS)
    tiles, points = x.width // ACROSS, ACROSS + TAPS - 1
    first, last = max(top - 1, 0), min(top + rows + 1, x.height)
    into = down.into_NN[:, first - (top - 1) : last - (top - 1)]  # beyond the ends it is zero
    kernel_OC33 = np.concatenate([branch.space_OC33 for branch in branches])
    inner = graph.op("Mul", extent.time, graph.ints(x.channels))
    outer = graph.op("Mul", extent.time, graph.ints(len(kernel_OC33)))

    part = graph.reshape(x.rows(graph, first, last), extent.batch, last - first, -1)
    part = graph.op("MatMul", graph.constant(into), part)
    part = graph.reshape(part, -1, x.width, inner)
    part = graph.op("MatMul", graph.constant(along(x.width, ACROSS)), part)
    part = graph.reshape(part, -1, rows + 2, tiles, points, x.channels, extent.time)
    part = graph.op("MatMul", _at_points(graph, kernel_OC33, rows), part)
    part = graph.reshape(part, -1, points, outer)
    part = graph.op("MatMul", graph.constant(across.out_MN), part)
    part = graph.reshape(part, extent.batch, rows + 2, -1)
    part = graph.op("MatMul", graph.constant(down.out_MN), part)
    part = graph.reshape(part, -1, len(kernel_OC33), extent.time)
    return [
        in_time(graph, values, branch.time_FO3, branch)
        for values, branch in zip(graph.split(part, 4, axis=1), branches, strict=True)
    ]


def in_time(graph: Graph, pixels: str, kernel_FO3: np.ndarray, branch: Branch) -> str:
    """Convolve (pixels, O, T) along time; add the bias, clip at 0."""
    reach = branch.dilation
    conv = graph.op(
        "Conv", pixels, graph.constant(kernel_FO3), graph.constant(branch.bias_F),
        kernel_shape=[TAPS], dilations=[reach], pads=[reach, reach],
    )  # fmt: skip
    return graph.op("Relu", conv)


def _at_points(graph: Graph, kernel_OC33: np.ndarray, rows: int) -> str:
    """Return a kernel's values at the points of a tile, (rows + 2, 1, points, O, C).

    It is a node, not a constant: onnxruntime folds it when it loads the file, which therefore
    stays as small as the checkpoint.
    """
    outs, ins = kernel_OC33.shape[:2]
    both = np.kron(tile(rows).taps_N3, tile(ACROSS).taps_N3)
    taps = kernel_OC33.reshape(outs * ins, TAPS * TAPS).T
    values = graph.op("MatMul", graph.constant(both), graph.constant(taps))
    return graph.reshape(values, rows + 2, 1, ACROSS + 2, outs, ins)
