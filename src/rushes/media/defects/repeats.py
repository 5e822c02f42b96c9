"""Frames that show the one before them once more: freezes, and animation on twos."""

from dataclasses import dataclass

import numpy as np

from rushes.stages.items import Signals

STILL = 0.05
"""A frame that differs less than this from the one before it, in /255, repeats it."""
LITTLE = 0.12
"""So does one that differs this little, as a share of what frames around it do: lossy coding
changes a repeated frame too, the more, the more moves around it."""
AROUND = 6
"""How many frames around one are looked at on each side."""
FREEZE_S = 0.4
"""Repeats that last at least this long are a freeze; shorter ones are the source's own rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How often a clip repeats its frames."""

    fraction: float
    """Share of its frames that repeat the one before, 0–1."""
    frozen_s: float
    """Length of its longest freeze; 0 if it has none."""
    distinct_fps: float
    """Different frames a second outside freezes; the frame rate where nothing repeats."""


def measure_repeats(change: Signals) -> Repeats:
    """Return how often a clip repeats its frames.

    A locked camera before a scene in which nothing moves reads as frozen, which it is.

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
        # The frame that is repeated is part of what stands still.
        stands_s = float(shown_s[first - 1 : last].sum())
        if stands_s >= FREEZE_S and last - first > 1:
            frozen_s = max(frozen_s, stands_s)
            is_frozen[first:last] = True
    moving_s = float(shown_s[~is_frozen].sum())
    distinct = int((~is_repeat).sum())
    return Repeats(
        fraction=float(is_repeat.mean()),
        frozen_s=round(frozen_s, 6),
        distinct_fps=distinct / moving_s if moving_s > 0 else 0.0,
    )


def repeat_mask(step: np.ndarray) -> np.ndarray:
    """Return for each frame whether it repeats the one before it: bool; never the first.

    Args:
        step: float64 differences of each frame to the one before it, /255.
    """
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(step[1:], AROUND, mode="edge") if len(step) > 1 else np.zeros(2 * AROUND + 1),
        2 * AROUND + 1,
    )
    # The third largest: one flash or cut near by does not make its neighbours repeats.
    typical = np.sort(around, axis=1)[:, -3]
    found = np.zeros(len(step), bool)
    if len(step) > 1:
        found[1:] = step[1:] <= np.maximum(STILL, LITTLE * typical)
    return found
