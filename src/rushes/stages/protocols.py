"""What a stage is: four protocols, the frames it asks for, its fingerprint, the check of its rows.

Stages take rows and pictures and return rows. They never log, retry, catch, open the catalog or
know where they run; the runner and the catalog do that for all of them alike.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from rushes.errors import ContractError
from rushes.records import Box, Clip, Cut, Field, Row, Video

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
class Measured:
    """What a probe brings home from one video."""

    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Signals, aligned with `pts`."""
    pts: np.ndarray
    """int64 pts of each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
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


class Stage(Protocol):
    """What every stage declares, as class attributes that the runner reads and enforces."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Bump it when the same input gives other rows; old rows are then measured anew."""
    Params: ClassVar[type]
    """Frozen dataclass of the settings that a recipe may change; at most 12 fields."""
    params: Any


class Watcher(Stage, Protocol):
    """Watches the one decode of a video: what a `Probe` and a `Follower` share."""

    frames: ClassVar[FrameSpec]
    fields: ClassVar[tuple[Field, ...]]
    """One for each signal column."""

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; files of the probe's own are named `stem` plus a suffix."""
        ...

    def feed(self, picture: Any, pts: int, is_first: bool) -> None:
        """Take one picture as `frames` asks for it; `is_first` opens a burst."""
        ...

    def abort(self) -> None:
        """Give up the video: close and remove what was begun."""
        ...


class Probe(Watcher, Protocol):
    """Keeps what later stages need of one decode."""

    def finish(self) -> Measured:
        """End the video: close files, return the signals."""
        ...


class Follower(Watcher, Protocol):
    """A probe that ends a video knowing what others measured, with models of its own."""

    needs: ClassVar[tuple[str, ...]]
    """Probes that it follows; they watch the same decode."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load what is heavy, before `start`; see `Annotator.setup`."""
        ...

    def finish_with(self, measured: Mapping[str, Measured]) -> Measured:
        """End the video: close files, return the signals."""
        ...


class Detector(Stage, Protocol):
    """A pure function from signals to cuts.

    A class attribute `uses` may name probes whose signals it is given where they are there.
    """

    needs: ClassVar[tuple[str, ...]]
    """Probes whose signals it reads: ("change",)."""

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return the cuts in ascending order of pts."""
        ...


class Annotator(Stage, Protocol):
    """Adds columns to clips: a scorer, a captioner, a tagger.

    Optional attributes: `models`, the names of the weights that it runs, with `model_identity`,
    which stands for them in the fingerprint (see `models.store.identity_of`); `reads`, the scorers
    whose rows it is given in `Item.scores`; `uses_caption`, True for a scorer that is given only clips
    that have a caption, and these anew when it changes; `extra`, the extra of Rushes that it needs
    ("neural" where it names models); `same_model_as`, those of `reads` whose `model` must be its
    own; `locate(models)`, which is told where its models lie before anything else is asked of it,
    for one whose `fields` depend on them.

    A captioner has one field, `text`, and leaves it empty where it has nothing to say: the next one
    of the recipe is asked then. `is_volatile`, True, says that what it reads may change although
    its fingerprint does not, so that it is asked each time.
    """

    frames: ClassVar[FrameSpec | None]
    """Which stills it looks at; None for none."""
    needs: ClassVar[tuple[str, ...]]
    fields: ClassVar[tuple[Field, ...]]

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load what is heavy; called once in each worker.

        Args:
            device: Where networks run: "cpu", "cuda", "dml", "coreml".
            models: For each name in the stage's `models`, its file or folder.
        """
        ...

    def annotate(self, items: Sequence[Item]) -> Sequence[Row]:
        """Return one row for each item, in order.

        Raises:
            ItemError: One of them has no value. The runner then finds out which by halving the
                batch, as it does where a batch does not fit into memory.
        """
        ...


class Plain:
    """What an annotator without settings and weights need not write itself: inherit it."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """None so far."""

    def __init__(self, params: Any) -> None:
        self.params = params

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Nothing to load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One encoded clip on its way into an export."""

    key: str
    """Name without suffix, unique in the export, without a dot."""
    media: Path
    caption: str
    facts: Mapping[str, Any]
    """What is known about the clip, ready for JSON."""


class Exporter(Stage, Protocol):
    """Lays encoded clips out the way a trainer reads them."""

    @property
    def group_size(self) -> int:
        """How many samples one `write` takes; the last group may be smaller."""
        ...

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Names of the files that group `index` ends up as, the decisive one last."""
        ...

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write group `index` into `folder`; each file appears whole or not at all."""
        ...


def fingerprint(stage: Stage, upstream: Sequence[str] = ()) -> str:
    """Identity of a result: equal fingerprints, equal rows.

    Args:
        stage: Its name, version, params, frames and model hash count.
        upstream: Fingerprints of the stages whose results it reads.
    """
    frames = getattr(stage, "frames", None)
    payload = {
        "name": stage.name,
        "version": stage.version,
        "params": asdict(stage.params),
        "frames": asdict(frames) if frames else None,
        "model": getattr(stage, "model_identity", None),
        "upstream": sorted(upstream),
    }
    text = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def check_row(stage_key: str, fields: Sequence[Field], row: Row) -> Row:
    """Return `row` in the order of `fields`, as plain numbers; raise if it is not as declared.

    Raises:
        ContractError: A column too many or too few, a wrong type, NaN, or a value out of range.
    """
    names = [f.name for f in fields]
    if set(row) != set(names):
        raise ContractError(f"{stage_key} declares {names} and returned {sorted(row)}")
    return {f.name: _check_value(stage_key, f, row[f.name]) for f in fields}


def _check_value(stage_key: str, declared: Field, value: Any) -> Any:
    where = f"{stage_key}.{declared.name}"
    if declared.dtype == "vector":
        return _check_vector(where, declared, value)
    if declared.dtype == "text":
        if not isinstance(value, str):
            raise ContractError(f"{where} is text and got {value!r}")
        if declared.values and value not in declared.values:
            raise ContractError(f"{where} got {value!r}, which is none of {declared.values}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ContractError(f"{where} is a number and got {value!r}")
    number = int(value) if declared.dtype == "integer" else float(value)
    if not math.isfinite(number):
        raise ContractError(f"{where} got {number}; raise ItemError where there is no value")
    if (declared.low is not None and number < declared.low) or (
        declared.high is not None and number > declared.high
    ):
        raise ContractError(f"{where} got {number}, outside {declared.low}…{declared.high}")
    return number


def _check_vector(where: str, declared: Field, value: Any) -> np.ndarray:
    """Return a vector as float16, which keeps a cosine to three digits."""
    vector = np.asarray(value)
    if vector.shape != declared.shape:
        raise ContractError(f"{where} has the shape {vector.shape}, not {declared.shape}")
    half = vector.astype(np.float16)
    if not np.isfinite(half).all():
        raise ContractError(f"{where} holds what is no finite number")
    return half
