"""Detect interlacing and its field order from the pixels; the container's flag is not used.

An interlaced frame holds two pictures taken one after the other, the one in the even lines (the
top field), the other in the odd ones. Of two frames there are four fields, T0 B0 T1 B1, and fields
that are farther apart in time fit worse between each other's lines:

    progressive         T0 B0 at once, T1 B1 at once   T1–B0 and T0–B1 fit equally badly
    top field first     T0 → B0 → T1 → B1              T1–B0 fit as well as a frame, T0–B1 worst
    bottom field first  B0 → T0 → B1 → T1              T0–B1 fit as well as a frame, T1–B0 worst

The *field bias* is the difference of these two misfits, divided by the range from the best to the
worst of all fits: 0 for progressive pictures, near 1 or -1 for interlaced ones. Texture and noise
cancel out in it. The four fits are those of FFmpeg's `idet` (M. Niedermayer); the bias and the
majority over pairs are ours.
"""

import numpy as np

from rushes.records import FieldOrder
from rushes.stages.items import Signals

MIN_MOTION = 0.35
"""Least range of the fits, in /255; less is noise: nothing moves, so nothing is combed."""
MIN_BIAS = 0.5
"""Least absolute field bias of an interlaced pair of frames."""
MIN_SHARE = 0.35
"""Least share of a clip's moving pairs with the same bias for the clip to be interlaced. Telecined
film has three in five, progressive clips almost none."""
MIN_PAIRS = 2
"""Moving pairs that a clip needs for a decision of its own; else its whole video decides."""


def field_bias(before_HW: np.ndarray, after_HW: np.ndarray) -> tuple[float, float]:
    """Return the field bias of two successive frames (-1 to 1), and the motion in it (/255).

    The bias is 0 where the motion is below `MIN_MOTION`.

    Args:
        before_HW: uint8 luma of a frame as stored: all lines, some columns.
        after_HW: Luma of the next frame.
    """
    if min(before_HW.shape) < 4 or before_HW.shape != after_HW.shape:
        return 0.0, 0.0
    height = before_HW.shape[0] // 2 * 2
    fields = [image[at:height:2] for image in (before_HW, after_HW) for at in (0, 1)]
    top_0, bottom_0, top_1, bottom_1 = fields
    one_frame = (_misfit(top_0, bottom_0) + _misfit(top_1, bottom_1)) / 2
    inner, outer = _misfit(top_1, bottom_0), _misfit(top_0, bottom_1)
    best = min(one_frame, inner, outer)
    moves = max(one_frame, inner, outer) - best
    # Flickering texture alone reaches a twentieth.
    if moves < max(MIN_MOTION, 0.05 * best):
        return 0.0, moves
    return float((outer - inner) / moves), float(moves)


def pair_order(bias: float) -> FieldOrder:
    """Return the field order of one pair of frames by its field bias."""
    if abs(bias) < MIN_BIAS:
        return "progressive"
    return "top" if bias > 0 else "bottom"


def field_order(clip: Signals, video: Signals) -> FieldOrder:
    """Return the field order of a clip, by the majority of its moving frames.

    Args:
        clip: Signals of the probe `comb` inside the clip.
        video: Signals of the same probe of the whole video, used if too little moves in the clip.
    """
    for signals in (clip, video):
        moving = signals.columns["lean"][signals.columns["moves"] >= MIN_MOTION]
        if len(moving) < MIN_PAIRS:
            continue
        top, bottom = float((moving >= MIN_BIAS).mean()), float((moving <= -MIN_BIAS).mean())
        if max(top, bottom) < MIN_SHARE:
            return "progressive"
        return "top" if top > bottom else "bottom"
    return "progressive"


def _misfit(top_HW: np.ndarray, bottom_HW: np.ndarray) -> float:
    """Return the mean difference of a field's lines to the other's around them, in /255."""
    import cv2

    middle_HW = cv2.addWeighted(top_HW[:-1], 0.5, top_HW[1:], 0.5, 0)
    difference = cv2.norm(middle_HW, bottom_HW[:-1], cv2.NORM_L1)
    return float(difference / middle_HW.size)
