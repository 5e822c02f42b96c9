"""Speed of camera and subject, by optical flow from each still to the next distinct frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.records import Field, Video
from rushes.stages.items import STILLS_PER_SECOND, FrameSpec, ProbeResult
from rushes.stages.protocols import Probe

GRID_PX = 6
"""Spacing of the flow vectors that the camera is fitted to: some 400 for four unknowns."""
MAX_ROUNDS = 10
"""Most rounds of the robust fit."""
SETTLED_PX = 0.02
"""Change of the fit in a round below which it ends; most take three or four rounds."""
TEXTURE = 12.0
"""Luma gradient (Sobel, 3×3) above which a place has full weight; flat places have none."""
MAX_REPEAT = 0.3
"""Mean difference, in /255, up to which a frame repeats another but for its coding. It also passes
over frames with almost no motion, for which a longer interval is more exact."""
MIN_SIDE_PX = 32
"""Least side for DIS's coarsest patches; smaller pictures are enlarged."""
MAX_BAR_LUMA = 34
"""Most luma in the lines of a bar, in both pictures."""
RIM_PX = 4
"""Width of the picture beside a bar that is left out too: the bar slows the flow there."""
MIN_TRAVEL_PX = 2.0
"""Least travel of the camera between stills, for parts that stay in place to be overlays."""
MAX_LAG = 0.9
"""Largest flow of an overlay, as a share of the camera's; DIS carries some flow into it."""
MIN_EXPLAINED = 0.5
"""Least share of the flow that the camera explains, for any part to be an overlay."""
MIN_LEFT = 0.35
"""Least share of the texture outside of overlays; with less, the picture itself is still."""
MAX_LEFT = 0.98
"""Share of the texture outside of overlays above which a second fit would change nothing."""
MIN_GRADIENT = 5.0
"""Least luma gradient of a place that is compared with the same place of another still."""
MAX_DIFFERENCE = 0.5
"""Largest difference of the gradients at the same place, as a share of the gradient."""
MIN_CROWD = 0.3
"""Least share of such places around one of them; with fewer it is a chance match."""
HALO_PX = (13, 25)
"""Height and width of the neighbourhood that is left out with an overlay: text runs along lines,
and DIS slows the flow some pixels around it."""


