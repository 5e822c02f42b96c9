"""From a decoder's frame to the picture of an export: upright, square pixels, 8-bit 4:2:0."""

from fractions import Fraction
from typing import Any

import numpy as np

from rushes.records import Video

LIMITED, FULL = 1, 2
_BT709 = 1


class Framing:
    """How the frames of one video are scaled, turned and cropped to one output size."""

    def __init__(self, video: Video, width_px: int | None, height_px: int | None) -> None:
        """Choose the geometry.

        Args:
            video: The source.
            width_px: Output width, even; None goes by `height_px` and the aspect.
            height_px: Output height, even; None goes by `width_px` and the aspect. With neither
                the output has the display size; with both the source is scaled to cover it and
                its centre is cropped out.
        """
        from av.video.reformatter import Interpolation, VideoReformatter

        self._rotation_deg = video.rotation_deg
        aspect = video.sample_aspect
        width = video.width_px * max(aspect, Fraction(1))
        height = video.height_px / min(aspect, Fraction(1))
        if video.rotation_deg % 180:
            width, height = height, width
        self.size_px = _output_size(video, width / height, width_px, height_px)
        """Width and height of the output, even."""
        # Without a wish for another size, an odd row or column is cropped, not scaled away.
        is_own_size = width_px is None and height_px is None
        scale = Fraction(1) if is_own_size else max(
            self.size_px[0] / width, self.size_px[1] / height
        )  # fmt: skip
        covering = [max(round(side * scale), least)
                    for side, least in zip((width, height), self.size_px, strict=True)]  # fmt: skip
        # Chroma has half the pixels, so that only even offsets keep it in place.
        self._left = (covering[0] - self.size_px[0]) // 4 * 2
        self._top = (covering[1] - self.size_px[1]) // 4 * 2
        self._is_direct = not video.rotation_deg and tuple(covering) == self.size_px
        turned = bool(video.rotation_deg % 180)
        self._stored_width, self._stored_height = covering[::-1] if turned else covering
        self._scaler = VideoReformatter()
        self._interpolation = Interpolation.BICUBIC | Interpolation.ACCURATE_RND

    def apply(self, frame: Any) -> Any:
        """Return a new or the same `av.VideoFrame`: yuv420p, limited range, `size_px`."""
        import av

        is_rgb = frame.format.is_rgb or frame.format.has_palette
        is_full = is_rgb or frame.format.name.startswith("yuvj") or int(frame.color_range) == FULL
        scaled = self._scaler.reformat(
            frame,
            self._stored_width,
            self._stored_height,
            format="yuv420p",
            interpolation=self._interpolation,
            src_color_range=FULL if is_full else LIMITED,
            dst_color_range=LIMITED,
            dst_colorspace=_BT709 if is_rgb else None,
            threads=1,
        )
        if self._is_direct:
            # The decoder says how the source coded this frame; the encoder would obey that.
            scaled.pict_type = 0
            return scaled
        planes = [
            self._upright(plane, 1 + (index > 0)) for index, plane in enumerate(scaled.planes)
        ]
        packed = np.concatenate([plane.reshape(-1) for plane in planes])
        packed_HW = packed.reshape(self.size_px[1] * 3 // 2, self.size_px[0])
        turned = av.VideoFrame.from_ndarray(packed_HW, format="yuv420p")
        turned.colorspace, turned.color_range = scaled.colorspace, scaled.color_range
        return turned

    def _upright(self, plane: Any, step: int) -> np.ndarray:
        flat = np.frombuffer(plane, np.uint8)
        plane_HW = flat.reshape(-1, plane.line_size)[: plane.height, : plane.width]
        plane_HW = np.rot90(plane_HW, self._rotation_deg // 90)
        left, top = self._left // step, self._top // step
        width, height = self.size_px[0] // step, self.size_px[1] // step
        return plane_HW[top : top + height, left : left + width]


def _output_size(
    video: Video, aspect: Fraction, width_px: int | None, height_px: int | None
) -> tuple[int, int]:
    if width_px and height_px:
        return width_px, height_px
    if width_px:
        return width_px, max(2, round(width_px / aspect / 2) * 2)
    if height_px:
        return max(2, round(height_px * aspect / 2) * 2), height_px
    return video.display_size_px


def coarse_luma(frame: Any) -> np.ndarray:
    """Return the mean luma of each 8×8 block of a yuv420p frame: float32 (H / 8, W / 8).

    Lossy coding changes single pixels a lot where there is grain, and such means hardly at all.
    """
    plane = frame.planes[0]
    flat = np.frombuffer(plane, np.uint8)
    luma_HW = flat.reshape(-1, plane.line_size)[: plane.height, : plane.width]
    side = min(8, plane.height, plane.width)
    rows, columns = plane.height // side, plane.width // side
    blocks = luma_HW[: rows * side, : columns * side].reshape(rows, side, columns, side)
    means_HW: np.ndarray = blocks.mean((1, 3), dtype=np.float32)
    return means_HW
