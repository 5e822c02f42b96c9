"""Files of model repositories on a hub: fetched over plain https, resumed, checked by their hash.

Nothing is asked of a hub but two addresses that every one of them and every mirror serves: what a
commit holds (`/api/models/…`), and a file of it (`/…/resolve/…`).
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
_PATIENCE_S = 60
_BLOCK_BYTES = 1 << 20
_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file of one revision of a repository."""

    repo: str
    """Owner and name: "google/siglip2-base-patch16-256"."""
    path: str
    """Inside the repository."""
    revision: str
    """A commit, since branches and tags move."""
    sha256: str = ""
    """Of its content."""
    blob: str = ""
    """Git's own sha1 of it, for a small file of which a hub knows no sha256."""

    def is_right(self, path: Path) -> bool:
        """Tell whether `path` holds this file, by its hash."""
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return _hash(stream, self) == (self.sha256 or self.blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """What one commit of a repository holds."""

    files: tuple[HubFile, ...]
    licence: str
    """As its authors state it; empty if they state none."""


def repository(repo: str, revision: str, *, hub: str = HUB) -> Repository:
    """Ask a hub what a commit of a repository holds, and the hashes of its files.

    Raises:
        ItemError: It cannot be asked, or does not have it.
    """
    place = urllib.parse.quote(f"{repo}/revision/{revision}")
    url = f"{hub.rstrip('/')}/api/models/{place}?blobs=true"
    request = urllib.request.Request(url, headers={"User-Agent": "rushes"})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
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
        raise ItemError(f"{url} does not answer as a hub does: {error!r}") from error
    return Repository(files=files, licence=licence if isinstance(licence, str) else "")


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
    """Put a file of a hub at `target`.

    Args:
        file: Which one.
        target: Where it appears, whole and checked.
        partial: Where the part that came is kept, so that the next try goes on from there.
        hub: Address of the hub or of a mirror.

    Raises:
        ItemError: It cannot be had, or is not what it should be.
    """
    place = f"{file.repo}/resolve/{file.revision}/{file.path}"
    url = f"{hub.rstrip('/')}/{urllib.parse.quote(place)}"
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("a+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # two runs that want the same model
        expected = file.sha256 or file.blob
        if _hash(stream, file) != expected:
            try:
                _go_on(url, stream)
            except (OSError, HTTPException) as error:
                raise ItemError(f"{url} cannot be fetched: {error}; try again to go on") from error
        if (found := _hash(stream, file)) != expected:
            stream.truncate(0)
            kind = "sha256" if file.sha256 else "git's sha1"
            raise ItemError(f"{url} has {kind} {found}, not {expected}")
        stream.seek(0)
        with target.open("wb") as output:
            shutil.copyfileobj(stream, output, _BLOCK_BYTES)
        partial.unlink(missing_ok=True)


def _go_on(url: str, stream: Any) -> None:
    """Append what is missing of a file; begin anew where the server can't go on."""
    start = stream.seek(0, 2)
    headers = {"User-Agent": "rushes"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_PATIENCE_S
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
            raise OSError("the connection broke off")


def _hash(stream: Any, file: HubFile) -> str:
    """Return the hash of a stream's content, of the kind by which the file is known."""
    stream.flush()
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    if file.sha256:
        return hashlib.file_digest(stream, "sha256").hexdigest()
    found = hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
    while block := stream.read(_BLOCK_BYTES):
        found.update(block)
    return found.hexdigest()
