"""A stand-in for Silero VAD of a few hundred bytes: its probability is how loud a frame is."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_tiny_speech_network(path: Path) -> Path:
    """Write an ONNX file with the inputs and outputs of the real one."""

    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [
        helper.make_node("Abs", ["input"], ["loud"]),
        helper.make_node("ReduceMax", ["loud", "axes"], ["speech_probs"], keepdims=0),
        helper.make_node("Identity", ["h"], ["hn"]),
        helper.make_node("Identity", ["c"], ["cn"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [value("input", "T", 576), value("h", 1, 1, 128), value("c", 1, 1, 128)],
        [value("speech_probs", "T"), value("hn", 1, 1, 128), value("cn", 1, 1, 128)],
        [axes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
