"""Gray frames as 4:2:0 of 8 bits, at their own levels.

swscale takes every gray format for full range, whatever the frame states. Converted as it is, black
at 16 would become 30 in a limited picture, and stay 16 in RGB.
"""

from typing import Any

import numpy as np

_LIMITED, _FULL = 1, 2


def gray_as_yuv(frame: Any) -> Any:
    """Return a gray `av.VideoFrame` as yuv420p with the same luma; any other frame as it is.

    The range is that of the frame; limited where it states none, as for colour.
    """
    if not frame.format.name.startswith("gray"):
        return frame
    is_full = int(frame.color_range) == _FULL
    shallow = frame if is_full or frame.format.components[0].bits <= 8 else _with_8_bits(frame)
    # Between two full ranges nothing is scaled.
    converted = shallow.reformat(format="yuv420p", src_color_range=_FULL, dst_color_range=_FULL)
    converted.color_range = _FULL if is_full else _LIMITED
    converted.pts, converted.time_base = frame.pts, frame.time_base
    return converted


def _with_8_bits(frame: Any) -> Any:
    """Return the upper 8 bits of deeper gray of limited range, in which 940 of 1023 means 235."""
    import av

    plane, bits = frame.planes[0], frame.format.components[0].bits
    order = ">" if frame.format.name.endswith("be") else "<"
    flat = np.frombuffer(plane, f"{order}u2").reshape(-1, plane.line_size // 2)
    deep_HW = flat[: plane.height, : plane.width].astype(np.uint32)
    rounded_HW = np.minimum((deep_HW + (1 << bits - 9)) >> bits - 8, 255).astype(np.uint8)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(rounded_HW), format="gray")
