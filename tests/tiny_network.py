"""A stand-in for TransNetV2 of a hundred bytes: its probability is how bright a frame is."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_tiny_network(path: Path) -> Path:
    """Write an ONNX file with the inputs and outputs of the real one."""
    frames = helper.make_tensor_value_info("frames_BTHWC", TensorProto.UINT8, ["B", "T", 27, 48, 3])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", "T"])
        for name in ("single_BT", "many_hot_BT")
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [3], [2, 3, 4])
    white = helper.make_tensor("white", TensorProto.FLOAT, [], [255.0])
    nodes = [
        helper.make_node("Cast", ["frames_BTHWC"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "white"], ["single_BT"]),
        helper.make_node("Identity", ["single_BT"], ["many_hot_BT"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [frames], outputs, [axes, white])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
