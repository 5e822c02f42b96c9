"""Flicker of a clip: jitter of its brightness from frame to frame."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.records import Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs

TREND_S = 0.4
"""Length of the triangle that smooths brightness: changes below about 2.5 Hz are trend."""
WINDOW_S = 0.5
"""Length of the windows whose jitter is measured; the clip has their median."""
ROUNDING = 1 / 12
"""Variance added by rounding luma to whole levels."""
NOT_ALIKE, ALIKE = 0.25, 0.45
"""Shares of the change that is common to the whole picture. All motion measured on real footage, a
scrolling page included, is below the first; 4 % of flicker over a racing camera is above the other.
"""
VIDEO_RANGE = 219 / 255
"""`luma` is expanded to full range, `step_1` is as stored."""


class Flicker(AnnotatorDefaults):
    """Jitter of the mean luma around its smooth trend: old film, fluorescent light, time lapses.

    Root mean square of brightness changes faster than about 2.5 Hz, in levels of 255; the median
    over half seconds, so that a flash, an explosion or a missed cut does not decide. Slow changes
    (a fade, a pan into light) are trend. Motion brightens some places and darkens others: where
    little of a half second's change is common to the whole picture, it counts less, and below a
    quarter not at all. Real footage reads 0 but for gunfire and explosions; 2 is easy to see.

    Lies where the light itself pulses for seconds: strobes, gunfire, an explosion that fills a
    short clip. Not seen: changes that leave the mean alone (dark bands that roll through the
    picture, as some phones film lamps), flicker of a small part of the picture, a level or two of
    it under much motion, and light at a multiple of the frame rate. Slower changes leak: an eighth
    of them at 1 Hz.

    Source: ours, from the scan's mean luma and change of each frame.
    """

    name: ClassVar = "flicker"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(probes=("change",))
    fields = (
        Field(name="luma", label="Flicker", unit="/255", low=0, higher_is_better=False,
              about="Root mean square jitter of the mean luma, faster than about 2.5 Hz"),
    )  # fmt: skip

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the flicker of each clip; ItemError for one shorter than about half a second."""
        return [{"luma": _jitter(item)} for item in items]


def _jitter(item: ClipInput) -> float:
    signals = item.signals["change"]
    luma_T = signals.columns["luma"].astype(np.float64)
    gaps_s = np.diff(signals.time_s)
    if not len(gaps_s):
        raise ItemError("a single frame cannot flicker")
    fps = 1 / float(np.median(gaps_s))
    weights = _triangle(round(TREND_S * fps / 2))
    if len(luma_T) < len(weights):
        raise ItemError(f"the clip is too short to tell flicker: {len(luma_T)} frames")
    rest_T = np.convolve(luma_T, _without_trend(weights), "valid")
    windows = max(1, min(len(rest_T), round(len(rest_T) / fps / WINDOW_S)))
    rounding = ROUNDING * float((_without_trend(weights) ** 2).sum())
    # The step of the mean from frame to frame, and the mean of the cells' absolute steps.
    mean_T = np.abs(np.diff(luma_T, prepend=luma_T[:1])) * VIDEO_RANGE
    step_T = signals.columns["step_1"].astype(np.float64) * _planes(item)
    found = []
    for part in np.array_split(np.arange(len(rest_T)), windows):
        power = float((rest_T[part] ** 2).mean()) - rounding
        frames = part + len(weights) // 2
        alike = mean_T[frames].sum() / max(step_T[frames].sum(), 1e-6)
        share = np.clip((alike - NOT_ALIKE) / (ALIKE - NOT_ALIKE), 0, 1)
        found.append(float(share) * max(0.0, power) ** 0.5)
    return float(np.median(found))


def _planes(item: ClipInput) -> int:
    """Return the number of planes in a mean over all cells: colour hardly changes in flicker."""
    return 1 if item.video.pix_fmt in ("gray", "nv12") else 3


def _triangle(half: int) -> np.ndarray:
    """Return weights of a moving average, `half` frames to each side at least one."""
    half = max(1, half)
    weights = 1 - np.abs(np.arange(-half, half + 1)) / (half + 1)
    return np.asarray(weights / weights.sum())


def _without_trend(weights: np.ndarray) -> np.ndarray:
    """Return the weights that subtract the moving average from a signal."""
    rest = -weights
    rest[len(weights) // 2] += 1
    return np.asarray(rest)
