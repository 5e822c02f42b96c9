"""Finds faces in a picture with CenterFace; makes its file fit pictures of any size.

The file that its makers published takes ten pictures of 32 by 32 and lists its weights as inputs;
nothing in the network itself asks for either.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError
from rushes.files import whole
from rushes.networks.onnx_graph import require_onnx
from rushes.networks.session import open_session

LOOK_PX = 256
"""Short side at which faces are looked for."""
STEP_PX, CELL_PX = 32, 4
"""The network's sides are multiples of the first; it answers for each cell of the second."""
OVERLAP = 0.3
"""Of two boxes that share more than this of their union, the surer one stays."""


def convert(source: Path, target: Path) -> None:
    """Write the published file with free sizes; the same file makes the same bytes.

    Raises:
        ItemError: The file is not CenterFace's.
        MissingDependency: The package onnx is not installed.
    """
    onnx = require_onnx()
    try:
        model = onnx.load_model_from_string(source.read_bytes())
    except Exception as error:  # protobuf's exceptions are its own
        raise ItemError(f"{source.name} is no ONNX file: {error}") from error
    weights = {value.name for value in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1 or len(model.graph.output) != 4:
        raise ItemError(f"{source.name} is not CenterFace: it has one input and four outputs")
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    for values, names in (
        (model.graph.input, ("B", "H", "W")),
        (model.graph.output, ("B", "h", "w")),
    ):
        for value in values:
            for axis, name in zip((0, 2, 3), names, strict=True):
                value.type.tensor_type.shape.dim[axis].dim_param = name
    with whole(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


@dataclass(frozen=True, slots=True)
class Face:
    """One face."""

    width: float
    """Share of the picture's width; so `height` of its height."""
    height: float
    probability: float


class FaceFinder:
    """The network, loaded."""

    def __init__(self, path: Path, device: str) -> None:
        self._session = open_session(path, device=device)

    def faces(self, picture_HWC: np.ndarray, least: float) -> list[Face]:
        """Return the faces in an RGB picture whose probability is at least `least`, surest first.

        A face is smaller than the picture and larger than about 8 pixels of 256.
        """
        import cv2

        height, width = picture_HWC.shape[:2]
        scale = LOOK_PX / min(height, width)
        high, wide = (max(1, round(n * scale / STEP_PX)) * STEP_PX for n in (height, width))
        small_HWC = cv2.resize(picture_HWC, (wide, high), interpolation=cv2.INTER_LINEAR)
        batch_1CHW = np.ascontiguousarray(small_HWC.transpose(2, 0, 1)[None], np.float32)
        (given,) = self._session.get_inputs()
        chance, size, offset, _ = self._session.run(None, {given.name: batch_1CHW})
        boxes_N4, chances_N = _boxes(chance[0, 0], size[0], offset[0], least)
        kept = cv2.dnn.NMSBoxes(boxes_N4.tolist(), chances_N.tolist(), least, OVERLAP)
        return [
            Face(
                width=min(1.0, float(boxes_N4[n, 2]) / wide),
                height=min(1.0, float(boxes_N4[n, 3]) / high),
                probability=float(chances_N[n]),
            )
            for n in np.asarray(kept, np.int64).ravel()
        ]


def _boxes(
    chance_HW: np.ndarray, size_2HW: np.ndarray, offset_2HW: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return left, top, width and height in pixels, float32 (N, 4), and probabilities (N)."""
    rows, columns = np.nonzero(chance_HW >= least)
    high, wide = (np.exp(size_2HW[n, rows, columns]) * CELL_PX for n in (0, 1))
    y, x = (
        (at + offset_2HW[n, rows, columns] + 0.5) * CELL_PX for n, at in ((0, rows), (1, columns))
    )
    boxes: Any = np.stack([x - wide / 2, y - high / 2, wide, high], axis=1)
    return boxes.astype(np.float32), chance_HW[rows, columns]
