"""Differences of each frame to earlier ones: the signals of cuts, fades, flashes and freezes.

Every frame is scaled down (to about 40×22 luma, and as much Cb and Cr) and compared with the frames
1, 2 and 3 places back, and with those 0.24 to 1.92 s back. The first three show sudden changes; the
others show slow ones at any frame rate. Means and root mean squares hide changes of a few cells. So
the cells are counted that changed before the frame 0.24 s back and not since, and the reverse. Cuts
are decided later, from these signals alone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, Planes, ProbeResult
from rushes.stages.protocols import Probe

GRID_LONG_SIDE_PX = 40
"""Limit of the halving of the planes: their long side stays at or above this."""
REACHES_S = {"reach_240ms": 0.24, "reach_480ms": 0.48, "reach_960ms": 0.96, "reach_1920ms": 1.92}
"""Lags of the slow comparisons: 6, 12, 24 and 48 frames at 25 frames/s. A transition shows best at
a lag about as long as itself."""
CELL_CHANGE = 12
"""Difference, in /255, above which a cell has changed."""
# Frames are measured in batches, at a third of the cost of one by one.
_BATCH = 48
# Most frames kept for comparison, at any timestamps.
_MAX_KEPT = 1024


def _distance(name: str, about: str) -> Field:
    return Field(name=name, unit="/255", low=0, high=255, about=about)


def _level(name: str, unit: str, high: int, about: str) -> Field:
    return Field(name=name, dtype="integer", unit=unit, low=0, high=high, about=about)


def _cells(name: str, about: str) -> Field:
    return Field(name=name, unit="%", low=0, high=100, about=about)


class Change(Probe):
    """Compares every frame with earlier ones; 22 bytes of signals a frame."""

    name: ClassVar[str] = "change"
    version: ClassVar[int] = 2
    frames: ClassVar[FrameSpec] = FrameSpec(colour="planes")
    fields: ClassVar[tuple[Field, ...]] = (
        _distance("step_1", "mean absolute difference to the frame before; 0 in a freeze"),
        _level(
            "step_2",
            "/255",
            255,
            "mean absolute difference to the frame two back; small after a short flash",
        ),
        _level("step_3", "/255", 255, "mean absolute difference to the frame three back"),
        *(
            _distance(name, f"root mean square difference to the frame {reach_s} s back")
            for name, reach_s in REACHES_S.items()
        ),
        *(
            _level(
                f"spread_{name[6:]}",
                "%",
                100,
                f"mean difference over root mean square, {reach_s} s back",
            )
            for name, reach_s in REACHES_S.items()
        ),
        _cells("arrived", "cells that changed before the frame 0.24 s back and not since"),
        _cells("leaving", "cells that changed since the frame 0.24 s back and not before"),
        _level("luma", "/255", 255, "mean luma; black is 0, white 255"),
        _level("contrast", "/255", 128, "standard deviation of luma"),
    )

    @dataclass(frozen=True, kw_only=True)
    class Params:
        """No settings: the thresholds belong to the detectors."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()
        self._black, self._gain = 16.0, 255 / 219
        self._reaches_pts: list[int] = []
        self._reset()

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        self._reset()
        is_full = video.color_range == "full" or video.pix_fmt.startswith("yuvj")
        self._black, self._gain = (0.0, 1.0) if is_full else (16.0, 255 / 219)
        self._reaches_pts = [round(reach_s / video.time_base) for reach_s in REACHES_S.values()]

    def process(self, picture: Planes, pts: int, is_first: bool) -> None:
        """Add one frame, as stored; its orientation changes no signal."""
        if self._pending:
            picture = _scaled_like(picture, self._pending[0])
        elif self._shape_of is not None:
            picture = _scaled_like(picture, self._shape_of)
        self._pending.append(picture)
        self._pending_pts.append(pts)
        if len(self._pending) >= _BATCH:
            self._measure()

    def finish(self) -> ProbeResult:
        """Return the signals of all frames."""
        self._measure()
        tables = [np.zeros((0, len(self.fields))), *self._tables]
        table = np.concatenate(tables)
        pts = np.concatenate([np.zeros(0, np.int64), *self._pts])
        columns = {}
        for field, values in zip(self.fields, table.T, strict=True):
            if field.dtype == "integer":
                columns[field.name] = np.rint(values).clip(0, field.high or 255).astype(np.uint8)
            else:
                columns[field.name] = values.astype(np.float16)
        self._reset()
        return ProbeResult(columns=columns, pts=pts)

    def abort(self) -> None:
        """Drop the frames of the video."""
        self._reset()

    def _reset(self) -> None:
        self._shape_of: Planes | None = None
        self._pending: list[Planes] = []
        self._pending_pts: list[int] = []
        self._tables: list[np.ndarray] = []
        self._pts: list[np.ndarray] = []
        self._past_MN = np.zeros((0, 0), np.uint8)
        self._past_changes_MN = np.zeros((0, 0), np.uint8)
        self._past_pts = np.zeros(0, np.int64)

    def _measure(self) -> None:
        """Measure the pending frames: one row of the table each."""
        import cv2

        if not self._pending:
            return
        self._shape_of = self._pending[0]
        count, past = len(self._pending), len(self._past_pts)
        luma_TN = _scaled_down(np.stack([p.luma_HW for p in self._pending])).reshape(count, -1)
        chroma_SHW = np.concatenate([p.chroma_CHW for p in self._pending])
        grids_TN = np.concatenate([luma_TN, _scaled_down(chroma_SHW).reshape(count, -1)], axis=1)
        pts = np.array(self._pending_pts, np.int64)
        known_MN = np.concatenate([self._past_MN, grids_TN]) if past else grids_TN
        known_pts = np.concatenate([self._past_pts, pts])
        if not past:
            self._past_changes_MN = grids_TN[:0]
        row = np.arange(past, past + count)

        steps = [
            _mean_difference(grids_TN, known_MN[np.maximum(row - back, 0)]) for back in (1, 2, 3)
        ]
        thens = [
            np.minimum(_nearest(known_pts, pts - reach_pts), np.maximum(row - 1, 0))
            for reach_pts in self._reaches_pts
        ]
        differences = [cv2.absdiff(grids_TN, known_MN[then]) for then in thens]
        reaches, spreads = zip(*(_distance_and_spread(d_TN) for d_TN in differences), strict=True)
        changes_MN = np.concatenate([self._past_changes_MN, differences[0]])
        before_TN, after_TN = changes_MN[thens[0]], differences[0]
        cells = [_only_first(before_TN, after_TN), _only_first(after_TN, before_TN)]
        luma = (luma_TN.mean(1, np.float32) - self._black) * self._gain
        contrast = luma_TN.std(1, np.float32) * self._gain
        self._tables.append(np.stack([*steps, *reaches, *spreads, *cells, luma, contrast], axis=1))
        self._pts.append(pts)

        oldest = np.searchsorted(known_pts, pts[-1] - max(self._reaches_pts)) - 1
        oldest = max(min(oldest, len(known_pts) - 3), len(known_pts) - _MAX_KEPT, 0)
        self._past_MN, self._past_pts = known_MN[oldest:].copy(), known_pts[oldest:]
        self._past_changes_MN = changes_MN[oldest:].copy()
        self._pending, self._pending_pts = [], []


