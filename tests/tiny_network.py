"""Stand-ins for networks, of a few bytes, with the inputs and outputs of the real ones."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_tiny_network(path: Path) -> Path:
    """Write a stand-in for TransNetV2: its probability is how bright a frame is."""
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


def write_tiny_embedding(path: Path) -> Path:
    """Write a stand-in for EfficientNet-Lite0: a vector is 16 × 8 pixels, red and green."""
    pictures = helper.make_tensor_value_info("pictures_NHWC", TensorProto.UINT8, ["N", 224, 224, 3])
    vectors = helper.make_tensor_value_info("vectors_ND", TensorProto.FLOAT, ["N", 256])
    constants = [
        helper.make_tensor("starts", TensorProto.INT64, [3], [7, 14, 0]),
        helper.make_tensor("ends", TensorProto.INT64, [3], [224, 224, 2]),
        helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3]),
        helper.make_tensor("steps", TensorProto.INT64, [3], [14, 28, 1]),
        helper.make_tensor("shape", TensorProto.INT64, [2], [0, 256]),
        helper.make_tensor("gray", TensorProto.FLOAT, [], [127.5]),
    ]
    nodes = [
        helper.make_node("Slice", ["pictures_NHWC", "starts", "ends", "axes", "steps"], ["few"]),
        helper.make_node("Cast", ["few"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["float", "gray"], ["signed"]),
        helper.make_node("Reshape", ["signed", "shape"], ["vectors_ND"]),
    ]
    graph = helper.make_graph(nodes, "tiny", [pictures], [vectors], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
