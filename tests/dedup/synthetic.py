"""Change curves of known truth, for tests of several modules."""

import numpy as np

from rushes.dedup.change_curves import ChangeCurves


def made_up_curves(seed: int, times_s: np.ndarray) -> ChangeCurves:
    """Return curves that vary from one frame to the next; the same seed varies the same way."""
    steps = np.random.default_rng(seed).standard_normal(1000)
    names = ("reach_240ms", "reach_480ms", "luma", "contrast")
    curve = 5 * np.interp(times_s * 12, np.arange(1000), steps)
    return ChangeCurves(times_s, dict.fromkeys(names, curve))
