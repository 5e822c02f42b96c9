"""Files of model repositories on a hub: fetched over plain https, resumed, checked by sha256."""

import fcntl
import hashlib
import shutil
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
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
    sha256: str


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
        if _sha256(stream) != file.sha256:
            try:
                _go_on(url, stream)
            except (OSError, HTTPException) as error:
                raise ItemError(f"{url} cannot be fetched: {error}; try again to go on") from error
        if (found := _sha256(stream)) != file.sha256:
            stream.truncate(0)
            raise ItemError(f"{url} has sha256 {found}, not {file.sha256}")
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


def _sha256(stream: Any) -> str:
    stream.flush()
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()
