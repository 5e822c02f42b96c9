"""Detect frames that repeat the one before: freezes, and animation on twos."""

from dataclasses import dataclass

import numpy as np

from rushes.stages.items import Signals

MAX_STEP = 0.05
"""Difference to the frame before, in /255, up to which a frame repeats it."""
MAX_SHARE = 0.12
"""The same as a share of the typical difference around the frame: lossy coding changes a repeated
frame too, more so where more moves."""
AROUND = 6
"""Frames on each side of one that its typical difference is taken over."""
FREEZE_S = 0.4
"""Shortest freeze; shorter repeats are the source's own frame rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """The repeated frames of a clip."""

    fraction: float
    """Share of the frames that repeat the one before, 0–1."""
    frozen_s: float
    """Length of the longest freeze, in seconds; 0 without one."""
    distinct_fps: float
    """Distinct frames a second outside of freezes; the frame rate if nothing repeats."""


def measure_repeats(change: Signals) -> Repeats:
    """Measure the repeated frames of a clip.

    A locked camera before a scene without motion counts as a freeze.

    Args:
        change: Signals of the probe `change` inside the clip.
    """
    step = change.columns["step_1"].astype(np.float64)
    if not len(step):
        return Repeats(fraction=0.0, frozen_s=0.0, distinct_fps=0.0)
    is_repeat = repeat_mask(step)
    shown_s = np.diff(np.append(change.pts, change.end_pts)) * float(change.time_base)
    frozen_s, is_frozen = 0.0, np.zeros(len(step), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_repeat.astype(np.int8), [0]])))
    for first, last in edges.reshape(-1, 2):
        # The first, repeated frame belongs to the freeze.
        freeze_s = float(shown_s[first - 1 : last].sum())
        if freeze_s >= FREEZE_S and last - first > 1:
            frozen_s = max(frozen_s, freeze_s)
            is_frozen[first:last] = True
    moving_s = float(shown_s[~is_frozen].sum())
    distinct = int((~is_repeat).sum())
    return Repeats(
        fraction=float(is_repeat.mean()),
        frozen_s=round(frozen_s, 6),
        distinct_fps=distinct / moving_s if moving_s > 0 else 0.0,
    )


def repeat_mask(step: np.ndarray) -> np.ndarray:
    """Return a mask of the frames that repeat the one before: bool; the first never does.

    Args:
        step: float64 difference of each frame to the one before, /255.
    """
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(step[1:], AROUND, mode="edge") if len(step) > 1 else np.zeros(2 * AROUND + 1),
        2 * AROUND + 1,
    )
    # The third largest, so that one flash or cut nearby does not make its neighbours repeats.
    typical = np.sort(around, axis=1)[:, -3]
    found = np.zeros(len(step), bool)
    if len(step) > 1:
        found[1:] = step[1:] <= np.maximum(MAX_STEP, MAX_SHARE * typical)
    return found
