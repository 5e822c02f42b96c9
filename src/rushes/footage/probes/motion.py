"""How camera and subject move: optical flow from each still to the next frame that differs."""

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
"""The camera is fitted to every sixth flow vector each way: some 400 for four unknowns."""
ROUNDS = 10
"""How often at most the fit is repeated without what moved against it last time."""
SETTLED_PX = 0.02
"""A fit that a round changes by less is done; most are after three or four."""
TEXTURE = 12.0
"""Luma gradient (Sobel, 3×3) from which a place counts fully; flat places carry no motion."""
REPEAT = 0.3
"""A frame that differs less from another, in /255 on average, repeats it but for its coding. So
does one in which next to nothing moves, and there a longer look is the more exact one."""
MIN_SIDE_PX = 32
"""DIS needs room for its coarsest patches; smaller pictures are enlarged to this."""
DARK = 34
"""Lines along a side are a bar as long as no luma in them is above this, in either picture."""
RIM_PX = 4
"""So much of the picture beside a bar is left out too: the flow there is held back by the bar."""
TRAVEL_PX = 2.0
"""What stays in place from still to still is laid over the picture if the camera meanwhile moves
the rest of it by this much."""
LAG = 0.9
"""Share of the camera's flow that such a place may show at most, with some carried in by DIS."""
MOVED = 0.5
"""Share of the flow that the camera must explain, before anything counts as laid over."""
LEAST = 0.35
"""Share of the texture that must be left; else it is the picture that stands still."""
WHOLE = 0.98
"""With more left than this, a second fit would say the same."""
STRONG = 5.0
"""Luma gradient from which a place is compared with the same place of another still."""
LIKE = 0.5
"""Share of its gradient by which it may differ there and still be the same thing."""
CROWDED = 0.3
"""Share of such places around one of them, below which it is a chance hit."""
HALO_PX = (13, 25)
"""So high and wide a neighbourhood of what is laid over the picture is left out with it: text runs
along lines, and DIS carries its stillness some pixels outward."""


