"""What a stage is: four protocols, the frames it asks for, its fingerprint, the check of its rows.

Stages take rows and pictures and return rows. They never log, retry, catch, open the catalog or
know where they run; the runner and the catalog do that for all of them alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rushes.records import Cut, Field, Row, Video
from rushes.stages.items import ClipInput, FrameSpec, ProbeResult, Sample, Signals


class Stage(Protocol):
    """What every stage declares, as class attributes that the runner reads and enforces."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Bump it when the same input gives other rows; old rows are then measured anew."""
    Params: ClassVar[type]
    """Frozen dataclass of the settings that a recipe may change; at most 12 fields."""
    params: Any


class FrameSink(Stage, Protocol):
    """Watches the one decode of a video: what a `Probe` and a `PostProbe` share."""

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


class Probe(FrameSink, Protocol):
    """Keeps what later stages need of one decode."""

    def finish(self) -> ProbeResult:
        """End the video: close files, return the signals."""
        ...


class PostProbe(FrameSink, Protocol):
    """A probe that ends a video knowing what others measured, with models of its own."""

    needs: ClassVar[tuple[str, ...]]
    """Probes that it follows; they watch the same decode."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load what is heavy, before `start`; see `Annotator.setup`."""
        ...

    def finish_with(self, measured: Mapping[str, ProbeResult]) -> ProbeResult:
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
    whose rows it is given in `ClipInput.scores`; `uses_caption`, True for one given only clips
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

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return one row for each item, in order.

        Raises:
            ItemError: One of them has no value. The runner then finds out which by halving the
                batch, as it does where a batch does not fit into memory.
        """
        ...


class AnnotatorDefaults:
    """What an annotator without settings and weights need not write itself: inherit it."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """None so far."""

    def __init__(self, params: Any) -> None:
        self.params = params

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Nothing to load."""


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
