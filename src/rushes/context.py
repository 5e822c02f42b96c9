"""`Context`: the catalog, recipe, runner, folder and models of an open project, for engines."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rushes.catalog import Catalog
from rushes.catalog.signals import PROBE_FIELDS, read_signals
from rushes.errors import ItemError
from rushes.recipe.recipe import Recipe
from rushes.records import ClipRow, Failure, Row
from rushes.runner.base import Runner
from rushes.stages.fingerprints import verb_of
from rushes.stages.items import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """An open project as engines take it. Workers never get one: they take tasks."""

    catalog: Catalog
    recipe: Recipe
    """The part of the project's recipe that can run on this machine."""
    runner: Runner
    folder: Path
    """The project folder."""
    models: Mapping[str, Path] = field(default_factory=dict)
    """Model name → its file or folder, for each model of the recipe's stages."""
    device: str = "auto"
    """Where networks run: "auto", "cpu", "cuda", "dml", "coreml"."""

    def clips(self, numbers: Collection[int] | None = None) -> dict[int, ClipRow]:
        """Return clip number → clip of the recipe's cuts; only those in `numbers` if given."""
        return self.catalog.clips(self.recipe.fingerprints.cut, numbers)

    def probe_rows(self, probe: str) -> Mapping[int, Row]:
        """Return video number → row of `PROBE_FIELDS` of a probe of the recipe."""
        fingerprint = self.recipe.fingerprints.probes[probe]
        return self.catalog.stages.rows(f"probe/{probe}", PROBE_FIELDS, fingerprint)

    def signals(self, probe: str, video_no: int) -> Signals:
        """Return the signals that a probe measured along a video.

        Raises:
            ItemError: The video has not been scanned for it.
            MediaError: The file is missing or broken.
        """
        row = self.probe_rows(probe).get(video_no)
        if row is None:
            (video,) = self.catalog.videos([video_no]).values()
            raise ItemError(f"{video.path}: not scanned for {probe}; run: rushes scan")
        return read_signals(self.folder / row["signals"])

    def rows(self, key: str) -> Mapping[int, Row]:
        """Return clip number → row of an annotator of the recipe, for the clips that have one.

        Args:
            key: Kind and name, such as "scorer/motion" or "captioner/sidecar".
        """
        stage = self.recipe.stages(verb_of(key))[key.partition("/")[2]]
        fingerprint = self.recipe.fingerprints.annotators[key]
        return self.catalog.stages.rows(key, stage.fields, fingerprint)

    def scores(self, name: str) -> Mapping[int, Row]:
        """Return clip number → row of a scorer of the recipe, for the clips that have one."""
        return self.rows(f"scorer/{name}")

    def fail(
        self, stage: str, item: str, error: Exception, *, retry: str, message: str = ""
    ) -> None:
        """Store a failure.

        Args:
            stage: The stage or verb that failed, such as "scorer/motion".
            item: The path of the video or the id of the clip.
            error: Its message is stored, unless another one is given.
            retry: The command that tries again.
            message: The item and the next step, where the error does not name them.
        """
        self.catalog.failures.add(
            Failure(
                stage=stage,
                item=item,
                error=type(error).__name__,
                message=message or str(error),
                retry=retry,
            )
        )