def _speed(name: str, about: str, *, low: float | None = None) -> Field:
    return Field(name=name, unit="%diag/s", low=low, about=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A still and a frame after it, measured and waiting for the next still."""

    flow_HW2: np.ndarray
    weight_HW: np.ndarray
    scale: float
    """How much the pictures were enlarged for the flow."""
    still: "_Still"
    previous: "_Still | None"
    seconds: float
    pts: tuple[int, int]


class Motion(Probe):
    """Fits pan, tilt, zoom and roll to the flow; what is left over is the subject.

    All speeds are in percent of the frame's diagonal per second, so they mean the same at any size
    and frame rate. Zoom and roll are given as the speed that they cause in the frame's corner.
    Blind to what moves less than about a hundredth of a pixel at 160×90 between two frames;
    parallax reads partly as subject. Up to two repeats of a frame are passed over, so that
    animation on twos or threes and film on 30 frames move as fast as they seem to; what stands
    longer stands still.

    Bars do not count, nor what stands still for half a second while the camera moves: subtitles,
    logos, but a dashboard too. Under a camera that stands still, nothing tells a subtitle from the
    rest that stands still; there it lowers the mean by its share of the picture's texture.

    Source: dense inverse search flow (Kroeger et al. 2016, OpenCV); weighted least squares.
    """

    name: ClassVar = "motion"
    version: ClassVar = 3
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
        self._waiting: _Pair | None = None
        self._previous: _Still | None = None
        self._still: _Still | None = None
        self._pts: list[int] = []
        self._rows: list[tuple[float, ...]] = []

    def process(self, picture: np.ndarray, pts: int, is_first: bool) -> None:
        """Take the pictures of a burst, one by one: uint8 (H, W).

        Where so few frames make up half a second that bursts meet, the first of one ends the other.
        """
        self._burst.append((picture, pts))
        if is_first:
            self._measure_burst()
            self._previous, self._still = self._still, _Still(picture)
            self._note(self._still)
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
        """Measure a pair; it waits for the next still, which shows what else stays in place."""
        still = self._still if self._still is not None else _Still(before)
        flow_HW2, scale = self._flow_px(before, picture)
        weight_HW = still.texture * _between_bars(before, picture)
        self._waiting = _Pair(
            flow_HW2=flow_HW2,
            weight_HW=_resized(weight_HW, flow_HW2.shape[:2]),
            scale=scale,
            still=still,
            previous=self._previous,
            seconds=ticks * self._seconds_per_tick,
            pts=(before_pts, pts),
        )

    def _note(self, following: "_Still | None") -> None:
        """Note the pair that waits, if one does."""
        pair, self._waiting = self._waiting, None
        if pair is None:
            return
        camera = fit_camera(pair.flow_HW2, pair.weight_HW)
        travel_px = camera[4] / pair.scale / pair.seconds / STILLS_PER_SECOND
        others = [other for other in (pair.previous, following) if other is not None]
        if travel_px >= TRAVEL_PX and camera[7] >= MOVED and others:
            weight_HW = _bared(pair, camera, others)
            left = float(weight_HW.sum() / pair.weight_HW.sum())
            if LEAST <= left < WHOLE:
                camera = fit_camera(pair.flow_HW2, weight_HW)
        diagonal_px = float(np.hypot(*pair.flow_HW2.shape[:2]))
        speeds = np.array(camera[:7]) * (100.0 / diagonal_px / pair.seconds)
        self._pts.append(pair.pts[0])
        self._rows.append((pair.pts[1], *speeds, camera[7]))

    def finish(self) -> ProbeResult:
        """Return one row for each still that has a next frame."""
        self._measure_burst()
        self._note(None)
        self._burst = []
        names = [field.name for field in self.fields]
        table = np.array(self._rows, np.float64).reshape(-1, len(names))
        columns = {name: table[:, i].astype(np.float32) for i, name in enumerate(names)}
        columns["next_pts"] = table[:, 0].astype(np.int64)
        return ProbeResult(pts=np.array(self._pts, np.int64), columns=columns)

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
    robust, solution = weight, np.zeros(4)
    for _ in range(ROUNDS):
        last = solution
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


class _Still:
    """A small gray picture, and how luma grows in it to the right and down."""

    def __init__(self, image_HW: np.ndarray) -> None:
        self.image_HW = image_HW

    @cached_property
    def gradient(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """To the right, down, and its length: float32 (H, W) each."""
        import cv2

        smooth = cv2.GaussianBlur(np.ascontiguousarray(self.image_HW), (3, 3), 0)
        across: np.ndarray = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25)
        down: np.ndarray = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
        return across, down, _length(across, down)

    @property
    def texture(self) -> np.ndarray:
        """How much each place can tell about motion: 0–1."""
        return np.asarray(np.minimum(self.gradient[2] / TEXTURE, 1.0))


def _between_bars(before_HW: np.ndarray, after_HW: np.ndarray) -> np.ndarray:
    """Return 0 on the dark lines along the sides and on a rim beside them, 1 elsewhere.

    A night sky may count as a bar: it has no texture and says nothing about motion either.
    """
    inside_HW = np.ones(before_HW.shape, np.float32)
    for axis in (0, 1):
        lit = np.flatnonzero((before_HW.max(1 - axis) > DARK) | (after_HW.max(1 - axis) > DARK))
        if not len(lit):
            continue  # all black: nothing to leave out of nothing
        lines_NM = inside_HW if axis == 0 else inside_HW.T
        first, last = int(lit[0]), int(lit[-1])
        if first:
            lines_NM[: first + RIM_PX] = 0
        if last + 1 < len(lines_NM):
            lines_NM[last + 1 - RIM_PX :] = 0
    return inside_HW


def _bared(pair: _Pair, camera: Sequence[float], others: Sequence[_Still]) -> np.ndarray:
    """Return a pair's weights without what is laid over the picture.

    That is what stands in the same place of another still, while its flow lags behind the camera's:
    a camera that shakes may show the same picture at two stills, but it moves in between.
    """
    import cv2

    across, down, strength = pair.still.gradient
    is_there = np.zeros(strength.shape, bool)
    for other in others:
        if other.image_HW.shape == strength.shape:
            differs = _length(other.gradient[0] - across, other.gradient[1] - down)
            is_there |= differs < LIKE * strength
    is_there &= strength > STRONG
    flow_HW = _length(pair.flow_HW2[..., 0], pair.flow_HW2[..., 1])
    expected = _expected(camera, *flow_HW.shape)
    travels = expected >= TRAVEL_PX * pair.scale * pair.seconds * STILLS_PER_SECOND
    is_slow = (flow_HW < LAG * expected) & travels  # the middle of a zoom stays where it is
    seeds = _resized(is_there.astype(np.float32), flow_HW.shape) * is_slow
    # Edges that happen to fall on edges are specks; what is laid over the picture is not.
    seeds *= cv2.boxFilter(seeds, -1, (5, 5)) > CROWDED
    laid_over = cv2.dilate((seeds > 0.5).astype(np.uint8), np.ones(HALO_PX, np.uint8))
    return np.asarray(pair.weight_HW * (1 - laid_over))


def _expected(camera: Sequence[float], height: int, width: int) -> np.ndarray:
    """Return how much flow a camera causes in each place: pixels a frame, float32 (H, W)."""
    pan, tilt, zoom, roll = camera[:4]
    corner = np.hypot(width, height) / 2
    x = ((np.arange(width, dtype=np.float32) - (width - 1) / 2) / corner)[None, :]
    y = ((np.arange(height, dtype=np.float32) - (height - 1) / 2) / corner)[:, None]
    u, v = -pan + zoom * x - roll * y, tilt + zoom * y + roll * x
    return _length(u, v)


def _length(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the length of vectors; `cv2.magnitude` gives other last bits at other addresses."""
    return np.asarray(np.sqrt(x * x + y * y))


def _resized(values_HW: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    if values_HW.shape == shape:
        return values_HW
    return np.asarray(cv2.resize(values_HW, shape[::-1], interpolation=cv2.INTER_LINEAR))
