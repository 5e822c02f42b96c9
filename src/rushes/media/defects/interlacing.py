"""Whether frames are one picture or two fields: what the picture says, whatever the flag.

An interlaced frame holds two pictures taken one after the other, the one in the even lines (the
top field), the other in the odd ones. Of two frames there are four fields, T0 B0 T1 B1, and fields
that are farther apart in time fit worse between each other's lines:

    progressive         T0 B0 at once, T1 B1 at once   T1–B0 and T0–B1 fit equally badly
    top field first     T0 → B0 → T1 → B1              T1–B0 fit as well as a frame, T0–B1 worst
    bottom field first  B0 → T0 → B1 → T1              T0–B1 fit as well as a frame, T1–B0 worst

How much worse one of the two fits than the other, of the worst less the best, is the *lean*: 0 for
progressive pictures, near 1 and -1 for the others. Texture, noise and progressive pictures that are
flagged as interlaced cancel out in it. The four fits are those of FFmpeg's `idet` (M. Niedermayer);
the lean and its majority are ours.
"""

import numpy as np

from rushes.records import FieldOrder
from rushes.stages.items import Signals

MIN_MOTION = 0.35
"""Fits that differ by less, in /255, come from noise: nothing moves, and nothing is combed."""
MIN_BIAS = 0.5
"""A pair of frames that leans at least this far is interlaced."""
MIN_SHARE = 0.35
"""An interlaced clip has at least this share of its moving pairs lean the same way. Telecined film
has three in five; progressive clips next to none."""
MIN_PAIRS = 2
"""A clip with fewer moving pairs goes by its whole video."""


def field_bias(before_HW: np.ndarray, after_HW: np.ndarray) -> tuple[float, float]:
    """Return how far two successive frames lean (-1…1), and how much moves between them (/255).

    The lean is 0 where `moves` is below `MIN_MOTION`.

    Args:
        before_HW: uint8 luma of a frame as stored, all lines, some columns.
        after_HW: The same of the next frame.
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
    # Texture that flickers on its own makes a twentieth.
    if moves < max(MIN_MOTION, 0.05 * best):
        return 0.0, moves
    return float((outer - inner) / moves), float(moves)


def pair_order(lean_of_pair: float) -> FieldOrder:
    """Return the field order that one pair of frames shows."""
    if abs(lean_of_pair) < MIN_BIAS:
        return "progressive"
    return "top" if lean_of_pair > 0 else "bottom"


def field_order(clip: Signals, video: Signals) -> FieldOrder:
    """Return the field order of a clip, by the majority of its moving frames.

    Args:
        clip: Signals of the probe `comb` inside the clip.
        video: The same of the whole video, which decides where too little moves in the clip.
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
    """Return how far the lines of one field are from the mean of the other's around them, /255."""
    import cv2

    middle_HW = cv2.addWeighted(top_HW[:-1], 0.5, top_HW[1:], 0.5, 0)
    difference = cv2.norm(middle_HW, bottom_HW[:-1], cv2.NORM_L1)
    return float(difference / middle_HW.size)
