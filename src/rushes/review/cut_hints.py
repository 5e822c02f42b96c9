"""Likely cuts inside a clip: frames at which the picture changes abruptly, to split at."""

import numpy as np

MAX_HINTS = 12
"""Cuts that are returned, the strongest ones."""
MIN_TIMES_MEDIAN = 4.0
"""Least change at a likely cut, in multiples of the clip's median change."""
MIN_CHANGE = 4.0
"""Least change at a likely cut (0–255), also in a still clip."""
MIN_GAP_FRAMES = 6
"""Distance within which two changes count once, such as those of a flash."""


def likely_cuts(change: np.ndarray) -> list[int]:
    """Return the likely cuts of a clip: indices of the first frame after each, in order.

    Args:
        change: Difference of each frame from the frame before it (0–255). The first value is
            ignored: it compares with the previous clip.
    """
    values = np.asarray(change, np.float64)
    if len(values) < 2:
        return []
    threshold = max(MIN_CHANGE, MIN_TIMES_MEDIAN * float(np.median(values[1:])))
    found: list[int] = []
    for at in (1 + np.argsort(-values[1:], kind="stable")).tolist():
        if values[at] < threshold or len(found) == MAX_HINTS:
            break
        if all(abs(at - other) >= MIN_GAP_FRAMES for other in found):
            found.append(at)
    return sorted(found)
