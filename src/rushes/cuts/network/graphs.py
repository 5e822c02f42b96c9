"""The cut network as two ONNX graphs, written node by node from its weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rushes.cuts.network.shapes import (
    BACK,
    BLEND_LAGS,
    FEATURES,
    HEIGHT,
    LAGS,
    MATCH_LAGS,
    OUTPUTS,
    REACH,
    SPACES,
    STEPS,
    WIDTH,
    WIDTHS,
    distances,
)
from rushes.networks.onnx_graph import Graph

Weights = Mapping[str, np.ndarray]


def look_graph(weights: Weights) -> Any:
    """Return the graph of pictures to features: `frames_NHWC` uint8 to `features_NF`.

    Args:
        weights: As `model.SHAPES` names them, as arrays.
    """
    graph = Graph("cut_network_look")
    own = {name.removeprefix("look."): value for name, value in weights.items()}

    def conv(value: str, name: str, stride: int, pad: int) -> str:
        kernel = graph.constant(own[f"{name}.weight"])
        bias = graph.constant(own[f"{name}.bias"])
        return graph.op("Conv", value, kernel, bias, strides=[stride] * 2, pads=[pad] * 4)

    frames = graph.op("Cast", "frames_NHWC", to=1)
    planes = graph.op("Transpose", frames, perm=[0, 3, 1, 2])
    colour = graph.op("Mul", planes, graph.constant(1 / 255))
    luma = _mean(graph, colour, 1)
    flat = graph.reshape(luma, -1, HEIGHT * WIDTH)
    middle = _mean(graph, flat, 1)
    away = graph.op("Sub", flat, middle)
    spread = graph.op("Sqrt", _mean(graph, graph.op("Mul", away, away), 1))
    width = graph.op("Add", spread, graph.constant(0.05))
    even = graph.op("Mul", graph.op("Div", away, width), graph.constant(0.4))
    even = graph.reshape(even, -1, 1, HEIGHT, WIDTH)
    x = graph.op("Concat", graph.op("Sub", colour, graph.constant(0.45)), even, axis=1)
    x = graph.op("Relu", conv(x, "first", 2, 1))
    second = graph.op("Relu", conv(x, "second", 2, 1))
    third = graph.op("Relu", conv(second, "third", 2, 1))
    size = own["place.weight"].shape[1]
    place = graph.linear(graph.reshape(third, -1, size), own["place.weight"], own["place.bias"])
    means = [_mean(graph, graph.reshape(v, 0, 0, -1), 2, keep=0) for v in (second, third)]
    bag = graph.linear(graph.op("Concat", *means, axis=1), own["bag.weight"], own["bag.bias"])
    place, bag = (_unit(graph, value) for value in (place, bag))
    match = _match(graph, conv(second, "patch", 1, 0))
    grid = graph.op("AveragePool", colour, kernel_shape=[3, 3], strides=[3, 3])
    fine = graph.reshape(_mean(graph, grid, 1), -1, WIDTHS["fine"])
    coarse = graph.op("AveragePool", grid, kernel_shape=[3, 2], strides=[3, 2])
    coarse = graph.reshape(coarse, -1, WIDTHS["coarse"])
    detail = graph.op("Sub", fine, _mean(graph, fine, 1))
    power = graph.op("ReduceSumSquare", detail, graph.ints(1), keepdims=1)
    root = graph.op("Sqrt", graph.op("Add", power, graph.constant(0.02)))
    detail = graph.op("Div", detail, root)
    histogram = _histogram(graph, grid)
    looks = graph.op("Concat", place, bag, detail, histogram, fine, coarse, middle, spread, axis=1)
    looks = graph.cut(looks, 0, BACK, _END)
    graph.op("Concat", looks, match, axis=1, out="features_NF")
    return graph.model(
        {"frames_NHWC": (np.uint8, ["N", HEIGHT, WIDTH, 3])},
        {"features_NF": (np.float32, ["M", FEATURES])},
    )


_LEVELS = np.array([0.125, 0.375, 0.625, 0.875]).reshape(1, 1, 4, 1)
_END = np.iinfo(np.int64).max


def _mean(graph: Graph, value: str, axis: int, keep: int = 1) -> str:
    return graph.op("ReduceMean", value, graph.ints(axis), keepdims=keep)


def _unit(graph: Graph, value: str) -> str:
    length = graph.op("ReduceL2", value, graph.ints(1), keepdims=1)
    return graph.op("Div", value, graph.op("Max", length, graph.constant(1e-12)))


def _match(graph: Graph, patches: str) -> str:
    power = graph.op("ReduceSumSquare", patches, graph.ints(1), keepdims=1)
    root = graph.op("Sqrt", graph.op("Add", power, graph.constant(1e-6)))
    patch = graph.op("Div", patches, root)
    every = graph.reshape(patch, 0, 0, -1)
    ends = graph.ints(0, 0), graph.ints(_END, _END), graph.ints(2, 3), graph.ints(2, 2)
    some = graph.reshape(graph.op("Slice", patch, *ends), 0, 0, -1)
    some = graph.op("Transpose", some, perm=[0, 2, 1])
    found = []
    for lag in MATCH_LAGS:
        now = (BACK, _END)
        then = (BACK - lag, -lag)
        onward = graph.op("MatMul", graph.cut(some, 0, *now), graph.cut(every, 0, *then))
        back = graph.op("MatMul", graph.cut(some, 0, *then), graph.cut(every, 0, *now))
        near = graph.op("Sub", onward, graph.constant(distances()))
        for like in (onward, back, near):
            best = graph.op("ReduceMax", like, graph.ints(2), keepdims=0)
            found.append(_mean(graph, best, 1))
            found.append(graph.op("ReduceMin", best, graph.ints(1), keepdims=1))
    return graph.op("Concat", *found, axis=1)


def _histogram(graph: Graph, grid: str) -> str:
    count = WIDTHS["fine"]
    flat = graph.reshape(grid, -1, 3, 1, count)
    apart = graph.op("Abs", graph.op("Sub", flat, graph.constant(_LEVELS)))
    soft = graph.op("Sub", graph.constant(1.0), graph.op("Mul", apart, graph.constant(4.0)))
    soft = graph.op("Relu", soft)
    one, two, three = (graph.reshape(graph.cut(soft, 1, c, c + 1), -1, 4, count) for c in range(3))
    first = graph.reshape(one, -1, 4, 1, count)
    pair = graph.op("Mul", first, graph.reshape(two, -1, 1, 4, count))
    pair = graph.reshape(pair, -1, 16, count)
    joint = graph.op("MatMul", pair, graph.op("Transpose", three, perm=[0, 2, 1]))
    joint = graph.op("Mul", graph.reshape(joint, -1, 64), graph.constant(1 / count))
    return graph.op("Sqrt", graph.op("Add", joint, graph.constant(1e-4)))


def judge_graph(weights: Weights) -> Any:
    """Return the graph of features to probabilities: `features_TF` to `curves_TO`."""
    graph = Graph("cut_network_judge")
    own = {name.removeprefix("judge."): value for name, value in weights.items()}
    sizes = list(WIDTHS.values())
    names = [f"part_{name}" for name in WIDTHS]
    graph.ops("Split", "features_TF", graph.ints(*sizes), outs=names, axis=1)
    parts = dict(zip(WIDTHS, names, strict=True))
    shape = graph.op("Shape", "features_TF")
    count = graph.op("Gather", shape, graph.ints(0), axis=0)
    skew = _Skew(graph, count)
    lags = graph.constant([lag + REACH for lag in LAGS], np.int64)
    columns = [graph.op("Gather", skew.band(parts[name]), lags, axis=1) for name in SPACES[:4]]
    for name in SPACES[4:]:
        grid = graph.op("Sub", parts[name], graph.constant(0.45))
        power = graph.op("ReduceSumSquare", grid, graph.ints(1), keepdims=1)
        twice = graph.op("Mul", skew.band(grid), graph.constant(2.0))
        near = skew.around(power)
        away = graph.op("Sub", graph.op("Add", power, near), twice)
        away = graph.op("Mul", graph.op("Relu", away), graph.constant(1 / WIDTHS[name]))
        some = graph.op("Add", graph.op("Gather", away, lags, axis=1), graph.constant(1e-5))
        columns.append(graph.op("Mul", graph.op("Sqrt", some), graph.constant(3.0)))
        columns += _between(graph, away)
    columns.append(parts["match"])
    columns.append(graph.op("Mul", parts["stats"], graph.constant(2.0)))
    seen = graph.op("Concat", parts["place"], parts["bag"], axis=1)
    columns.append(graph.linear(seen, own["own.weight"], own["own.bias"]))
    x = graph.op("Concat", *columns, axis=1)
    x = graph.op("Relu", graph.linear(x, own["into.weight"][:, :, 0], own["into.bias"]))
    for layer, step in enumerate(STEPS):
        x = _layer(graph, own, layer, step, x)
    logits = graph.linear(x, own["out.weight"][:, :, 0], own["out.bias"])
    graph.op("Sigmoid", logits, out="curves_TO")
    return graph.model(
        {"features_TF": (np.float32, ["T", FEATURES])},
        {"curves_TO": (np.float32, ["T", OUTPUTS])},
    )


def _layer(graph: Graph, own: Weights, layer: int, step: int, x: str) -> str:
    channels = graph.op("Unsqueeze", graph.op("Transpose", x, perm=[1, 0]), graph.ints(0))
    kernel = graph.constant(own[f"layers.{layer}.weight"])
    bias = graph.constant(own[f"layers.{layer}.bias"])
    made = graph.op("Conv", channels, kernel, bias, pads=[step, step], dilations=[step])
    made = graph.op("Transpose", graph.op("Squeeze", made, graph.ints(0)), perm=[1, 0])
    scale = graph.constant(own[f"norms.{layer}.weight"])
    shift = graph.constant(own[f"norms.{layer}.bias"])
    made = graph.op("LayerNormalization", made, scale, shift, axis=-1, epsilon=1e-5)
    return graph.op("Add", x, graph.op("Relu", made))


class _Skew:
    """The band around the diagonal of a square of all frames by all frames."""

    def __init__(self, graph: Graph, count: str) -> None:
        self._graph, self._count = graph, count
        self._wide = graph.op("Add", count, graph.ints(2 * REACH))
        self._wider = graph.op("Add", count, graph.ints(2 * REACH + 1))
        self._tail = graph.op("Concat", graph.ints(0), count, axis=0)
        self._edges = graph.ints(0, REACH, 0, REACH)

    def __call__(self, square: str) -> str:
        graph = self._graph
        padded = graph.op("Pad", square, self._edges)
        flat = graph.reshape(padded, -1)
        flat = graph.op("Pad", flat, self._tail)
        rows = graph.op("Concat", self._count, self._wider, axis=0)
        return graph.cut(graph.op("Reshape", flat, rows), 1, 0, 2 * REACH + 1)

    def band(self, values: str) -> str:
        graph = self._graph
        return self(graph.op("MatMul", values, graph.op("Transpose", values, perm=[1, 0])))

    def around(self, column: str) -> str:
        graph = self._graph
        row = graph.op("Transpose", column, perm=[1, 0])
        square = graph.op("Concat", self._count, self._count, axis=0)
        return self(graph.op("Expand", row, square))


def _between(graph: Graph, away: str) -> list[str]:
    found = []
    for lag in BLEND_LAGS:
        before = graph.cut(away, 1, REACH - lag, REACH - lag + 1)
        after = graph.cut(away, 1, REACH + lag, REACH + lag + 1)
        far = graph.cut(away, 1, REACH + 2 * lag, REACH + 2 * lag + 1)
        apart = graph.op("Pad", graph.cut(far, 0, 0, -lag), graph.ints(lag, 0, 0, 0))
        sum_ = graph.op("Sub", graph.op("Add", before, apart), after)
        twice = graph.op("Add", graph.op("Mul", apart, graph.constant(2.0)), graph.constant(2e-4))
        share = graph.op("Div", sum_, twice)
        along = graph.op("Mul", graph.op("Mul", share, share), apart)
        left = graph.op("Relu", graph.op("Sub", before, along))
        left = graph.op("Add", left, graph.constant(1e-6))
        part = graph.op("Div", left, graph.op("Add", apart, graph.constant(2e-4)))
        part = graph.op("Min", graph.op("Sqrt", part), graph.constant(2.0))
        share = graph.op("Clip", share, graph.constant(-1.0), graph.constant(2.0))
        found += [share, part]
    return found
