"""Models that are several files: an export of CLIP or SigLIP, in a folder or on a hub.

A stage names one by where it is: `hf:owner/name@commit` (`hf:owner/name@commit#fp16` for one of its
variants), or the whole path of a folder. Both have the layout that exports have on the hub: two
networks, in the folder `onnx/` or beside what describes them. Only these files are looked at.
"""

import fcntl
import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import cache as remembered
from pathlib import Path

from rushes.errors import ItemError, MissingModel, RecipeError
from rushes.files import PART, whole
from rushes.models.hub_file import HUB, download, repository

PREFIX = "hf:"
MANIFEST = "rushes-model.json"
"""Lies in every folder that came from a hub, and says what it is; written last."""

_NAME = re.compile(r"hf:([\w.-]+/[\w.-]+)@([0-9a-f]{40})(?:#(\w+))?")
_NEEDED = ("config.json", "preprocessor_config.json")
_FOR_WORDS = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFolder:
    """Some files of one commit of a repository."""

    repo: str
    """Owner and name: "Xenova/clip-vit-base-patch32"."""
    revision: str
    """The commit, in full: git names it by its content, so it stands for all its files."""
    variant: str = ""
    """Which of several precisions: "fp16", "quantized"; empty for the full one."""

    @property
    def name(self) -> str:
        """Return what recipes and `rushes models get` call it."""
        variant = f"#{self.variant}" if self.variant else ""
        return f"{PREFIX}{self.repo}@{self.revision}{variant}"

    @property
    def identity(self) -> str:
        """Return what stands for its files; known before they are here."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]

    def place(self, cache: Path) -> Path:
        """Return the folder that it has among the models of this machine."""
        return cache / f"{self.repo.replace('/', '--')}-{self.identity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFolder:
    """A folder that is here already; it is used where it lies."""

    path: Path

    @property
    def name(self) -> str:
        """Return what recipes call it."""
        return str(self.path)

    @property
    def identity(self) -> str:
        """Return what stands for its files: a hash of their hashes."""
        if not self.path.is_dir():
            return ""
        files = [self.path / name for name in files_in(self.path)]
        hashes = [_sha256(path, *_version(path)) for path in files]
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder from a hub is."""

    name: str
    licence: str
    files: dict[str, str]
    """Path → sha256, or git's sha1 where the hub knows no sha256."""


def folder_named(name: str) -> HubFolder | LocalFolder | None:
    """Return the folder that a name stands for; None if it is no name of a folder.

    Raises:
        RecipeError: It nearly is one.
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
        raise RecipeError(f"{name}: write the whole path of a folder, from / or ~ on")
    return None


def network_in(names: Collection[str], tower: str, variant: str = "") -> str | None:
    """Return which of some files is the network of a tower, "vision" or "text".

    Without a variant it is `vision_model.onnx`, or the only one of another precision.
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
    """Return those of a folder's files that belong to the model, in order.

    Raises:
        ItemError: One is missing that it cannot do without.
    """
    if not (vision := network_in(names, "vision", variant)):
        suffix = f"_{variant}" if variant else ""
        found = ", ".join(sorted(n for n in names if n.endswith(".onnx"))[:8]) or "none"
        raise ItemError(
            f"there is no onnx/vision_model{suffix}.onnx; of ONNX files there are: {found}"
        )
    for needed in _NEEDED:
        if needed not in names:
            raise ItemError(f"there is no {needed} beside the networks")
    text = network_in(names, "text", variant) or network_in(names, "text")
    networks = [path for path in (vision, text) if path]
    # Weights of more than 2 GB lie beside their network: vision_model.onnx_data.
    beside = [n for n in names if any(n != path and n.startswith(path) for path in networks)]
    described = [name for name in (*_NEEDED, *_FOR_WORDS) if name in names]
    return sorted({*networks, *beside, *described})


def files_in(folder: Path) -> list[str]:
    """Return the files of a local folder that belong to the model.

    Raises:
        ItemError: One is missing that it cannot do without.
    """
    found = [*folder.glob("*"), *folder.glob("onnx/*")]
    names = [path.relative_to(folder).as_posix() for path in found if path.is_file()]
    try:
        return wanted_files(names)
    except ItemError as error:
        raise ItemError(f"{folder}: {error}") from None


def bring(source: HubFolder, cache: Path, *, hub: str = HUB) -> Path:
    """Bring a folder, and return it; what came before a break is not asked for again.

    Raises:
        ItemError: It cannot be had, or is not what it should be.
    """
    place = source.place(cache)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}{PART}")
    lock = place.with_name(f".{place.name}.lock")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two runs that want the same model
        if place.is_dir():
            return place
        found = repository(source.repo, source.revision, hub=hub)
        files = {file.path: file for file in found.files}
        try:
            wanted = wanted_files(files, source.variant)
        except ItemError as error:
            raise ItemError(f"{source.name}: {error}") from None
        for path in wanted:
            file, target = files[path], unfinished / path
            if file.is_right(target):
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


def brought(cache: Path) -> dict[Path, Manifest]:
    """Return the folders that came from a hub, and what each is."""
    found = sorted(cache.glob(f"*/{MANIFEST}"))
    return {path.parent: Manifest(**json.loads(path.read_text())) for path in found}


def size_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def path_in(source: HubFolder | LocalFolder, cache: Path) -> Path:
    """Return the folder where it lies.

    Raises:
        MissingModel: It is not here, or not all of it; the message says what mends that.
    """
    if isinstance(source, LocalFolder):
        if not source.path.is_dir():
            raise MissingModel(f"there is no folder {source.path}")
        try:
            files_in(source.path)
        except ItemError as error:
            raise MissingModel(str(error)) from None
        return source.path
    place = source.place(cache)
    if not place.is_dir():
        raise MissingModel(
            f"the model {source.name} is not here; get it: rushes models get '{source.name}'"
        )
    return place


def _version(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@remembered
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """Return a file's hash; asked again in the same process, it is remembered."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
