"""Likely cuts inside a clip, to split at: by the cut network, or by abrupt changes."""

import numpy as np

MAX_HINTS = 12
"""Cuts that are returned, the strongest ones."""
MIN_TIMES_MEDIAN = 4.0
"""Least change at a likely cut, in multiples of the clip's median change."""
MIN_CHANGE = 4.0
"""Least change at a likely cut (0–255), also in a still clip."""
MIN_BEGINS = 0.1
"""Least probability of a likely cut by the cut network; a cut begins at 0.5."""
MIN_GAP_FRAMES = 6
"""Distance within which two changes count once, such as those of a flash."""


def likely_cuts(change: np.ndarray) -> list[int]:
    """Return the likely cuts of a clip by its changes: indices of the frame after each, in order.

    Args:
        change: Difference of each frame from the frame before it (0–255). The first value is
            ignored: it compares with the previous clip.
    """
    values = np.asarray(change, np.float64)
    if len(values) < 2:
        return []
    threshold = max(MIN_CHANGE, MIN_TIMES_MEDIAN * float(np.median(values[1:])))
    return _strongest(values, threshold)


def likely_cuts_by_network(begins: np.ndarray) -> list[int]:
    """Return the likely cuts of a clip by the cut network: indices of the frame after each.

    Args:
        begins: Probability that a shot begins at each frame. The first value is ignored: the clip
            begins there.
    """
    return _strongest(np.asarray(begins, np.float64), MIN_BEGINS)


def _strongest(values: np.ndarray, threshold: float) -> list[int]:
    """Return the indices of the largest values from a threshold on, apart, in order."""
    found: list[int] = []
    for at in (1 + np.argsort(-values[1:], kind="stable")).tolist():
        if values[at] < threshold or len(found) == MAX_HINTS:
            break
        if all(abs(at - other) >= MIN_GAP_FRAMES for other in found):
            found.append(at)
    return sorted(found)
