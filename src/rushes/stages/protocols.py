"""The kinds of stages as protocols: probes, detectors, annotators, export formats.

Stages take rows and pictures and return rows. They never log, retry, catch, open the catalog or
know where they run; the runner and the catalog do that for all of them alike. A plug-in inherits
its protocol, so that mypy checks its attributes and methods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rushes.records import Cut, Field, Row, Video
from rushes.stages.items import ClipInput, FrameSpec, ProbeResult, Sample, Signals


@dataclass(frozen=True, slots=True)
class ModelSetting:
    """A model that the recipe names, in a field of the stage's `Params`."""

    setting: str
    """The field."""
    hint: str = ""
    """The error for a recipe that leaves it empty; by default that of `models.store.find_model`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a stage reads besides its settings and the frames it asks for."""

    probes: tuple[str, ...] = ()
    """Probes whose signals it needs."""
    optional_probes: tuple[str, ...] = ()
    """Probes whose signals it is given where the recipe scans for them."""
    scorers: tuple[str, ...] = ()
    """Scorers whose rows it is given in `ClipInput.scores`."""
    same_model: tuple[str, ...] = ()
    """Those of `scorers` whose setting `model` must be its own."""
    caption: bool = False
    """Whether it reads captions: it is given only clips that have one, and anew when it changes."""
    models: tuple[str | ModelSetting, ...] = ()
    """Weights that it runs."""
    extra: str = ""
    """Extra of Rushes that it needs, where its models need more or less than it does."""
    files: bool = False
    """Whether it reads files beside the video: `is_current` is asked before a row counts."""


class Stage(Protocol):
    """The class attributes that every stage declares."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Bump it when the same input gives other rows; old rows are then measured anew."""
    inputs: ClassVar[Inputs] = Inputs()
    Params: ClassVar[type]
    """Frozen dataclass of the settings that a recipe may change; at most 12 fields."""
    params: Any


class FrameSink(Stage, Protocol):
    """A watcher of the one decode of a video: the part that `Probe` and `PostProbe` share."""

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
        """Give up the video: close and remove the files that were begun."""
        ...


class Probe(FrameSink, Protocol):
    """Measures one decode."""

    def finish(self) -> ProbeResult:
        """End the video: close files, return the signals."""
        ...


class PostProbe(FrameSink, Protocol):
    """A probe that ends a video knowing what the probes of its `inputs` measured."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load what is heavy, before `start`; see `Annotator.setup`."""
        ...

    def finish_with(self, measured: Mapping[str, ProbeResult]) -> ProbeResult:
        """End the video: close files, return the signals."""
        ...


class Detector(Stage, Protocol):
    """A pure function from the signals of its `inputs` to cuts."""

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return the cuts in ascending order of pts."""
        ...


class Annotator(Stage, Protocol):
    """Adds a row to each clip: a scorer, a captioner, a tagger. All run in one engine.

    A captioner has a field `text`, and leaves it empty where it has nothing to say: the next one of
    the recipe is in force then.
    """

    frames: ClassVar[FrameSpec | None]
    """Which stills it looks at; None for none."""
    fields: tuple[Field, ...]
    """The columns of its row. They may depend on a model; see `locate`."""

    def locate(self, models: Mapping[str, Path]) -> None:
        """Learn from its models what `fields` depend on; called before anything else.

        Args:
            models: Name → file or folder, for each model of its `inputs`.
        """
        ...

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load what is heavy; called once in each worker.

        Args:
            device: Where networks run: "cpu", "cuda", "dml", "coreml".
            models: Name → file or folder, for each model of its `inputs`, in that order.
        """
        ...

    def is_current(self, row: Row, video: Video) -> bool:
        """Return whether a stored row still holds; asked where `inputs.files` is set."""
        ...

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return one row for each item, in order.

        Raises:
            ItemError: One of them has no value. The engine then finds out which by halving the
                batch, as it does where a batch does not fit into memory.
        """
        ...


class AnnotatorDefaults(Annotator):
    """An annotator without settings, stills and weights of its own: inherit it, and override."""

    frames: ClassVar[FrameSpec | None] = None

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """None so far."""

    def __init__(self, params: Any) -> None:
        self.params = params

    def locate(self, models: Mapping[str, Path]) -> None:
        """Learn nothing: the fields are fixed."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load nothing."""

    def is_current(self, row: Row, video: Video) -> bool:
        """Return True: equal fingerprints, equal rows."""
        return True


class Exporter(Stage, Protocol):
    """Lays encoded clips out the way a trainer reads them."""

    @property
    def group_size(self) -> int:
        """How many samples one `write` takes; the last group may be smaller."""
        ...

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the names of the files that group `index` ends up as, the decisive one last."""
        ...

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write group `index` into `folder`; each file appears whole or not at all."""
        ...
