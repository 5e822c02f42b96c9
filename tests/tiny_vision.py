"""Stand-ins of a few hundred bytes for the networks that look at stills."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_tiny_text_detector(path: Path) -> Path:
    """Write PP-OCR's detector: what is bright is text."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "level"], ["above"]),
        helper.make_node("Mul", ["above", "gain"], ["steep"]),
        helper.make_node("Sigmoid", ["steep"], ["chance"]),
    ]
    outputs = {"chance": ["B", 1, "H", "W"]}
    return _write(path, nodes, ("x", ["B", 3, "H", "W"]), outputs, level=1.8, gain=20.0)


def write_tiny_text_reader(path: Path, letters: int = 2) -> Path:
    """Write PP-OCR's reader: it reads so many letters in everything."""
    chances_1TN = np.zeros((1, 2 * max(letters, 1), 3), np.float32)
    chances_1TN[0, :, 0] = 1
    chances_1TN[0, : 2 * letters : 2] = (0, 1, 0)
    nodes = [helper.make_node("Identity", ["chances"], ["read"])]
    return _write(path, nodes, ("x", ["B", 3, 48, "W"]), {"read": [1, "T", 3]}, chances=chances_1TN)


def write_tiny_nsfw(path: Path) -> Path:
    """Write open_nsfw: its probability is how bright the picture is."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "last"], ["column"]),
        helper.make_node("Div", ["column", "white"], ["scaled"]),
        helper.make_node("Sigmoid", ["scaled"], ["yes"]),
        helper.make_node("Sub", ["one", "yes"], ["no"]),
        helper.make_node("Concat", ["no", "yes"], ["chances"], axis=1),
    ]
    given = ("picture", ["B", 224, 224, 3])
    return _write(path, nodes, given, {"chances": ["B", 2]}, white=50.0, one=1.0, last=[1])


def write_tiny_faces(path: Path) -> Path:
    """Write CenterFace: each bright cell of 4 x 4 pixels is the middle of a face of 32 pixels."""
    nodes = [
        helper.make_node(
            "AveragePool", ["picture"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]
        ),
        helper.make_node("ReduceMean", ["cells"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "level"], ["above"]),
        helper.make_node("Sigmoid", ["above"], ["chance"]),
        helper.make_node("Mul", ["mean", "zero"], ["flat"]),
        helper.make_node("Concat", ["flat", "flat"], ["offset"], axis=1),
        helper.make_node("Add", ["offset", "size"], ["scale"]),
        helper.make_node("Concat", ["offset"] * 5, ["marks"], axis=1),
    ]
    outputs = {"chance": ["B", 1, "h", "w"], "scale": ["B", 2, "h", "w"],
               "offset": ["B", 2, "h", "w"], "marks": ["B", 10, "h", "w"]}  # fmt: skip
    return _write(path, nodes, ("picture", ["B", 3, "H", "W"]), outputs,
                  level=200.0, zero=0.0, size=float(np.log(32 / 4)))  # fmt: skip


def write_tiny_vision(folder: Path) -> dict[str, Path]:
    """Write all of them; return model name → file."""
    return {
        "ppocr-det": write_tiny_text_detector(folder / "text.onnx"),
        "ppocr-rec": write_tiny_text_reader(folder / "reader.onnx"),
        "open-nsfw": write_tiny_nsfw(folder / "nsfw.onnx"),
        "centerface": write_tiny_faces(folder / "faces.onnx"),
    }


def _write(path, nodes, given, outputs, **constants):
    name, shape = given
    values = [
        numpy_helper.from_array(
            np.asarray(value, np.int64 if isinstance(value, list) else np.float32), key
        )
        for key, value in constants.items()
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        values,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
