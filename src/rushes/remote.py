"""Remote files by URL: list, size, read a range, put; s3://, gs://, az:// and http(s)://.

Credentials come from the environment alone, under the names that each provider's own tools read
(`AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_NAME` …).
"""

import io
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from rushes.errors import MediaError, MissingDependency

SCHEMES = ("s3", "gs", "az", "http", "https")
"""Beginnings of the URLs that are remote."""

BLOCK_BYTES = 256 * 1024
"""Least that one request reads: about a second of video, and some tens of milliseconds."""
MOST_BLOCKS = 32

_CLIENT = {"allow_http": True, "connect_timeout": "10s", "timeout": "60s"}
_RETRIES = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}


def is_remote(place: str) -> bool:
    """Return whether a place is a URL that `RemoteStorage` reads, and no local path."""
    scheme, colon, _ = place.partition("://")
    return bool(colon) and scheme.lower() in SCHEMES


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file of a listing."""

    url: str
    size_bytes: int
    modified_s: float
    """Seconds since 1970 at which the storage last saw it change."""


class RemoteStorage(Protocol):
    """Files known by URL.

    Every method raises MediaError, with the URL and the storage's own error as its cause: the file
    is missing, the credentials do not suffice, or the server cannot be reached.
    """

    def list(self, url: str) -> Iterator[RemoteFile]:
        """Yield the files below a URL, in order of name."""
        ...

    def size(self, url: str) -> int:
        """Return the length of a file in bytes."""
        ...

    def read(self, url: str, start: int, end: int) -> bytes:
        """Return the bytes `[start, end)` of a file; `end` is at most its size."""
        ...

    def put(self, url: str, source: Path) -> None:
        """Upload a local file; it appears whole or not at all."""
        ...


class ObjectStorage:
    """Remote storage through the library obstore, with one connection pool per host or bucket."""

    def __init__(self) -> None:
        """Connect to nothing yet.

        Raises:
            MissingDependency: obstore is not installed.
        """
        try:
            import obstore
            import obstore.store
        except ImportError as error:
            raise MissingDependency(
                "files behind a URL need obstore: pip install 'rushes[remote]'"
            ) from error
        self._obstore: Any = obstore
        self._stores: dict[str, Any] = {}

    def list(self, url: str) -> Iterator[RemoteFile]:
        """Yield the files below a URL, in order of name."""
        store, root, key = self._locate(url)
        with _storage_errors_explained(url):
            entries = [entry for chunk in self._obstore.list(store, key or None) for entry in chunk]
        for entry in sorted(entries, key=lambda entry: str(entry["path"])):
            yield RemoteFile(
                url=root + quote(entry["path"]),
                size_bytes=entry["size"],
                modified_s=entry["last_modified"].timestamp(),
            )

    def size(self, url: str) -> int:
        """Return the length of a file in bytes."""
        store, _, key = self._locate(url)
        with _storage_errors_explained(url):
            return int(self._obstore.head(store, key)["size"])

    def read(self, url: str, start: int, end: int) -> bytes:
        """Return the bytes `[start, end)` of a file."""
        store, _, key = self._locate(url)
        with _storage_errors_explained(url):
            return bytes(self._obstore.get_range(store, key, start=start, end=end))

    def put(self, url: str, source: Path) -> None:
        """Upload a local file; it appears whole or not at all."""
        store, _, key = self._locate(url)
        with _storage_errors_explained(url):
            self._obstore.put(store, key, source)

    def _locate(self, url: str) -> tuple[Any, str, str]:
        """Return the store of a URL, the URL of its root, and the file's key in it."""
        parts = urlsplit(url)
        root = f"{parts.scheme}://{parts.netloc}/"
        base = f"{root}?{parts.query}" if parts.query else root  # a signed link is one of these
        if base not in self._stores:
            with _storage_errors_explained(url):
                self._stores[base] = self._connect(parts.scheme, base)
        return self._stores[base], root, unquote(parts.path).lstrip("/")

    def _connect(self, scheme: str, root: str) -> Any:
        from_url = self._obstore.store.from_url
        if scheme not in SCHEMES:  # "memory" and "file", which have no server
            return from_url(root)
        return from_url(root, client_options=_CLIENT, retry_config=_RETRIES)


class RangeFile(io.RawIOBase):
    """A remote file as a readable, seekable stream; read blocks stay in memory.

    FFmpeg reads a video through it: opening one and decoding a frame near its end costs a few
    requests, whatever its length. At most 8 MiB are kept.
    """

    def __init__(self, storage: RemoteStorage, url: str, *, block_bytes: int = BLOCK_BYTES) -> None:
        """Ask for the file's size.

        Raises:
            MediaError: The file cannot be read.
        """
        super().__init__()
        self.name = url
        self.size_bytes = storage.size(url)
        self._storage = storage
        self._block_bytes = block_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to `offset` from the start, the position or the end; return the new position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"{self.name}: cannot seek to byte {base + offset}")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer from the position on; return the bytes read, 0 at the end of the file.

        Raises:
            MediaError: The storage failed; FFmpeg hands this error on as it is.
        """
        with memoryview(buffer).cast("B") as view:
            count = max(0, min(len(view), self.size_bytes - self._at))
            filled = 0
            while filled < count:
                number, inside = divmod(self._at + filled, self._block_bytes)
                found = self._block(number)[inside : inside + count - filled]
                view[filled : filled + len(found)] = found
                filled += len(found)
        self._at += count
        return count

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            start = number * self._block_bytes
            end = min(start + self._block_bytes, self.size_bytes)
            block = self._storage.read(self.name, start, end)
            if len(block) != end - start:
                raise MediaError(f"{self.name}: bytes {start}–{end} are missing; did it change?")
            self._blocks[number] = block
            if len(self._blocks) > MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]


@contextmanager
def _storage_errors_explained(url: str) -> Iterator[None]:
    """Turn the storage's errors into MediaError that names the URL."""
    try:
        yield
    except FileNotFoundError as error:
        raise MediaError(f"{url}: there is no such file") from error
    except Exception as error:
        # The storage's own errors share no base class; its text ends in a dump of its records.
        text = str(error).partition("\n")[0]
        kind = type(error).__name__
        hint = ""
        if kind in ("PermissionDeniedError", "UnauthenticatedError"):
            hint = "; credentials are read from the environment"
        raise MediaError(f"{url}: {text}{hint}") from error
