"""How each frame differs from frames before it: what cuts, fades, flashes and freezes show in.

Every frame is made tiny (about 40×22 luma, the same of Cb and Cr) and compared with the frames
1, 2 and 3 places back, and with those a quarter of a second to two seconds back. The first three
find what happens at once; the others, what happens slowly, at any frame rate. Which of it is a cut
is decided later, from these numbers alone.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.records import Field, Video
from rushes.stage import FrameSpec, Measured, Planes

GRID_LONG_SIDE_PX = 40
"""Planes are halved until their long side would fall below this."""
REACHES_S = {"reach_240ms": 0.24, "reach_480ms": 0.48, "reach_960ms": 0.96, "reach_1920ms": 1.92}
"""How far back the slow comparisons look. Each is twice the one before, so that one can see
whether two steps went the same way (a dissolve) or not (motion); 6, 12, 24 and 48 frames at 25
frames a second, and nowhere near a tie between two frames at 24 and 30."""
_FRAMES_BACK = ("step_1", "step_2", "step_3")
# More than this are never kept, whatever the timestamps say.
_RING_FRAMES = 1024
# Frames are measured some dozens at a time, while code and tables are in the processor's cache;
# one at a time between two decoded frames, the same work takes twice as long.
_AT_ONCE = 48
_L1, _L2 = 2, 4  # cv2.NORM_L1, cv2.NORM_L2


def _distance(name: str, about: str) -> Field:
    return Field(name=name, unit="/255", low=0, high=255, about=about)


def _level(name: str, unit: str, high: int, about: str) -> Field:
    return Field(name=name, dtype="integer", unit=unit, low=0, high=high, about=about)


class Change:
    """Watches every frame; writes 18 bytes for each."""

    name: ClassVar[str] = "change"
    version: ClassVar[int] = 1
    frames: ClassVar[FrameSpec] = FrameSpec(colour="planes")
    fields: ClassVar[tuple[Field, ...]] = (
        _distance("step_1", "mean absolute difference to the frame before; 0 in a freeze"),
        _level("step_2", "/255", 255, "the same to the frame two back; small after a short flash"),
        _level("step_3", "/255", 255, "the same to the frame three back"),
        *(
            _distance(name, f"root mean square difference to the frame {reach_s} s back")
            for name, reach_s in REACHES_S.items()
        ),
        *(
            _level(f"spread_{name[6:]}", "%", 100, f"mean over root mean square, {reach_s} s back")
            for name, reach_s in REACHES_S.items()
        ),
        _level("luma", "/255", 255, "mean luma; black is 0, white 255"),
        _level("contrast", "/255", 128, "standard deviation of luma"),
    )

    @dataclass(frozen=True, kw_only=True)
    class Params:
        """Nothing to set: thresholds belong to the detectors."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()
        self._reaches_pts: list[int] = []
        self._black, self._gain = 16.0, 255 / 219
        self._reset()

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        self._reset()
        is_full = video.color_range == "full" or video.pix_fmt.startswith("yuvj")
        self._black, self._gain = (0.0, 1.0) if is_full else (16.0, 255 / 219)
        self._reaches_pts = [round(reach_s / video.time_base) for reach_s in REACHES_S.values()]

    def feed(self, picture: Planes, pts: int, is_first: bool) -> None:
        """Take one frame, as stored; turning it upright would change no number."""
        self._waiting.append((pts, picture))
        if len(self._waiting) >= _AT_ONCE:
            self._measure()

    def finish(self) -> Measured:
        """Return the signals of all frames fed."""
        self._measure()
        table = np.array(self._rows, np.float64).reshape(-1, len(self.fields))
        columns = {}
        for field, values in zip(self.fields, table.T, strict=True):
            if field.dtype == "integer":
                columns[field.name] = np.rint(values).clip(0, field.high or 255).astype(np.uint8)
            else:
                columns[field.name] = values.astype(np.float16)
        pts = np.array(self._pts, np.int64)
        self._reset()
        return Measured(columns=columns, pts=pts)

    def abort(self) -> None:
        """Forget the video."""
        self._reset()

    def _reset(self) -> None:
        self._waiting: list[tuple[int, Planes]] = []
        self._rows: list[list[float]] = []
        self._pts: list[int] = []
        self._ring: deque[tuple[int, np.ndarray]] = deque()
        self._at = [0] * len(REACHES_S)

    def _measure(self) -> None:
        """Turn the waiting frames into rows."""
        import cv2

        for pts, picture in self._waiting:
            luma_HW, grid_N = _grid(picture)
            mean, deviation = cv2.meanStdDev(luma_HW)
            far = self._far(grid_N, pts, cv2.norm)
            row = [self._back(grid_N, frames, cv2.norm) for frames in (1, 2, 3)]
            row += [distance for distance, _ in far]
            row += [spread for _, spread in far]
            row += [(mean[0, 0] - self._black) * self._gain, deviation[0, 0] * self._gain]
            self._rows.append(row)
            self._pts.append(pts)
            self._keep(grid_N, pts)
        self._waiting.clear()

    def _back(self, grid_N: np.ndarray, frames: int, norm: Callable[..., float]) -> float:
        """Return the mean absolute difference to the frame `frames` back; 0 for the first."""
        ring = self._ring
        if not ring:
            return 0.0
        return norm(grid_N, ring[max(-frames, -len(ring))][1], _L1) / grid_N.size

    def _far(
        self, grid_N: np.ndarray, pts: int, norm: Callable[..., float]
    ) -> list[tuple[float, float]]:
        """Compare with the frame nearest to each reach: root mean square, and spread in percent."""
        ring, size = self._ring, grid_N.size
        found = []
        for which, reach_pts in enumerate(self._reaches_pts):
            # Times only ascend, and so do the frames that are nearest to them.
            at, last, then_pts = self._at[which], len(ring) - 1, pts - reach_pts
            while at < last and abs(ring[at + 1][0] - then_pts) <= abs(ring[at][0] - then_pts):
                at += 1
            self._at[which] = at
            distance = norm(grid_N, ring[at][1], _L2) / size**0.5 if ring else 0.0
            if distance:
                found.append((distance, 100 * norm(grid_N, ring[at][1], _L1) / (size * distance)))
            else:
                found.append((0.0, 100.0))
        return found

    def _keep(self, grid_N: np.ndarray, pts: int) -> None:
        """Remember a frame; forget those that no reach can come back to."""
        ring = self._ring
        ring.append((pts, grid_N))
        # The longest reach points at the oldest frame still wanted; three stay for the steps.
        while len(ring) > 3 and (min(self._at) > 0 or len(ring) > _RING_FRAMES):
            ring.popleft()
            self._at = [max(at - 1, 0) for at in self._at]


def _grid(picture: Planes) -> tuple[np.ndarray, np.ndarray]:
    """Return the tiny luma (H, W) and luma, Cb and Cr in one row (N), all uint8."""
    luma_HW = _tiny(picture.luma_HW)
    chroma = [_tiny(plane_HW).ravel() for plane_HW in picture.chroma_CHW]
    return luma_HW, np.concatenate([luma_HW.ravel(), *chroma])


def _tiny(plane_HW: np.ndarray) -> np.ndarray:
    """Halve by exact 2×2 boxes while the long side stays at or above `GRID_LONG_SIDE_PX`."""
    import cv2

    while max(plane_HW.shape) >= 2 * GRID_LONG_SIDE_PX and min(plane_HW.shape) >= 2:
        height, width = plane_HW.shape[0] // 2, plane_HW.shape[1] // 2
        plane_HW = cv2.resize(
            plane_HW[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA
        )
    return plane_HW
