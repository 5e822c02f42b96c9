"""Where inside a clip the picture changes at once: what a cutter would look at before splitting."""

import numpy as np

MAX_HINTS = 12
"""So many are told, the strongest; more ticks on a strip of film are no help."""
MIN_TIMES_MEDIAN = 4.0
"""A likely cut changes the picture so many times as much as half of the clip's frames do."""
MIN_CHANGE = 4.0
"""Of 255; less is no cut, however still the rest may be."""
MIN_GAP_FRAMES = 6
"""A flash, and a cut through a repeated frame, are one place and not two."""


def likely_cuts(change: np.ndarray) -> list[int]:
    """Return the likely cuts of a clip as places in it, in order; splitting there divides them.

    Args:
        change: How each of the clip's frames differs from the frame before it (0–255). What the
            first says is about another clip, and is left out.
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
