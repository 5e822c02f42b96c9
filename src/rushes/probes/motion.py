"""How camera and subject move: optical flow from each still to the next frame that differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.records import Field, Video
from rushes.stage import STILLS_PER_SECOND, FrameSpec, Measured

GRID_PX = 6
"""The camera is fitted to every sixth flow vector each way: some 400 for four unknowns."""
ROUNDS = 3
"""How often the fit is repeated without what moved against it last time."""
TEXTURE = 12.0
"""Luma gradient (Sobel, 3×3) from which a place counts fully; flat places carry no motion."""
REPEAT = 0.3
"""A frame that differs less from another, in /255 on average, repeats it but for its coding. So
does one in which next to nothing moves, and there a longer look is the more exact one."""
MIN_SIDE_PX = 32
"""DIS needs room for its coarsest patches; smaller pictures are enlarged to this."""


def _speed(name: str, about: str, *, low: float | None = None) -> Field:
    return Field(name=name, unit="%diag/s", low=low, about=about)


class Motion:
    """Fits pan, tilt, zoom and roll to the flow; what is left over is the subject.

    All speeds are in percent of the frame's diagonal per second, so they mean the same at any size
    and frame rate. Zoom and roll are given as the speed that they cause in the frame's corner.
    Blind to what moves less than about a hundredth of a pixel at 160×90 between two frames;
    parallax reads partly as subject. Up to two repeats of a frame are passed over, so that
    animation on twos or threes and film on 30 frames move as fast as they seem to; what stands
    longer stands still.

    Source: dense inverse search flow (Kroeger et al. 2016, OpenCV); weighted least squares.
    """

    name: ClassVar = "motion"
    version: ClassVar = 2
    frames: ClassVar = FrameSpec(
        colour="gray", short_side_px=90, per_second=STILLS_PER_SECOND, burst=4
    )
    fields: ClassVar = (
        Field(name="next_pts", dtype="integer", about="pts of the frame that the flow leads to"),
        _speed("pan", "camera turning right (+) or left (-)"),
        _speed("tilt", "camera turning up (+) or down (-)"),
        _speed("zoom", "picture growing (+) or shrinking (-), in the corner"),
        _speed("roll", "picture turning clockwise (+) or back (-), in the corner"),
        _speed("camera", "mean flow of pan, tilt, zoom and roll together", low=0),
        _speed("subject", "mean flow that the camera does not explain", low=0),
        _speed("flow", "mean flow, camera and subject together", low=0),
        Field(name="fit", low=0, high=1, higher_is_better=True, about="share the camera explains"),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """None so far."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video."""
        import cv2

        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._seconds_per_tick = float(video.time_base)
        self._burst: list[tuple[np.ndarray, int]] = []
        self._pts: list[int] = []
        self._rows: list[tuple[float, ...]] = []

    def feed(self, picture: np.ndarray, pts: int, is_first: bool) -> None:
        """Take the pictures of a burst, one by one: uint8 (H, W).

        Where so few frames make up half a second that bursts meet, the first of one ends the other.
        """
        self._burst.append((picture, pts))
        if is_first:
            self._measure_burst()
            self._burst = [(picture, pts)]
        elif len(self._burst) == self.frames.burst:
            self._measure_burst()
            self._burst = []

    def _measure_burst(self) -> None:
        """Measure from the first picture to the next that differs, over the time that takes.

        How long the first one has been on display already, nobody knows; but where the second is
        seen to stand longer than it took to come, that is the source's rhythm.
        """
        if len(self._burst) < 2:
            return
        pictures = [picture for picture, _ in self._burst]
        pts = [at for _, at in self._burst]
        pts.append(2 * pts[-1] - pts[-2])  # about when the last one ends
        then = min(_stands_until(pictures, 0), len(pictures) - 1)
        after = _stands_until(pictures, then)
        took = pts[then] - pts[0]
        if after - then > 1:
            took = max(took, pts[after] - pts[then])
        self._measure(pictures[0], pts[0], pictures[then], pts[then], took)

    def _measure(
        self, before: np.ndarray, before_pts: int, picture: np.ndarray, pts: int, ticks: int
    ) -> None:
        flow_HW2, scale = self._flow_px(before, picture)
        diagonal_px = float(np.hypot(*before.shape)) * scale
        gap_s = ticks * self._seconds_per_tick
        camera = fit_camera(flow_HW2, _texture(before, flow_HW2.shape[:2]))
        speeds = np.array(camera[:7]) * (100.0 / diagonal_px / gap_s)
        self._pts.append(before_pts)
        self._rows.append((pts, *speeds, camera[7]))

    def finish(self) -> Measured:
        """Return one row for each still that has a next frame."""
        self._measure_burst()
        self._burst = []
        names = [field.name for field in self.fields]
        table = np.array(self._rows, np.float64).reshape(-1, len(names))
        columns = {name: table[:, i].astype(np.float32) for i, name in enumerate(names)}
        columns["next_pts"] = table[:, 0].astype(np.int64)
        return Measured(pts=np.array(self._pts, np.int64), columns=columns)

    def abort(self) -> None:
        """Nothing to undo."""

    def _flow_px(self, before_HW: np.ndarray, after_HW: np.ndarray) -> tuple[Any, float]:
        """Return the flow (H, W, 2) in pixels and how much the pictures were enlarged for it."""
        import cv2

        scale = max(1.0, MIN_SIDE_PX / min(before_HW.shape))
        if scale > 1:
            before_HW, after_HW = (
                cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
                for image in (before_HW, after_HW)
            )
        before_HW, after_HW = np.ascontiguousarray(before_HW), np.ascontiguousarray(after_HW)
        return self._flow.calc(before_HW, after_HW, None), scale


