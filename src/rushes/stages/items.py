"""The records that stages are given and give back: pictures, signals, clips."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rushes.records import Box, Clip, Row, Video

STILLS_PER_SECOND = 2.0
"""How often the scan keeps a still, and measures motion at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSpec:
    """Which frames a stage wants to see, and as what.

    Stages with equal specs are served from one conversion.
    """

    colour: Literal["gray", "rgb", "planes", "frame"]
    """"gray": uint8 (H, W), upright. "rgb": uint8 (H, W, 3), upright, square pixels.
    "planes": `Planes`, as stored. "frame": the decoder's own frame, for writing it to a file."""
    short_side_px: int | None = None
    """Scale down so that the short side is at most this; None keeps the size."""
    per_second: float | None = None
    """First frame of each 1/per_second of a player's clock; None for every frame."""
    burst: int = 1
    """How many neighbouring frames to deliver at each time, the first one included."""
    stills: int | None = None
    """For scorers: at most so many of a clip's stills, evenly spread, first and last among them;
    None for all."""


@dataclass(frozen=True, slots=True)
class Planes:
    """One frame made tiny by whole-number box reduction, as stored (not turned upright)."""

    luma_HW: np.ndarray
    """uint8, about 160 pixels on the long side."""
    chroma_CHW: np.ndarray
    """uint8 (2, H, W), Cb and Cr, at most half the luma's size; (2, 1, 1) for gray video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Numbers measured along one video: one row of `columns` for each entry of `pts`."""

    time_base: Fraction
    pts: np.ndarray
    """int64, ascending."""
    end_pts: int
    """pts at which the last frame's display ends."""
    columns: Mapping[str, np.ndarray]

    def span(self, in_pts: int, out_pts: int) -> "Signals":
        """Return the rows with `in_pts <= pts < out_pts`."""
        first, last = np.searchsorted(self.pts, (in_pts, out_pts))
        columns = {name: values[first:last] for name, values in self.columns.items()}
        return Signals(
            time_base=self.time_base, pts=self.pts[first:last], end_pts=out_pts, columns=columns
        )

    @property
    def time_s(self) -> np.ndarray:
        """float64 seconds since pts 0, one for each row."""
        return self.pts * float(self.time_base)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a probe brings home from one video."""

    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Signals, aligned with `pts`."""
    pts: np.ndarray
    """int64 pts of each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInput:
    """One clip as a scorer sees it."""

    clip: Clip
    video: Video
    stills_THWC: np.ndarray
    """uint8 RGB stills inside the clip, in order, without bars; T is 0 where the stage asks for no
    frames."""
    signals: Mapping[str, Signals]
    """For each probe in `needs`, its signals inside the clip."""
    whole: Mapping[str, Signals] = field(default_factory=dict)
    """The same of the whole video, for what one clip alone does not show."""
    box: Box = field(default_factory=Box)
    """What of the picture lies between its bars."""
    scores: Mapping[str, Row] = field(default_factory=dict)
    """For each scorer in `reads`, its row; vectors as float32 arrays."""
    caption: str = ""
    """What the clip is said to show; empty if nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One encoded clip on its way into an export."""

    key: str
    """Name without suffix, unique in the export, without a dot."""
    media: Path
    caption: str
    facts: Mapping[str, Any]
    """What is known about the clip, ready for JSON."""
