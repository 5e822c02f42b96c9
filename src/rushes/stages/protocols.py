"""Protocols of plug-ins: sources, probes, detectors, annotators, export formats, trainers.

A plug-in takes and returns the records of `stages.items`. It never logs, retries, catches, opens
the catalog or asks where it runs: the engines do that for all of them. It inherits its protocol, so
that mypy checks its attributes and methods.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from rushes.records import Cut, Field, Row, Video
from rushes.stages.items import (
    Batch,
    ClipInput,
    Found,
    FrameSpec,
    ProbeResult,
    Sample,
    Signals,
    Treatment,
    Unreadable,
)


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
    """Probes whose signals it gets where the recipe scans for them."""
    scorers: tuple[str, ...] = ()
    """Scorers whose rows it gets in `ClipInput.scores`."""
    same_model: tuple[str, ...] = ()
    """Those of `scorers` whose setting `model` must be its own."""
    caption: bool = False
    """Whether it reads captions: it gets only clips with one, and again when that changes."""
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


class Source(Stage, Protocol):
    """A kind of place that holds footage: a folder, a bucket, a table of links."""

    def accepts(self, place: str) -> bool:
        """Return whether this source lists a place; the first that does is taken."""
        ...

    def find(self, place: str, skip: Sequence[Path]) -> Iterator[Found | Unreadable]:
        """Yield the files at and below a place, always in the same order.

        Args:
            place: Path or URL, as a person gave it.
            skip: Local folders to leave out.
        """
        ...

    def open(self, found: Found) -> BufferedIOBase | RawIOBase:
        """Open a listed file for reading; called in a worker. The stream can seek.

        Raises:
            OSError: It cannot be opened.
        """
        ...


class FrameSink(Stage, Protocol):
    """The common part of `Probe` and `PostProbe`: takes frames of the one decode of a video."""

    frames: ClassVar[FrameSpec]
    fields: ClassVar[tuple[Field, ...]]
    """One for each signal column."""

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; the probe names its own files `stem` plus a suffix."""
        ...

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Process one frame in the form of `frames`; `is_first` marks the first of a burst."""
        ...

    def reshape(self, video: Video) -> None:
        """Take over the geometry that the video's frames have from the next one on."""

    def abort(self) -> None:
        """Cancel the video: close and remove the files that were begun."""
        ...


class Probe(FrameSink, Protocol):
    """Measures signals along a video."""

    def finish(self) -> ProbeResult:
        """End the video: close files, return the signals."""
        ...


class PostProbe(FrameSink, Protocol):
    """A probe that runs models, or that builds on the signals of the probes of its `inputs`."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load models, before `start`; see `Annotator.setup`."""
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
    """A scorer, a captioner or a tagger: returns a row for each clip. One engine runs them all.

    A captioner has a field `text`. Where it is empty, the next captioner of the recipe is in force.
    """

    frames: ClassVar[FrameSpec | None]
    """The stills that it reads; None for none."""
    fields: tuple[Field, ...]
    """The columns of its row. They may depend on a model; see `locate`."""

    def locate(self, models: Mapping[str, Path]) -> None:
        """Read from its models all that `fields` depends on; called before anything else.

        Args:
            models: Name → file or folder, for each model of its `inputs`.
        """
        ...

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load models and other heavy things; called once in each worker.

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
    """Defaults of an annotator: no settings, no stills, no weights; inherit and override."""

    frames: ClassVar[FrameSpec | None] = None

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings."""

    def __init__(self, params: Any) -> None:
        self.params = params

    def locate(self, models: Mapping[str, Path]) -> None:
        """Read nothing: the fields are fixed."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load nothing."""

    def is_current(self, row: Row, video: Video) -> bool:
        """Return True: equal fingerprints, equal rows."""
        return True


class Exporter(Stage, Protocol):
    """An export format: writes encoded clips in the layout of its trainers, and states their rules.

    A group is the unit that is written at once: one clip of a folder, one shard of WebDataset.
    """

    @property
    def group_size(self) -> int:
        """Samples in a group; the last one may be smaller."""
        ...

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the names of the files of group `index`, in the order in which they appear."""
        ...

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write group `index` into `folder`; each file appears whole or not at all."""
        ...

    def rules(self, clip: Mapping[str, Any]) -> Sequence[Treatment]:
        """Return the treatments that trainers which read this layout give a clip.

        Args:
            clip: Its entry in the manifest: `key`, `caption`, `frames`, `fps` and so on.
        """
        ...


class Trainer(Stage, Protocol):
    """A model in training: gives the loss of batches and the parameters, and samples.

    The training loop owns the optimiser, the data and the schedule.
    """

    @property
    def sample_shape(self) -> tuple[int, int, int, int]:
        """Frames, height, width and channels of one sample."""
        ...

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the models; see `Annotator.setup`."""
        ...

    def parameters(self) -> Mapping[str, Any]:
        """Return name → trainable array of the trainer's framework; the loop changes them."""
        ...

    def loss(self, batch: Batch, seed: int) -> Any:
        """Return the mean loss of a batch: a number of the framework, ready for its gradients.

        Args:
            batch: The clips.
            seed: Equal seeds draw equal noise and timesteps.
        """
        ...

    def save(self, path: Path) -> None:
        """Write the trainable parameters."""
        ...

    def load(self, path: Path) -> None:
        """Read parameters that `save` wrote; the loss is then as it was."""
        ...

    def sample(self, prompts: Sequence[str], seed: int) -> np.ndarray:
        """Return one sample for each prompt: uint8 RGB (N, T, H, W, C)."""
        ...