def _stands_until(pictures: Sequence[np.ndarray], first: int) -> int:
    """Return the index of the next picture that differs; their number if none does."""
    import cv2

    until = first + 1
    while until < len(pictures):
        if pictures[until].shape != pictures[first].shape:
            break
        difference = cv2.norm(pictures[first], pictures[until], cv2.NORM_L1)
        if difference > REPEAT * pictures[first].size:
            break
        until += 1
    return until


def fit_camera(flow_HW2: np.ndarray, weight_HW: np.ndarray) -> tuple[float, ...]:
    """Split a flow field into camera and rest.

    Args:
        flow_HW2: Flow in pixels a frame, x then y, y pointing down.
        weight_HW: How much each place counts, 0–1.

    Returns:
        pan, tilt, zoom, roll, camera, subject, flow in pixels a frame (signs as in `Motion.fields`,
        zoom and roll as met in the corner), and the share that the camera explains, 0–1.
    """
    grid = (slice(GRID_PX // 2, None, GRID_PX),) * 2
    u, v = flow_HW2[grid].reshape(-1, 2).T.astype(np.float64)
    weight = weight_HW[grid].ravel().astype(np.float64)
    total = weight.sum()
    if total < 1e-6:
        return (0.0,) * 8  # nothing to see: black, or one colour
    design = _design(*flow_HW2.shape[:2])
    target = np.concatenate([u, v])
    robust = weight
    for _ in range(ROUNDS):
        # A touch of ridge keeps the answer small where too little texture decides it.
        weighted = design * np.concatenate([robust, robust])[:, None]
        solution = np.linalg.solve(
            weighted.T @ design + 1e-6 * total * np.eye(4), weighted.T @ target
        )
        explained = design @ solution
        rest_u, rest_v = (target - explained).reshape(2, -1)
        rest = np.hypot(rest_u, rest_v)
        # Cauchy weights: what moves against the camera loses its say step by step.
        scale = max(1.4826 * _weighted_median(rest, weight), 0.02)
        robust = weight / (1 + (rest / scale) ** 2)
    subject = float((rest * weight).sum() / total)
    camera = float((np.hypot(*explained.reshape(2, -1)) * weight).sum() / total)
    flow = float((np.hypot(u, v) * weight).sum() / total)
    tx, ty, zoom, roll = (float(value) for value in solution)
    fit = 1.0 - min(1.0, subject / flow) if flow > 1e-9 else 0.0
    return -tx, ty, zoom, roll, camera, subject, flow, fit


@cache
def _design(height: int, width: int) -> np.ndarray:
    """Return how pan, tilt, zoom and roll move the places of the grid: (2 × places, 4).

    u = tx + zoom·x − roll·y;  v = ty + zoom·y + roll·x, with x, y of length 1 in the corner.
    """
    rows, columns = np.mgrid[GRID_PX // 2 : height : GRID_PX, GRID_PX // 2 : width : GRID_PX]
    corner = np.hypot(width, height) / 2
    x = (columns.ravel() - (width - 1) / 2) / corner
    y = (rows.ravel() - (height - 1) / 2) / corner
    one, zero = np.ones_like(x), np.zeros_like(x)
    across = np.stack([one, zero, x, -y], axis=1)
    down = np.stack([zero, one, y, x], axis=1)
    return np.concatenate([across, down])


def _weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    order = np.argsort(values)
    summed = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(summed, summed[-1] / 2)])


def _texture(image_HW: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return how much each place of a picture can tell about motion: 0–1, of the given shape."""
    import cv2

    smooth = cv2.GaussianBlur(np.ascontiguousarray(image_HW), (3, 3), 0)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
    strength: np.ndarray = np.minimum(np.hypot(across, down) / TEXTURE, 1.0)
    if strength.shape == shape:
        return strength
    return np.asarray(cv2.resize(strength, shape[::-1], interpolation=cv2.INTER_LINEAR))
