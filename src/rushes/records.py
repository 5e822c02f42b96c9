"""The nouns of Rushes: frozen records that every layer may use.

Time is an integer here. A position is `pts`, counted in the video stream's `time_base`; a span is
half-open, `[in_pts, out_pts)`. Seconds appear only where a person reads them, and only through
`Video.seconds`.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rushes.video import ClockBreak as ClockBreak
from rushes.video import Section as Section
from rushes.video import Video as Video

Row = dict[str, Any]
"""The result of a stage for one item: a value for each `Field` that the stage declares."""

CutKind = Literal["hard", "fade", "dissolve", "wipe"]


UNITS_SHOWN: Mapping[str, str] = {
    "%diag/s": "% of diagonal / s",
    "/255": "levels of 255",
    "fps": "frames / s",
    "luma": "luma levels",
    "px/pair": "px in 0.5 s",
    "ticks": "ticks of the time base",
}
"""Declared unit → the unit as a person reads it, where the two differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: its name, type, unit, range and direction."""

    name: str
    label: str = ""
    """Name as a person reads it: "Motion speed". Without it, one is made of `name`."""
    dtype: Literal["real", "integer", "text", "vector"] = "real"
    """A vector is an array of `shape`, kept as float16 beside the catalog."""
    shape: tuple[int, ...] = ()
    unit: str = ""
    """Unit of the number: "s", "px", "%diag/s"; empty for a plain ratio or count."""
    low: float | None = None
    """Smallest value that can occur; None if unbounded."""
    high: float | None = None
    """Largest value that can occur; None if unbounded."""
    higher_is_better: bool | None = None
    """None where neither end is better as such."""
    about: str = ""
    """The quantity, in one line."""
    values: tuple[str, ...] = ()
    """All values that a text can have; empty if it can have any."""

    @property
    def unit_shown(self) -> str:
        """Unit as a person reads it: "% of diagonal / s"."""
        return UNITS_SHOWN.get(self.unit, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The result of the one decode of a video."""

    frames: int
    damaged_pts: tuple[int, ...]
    """pts of the doubtful frames: damaged, or after damage and before the next key frame."""
    frames_dropped: int
    """Frames left out because their timestamp was not after the one before."""
    packets_lost: int
    """Packets that the decoder refused."""
    sections: tuple[Section, ...] = ()
    """Stretches of different geometry; empty where there is only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A boundary between two shots.

    A hard cut has `start_pts == pts`. A gradual one mixes both shots in `[start_pts, pts)`.
    """

    kind: CutKind
    start_pts: int
    """pts of the first frame that no longer shows the old shot alone."""
    pts: int
    """pts of the first frame that shows the new shot alone."""
    confidence: float
    """0–1; larger is more certain."""
    detector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The clean frames between two cuts: `[in_pts, out_pts)`."""

    in_pts: int
    out_pts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The unit of a dataset: frames `[in_pts, out_pts)` of one video. Virtual until exported."""

    video_id: str
    in_pts: int
    out_pts: int
    frames: int
    """Number of source frames in the span."""
    frames_damaged: int = 0
    """Doubtful frames of the span: damaged, or after damage and before the next key frame."""

    @property
    def id(self) -> str:
        """16 hex digits that depend on the video's bytes and the span, and on nothing else."""
        name = f"{self.video_id}:{self.in_pts}:{self.out_pts}"
        return hashlib.sha256(name.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutResult:
    """The cuts of one video, and the clips of the shots between them."""

    cuts: Sequence[Cut]
    """In order of time."""
    clips: Sequence[Clip]
    shots: int
    """Number of shots, those too short for a clip included."""
    shots_too_short: int


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip with the numbers of its row and of its video's row in the catalog."""

    no: int
    video_no: int
    clip: Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Widths of the bars around an upright picture, as fractions of its sides."""

    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0

    def inside(self, width_px: int, height_px: int, *, even: bool = True) -> tuple[int, ...]:
        """Return left, top, width and height in pixels, rounded inward, so that no bar is left.

        Args:
            width_px: Of the whole picture.
            height_px: Of the whole picture.
            even: Whether all four are even, as colour at half the size needs it.
        """
        grid = 2 if even else 1
        # Fractions are rounded: half a thousandth of a pixel is none.
        left, top = (
            math.ceil(round(bar * side, 3) / grid) * grid
            for bar, side in ((self.left, width_px), (self.top, height_px))
        )
        right, bottom = (
            math.ceil(round(bar * side, 3))
            for bar, side in ((self.right, width_px), (self.bottom, height_px))
        )
        width, height = width_px - right - left, height_px - bottom - top
        return left, top, max(grid, width - width % grid), max(grid, height - height % grid)


FieldOrder = Literal["progressive", "top", "bottom"]
"""Progressive frames, or interlaced ones with the top or the bottom field first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Corrections of a clip's picture that an export makes."""

    box: Box = field(default_factory=Box)
    """Bars to crop away."""
    field_order: FieldOrder = "progressive"
    """Frames other than progressive ones are deinterlaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One item on which one stage failed. A row of its own, never a number among the scores."""

    stage: str
    item: str
    """The item as a person knows it: a path, or a clip's id."""
    error: str
    """Name of the error class."""
    message: str
    """The error, and the next step."""
    retry: str = ""
    """Command that tries this item again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Counts of one run of a verb."""

    verb: str
    pending: int
    """Items that were out of date at the start."""
    done: int
    failed: int
    total: int
    """All items, those up to date included."""
    unit: str
    """Plural noun of the items: "videos", "clips"."""


VerdictKind = Literal["verdict", "reason", "stars", "caption", "tags", "span", "undo", "redo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One decision of a person on one clip; kept for ever, in order."""

    no: int
    """Ascending; a later verdict replaces an earlier one of the same kind and clip."""
    action: int
    """`no` of the first verdict of its action: verdicts given together are undone together."""
    at: str
    """UTC, ISO 8601."""
    who: str
    source: str
    """Program that it was given in: "page", "hydrus", "cli"."""
    kind: VerdictKind
    clip: str
    """The clip's id; empty for an undo."""
    value: Any
    """"verdict": "keep", "drop" or None (undecided). "reason", "caption": text or None. "stars":
    0–5 or None. "tags": {"add": […], "remove": […]}. "span": {"from": [clip ids], "to": [[in_pts,
    out_pts], …]}, at the first of those clips. "undo", "redo": number of an action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """The current decisions of people on one clip."""

    verdict: Literal["keep", "drop"] | None = None
    reason: str | None = None
    stars: int | None = None
    caption: str | None = None
    """None if nobody wrote one."""
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()
    who: str = ""
    """The person of the latest decision."""
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """Effect of one rule of a selection: a line of the funnel."""

    rule: str
    """The rule as the recipe writes it."""
    threshold: str
    """The rule with its percentile resolved to a number."""
    alone: int
    """Clips that pass this rule, the others aside."""
    left: int
    """Clips left after this rule and all before it."""
    missing: int
    """Clips that fail because they lack the value."""
    unmeasured: int = 0
    """Clips that lack the value and pass all the same, because a person trimmed, split or merged
    them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A frozen set of clips, with its rules and their thresholds as numbers."""

    name: str
    revision: int
    """Ascending from 1, one for each other set that `select` finds under this name."""
    clips: tuple[str, ...] = field(repr=False)
    funnel: tuple[RuleCount, ...]
    candidates: int
    """Clips that the rules were applied to."""
    duration_s: float
    """Length of all selected clips together."""
