"""Conversion of decoder frames to arrays, reading as few pixels as possible.

Scaling down by whole-number boxes is cheap: inside the decode loop, where a frame's memory is not
in the cache, a 720p frame takes 0.2 ms to 160×90; one resize at a non-integer ratio takes 2.8 ms.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rushes.media.geometry import oriented
from rushes.media.gray import gray_as_yuv
from rushes.media.tone_map import tone_map
from rushes.records import Video
from rushes.stages.items import FrameSpec, Planes

LUMA_LONG_SIDE_PX = 160
"""Limit of the halving of `Planes` luma: its long side stays at or above this."""

# 8-bit planar formats whose planes are read without conversion; all others take one.
_PLANAR = {f"yuv{j}{s}p" for j in ("", "j") for s in ("420", "422", "444", "440", "411", "410")}


class FrameConverter:
    """Converts one decoded frame to the forms that stages ask for, each at most once."""

    __slots__ = ("_made", "_scaler", "_video", "frame")

    def __init__(self, frame: Any, video: Video, scaler: Any) -> None:
        """Wrap `frame` of `video`; `scaler` comes from `new_scaler`."""
        self.frame = frame
        self._video = video
        self._scaler = scaler
        self._made: dict[tuple[str, int | None], Any] = {}

    def get(self, spec: FrameSpec) -> Any:
        """Return the frame in the form that `spec` names (see `FrameSpec.colour`)."""
        key = (spec.colour, spec.short_side_px)
        if key not in self._made:
            make: Callable[[int | None], Any] = getattr(self, f"_{spec.colour}")
            self._made[key] = make(spec.short_side_px)
        return self._made[key]

    def _frame(self, short_side_px: int | None) -> Any:
        return self.frame

    def _planes(self, short_side_px: int | None) -> Planes:
        frame, name = self.frame, self.frame.format.name
        if name not in _PLANAR and name not in ("gray", "nv12"):
            # 10-bit, RGB, palette: swscale to 8 bits on the way down.
            frame = gray_as_yuv(frame)
            scale = max(1, max(frame.width, frame.height) // (2 * LUMA_LONG_SIDE_PX))
            size = (max(2, frame.width // scale), max(2, frame.height // scale))
            frame = self._scaler.reformat(
                frame, *size, format="yuv420p", interpolation="FAST_BILINEAR"
            )
            name = "yuv420p"
        planes = frame.planes  # each access makes new objects
        luma_HW = _shrunk(_plane(planes[0]), LUMA_LONG_SIDE_PX)
        if name in ("gray", "nv12"):
            return Planes(luma_HW, np.full((2, 1, 1), 128, np.uint8))
        chroma = [_shrunk(_plane(planes[i]), LUMA_LONG_SIDE_PX // 2) for i in (1, 2)]
        return Planes(luma_HW, np.stack(chroma))

    def _gray(self, short_side_px: int | None) -> np.ndarray:
        luma_HW: np.ndarray = self.get(FrameSpec(colour="planes")).luma_HW
        return upright(resize(luma_HW, self._video, short_side_px), self._video)

    def _rgb(self, short_side_px: int | None) -> np.ndarray:
        width, height = stored_size_px(self._video, short_side_px)
        tone = tone_map(self._video)
        if tone is not None:
            scaled = tone.convert(self.frame, width, height, "rgb24")
        else:
            frame = gray_as_yuv(self.frame)
            scaled = self._scaler.reformat(frame, width, height, format="rgb24")
        return upright(scaled.to_ndarray(), self._video)


class Luma:
    """The luma of one frame as stored, read by slices without touching the rest of the plane."""

    __slots__ = ("_frame", "_plane_HW", "_shift")

    def __init__(self, frame: Any) -> None:
        """Take a view of `frame`; RGB and palettes are converted first."""
        layout = frame.format
        if layout.is_rgb or layout.has_palette or not layout.is_planar:
            frame = frame.reformat(format="gray")
            layout = frame.format
        self._frame = frame  # keeps alive the memory of the view
        plane, depth = frame.planes[0], layout.components[0].bits
        if depth <= 8:
            self._plane_HW, self._shift = _plane(plane), 0
            return
        flat = np.frombuffer(plane, "<u2")
        rows_HW = flat.reshape(-1, plane.line_size // 2)
        self._plane_HW = rows_HW[: plane.height, : plane.width]
        # P010 and its like keep their bits at the upper end.
        self._shift = 8 if layout.name.startswith("p0") else depth - 8

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self._plane_HW.shape
        return height, width

    def __getitem__(self, part: tuple[slice, slice]) -> np.ndarray:
        """Return some lines and columns: uint8 (H, W), the highest 8 bits of deeper luma."""
        found_HW: np.ndarray = self._plane_HW[part]
        return (found_HW >> self._shift).astype(np.uint8) if self._shift else found_HW


def luma_columns(frame: Any, count: int = 80) -> np.ndarray:
    """Return all lines and about `count` columns of a frame's luma as stored: uint8 (H, W)."""
    step = max(1, frame.width // count)
    return np.ascontiguousarray(Luma(frame)[:, step // 2 :: step])


def new_scaler() -> Any:
    """Return a scaler that keeps its tables between frames of one size."""
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def stored_size_px(video: Video, short_side_px: int | None) -> tuple[int, int]:
    """Return (width, height) of a picture with square pixels, in the stored orientation.

    The short side is at most `short_side_px`; both are even and at least 2.
    """
    width, height = video.display_size_px
    if video.rotation_deg % 180:
        width, height = height, width
    scale = min(1.0, (short_side_px or min(width, height)) / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def upright(picture: np.ndarray, video: Video) -> np.ndarray:
    """Turn a stored picture (H, W, …) of a video to the orientation of a player."""
    return oriented(picture, video.rotation_deg, video.is_mirrored)


def resize(luma_HW: np.ndarray, video: Video, short_side_px: int | None) -> np.ndarray:
    """Scale a stored luma plane by area to square pixels and at most `short_side_px`."""
    import cv2

    width, height = stored_size_px(video, short_side_px or min(luma_HW.shape))
    if (height, width) == luma_HW.shape:
        return luma_HW
    return np.asarray(cv2.resize(luma_HW, (width, height), interpolation=cv2.INTER_AREA))


def _plane(plane: Any) -> np.ndarray:
    """Return a view (H, W) of one 8-bit plane."""
    flat = np.frombuffer(plane, np.uint8)
    return flat.reshape(-1, plane.line_size)[: plane.height, : plane.width]


def _shrunk(plane_HW: np.ndarray, long_side_px: int) -> np.ndarray:
    """Shrink by the largest power of two that keeps the long side at or above `long_side_px`.

    Reading a large plane costs more than computing on it. So only some rows are read, boxes of 2×2
    of them are averaged, and the rest is interpolated; optical flow on the result is as good as on
    whole boxes (`docs/lab-notes.md`).
    """
    import cv2

    halvings = max(0, (max(plane_HW.shape) // long_side_px).bit_length() - 1)
    halvings = min(halvings, min(plane_HW.shape).bit_length() - 1)
    if not halvings:
        return plane_HW
    height, width = plane_HW.shape[0] >> halvings, plane_HW.shape[1] >> halvings
    step = 1 << (halvings - 1)
    rows_HW = plane_HW[step // 4 :: step][: 2 * height, : 2 * width * step]
    small_HW: np.ndarray = cv2.resize(rows_HW, (width * step, height), interpolation=cv2.INTER_AREA)
    if step > 1:
        small_HW = cv2.resize(small_HW, (width, height), interpolation=cv2.INTER_LINEAR)
    return small_HW
