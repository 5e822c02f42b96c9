"""An open project: its folder, recipe, models, catalog and workers, and who may write to it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rushes import files
from rushes.catalog import Catalog
from rushes.context import Context
from rushes.errors import ProjectError, RecipeError, nearest
from rushes.models import store as models
from rushes.networks.session import device_warning
from rushes.recipe.recipe import DEFAULT, load
from rushes.recipe.runnable import recipe_with_models
from rushes.runner.base import NullReporter, Reporter
from rushes.runner.local import LocalRunner


class Workspace:
    """What every verb of a `Project` works with."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int | None = None,
        device: str = "auto",
        changes: Sequence[str] = (),
        reporter: Reporter | None = None,
        cache: Path | None = None,
    ) -> None:
        """Open a project; see `open` for making one.

        Args:
            folder: The project folder.
            workers: Worker processes; None for one a core, 0 to work in this process.
            device: Where networks run: "auto", "cpu", "cuda", "dml", "coreml".
            changes: Recipe changes for this time only, as in "cut.max_s=10".
            reporter: Where progress is shown; None for nowhere.
            cache: Where models lie; None for the user's cache folder.

        Raises:
            ProjectError: There is no project, or it is newer than this program.
            RecipeError: The recipe is wrong.
        """
        self.folder = folder.absolute()
        if not (self.folder / "recipe.toml").exists():
            raise ProjectError(
                f"{folder}: there is no project here; start one with: rushes run PATH…"
            )
        self.device = device
        note = device_warning(device)
        self.options = {"workers": workers, "device": device, "changes": changes, "cache": cache}
        """How it was opened."""
        self._recipe = load(self.folder / "recipe.toml", changes)
        runnable, found, self.notes = recipe_with_models(self._recipe, cache or models.CACHE)
        """Why stages of the recipe are left out, and the commands that mend it."""
        self.notes += (note,) if note else ()
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self.context = Context(
            catalog=Catalog(self.folder / "catalog.db"),
            recipe=runnable,
            runner=LocalRunner(
                cores or 1 if workers is None else workers, reporter or NullReporter()
            ),
            folder=self.folder,
            models=found,
            device=device,
        )
        """Everything that engines work with; `context.recipe` is the part that can run here."""
        self._is_working = False

    @classmethod
    def open(cls, folder: Path | str, *, create: bool = False, **options: Any) -> Self:
        """Open the project in `folder`, made now if `create` is set and there is none.

        Args:
            folder: The project folder.
            create: Whether to make it, with the default recipe.
            options: As `Project` takes them.
        """
        path = Path(folder)
        if create and not (path / "recipe.toml").exists():
            path.mkdir(parents=True, exist_ok=True)
            with files.whole(path / "recipe.toml") as temporary:
                temporary.write_text(DEFAULT, encoding="utf-8")
        return cls(path, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and close the catalog."""
        self.context.runner.close()
        self.context.catalog.close()

    def _videos(self, items: Sequence[str]) -> list[int]:
        """Return the numbers of the videos that a person named; all if none are named."""
        videos = self.context.catalog.videos()
        if not items:
            return list(videos)
        by_name = {name: no for no, video in videos.items() for name in (video.id, video.given)}
        by_name |= {path: no for path, (_, _, no) in self.context.catalog.files().items() if no}
        numbers = []
        for item in items:
            number = by_name.get(item) or by_name.get(str(files.located(Path(item))))
            if number is None:
                raise RecipeError(f"{item}: not a video of this project; add it: rushes ingest")
            numbers.append(number)
        return numbers

    def _clip_ids(self, numbers: Sequence[int]) -> Iterator[str]:
        clips = self.context.clips()
        return (clips[no].clip.id for no in numbers)

    def _named(self, name: str, table: Any, section: str) -> Any:
        if name not in table:
            raise RecipeError(
                f"the recipe has no [{section}.{name}]{nearest(name, list(table))}; add it first"
            )
        return table[name]

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Hold the project for one verb at work; a second one at a time would do the same twice.

        Raises:
            ProjectError: Another process is at work on this project.
        """
        if self._is_working:
            yield  # `run` holds it already
            return
        with files.locked(self.folder):
            self._is_working = True
            try:
                files.sweep(self.folder)
                yield
            finally:
                self._is_working = False
