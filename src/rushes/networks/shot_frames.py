"""Frames at 48×27 in RGB, made of planes: the input of networks that find cuts."""

import numpy as np

from rushes.records import Video
from rushes.stages.items import Planes

HEIGHT, WIDTH = 27, 48


def small_planes(picture: Planes) -> np.ndarray:
    """Return luma, Cb and Cr of a frame at 48×27: uint8 (3, H, W)."""
    import cv2

    planes = (picture.luma_HW, *picture.chroma_CHW)
    size = (WIDTH, HEIGHT)
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes])


class RgbConverter:
    """Converts the planes of one video to RGB."""

    def __init__(self, video: Video) -> None:
        is_full = video.color_range == "full" or video.pix_fmt.startswith("yuvj")
        black, luma_gain, chroma_gain = (0, 1.0, 1.0) if is_full else (16, 255 / 219, 255 / 224)
        matrix = np.array(  # BT.601; at 48×27 the difference to BT.709 does not matter
            [[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32
        )
        gains = np.array([luma_gain, chroma_gain, chroma_gain], np.float32)
        self._matrix = matrix * gains
        self._offset = self._matrix @ np.array([-black, -128, -128], np.float32)

    def __call__(self, planes_TCHW: np.ndarray) -> np.ndarray:
        """Return uint8 RGB (T, H, W, 3)."""
        rgb_THWC = np.einsum("dc,tchw->thwd", self._matrix, planes_TCHW.astype(np.float32))
        rgb_THWC = np.clip(np.rint(rgb_THWC + self._offset), 0, 255)
        return np.asarray(rgb_THWC.astype(np.uint8))
