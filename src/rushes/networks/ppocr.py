"""Finds lines of text in a picture with two networks of PP-OCR.

The first marks where text is, pixel by pixel (differentiable binarisation, Liao et al. 2020); what
it marks becomes slanted boxes here, in OpenCV. Alone it also marks cars, tables and windows. So the
second, which reads, has a look at each box: what it cannot read as two letters is no text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.networks.session import open_session

DETECT_PX = 256
"""Short side at which text is looked for. Letters of 3 % of the height are found in three of four
pictures, of 4 % in all; at 320 it takes 1.8 times as long to gain a third of a percent."""
STEP_PX = 32
"""The first network's sides are multiples of it."""
IS_TEXT = 0.3
"""Probability from which a pixel is text; a box's mean must reach `BOX`. As in PaddleOCR."""
BOX = 0.5
GROWN = 1.6
"""The network marks the core of a line; this much of area by perimeter is put around it."""
LETTERS, LEGIBLE = 2, 0.5
"""How many letters must be read in a box, and with which mean probability."""
READ_MOST = 6
"""Boxes of a picture that are read, the largest; smaller ones are taken to be like them."""
READ_HEIGHT_PX, READ_WIDTHS_PX = 48, (96, 480)

_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32) * 255


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, or a block of large letters."""

    corners_42: np.ndarray
    """float32 x and y, as fractions of width and height; around the box."""
    probability: float
    """Mean over its pixels that they are text."""

    def bounds_px(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of the upright box around it, inside the picture."""
        xy = np.clip(self.corners_42, 0, 1) * (width, height)
        left, top = np.floor(xy.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(xy.max(axis=0)).astype(int).tolist()
        return left, top, right, bottom


class TextFinder:
    """Both networks, loaded."""

    def __init__(self, detector: Path, reader: Path, device: str) -> None:
        self._detector = open_session(detector, device=device)
        self._reader = open_session(reader, device=device)

    def lines(self, picture_HWC: np.ndarray) -> list[Line]:
        """Return the lines of text in an RGB picture, largest first."""
        found = boxes(self._map(picture_HWC))
        read = [self._is_legible(picture_HWC, line) for line in found[:READ_MOST]]
        kept = [line for line, is_text in zip(found, read, strict=False) if is_text]
        if 2 * len(kept) > len(read):
            kept += found[READ_MOST:]
        return kept

    def _map(self, picture_HWC: np.ndarray) -> np.ndarray:
        """Return the probability of text, float32 (H, W), smaller than the picture."""
        import cv2

        height, width = picture_HWC.shape[:2]
        scale = DETECT_PX / min(height, width)
        high, wide = (max(1, round(n * scale / STEP_PX)) * STEP_PX for n in (height, width))
        small_HWC = cv2.resize(picture_HWC, (wide, high), interpolation=cv2.INTER_LINEAR)
        # Trained on pictures as OpenCV reads them, blue first, with means meant for red first.
        values = (small_HWC[..., ::-1].astype(np.float32) - _MEAN) / _SPREAD
        return np.asarray(_only(self._detector, values)[0, 0])

    def _is_legible(self, picture_HWC: np.ndarray, line: Line) -> bool:
        values = straightened(picture_HWC, line).astype(np.float32) / 127.5 - 1
        chances_TN = _only(self._reader, values[..., ::-1])[0]
        best_T, chance_T = chances_TN.argmax(axis=1), chances_TN.max(axis=1)
        # A letter stretches over several steps; 0 stands for none (CTC).
        is_letter = (best_T > 0) & (np.diff(best_T, prepend=0) != 0)
        return int(is_letter.sum()) >= LETTERS and float(chance_T[is_letter].mean()) >= LEGIBLE


def boxes(chance_HW: np.ndarray) -> list[Line]:
    """Turn a map of probabilities into boxes, largest first."""
    import cv2

    height, width = chance_HW.shape
    marked_HW = cv2.dilate((chance_HW > IS_TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(marked_HW, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found: list[tuple[float, Line]] = []
    for outline in outlines:
        middle, (wide, high), angle = cv2.minAreaRect(outline)
        if min(wide, high) < 3:
            continue
        x, y, w, h = cv2.boundingRect(outline)
        inside = np.zeros((h, w), np.uint8)
        cv2.fillPoly(inside, [outline - (x, y)], 1)
        probability = cv2.mean(chance_HW[y : y + h, x : x + w], inside)[0]
        if probability < BOX:
            continue
        more = GROWN * wide * high / (wide + high)
        corners_42 = cv2.boxPoints((middle, (wide + more, high + more), angle))
        line = Line((corners_42 / (width, height)).astype(np.float32), float(probability))
        found.append(((wide + more) * (high + more), line))
    return [line for _, line in sorted(found, key=lambda pair: -pair[0])]


def straightened(picture_HWC: np.ndarray, line: Line) -> np.ndarray:
    """Return what is in a box, upright, 48 pixels high."""
    import cv2

    height, width = picture_HWC.shape[:2]
    corners = line.corners_42 * np.array([width, height], np.float32)
    corners = corners[np.argsort(corners[:, 0])]
    left, right = (pair[np.argsort(pair[:, 1])] for pair in (corners[:2], corners[2:]))
    source = np.array([left[0], right[0], right[1], left[1]], np.float32)
    wide, high = (float(np.hypot(*(source[a] - source[0]))) for a in (1, 3))
    shown = int(np.clip(round(READ_HEIGHT_PX * wide / max(high, 1)), *READ_WIDTHS_PX))
    target = np.array([(0, 0), (shown, 0), (shown, READ_HEIGHT_PX), (0, READ_HEIGHT_PX)],
                      np.float32)  # fmt: skip
    turn = cv2.getPerspectiveTransform(source, target)
    return np.asarray(cv2.warpPerspective(picture_HWC, turn, (shown, READ_HEIGHT_PX)))


def covered_share(lines: Sequence[Line], height: int, width: int) -> float:
    """Return the share of a picture that lines cover together, measured on a grid of that size."""
    import cv2

    mask = np.zeros((height, width), np.uint8)
    for line in lines:
        corners = (line.corners_42 * (width, height)).round().astype(np.int32)
        cv2.fillPoly(mask, [corners], 1)
    return float(mask.mean())


def _only(session: Any, values_HWC: np.ndarray) -> np.ndarray:
    """Run a network of one input and one output on one picture."""
    (given,) = session.get_inputs()
    batch_1CHW = np.ascontiguousarray(values_HWC.transpose(2, 0, 1)[None])
    return np.asarray(session.run(None, {given.name: batch_1CHW})[0])