def _scaled_like(picture: Planes, other: Planes) -> Planes:
    """Scale a frame to another's size, since a stream may change its size."""
    import cv2

    if picture.luma_HW.shape == other.luma_HW.shape:
        return picture
    height, width = other.luma_HW.shape
    luma_HW = cv2.resize(picture.luma_HW, (width, height), interpolation=cv2.INTER_AREA)
    height, width = other.chroma_CHW.shape[1:]
    chroma = [
        cv2.resize(c, (width, height), interpolation=cv2.INTER_AREA) for c in picture.chroma_CHW
    ]
    return Planes(luma_HW, np.stack(chroma))


def _scaled_down(planes_THW: np.ndarray) -> np.ndarray:
    """Halve all planes by 2×2 boxes down to `GRID_LONG_SIDE_PX`."""
    import cv2

    count, height, width = planes_THW.shape
    while max(height, width) >= 2 * GRID_LONG_SIDE_PX and min(height, width) >= 2:
        height, width = height // 2, width // 2
        # Stacked vertically they are a single picture, and no box crosses from one to the next.
        tall = planes_THW[:, : 2 * height, : 2 * width].reshape(-1, 2 * width)
        planes_THW = cv2.resize(tall, (width, count * height), interpolation=cv2.INTER_AREA)
        planes_THW = planes_THW.reshape(count, height, width)
    return planes_THW


def _nearest(pts: np.ndarray, wanted_pts: np.ndarray) -> np.ndarray:
    """Return the row nearest to each wanted time; the later one if two are."""
    right = np.searchsorted(pts, wanted_pts).clip(1, max(len(pts) - 1, 1))
    is_left = wanted_pts - pts[right - 1] < pts[np.minimum(right, len(pts) - 1)] - wanted_pts
    return np.where(is_left, right - 1, np.minimum(right, len(pts) - 1))


def _mean_difference(a_TN: np.ndarray, b_TN: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference of each row."""
    import cv2

    difference_TN = cv2.absdiff(a_TN, b_TN)
    total = cv2.reduce(difference_TN, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    return np.asarray(total / a_TN.shape[1])


def _distance_and_spread(difference_TN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the root mean square of each row of differences, and its spread in percent."""
    import cv2

    total = cv2.reduce(difference_TN, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    count = difference_TN.shape[1]
    difference_TN = difference_TN.astype(np.float32)
    squares = np.einsum("tn,tn->t", difference_TN, difference_TN)
    distance = np.sqrt(squares / count)
    spread = 100 * total / count / np.maximum(distance, 1e-6)
    return distance, np.where(distance > 0, spread, 100.0)


def _only_first(first_TN: np.ndarray, second_TN: np.ndarray) -> np.ndarray:
    """Return the percentage of cells in each row that changed first, and second less than half."""
    import cv2

    # In whole numbers, 2 × second < first means second ≤ (first - 1) / 2.
    is_so_TN = (first_TN > CELL_CHANGE) & (second_TN <= (first_TN - 1) >> 1)
    total = cv2.reduce(is_so_TN.view(np.uint8), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    return np.asarray(100 * total / first_TN.shape[1])