def _speed(name: str, about: str, *, low: float | None = None) -> Field:
    return Field(name=name, unit="%diag/s", low=low, about=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The measured flow of a still, kept until the next still is there."""

    flow_HW2: np.ndarray
    weight_HW: np.ndarray
    scale: float
    """Factor by which the pictures were enlarged for the flow."""
    still: "_Still"
    previous: "_Still | None"
    seconds: float
    pts: tuple[int, int]


class Motion(Probe):
    """Fits pan, tilt, zoom and roll to the optical flow; the residual is the subject's motion.

    All speeds are in percent of the frame's diagonal per second, so they compare between sizes and
    frame rates. Zoom and roll are given as the speed in the frame's corner. Motion below about 0.01
    pixels at 160×90 between two frames is not measured. Parallax counts partly as subject. Up to
    two repeats of a frame are skipped, so that animation on twos or threes and film on 30 frames
    have their apparent speed; longer repeats are stillness.

    Left out are bars, and parts that stay in place for half a second while the camera moves:
    subtitles and logos, but a dashboard too. Under a still camera a subtitle cannot be told from
    the background; there it lowers the mean by its share of the picture's texture.

    Source: dense inverse search flow (Kroeger et al. 2016, OpenCV); weighted least squares.
    """

    name: ClassVar = "motion"
    version: ClassVar = 3
    frames: ClassVar = FrameSpec(
        colour="gray", short_side_px=90, per_second=STILLS_PER_SECOND, burst=4
    )
    fields: ClassVar = (
        Field(name="next_pts", dtype="integer", about="pts of the later frame of the pair"),
        _speed("pan", "camera turning right (+) or left (-)"),
        _speed("tilt", "camera turning up (+) or down (-)"),
        _speed("zoom", "picture growing (+) or shrinking (-), in the corner"),
        _speed("roll", "picture turning clockwise (+) or back (-), in the corner"),
        _speed("camera", "mean flow of pan, tilt, zoom and roll together", low=0),
        _speed("subject", "mean flow that the camera does not explain", low=0),
        _speed("flow", "mean flow, camera and subject together", low=0),
        Field(
            name="fit",
            low=0,
            high=1,
            higher_is_better=True,
            about="share of the flow that the camera explains",
        ),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video."""
        import cv2

        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._seconds_per_tick = float(video.time_base)
        self._burst: list[tuple[np.ndarray, int]] = []
        self._pending: _Pair | None = None
        self._previous: _Still | None = None
        self._still: _Still | None = None
        self._pts: list[int] = []
        self._rows: list[tuple[float, ...]] = []

    def process(self, picture: np.ndarray, pts: int, is_first: bool) -> None:
        """Add a picture of a burst: uint8 (H, W).

        At low frame rates bursts overlap; then the first picture of one ends the burst before.
        """
        self._burst.append((picture, pts))
        if is_first:
            self._measure_burst()
            self._previous, self._still = self._still, _Still(picture)
            self._record(self._still)
            self._burst = [(picture, pts)]
        elif len(self._burst) == self.frames.burst:
            self._measure_burst()
            self._burst = []

    def _measure_burst(self) -> None:
        """Measure the flow from the first picture to the next distinct one, and the time between.

        The first picture may have been on display before the burst. So if the second stays longer
        than the first did, the second's duration is taken.
        """
        if len(self._burst) < 2:
            return
        pictures = [picture for picture, _ in self._burst]
        pts = [at for _, at in self._burst]
        pts.append(2 * pts[-1] - pts[-2])  # the estimated end of the last one
        then = min(_next_distinct(pictures, 0), len(pictures) - 1)
        after = _next_distinct(pictures, then)
        took = pts[then] - pts[0]
        if after - then > 1:
            took = max(took, pts[after] - pts[then])
        self._measure(pictures[0], pts[0], pictures[then], pts[then], took)

    def _measure(
        self, before: np.ndarray, before_pts: int, picture: np.ndarray, pts: int, ticks: int
    ) -> None:
        """Measure a pair, and keep it until the next still, which shows overlays."""
        still = self._still if self._still is not None else _Still(before)
        flow_HW2, scale = self._flow_px(before, picture)
        weight_HW = still.texture * _mask_inside_bars(before, picture)
        self._pending = _Pair(
            flow_HW2=flow_HW2,
            weight_HW=_resized(weight_HW, flow_HW2.shape[:2]),
            scale=scale,
            still=still,
            previous=self._previous,
            seconds=ticks * self._seconds_per_tick,
            pts=(before_pts, pts),
        )

    def _record(self, following: "_Still | None") -> None:
        """Record the pending pair, if there is one; `following` is the next still."""
        pair, self._pending = self._pending, None
        if pair is None:
            return
        camera = fit_camera(pair.flow_HW2, pair.weight_HW)
        travel_px = camera[4] / pair.scale / pair.seconds / STILLS_PER_SECOND
        others = [other for other in (pair.previous, following) if other is not None]
        if travel_px >= MIN_TRAVEL_PX and camera[7] >= MIN_EXPLAINED and others:
            weight_HW = _without_overlays(pair, camera, others)
            left = float(weight_HW.sum() / pair.weight_HW.sum())
            if MIN_LEFT <= left < MAX_LEFT:
                camera = fit_camera(pair.flow_HW2, weight_HW)
        diagonal_px = float(np.hypot(*pair.flow_HW2.shape[:2]))
        speeds = np.array(camera[:7]) * (100.0 / diagonal_px / pair.seconds)
        self._pts.append(pair.pts[0])
        self._rows.append((pair.pts[1], *speeds, camera[7]))

    def finish(self) -> ProbeResult:
        """Return one row for each still with a next frame."""
        self._measure_burst()
        self._record(None)
        self._burst = []
        names = [field.name for field in self.fields]
        table = np.array(self._rows, np.float64).reshape(-1, len(names))
        columns = {name: table[:, i].astype(np.float32) for i, name in enumerate(names)}
        columns["next_pts"] = table[:, 0].astype(np.int64)
        return ProbeResult(pts=np.array(self._pts, np.int64), columns=columns)

    def abort(self) -> None:
        """Do nothing: there are no files."""

    def _flow_px(self, before_HW: np.ndarray, after_HW: np.ndarray) -> tuple[Any, float]:
        """Return the flow (H, W, 2) in pixels, and the factor by which pictures were enlarged."""
        import cv2

        scale = max(1.0, MIN_SIDE_PX / min(before_HW.shape))
        if scale > 1:
            before_HW, after_HW = (
                cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
                for image in (before_HW, after_HW)
            )
        before_HW, after_HW = np.ascontiguousarray(before_HW), np.ascontiguousarray(after_HW)
        return self._flow.calc(before_HW, after_HW, None), scale


def _next_distinct(pictures: Sequence[np.ndarray], first: int) -> int:
    """Return the index of the next picture that differs; the number of pictures if none does."""
    import cv2

    until = first + 1
    while until < len(pictures):
        if pictures[until].shape != pictures[first].shape:
            break
        difference = cv2.norm(pictures[first], pictures[until], cv2.NORM_L1)
        if difference > MAX_REPEAT * pictures[first].size:
            break
        until += 1
    return until


def fit_camera(flow_HW2: np.ndarray, weight_HW: np.ndarray) -> tuple[float, ...]:
    """Fit a camera to a flow field by robust weighted least squares.

    Args:
        flow_HW2: Flow in pixels a frame, x then y; y points down.
        weight_HW: Weight of each place, 0–1.

    Returns:
        pan, tilt, zoom, roll, camera, subject, flow in pixels a frame (signs as in `Motion.fields`,
        zoom and roll at the corner), and the share of the flow that the camera explains, 0–1.
    """
    grid = (slice(GRID_PX // 2, None, GRID_PX),) * 2
    u, v = flow_HW2[grid].reshape(-1, 2).T.astype(np.float64)
    weight = weight_HW[grid].ravel().astype(np.float64)
    total = weight.sum()
    if total < 1e-6:
        return (0.0,) * 8  # no texture: black, or one colour
    design = _design(*flow_HW2.shape[:2])
    target = np.concatenate([u, v])
    robust, solution = weight, np.zeros(4)
    for _ in range(MAX_ROUNDS):
        last = solution
        # A small ridge term keeps the solution small where there is too little texture.
        weighted = design * np.concatenate([robust, robust])[:, None]
        solution = np.linalg.solve(
            weighted.T @ design + 1e-6 * total * np.eye(4), weighted.T @ target
        )
        explained = design @ solution
        rest_u, rest_v = (target - explained).reshape(2, -1)
        rest = np.hypot(rest_u, rest_v)
        # Cauchy weights: places that move unlike the camera lose weight round by round.
        scale = max(1.4826 * _weighted_median(rest, weight), 0.02)
        robust = weight / (1 + (rest / scale) ** 2)
        if np.abs(solution - last).max() < SETTLED_PX:
            break
    subject = float((rest * weight).sum() / total)
    camera = float((np.hypot(*explained.reshape(2, -1)) * weight).sum() / total)
    flow = float((np.hypot(u, v) * weight).sum() / total)
    tx, ty, zoom, roll = (float(value) for value in solution)
    fit = 1.0 - min(1.0, subject / flow) if flow > 1e-9 else 0.0
    return -tx, ty, zoom, roll, camera, subject, flow, fit


@cache
def _design(height: int, width: int) -> np.ndarray:
    """Return the design matrix of pan, tilt, zoom and roll on the grid: (2 × places, 4).

    u = tx + zoom·x − roll·y;  v = ty + zoom·y + roll·x, where (x, y) has length 1 in the corner.
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


class _Still:
    """A small gray picture and its luma gradient."""

    def __init__(self, image_HW: np.ndarray) -> None:
        self.image_HW = image_HW

    @cached_property
    def gradient(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradient to the right, gradient down, and its length: float32 (H, W) each."""
        import cv2

        smooth = cv2.GaussianBlur(np.ascontiguousarray(self.image_HW), (3, 3), 0)
        across: np.ndarray = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25)
        down: np.ndarray = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
        return across, down, _length(across, down)

    @property
    def texture(self) -> np.ndarray:
        """Weight of each place by its texture, 0–1."""
        return np.asarray(np.minimum(self.gradient[2] / TEXTURE, 1.0))


def _mask_inside_bars(before_HW: np.ndarray, after_HW: np.ndarray) -> np.ndarray:
    """Return a mask without bars: 0 on dark lines along the sides and a rim beside them, else 1.

    A night sky may count as a bar, which is harmless: it has no texture to measure.
    """
    inside_HW = np.ones(before_HW.shape, np.float32)
    for axis in (0, 1):
        lit = np.flatnonzero(
            (before_HW.max(1 - axis) > MAX_BAR_LUMA) | (after_HW.max(1 - axis) > MAX_BAR_LUMA)
        )
        if not len(lit):
            continue  # all black
        lines_NM = inside_HW if axis == 0 else inside_HW.T
        first, last = int(lit[0]), int(lit[-1])
        if first:
            lines_NM[: first + RIM_PX] = 0
        if last + 1 < len(lines_NM):
            lines_NM[last + 1 - RIM_PX :] = 0
    return inside_HW


def _without_overlays(pair: _Pair, camera: Sequence[float], others: Sequence[_Still]) -> np.ndarray:
    """Return a pair's weights with 0 on overlays.

    An overlay is in the same place of another still, and its flow lags behind the camera's. Both
    are needed: a shaking camera may show the same picture at two stills, but it moves in between.
    """
    import cv2

    across, down, strength = pair.still.gradient
    is_there = np.zeros(strength.shape, bool)
    for other in others:
        if other.image_HW.shape == strength.shape:
            differs = _length(other.gradient[0] - across, other.gradient[1] - down)
            is_there |= differs < MAX_DIFFERENCE * strength
    is_there &= strength > MIN_GRADIENT
    flow_HW = _length(pair.flow_HW2[..., 0], pair.flow_HW2[..., 1])
    expected = _camera_flow(camera, *flow_HW.shape)
    travels = expected >= MIN_TRAVEL_PX * pair.scale * pair.seconds * STILLS_PER_SECOND
    is_slow = (flow_HW < MAX_LAG * expected) & travels  # the middle of a zoom stays in place too
    seeds = _resized(is_there.astype(np.float32), flow_HW.shape) * is_slow
    # Chance matches of edges are single specks, overlays are not.
    seeds *= cv2.boxFilter(seeds, -1, (5, 5)) > MIN_CROWD
    overlay = cv2.dilate((seeds > 0.5).astype(np.uint8), np.ones(HALO_PX, np.uint8))
    return np.asarray(pair.weight_HW * (1 - overlay))


def _camera_flow(camera: Sequence[float], height: int, width: int) -> np.ndarray:
    """Return the length of a camera's flow in each place: pixels a frame, float32 (H, W)."""
    pan, tilt, zoom, roll = camera[:4]
    corner = np.hypot(width, height) / 2
    x = ((np.arange(width, dtype=np.float32) - (width - 1) / 2) / corner)[None, :]
    y = ((np.arange(height, dtype=np.float32) - (height - 1) / 2) / corner)[:, None]
    u, v = -pan + zoom * x - roll * y, tilt + zoom * y + roll * x
    return _length(u, v)


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the length of vectors; `cv2.magnitude` is not reproducible to the last bit."""
    return np.asarray(np.sqrt(x * x + y * y))


def _resized(values_HW: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    if values_HW.shape == shape:
        return values_HW
    return np.asarray(cv2.resize(values_HW, shape[::-1], interpolation=cv2.INTER_LINEAR))
