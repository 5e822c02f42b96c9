"""Single frames of a video as small JPEG pictures, decoded with few frames around them."""

from collections.abc import Iterator, Sequence

import numpy as np

from rushes.errors import MediaError
from rushes.media.decode import frames_between
from rushes.media.frames import FrameConverter, new_scaler
from rushes.records import Video
from rushes.stages.items import FrameSpec

SEEK_S = 1.0
"""Shortest stretch of video that is skipped by a seek; shorter ones are decoded."""


def thumbnails(
    video: Video,
    wanted: Sequence[int],
    key_pts: np.ndarray,
    *,
    short_side_px: int = 144,
    quality: int = 70,
) -> Iterator[tuple[int, bytes]]:
    """Yield (pts, JPEG) of the wanted frames in order; undecodable frames are left out.

    Args:
        video: The source; pictures come upright and with square pixels.
        wanted: pts of the frames, ascending.
        key_pts: int64 pts of the key frames, ascending; seeking to them saves time.
        short_side_px: Limit of the short side; pictures are never scaled up.
        quality: JPEG quality, 1–100.

    Raises:
        MediaError: The file cannot be opened.
    """
    spec = FrameSpec(colour="rgb", short_side_px=short_side_px)
    scaler = new_scaler()
    for run in _runs(video, wanted, key_pts):
        run_pts = set(run)
        for decoded in frames_between(video, run[0], run[-1] + 1):
            if decoded.pts in run_pts:
                picture = FrameConverter(decoded.frame, video.at(decoded.pts), scaler)
                yield decoded.pts, as_jpeg(picture.get(spec), quality=quality)


def _runs(video: Video, wanted: Sequence[int], key_pts: np.ndarray) -> list[list[int]]:
    """Split the wanted pts into runs, each decoded on its own from the key frame before it."""
    ticks = SEEK_S / video.time_base
    runs: list[list[int]] = []
    for pts in wanted:
        before = int(np.searchsorted(key_pts, pts, side="right")) - 1
        if runs and (before < 0 or key_pts[before] - runs[-1][-1] <= ticks):
            runs[-1].append(pts)
        else:
            runs.append([pts])
    return runs


def as_jpeg(picture_HWC: np.ndarray, *, height_px: int | None = None, quality: int = 70) -> bytes:
    """Encode a picture (uint8 RGB) as JPEG, scaled down to at most `height_px`.

    Raises:
        MediaError: It cannot be encoded.
    """
    import cv2

    height, width = picture_HWC.shape[:2]
    if height_px is not None and height_px < height:
        size = (max(1, round(width * height_px / height)), max(1, height_px))
        picture_HWC = cv2.resize(picture_HWC, size, interpolation=cv2.INTER_AREA)
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    is_done, packed = cv2.imencode(".jpg", np.ascontiguousarray(picture_HWC[..., ::-1]), flags)
    if not is_done:
        raise MediaError(f"a picture of {width}x{height} cannot be written as JPEG")
    return bytes(packed)
