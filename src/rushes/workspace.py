"""An open project: options, recipe, models, catalog, workers, and the lock of its writer."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from rushes import files
from rushes.catalog import Catalog
from rushes.context import Context
from rushes.errors import ProjectError, RecipeError, nearest
from rushes.models import store
from rushes.networks.session import device_warning
from rushes.recipe.recipe import DEFAULT, load
from rushes.recipe.runnable import recipe_with_models
from rushes.runner.base import NullReporter, Reporter
from rushes.runner.local import LocalRunner

Named = TypeVar("Named")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of an open project."""

    workers: int | None = None
    """Worker processes; None for one a core, 0 to work in this process."""
    device: str = "auto"
    """Where networks run: "auto", "cpu", "cuda", "dml", "coreml"."""
    changes: Sequence[str] = ()
    """Recipe settings to override, such as "cut.max_s=10"; `recipe.toml` stays as it is."""
    cache: Path | None = None
    """Folder of all models; None for the user's cache folder."""


class Workspace:
    """An open project: what the verbs of `Project` share."""

    def __init__(
        self,
        folder: Path | str,
        options: Options | None = None,
        *,
        reporter: Reporter | None = None,
    ) -> None:
        """Open a project; `open` takes the options as keywords, and can make a project.

        Args:
            folder: The project folder.
            options: Defaults if None.
            reporter: Shows progress; None for none.

        Raises:
            ProjectError: There is no project, or it is newer than this program.
            RecipeError: The recipe is wrong.
        """
        self.folder = Path(folder).absolute()
        if not (self.folder / "recipe.toml").exists():
            raise ProjectError(
                f"{folder}: there is no project here; start one with: rushes run PATH…"
            )
        self.options = options or Options()
        workers, device = self.options.workers, self.options.device
        cache = self.options.cache or store.CACHE
        note = device_warning(device)
        self._recipe = load(self.folder / "recipe.toml", self.options.changes)
        runnable, found, self.notes = recipe_with_models(self._recipe, cache)
        """Stages of the recipe that cannot run here, why, and the commands that help."""
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
        """The project as engines take it; `context.recipe` is the part that can run here."""
        self._is_working = False

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        create: bool = False,
        reporter: Reporter | None = None,
        **options: Any,
    ) -> Self:
        """Open the project in `folder`.

        Args:
            folder: The project folder.
            create: Whether to make the project, with the default recipe, where there is none.
            reporter: Shows progress; None for none.
            options: The fields of `Options`: `workers`, `device`, `changes`, `cache`.

        Raises:
            ProjectError: There is no project, or it is newer than this program.
            RecipeError: The recipe is wrong.
        """
        path = Path(folder)
        if create and not (path / "recipe.toml").exists():
            path.mkdir(parents=True, exist_ok=True)
            with files.whole(path / "recipe.toml") as temporary:
                temporary.write_text(DEFAULT, encoding="utf-8")
        return cls(path, Options(**options), reporter=reporter)

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
        """Return the numbers of the videos with these paths or ids; all videos if `items` is empty.

        Raises:
            RecipeError: There is no such video in the project.
        """
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

    def _named(self, name: str, table: Mapping[str, Named], section: str) -> Named:
        """Return an entry of a section of the recipe.

        Raises:
            RecipeError: There is no entry of this name.
        """
        if name not in table:
            raise RecipeError(
                f"the recipe has no [{section}.{name}]{nearest(name, list(table))}; add it first"
            )
        return table[name]

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Lock the project for one verb; two at once would do the same work twice.

        Raises:
            ProjectError: Another process is at work on this project.
        """
        if self._is_working:
            yield  # `run` has locked it already
            return
        with files.locked(self.folder):
            self._is_working = True
            try:
                files.sweep(self.folder)
                yield
            finally:
                self._is_working = False
