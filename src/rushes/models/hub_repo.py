"""Models of several files: exports of CLIP or SigLIP, in a folder or on a hub.

A stage names one by its location: `hf:owner/name@commit` (`hf:owner/name@commit#fp16` for one of
its variants), or the absolute path of a folder. Both have the layout of exports on the hub: two
networks, in the folder `onnx/` or beside their configuration. Other files are ignored.
"""

import fcntl
import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache as memoized
from pathlib import Path

from rushes.errors import ItemError, MissingModel, RecipeError
from rushes.files import PART, sha256_of, whole
from rushes.models.hub_file import HUB, download, list_repo

PREFIX = "hf:"
MANIFEST = "rushes-model.json"
"""File in every folder from a hub with its name, licence and hashes; written last."""

_NAME = re.compile(r"hf:([\w.-]+/[\w.-]+)@([0-9a-f]{40})(?:#(\w+))?")
_REQUIRED = ("config.json", "preprocessor_config.json")
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFolder:
    """The model files of one commit of a repository."""

    repo: str
    """Owner and name: "Xenova/clip-vit-base-patch32"."""
    revision: str
    """The commit in full: a hash of the content of all its files."""
    variant: str = ""
    """Precision: "fp16", "quantized"; empty for the full one."""

    @property
    def name(self) -> str:
        """The name in recipes and in `rushes models get`."""
        variant = f"#{self.variant}" if self.variant else ""
        return f"{PREFIX}{self.repo}@{self.revision}{variant}"

    @property
    def identity(self) -> str:
        """A hash of the name, 12 hex digits; known before the files are downloaded."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]

    def path_under(self, cache: Path) -> Path:
        """Return the path of the folder in a cache of models."""
        return cache / f"{self.repo.replace('/', '--')}-{self.identity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFolder:
    """A folder on this machine, used where it lies."""

    path: Path

    @property
    def name(self) -> str:
        """The name in recipes: its path."""
        return str(self.path)

    @property
    def identity(self) -> str:
        """A hash of the hashes of the files, 12 hex digits; empty without the folder."""
        if not self.path.is_dir():
            return ""
        files = [self.path / name for name in model_files(self.path)]
        hashes = [_sha256(path, *_version(path)) for path in files]
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Name, licence and hashes of a folder from a hub."""

    name: str
    licence: str
    files: dict[str, str]
    """Path → sha256, or git's sha1 where the hub knows no sha256."""


def parse_folder_name(name: str) -> HubFolder | LocalFolder | None:
    """Return the folder with a name; None if the name has another form.

    Raises:
        RecipeError: The name is incomplete: an abbreviated commit, a relative path.
    """
    if name.startswith(PREFIX):
        if not (match := _NAME.fullmatch(name)):
            raise RecipeError(
                f"{name}: write a repository as hf:owner/name@commit, with all 40 digits of the "
                f"commit; branches move"
            )
        repo, revision, variant = match.groups()
        return HubFolder(repo=repo, revision=revision, variant=variant or "")
    path = Path(name).expanduser()
    if path.is_absolute():
        return LocalFolder(path=path)
    if "/" in name:
        raise RecipeError(f"{name}: write the absolute path of a folder, from / or ~ on")
    return None


def find_network(names: Collection[str], tower: str, variant: str = "") -> str | None:
    """Return the file of a tower, "vision" or "text"; None if there is none.

    Without a variant it is `vision_model.onnx`, or the only file of another precision.
    """
    for folder in ("onnx/", ""):
        start = f"{folder}{tower}_model"
        wanted = f"{start}_{variant}.onnx" if variant else f"{start}.onnx"
        if wanted in names:
            return wanted
        others = [n for n in names if n.startswith(f"{start}_") and n.endswith(".onnx")]
        if not variant and len(others) == 1:
            return others[0]
    return None


def wanted_files(names: Collection[str], variant: str = "") -> list[str]:
    """Return the files of a folder that belong to the model, sorted.

    Raises:
        ItemError: A required one is missing.
    """
    if not (vision := find_network(names, "vision", variant)):
        suffix = f"_{variant}" if variant else ""
        found = ", ".join(sorted(n for n in names if n.endswith(".onnx"))[:8]) or "none"
        raise ItemError(f"there is no onnx/vision_model{suffix}.onnx; ONNX files: {found}")
    for needed in _REQUIRED:
        if needed not in names:
            raise ItemError(f"there is no {needed} beside the networks")
    text = find_network(names, "text", variant) or find_network(names, "text")
    networks = [path for path in (vision, text) if path]
    # Weights of more than 2 GB lie beside their network: vision_model.onnx_data.
    beside = [n for n in names if any(n != path and n.startswith(path) for path in networks)]
    described = [name for name in (*_REQUIRED, *_TOKENIZER_FILES) if name in names]
    return sorted({*networks, *beside, *described})


def model_files(folder: Path) -> list[str]:
    """Return the files of a local folder that belong to the model, sorted.

    Raises:
        ItemError: A required one is missing.
    """
    found = [*folder.glob("*"), *folder.glob("onnx/*")]
    names = [path.relative_to(folder).as_posix() for path in found if path.is_file()]
    try:
        return wanted_files(names)
    except ItemError as error:
        raise ItemError(f"{folder}: {error}") from None


def download_folder(source: HubFolder, cache: Path, *, hub: str = HUB) -> Path:
    """Download a folder and return its path, resuming an earlier attempt.

    Raises:
        ItemError: A file cannot be fetched, or has another hash.
    """
    place = source.path_under(cache)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}{PART}")
    lock = place.with_name(f".{place.name}.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two runs may download the same model
        if place.is_dir():
            return place
        found = list_repo(source.repo, source.revision, hub=hub)
        files = {file.path: file for file in found.files}
        try:
            wanted = wanted_files(files, source.variant)
        except ItemError as error:
            raise ItemError(f"{source.name}: {error}") from None
        for path in wanted:
            file, target = files[path], unfinished / path
            if file.matches(target):
                continue
            partial = cache / f".{file.sha256 or file.blob}.partial"
            with whole(target) as temporary:
                download(file, temporary, partial=partial, hub=hub)
        hashes = {path: files[path].sha256 or files[path].blob for path in wanted}
        manifest = Manifest(name=source.name, licence=found.licence, files=hashes)
        (unfinished / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n")
        for leftover in unfinished.rglob(f".*{PART}.*"):
            leftover.unlink()
        unfinished.rename(place)
        lock.unlink()
    return place


def downloaded_folders(cache: Path) -> dict[Path, Manifest]:
    """Return the folders in a cache that came from a hub, with their manifests."""
    found = sorted(cache.glob(f"*/{MANIFEST}"))
    return {path.parent: Manifest(**json.loads(path.read_text())) for path in found}


def size_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def folder_path(source: HubFolder | LocalFolder, cache: Path) -> Path:
    """Return the path of a folder on this machine.

    Raises:
        MissingModel: It or one of its files is missing; the message says how to get it.
    """
    if isinstance(source, LocalFolder):
        if not source.path.is_dir():
            raise MissingModel(f"there is no folder {source.path}")
        try:
            model_files(source.path)
        except ItemError as error:
            raise MissingModel(str(error)) from None
        return source.path
    place = source.path_under(cache)
    if not place.is_dir():
        raise MissingModel(
            f"the model {source.name} is not here; get it: rushes models get '{source.name}'"
        )
    return place


def _version(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@memoized
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """Return a file's sha256, cached by size and time of change."""
    return sha256_of(path)
