"""Download of files of model repositories on a hub, over https, resumed and checked by their hash.

Only two addresses are used, which every hub and every mirror serves: the listing of a commit
(`/api/models/…`) and one of its files (`/…/resolve/…`).
"""

import fcntl
import hashlib
import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any

from rushes.errors import ItemError

HUB = "https://huggingface.co"
_TIMEOUT_S = 60
_BLOCK_BYTES = 1 << 20
_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file of one revision of a repository."""

    repo: str
    """Owner and name: "google/siglip2-base-patch16-256"."""
    path: str
    """Path inside the repository."""
    revision: str
    """A commit; branches and tags move."""
    sha256: str = ""
    """sha256 of the content, in hex."""
    blob: str = ""
    """Git's sha1 of the content, for a small file without a sha256 on the hub."""

    def matches(self, path: Path) -> bool:
        """Tell whether the file at `path` has this file's hash."""
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return _hash(stream, self) == (self.sha256 or self.blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoListing:
    """The files and the licence of one commit of a repository."""

    files: tuple[HubFile, ...]
    licence: str
    """As the authors state it; empty if they state none."""


def list_repo(repo: str, revision: str, *, hub: str = HUB) -> RepoListing:
    """Ask a hub for the files of a commit, their hashes and the licence.

    Raises:
        ItemError: The hub cannot be reached, or does not have the commit.
    """
    location = urllib.parse.quote(f"{repo}/revision/{revision}")
    url = f"{hub.rstrip('/')}/api/models/{location}?blobs=true"
    request = urllib.request.Request(url, headers={"User-Agent": "rushes"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            found = json.load(answer)
        files = tuple(_file(repo, revision, entry) for entry in found["siblings"])
        card = found.get("cardData") or {}
        licence = card.get("license") or ""
    except urllib.error.HTTPError as error:
        error.close()
        raise ItemError(f"{url} cannot be read: {error}") from error
    except (OSError, HTTPException) as error:
        raise ItemError(f"{url} cannot be read: {error}; try again") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ItemError(f"{url} gives no listing of a hub: {error!r}") from error
    return RepoListing(files=files, licence=licence if isinstance(licence, str) else "")


def _file(repo: str, revision: str, entry: Any) -> HubFile:
    path = entry["rfilename"]
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or parts[0] == "/" or "\\" in path:
        raise ValueError(f"it names the file {path!r}")
    large = entry.get("lfs") or {}
    sha256, blob = large.get("sha256", ""), "" if large else entry["blobId"]
    if not (sha256 or blob):
        raise ValueError(f"it gives no hash of {path!r}")
    return HubFile(repo=repo, path=path, revision=revision, sha256=sha256, blob=blob)


def download(file: HubFile, target: Path, *, partial: Path, hub: str = HUB) -> None:
    """Download a file of a hub to `target`, resuming an earlier attempt.

    Args:
        file: The file.
        target: Path of the whole and checked file.
        partial: Path of an incomplete download, kept for the next attempt.
        hub: Address of the hub or of a mirror.

    Raises:
        ItemError: It cannot be fetched, or has another hash.
    """
    location = f"{file.repo}/resolve/{file.revision}/{file.path}"
    url = f"{hub.rstrip('/')}/{urllib.parse.quote(location)}"
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("a+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # two runs may download the same model
        expected = file.sha256 or file.blob
        if _hash(stream, file) != expected:
            try:
                _resume(url, stream)
            except (OSError, HTTPException) as error:
                raise ItemError(f"{url} cannot be fetched: {error}; try again to resume") from error
        if (found := _hash(stream, file)) != expected:
            stream.truncate(0)
            kind = "sha256" if file.sha256 else "git's sha1"
            raise ItemError(f"{url} has {kind} {found}, not {expected}")
        stream.seek(0)
        with target.open("wb") as output:
            shutil.copyfileobj(stream, output, _BLOCK_BYTES)
        partial.unlink(missing_ok=True)


def _resume(url: str, stream: Any) -> None:
    """Append the missing part of a file; start over if the server cannot resume."""
    start = stream.seek(0, 2)
    headers = {"User-Agent": "rushes"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _NOT_SATISFIABLE and start:
            return  # all of it is here already
        raise
    with answer:
        if start and answer.status != 206:
            stream.truncate(0)
        expected = answer.headers.get("Content-Length")
        before = stream.seek(0, 2)
        shutil.copyfileobj(answer, stream, _BLOCK_BYTES)
        if expected is not None and stream.tell() - before < int(expected):
            raise OSError("the connection was lost")


def _hash(stream: Any, file: HubFile) -> str:
    """Return the hash of a stream's content: sha256, or git's sha1 if the file has only that."""
    stream.flush()
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    if file.sha256:
        return hashlib.file_digest(stream, "sha256").hexdigest()
    found = hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
    while block := stream.read(_BLOCK_BYTES):
        found.update(block)
    return found.hexdigest()
