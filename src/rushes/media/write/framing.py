"""Framing of exported pictures: upright, square pixels, cropped, scaled, 8-bit 4:2:0."""

from fractions import Fraction
from typing import Any

import numpy as np

from rushes.media.geometry import crop_graph, oriented
from rushes.media.gray import gray_as_yuv
from rushes.media.tone_map import tone_map
from rushes.records import Box, Video

LIMITED, FULL = 1, 2
_BT709 = 1


class Framing:
    """Scales, rotates and crops the frames of one video to one output size."""

    def __init__(
        self, video: Video, width_px: int | None, height_px: int | None, box: Box | None = None
    ) -> None:
        """Compute the geometry.

        Args:
            video: The source.
            width_px: Output width, even; None follows from `height_px` and the aspect.
            height_px: Output height, even; None follows from `width_px` and the aspect. With
                neither, the output has the display size. With both, the source is scaled to cover
                the output and its centre is cropped out.
            box: Picture area inside the bars, of the upright picture; None for all of it. Bars are
                cropped first, and the output's size follows from the rest.
        """
        from av.video.reformatter import Interpolation, VideoReformatter

        self._rotation_deg, self._is_mirrored = video.rotation_deg, video.is_mirrored
        aspect = video.sample_aspect
        self._tone = tone_map(video)
        self._box = _as_stored(box or Box(), video)
        self._cropper: tuple[Any, Any] | None = None
        stored_width, stored_height = video.width_px, video.height_px
        if self._box != Box():
            stored_width, stored_height = self._box.inside(stored_width, stored_height)[2:]
        width = stored_width * max(aspect, Fraction(1))
        height = stored_height / min(aspect, Fraction(1))
        if video.rotation_deg % 180:
            width, height = height, width
        self.size_px = _output_size(width, height, width_px, height_px)
        """Width and height of the output, even."""
        # At the source's own size an odd row or column is cropped, not scaled away.
        is_own_size = width_px is None and height_px is None
        scale = Fraction(1) if is_own_size else max(
            self.size_px[0] / width, self.size_px[1] / height
        )  # fmt: skip
        covering = [max(round(side * scale), least)
                    for side, least in zip((width, height), self.size_px, strict=True)]  # fmt: skip
        # Chroma has half the pixels, so that only even offsets keep it in place.
        self._left = (covering[0] - self.size_px[0]) // 4 * 2
        self._top = (covering[1] - self.size_px[1]) // 4 * 2
        is_upright = not (video.rotation_deg or video.is_mirrored)
        self._is_direct = is_upright and tuple(covering) == self.size_px
        turned = bool(video.rotation_deg % 180)
        self._stored_width, self._stored_height = covering[::-1] if turned else covering
        self._scaler = VideoReformatter()
        self._interpolation = Interpolation.BICUBIC | Interpolation.ACCURATE_RND

    def apply(self, frame: Any) -> Any:
        """Return the framed picture, a new or the same `av.VideoFrame`: yuv420p, limited range."""
        import av

        scaled = self._scaled(self._cropped(frame))
        if self._is_direct:
            # The encoder would take over the source's picture type.
            scaled.pict_type = 0
            return scaled
        planes = [
            self._upright(plane, 1 + (index > 0)) for index, plane in enumerate(scaled.planes)
        ]
        packed = np.concatenate([plane.reshape(-1) for plane in planes])
        packed_HW = packed.reshape(self.size_px[1] * 3 // 2, self.size_px[0])
        turned = av.VideoFrame.from_ndarray(packed_HW, format="yuv420p")
        turned.colorspace, turned.color_range = scaled.colorspace, scaled.color_range
        if self._tone is not None:
            turned.color_primaries, turned.color_trc = scaled.color_primaries, scaled.color_trc
        return turned

    def _scaled(self, frame: Any) -> Any:
        size_px = (self._stored_width, self._stored_height)
        if self._tone is not None:
            return self._tone.convert(frame, *size_px, "yuv420p")
        frame = gray_as_yuv(frame)
        is_rgb = frame.format.is_rgb or frame.format.has_palette
        is_full = is_rgb or frame.format.name.startswith("yuvj") or int(frame.color_range) == FULL
        return self._scaler.reformat(
            frame,
            *size_px,
            format="yuv420p",
            interpolation=self._interpolation,
            src_color_range=FULL if is_full else LIMITED,
            dst_color_range=LIMITED,
            dst_colorspace=_BT709 if is_rgb else None,
            threads=1,
        )

    def _cropped(self, frame: Any) -> Any:
        """Return the part of a stored frame inside the box, without copying it."""
        if self._box == Box():
            return frame
        key = (frame.width, frame.height, frame.format.name)
        if self._cropper is None or self._cropper[0] != key:
            area = self._box.inside(frame.width, frame.height)
            self._cropper = key, crop_graph(frame, area)
        pts, frame.pts = frame.pts, None
        try:
            self._cropper[1].push(frame)
        finally:
            frame.pts = pts
        return self._cropper[1].pull()

    def _upright(self, plane: Any, step: int) -> np.ndarray:
        flat = np.frombuffer(plane, np.uint8)
        plane_HW = flat.reshape(-1, plane.line_size)[: plane.height, : plane.width]
        plane_HW = oriented(plane_HW, self._rotation_deg, self._is_mirrored)
        left, top = self._left // step, self._top // step
        width, height = self.size_px[0] // step, self.size_px[1] // step
        return plane_HW[top : top + height, left : left + width]


def _as_stored(box: Box, video: Video) -> Box:
    """Return a box of the upright picture in the coordinates of the stored picture."""
    sides = [box.top, box.right, box.bottom, box.left]
    turns = video.rotation_deg // 90
    top, right, bottom, left = sides[-turns:] + sides[:-turns] if turns else sides
    if video.is_mirrored:
        left, right = right, left
    return Box(top=top, right=right, bottom=bottom, left=left)


def _output_size(
    width: Fraction | int, height: Fraction | int, width_px: int | None, height_px: int | None
) -> tuple[int, int]:
    aspect = Fraction(width) / Fraction(height)
    if width_px and height_px:
        return width_px, height_px
    if width_px:
        return width_px, max(2, round(width_px / aspect / 2) * 2)
    if height_px:
        return max(2, round(height_px * aspect / 2) * 2), height_px
    return max(2, round(width) // 2 * 2), max(2, round(height) // 2 * 2)


def coarse_luma(frame: Any) -> np.ndarray:
    """Return the mean luma of each 8×8 block of a yuv420p frame: float32 (H / 8, W / 8).

    Lossy coding changes single pixels much where there is grain, but these means hardly.
    """
    plane = frame.planes[0]
    flat = np.frombuffer(plane, np.uint8)
    luma_HW = flat.reshape(-1, plane.line_size)[: plane.height, : plane.width]
    side = min(8, plane.height, plane.width)
    rows, columns = plane.height // side, plane.width // side
    blocks = luma_HW[: rows * side, : columns * side].reshape(rows, side, columns, side)
    means_HW: np.ndarray = blocks.mean((1, 3), dtype=np.float32)
    return means_HW
