"""What of a clip's picture is picture: the decision over all its stills about bars and borders."""

import numpy as np

from rushes.records import Box
from rushes.stages.items import Signals

SIDES = ("top", "right", "bottom", "left")
"""Clockwise, so that turning a picture turns the list."""
MAX_BAR = 0.45
"""No bar is looked for beyond this share of the picture's side."""
MIN_BAR = 0.01
"""Narrower borders stay: less than 1 % of a side, 10 lines of 1080."""
MIN_EDGE = 0.5
"""A bar's inner edge is lit along at least this share of it, in some still."""
TOLERANCE = 0.006
"""Widths that differ by less are one bar's."""
MAX_ONE_SIDED_BAR = 0.12
"""A bar without one on the opposite side is no wider than this: beyond it, it is a dark floor."""
MIN_AREA = 0.25
"""A box of less than this share of the picture is no letterboxed picture but a title on black."""


def picture_box(clip: Signals, video: Signals) -> Box:
    """Return the box of a clip's picture; the whole picture where nothing is sure.

    A bar is there in all stills, a tenth of them apart, and ends straight in at least one. A side
    that is too dark to show its edge follows the opposite one. A clip that is too dark to show any
    edge follows its video, if its own stills are dark there.

    Args:
        clip: Signals of the probe `border` inside the clip.
        video: The same of the whole video.
    """
    box = _box(clip)
    if box is not None:
        return box
    of_video = _box(video)
    if of_video is None or not len(clip.pts):
        return Box()
    fits = all(_least(clip.columns[side]) >= getattr(of_video, side) - TOLERANCE for side in SIDES)
    return of_video if fits else Box()


def _box(signals: Signals) -> Box | None:
    """Return the box that the stills show; None where something is dark and shows no edge."""
    if not len(signals.pts):
        return None
    least = {side: _least(signals.columns[side]) for side in SIDES}
    is_straight = {side: _is_straight(signals, side, least[side]) for side in SIDES}
    bars = {}
    for side, opposite in zip(SIDES, SIDES[2:] + SIDES[:2], strict=True):
        if is_straight[side]:
            bars[side] = least[side]
        elif is_straight[opposite] and least[side] >= least[opposite] - TOLERANCE:
            bars[side] = min(least[side], least[opposite])
        else:
            bars[side] = 0.0
    bars = {side: width if width >= MIN_BAR else 0.0 for side, width in bars.items()}
    for side, opposite in zip(SIDES, SIDES[2:] + SIDES[:2], strict=True):
        if bars[side] > MAX_ONE_SIDED_BAR and not bars[opposite]:
            bars[side] = 0.0
    area = (1 - bars["top"] - bars["bottom"]) * (1 - bars["left"] - bars["right"])
    if not any(bars.values()) and any(width >= MIN_BAR for width in least.values()):
        return None  # there may be bars that nobody can see
    return Box(**bars) if area >= MIN_AREA else Box()


def _least(widths: np.ndarray) -> float:
    """Return the width that nine stills in ten have at least; of few stills, all."""
    return float(np.quantile(widths, 0.1, method="lower"))


def _is_straight(signals: Signals, side: str, width: float) -> bool:
    if not 0 < width < MAX_BAR - TOLERANCE:
        return False
    is_same = np.abs(signals.columns[side] - width) <= TOLERANCE
    return bool((signals.columns[f"{side}_edge"][is_same] >= MIN_EDGE).any())
