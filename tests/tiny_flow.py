"""Stand-ins for flow networks, of a few bytes: they return a shift that the test knows."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_tiny_flow(path: Path, *, shift_px=(4.0, 0.0), size=("H", "W"), brightness=0.0) -> Path:
    """Write a network whose flow is `shift_px` everywhere, plus `brightness` × its first input."""
    pictures = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, *size])
        for name in ("image1", "image2")
    ]
    flow = helper.make_tensor_value_info("flow", TensorProto.FLOAT, [1, 2, *size])
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        helper.make_tensor("share", TensorProto.FLOAT, [], [brightness]),
        helper.make_tensor("none", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("shift", TensorProto.FLOAT, [1, 2, 1, 1], list(shift_px)),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["image1", "axis"], ["gray1"]),
        helper.make_node("ReduceMean", ["image2", "axis"], ["gray2"]),
        helper.make_node("Mul", ["gray1", "share"], ["light"]),
        helper.make_node("Mul", ["gray2", "none"], ["nothing"]),
        helper.make_node("Concat", ["light", "nothing"], ["both"], axis=1),
        helper.make_node("Add", ["both", "shift"], ["flow"]),
    ]
    graph = helper.make_graph(nodes, "tiny", pictures, [flow], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
