"""Face detection with CenterFace, and conversion of its file to pictures of any size.

The published file takes ten pictures of 32×32 and lists its weights as inputs; the network itself
needs neither.
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
"""Short side of the picture that the network is given."""
STEP_PX, CELL_PX = 32, 4
"""Both sides of the input are multiples of the first; the output has one cell per the second."""
OVERLAP = 0.3
"""Intersection over union above which only the more probable of two boxes is kept."""


def convert(source: Path, target: Path) -> None:
    """Convert the published file to free input sizes; equal files give equal bytes.

    Raises:
        ItemError: The file is not CenterFace's.
        MissingDependency: The package onnx is not installed.
    """
    onnx = require_onnx()
    try:
        model = onnx.load_model_from_string(source.read_bytes())
    except Exception as error:  # protobuf's exceptions are its own
        raise ItemError(f"{source.name} is not an ONNX file: {error}") from error
    weights = {value.name for value in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1 or len(model.graph.output) != 4:
        raise ItemError(f"{source.name} is not CenterFace, which has one input and four outputs")
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
    """One detected face."""

    width: float
    """Share of the picture's width, 0–1."""
    height: float
    """Share of the picture's height, 0–1."""
    probability: float


class FaceFinder:
    """The loaded face detector."""

    def __init__(self, path: Path, device: str) -> None:
        self._session = open_session(path, device=device)

    def faces(self, picture_HWC: np.ndarray, least: float) -> list[Face]:
        """Return the faces of an RGB picture, uint8 (H, W, 3), the most probable first.

        The smallest faces found are about 3 % of the short side.

        Args:
            picture_HWC: The picture.
            least: Least probability of a face, 0–1.
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
