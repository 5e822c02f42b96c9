"""Records that plug-ins take and return: frames, signals, clips, files, batches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rushes.errors import ItemError
from rushes.records import Box, Clip, Row, Video

STILLS_PER_SECOND = 2.0
"""Stills that the scan keeps of each second; motion is measured at the same times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSpec:
    """The frames that a stage asks for, and their form. Equal specs share one conversion."""

    colour: Literal["gray", "rgb", "planes", "frame"]
    """"gray": uint8 (H, W), upright. "rgb": uint8 (H, W, 3), upright, square pixels.
    "planes": `Planes`, as stored. "frame": the decoder's own frame, for writing it to a file."""
    short_side_px: int | None = None
    """Scale down so that the short side is at most this; None keeps the size."""
    per_second: float | None = None
    """First frame of each 1/per_second of a player's clock; None for every frame."""
    burst: int = 1
    """Consecutive frames at each of these times, the first included."""
    stills: int | None = None
    """For annotators: largest number of a clip's stills, evenly spread, first and last among them;
    None for all."""


@dataclass(frozen=True, slots=True)
class Planes:
    """One frame reduced by a whole-number box filter, as stored (not turned upright)."""

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
    """Signals that a probe measured in one video."""

    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Signals, aligned with `pts`."""
    pts: np.ndarray
    """int64 pts of each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInput:
    """One clip as an annotator gets it."""

    clip: Clip
    video: Video
    stills_THWC: np.ndarray
    """uint8 RGB stills inside the clip, in order, without bars; T is 0 where the stage asks for no
    frames."""
    signals: Mapping[str, Signals]
    """Name of a probe of the stage's `inputs` → its signals inside the clip."""
    whole: Mapping[str, Signals] = field(default_factory=dict)
    """The same signals of the whole video."""
    box: Box = field(default_factory=Box)
    """Bars around the picture."""
    scores: Mapping[str, Row] = field(default_factory=dict)
    """Name of a scorer of the stage's `inputs` → its row; vectors as float32 arrays."""
    caption: str = ""
    """The caption in force; empty where there is none."""


def require_stills(items: Iterable[ClipInput]) -> None:
    """Raise ItemError if a clip of a batch has no still."""
    if not all(len(item.stills_THWC) for item in items):
        raise ItemError("there is no still inside the clip; it is too short to be scored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One encoded clip on its way into an export."""

    key: str
    """Name without suffix, unique in the export, without a dot."""
    media: Path
    caption: str
    metadata: Mapping[str, Any]
    """Source, span, format and scores of the clip, ready for JSON."""


Effect = Literal["kept", "cut", "changed", "dropped"]


@dataclass(frozen=True, slots=True)
class Treatment:
    """A trainer's treatment of a clip that it does not simply train on."""

    trainer: str
    effect: Effect
    """"kept" with something missing, "cut" to fewer frames, "changed", or "dropped"."""
    case: str
    """Property of the clip that leads to it, as it follows a count: "without a caption"."""
    why: str
    """The trainer's own rule, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file that a source lists."""

    path: str
    """Absolute path or URL."""
    given: str
    """The place as a person named it, with the file's way below it."""
    size_bytes: int
    mtime_ns: int
    """Time of the last change, in ns since 1970; with the size it tells a changed file."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One file or folder that a source could not list."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Clips of one shape that a trainer takes one step on."""

    frames_NTHWC: np.ndarray
    """uint8 RGB."""
    captions: Sequence[str]
    """One for each of the N clips; empty where it has none."""
