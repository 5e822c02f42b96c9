"""Text detection with two networks of PP-OCR: a detector, and a recogniser that confirms its boxes.

The detector gives the probability of text for each pixel (differentiable binarisation, Liao et al.
2020), from which OpenCV makes rotated boxes. Alone it also finds cars, tables and windows. So the
recogniser reads each box: a box without two legible letters is not text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.networks.session import open_session

DETECT_PX = 256
"""Short side of the detector's input. Letters of 3 % of the height are found in three pictures of
four, letters of 4 % in all. 320 takes 1.8 times as long for letters smaller by a third of 1 %."""
STEP_PX = 32
"""Both sides of the detector's input are multiples of this."""
IS_TEXT = 0.3
"""Least probability of a text pixel, as in PaddleOCR."""
MIN_BOX = 0.5
"""Least mean probability of a box, as in PaddleOCR."""
MARGIN = 1.6
"""Margin around a box, times its area over its perimeter: the detector marks the core of a line."""
MIN_LETTERS, MIN_LEGIBILITY = 2, 0.5
"""Letters that a box must have, and their least mean probability."""
MAX_READ = 6
"""Boxes of a picture that are read, the largest ones; the majority of them decides on the rest."""
READ_HEIGHT_PX, READ_WIDTHS_PX = 48, (96, 480)
"""Height of the recogniser's input, and the range of its width."""

_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32) * 255


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, or a block of large letters."""

    corners_42: np.ndarray
    """Corners of its box in order around it: float32 x and y, as shares of width and height."""
    probability: float
    """Mean probability of text over its pixels."""

    def bounds_px(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of the upright box around it, within the picture."""
        xy = np.clip(self.corners_42, 0, 1) * (width, height)
        left, top = np.floor(xy.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(xy.max(axis=0)).astype(int).tolist()
        return left, top, right, bottom


class TextFinder:
    """The loaded detector and recogniser."""

    def __init__(self, detector: Path, reader: Path, device: str) -> None:
        self._detector = open_session(detector, device=device)
        self._reader = open_session(reader, device=device)

    def lines(self, picture_HWC: np.ndarray) -> list[Line]:
        """Return the lines of text in an RGB picture, uint8 (H, W, 3), largest first."""
        found = boxes(self._map(picture_HWC))
        read = [self._is_legible(picture_HWC, line) for line in found[:MAX_READ]]
        kept = [line for line, is_text in zip(found, read, strict=False) if is_text]
        if 2 * len(kept) > len(read):
            kept += found[MAX_READ:]
        return kept

    def _map(self, picture_HWC: np.ndarray) -> np.ndarray:
        """Return the detector's map of probabilities: float32 (H, W), smaller than the picture."""
        import cv2

        height, width = picture_HWC.shape[:2]
        scale = DETECT_PX / min(height, width)
        high, wide = (max(1, round(n * scale / STEP_PX)) * STEP_PX for n in (height, width))
        small_HWC = cv2.resize(picture_HWC, (wide, high), interpolation=cv2.INTER_LINEAR)
        # Trained on pictures in OpenCV's order, blue first, with means in the order red first.
        values = (small_HWC[..., ::-1].astype(np.float32) - _MEAN) / _SPREAD
        return np.asarray(_run(self._detector, values)[0, 0])

    def _is_legible(self, picture_HWC: np.ndarray, line: Line) -> bool:
        values = crop_line(picture_HWC, line).astype(np.float32) / 127.5 - 1
        chances_TN = _run(self._reader, values[..., ::-1])[0]
        best_T, chance_T = chances_TN.argmax(axis=1), chances_TN.max(axis=1)
        # A letter covers several steps; 0 is the blank of CTC.
        is_letter = (best_T > 0) & (np.diff(best_T, prepend=0) != 0)
        return (
            int(is_letter.sum()) >= MIN_LETTERS
            and float(chance_T[is_letter].mean()) >= MIN_LEGIBILITY
        )


def boxes(chance_HW: np.ndarray) -> list[Line]:
    """Return the boxes of a map of probabilities, largest first."""
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
        if probability < MIN_BOX:
            continue
        more = MARGIN * wide * high / (wide + high)
        corners_42 = cv2.boxPoints((middle, (wide + more, high + more), angle))
        line = Line((corners_42 / (width, height)).astype(np.float32), float(probability))
        found.append(((wide + more) * (high + more), line))
    return [line for _, line in sorted(found, key=lambda pair: -pair[0])]


def crop_line(picture_HWC: np.ndarray, line: Line) -> np.ndarray:
    """Return the content of a box upright and 48 pixels high, uint8 (48, W, 3)."""
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
    """Return the share of a picture under any of the lines, on a grid of height × width."""
    import cv2

    mask = np.zeros((height, width), np.uint8)
    for line in lines:
        corners = (line.corners_42 * (width, height)).round().astype(np.int32)
        cv2.fillPoly(mask, [corners], 1)
    return float(mask.mean())


def _run(session: Any, values_HWC: np.ndarray) -> np.ndarray:
    """Run a network with one input and one output on one picture."""
    (given,) = session.get_inputs()
    batch_1CHW = np.ascontiguousarray(values_HWC.transpose(2, 0, 1)[None])
    return np.asarray(session.run(None, {given.name: batch_1CHW})[0])
