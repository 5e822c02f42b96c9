"""Detect black bars over all stills of a clip, and return the picture area inside them."""

import numpy as np

from rushes.records import Box
from rushes.stages.items import Signals

SIDES = ("top", "right", "bottom", "left")
"""Clockwise, so that rotating a picture rotates the list."""
MAX_BAR = 0.45
"""Widest bar that is measured, as a share of the picture's side."""
MIN_BAR = 0.01
"""Narrowest bar that is cropped, as a share of the side: 10 lines of 1080."""
MIN_EDGE = 0.5
"""Least share of a bar's inner edge that is lit at once, in some still."""
TOLERANCE = 0.006
"""Largest difference between widths of the same bar, as a share of the side."""
MAX_ONE_SIDED_BAR = 0.12
"""Widest bar without an opposite one; a wider dark strip is taken for a dark floor."""
MIN_AREA = 0.25
"""Smallest box, as a share of the picture; a smaller one is taken for a title on black."""


def picture_box(clip: Signals, video: Signals) -> Box:
    """Return the picture area inside the bars of a clip; the whole picture in doubt.

    A bar is present in nine stills of ten, and its inner edge is straight in at least one. A side
    that is too dark to show an edge follows the opposite side. A clip that is too dark to show any
    edge follows its video, if its own stills are dark there too.

    Args:
        clip: Signals of the probe `border` inside the clip.
        video: Signals of the same probe of the whole video.
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
    """Return the box by the stills alone; None if a dark side shows no edge."""
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
        return None  # bars may be hidden in the dark
    return Box(**bars) if area >= MIN_AREA else Box()


def _least(widths: np.ndarray) -> float:
    """Return the width that nine stills of ten reach; with few stills, all of them."""
    return float(np.quantile(widths, 0.1, method="lower"))


def _is_straight(signals: Signals, side: str, width: float) -> bool:
    if not 0 < width < MAX_BAR - TOLERANCE:
        return False
    is_same = np.abs(signals.columns[side] - width) <= TOLERANCE
    return bool((signals.columns[f"{side}_edge"][is_same] >= MIN_EDGE).any())
