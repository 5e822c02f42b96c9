"""HTTP to a Hydrus client: one connection a thread, patience, and errors that say what to do.

All calls that Rushes makes can be made twice without harm, so that each is simply made again where
a connection broke. Python's own HTTP client does: no proxies, no redirects, files are streamed.
"""

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from rushes.errors import ItemError, ProjectError

TIMEOUT_S = 150
"""An import blocks until it is done, and longer under load."""
WAITS_S: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30)
"""How long to wait before each further try while a client restarts or is busy."""
PERMISSIONS = {
    1: "import and delete files",
    2: "edit file tags",
    3: "search for and fetch files",
    6: "manage database",
    7: "edit file notes",
}
"""As Hydrus calls them."""
_OF_PATH = {"/add_files": 1, "/add_tags": 2, "/get_files": 3, "/add_notes": 7,
            "/manage_database": 6}  # fmt: skip
_KEY_HEADER = "Hydrus-Client-API-Access-Key"
_BUSY, _UNKNOWN_KEY, _NO_KEY, _EXPIRED, _SPENT = 503, 403, 401, 419, 509


class Refused(ItemError):
    """The client did not do what it was asked; `status` says how it put that."""

    status = 0


class Connection:
    """Asks a Hydrus client and returns its JSON."""

    def __init__(self, url: str, key: str, tell: Callable[[str], None] = lambda _: None) -> None:
        """Prepare; nothing is opened yet.

        Args:
            url: Address of the client.
            key: Its access key.
            tell: Is called with a line when the client is waited for.
        """
        self.url = url.rstrip("/")
        self._parts = urlsplit(self.url)
        self._key, self._tell = key, tell
        self._threads = threading.local()
        self._links: set[http.client.HTTPConnection] = set()
        self._stopped = threading.Event()
        self._has_answered = self._is_awaited = False

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Ask for something; lists and flags among `query` are sent as JSON."""
        plain = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        return self._ask("GET", path + (f"?{urlencode(plain)}" if plain else ""))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have something done."""
        return self._ask("POST", path, data=json.dumps(body).encode())

    def send(self, path: str, file: Path) -> dict[str, Any]:
        """Send the bytes of a file, without ever holding all of them."""
        return self._ask("POST", path, file=file)

    def close(self) -> None:
        """Close this thread's connection."""
        link = getattr(self._threads, "link", None)
        self._threads.link = None
        if link is not None:
            self._links.discard(link)
            link.close()

    def stop(self) -> None:
        """Have every thread give up at once, also one that waits for the client."""
        self._stopped.set()
        for link in list(self._links):
            with suppress(OSError, AttributeError):  # it has no socket, or none any more
                link.sock.shutdown(socket.SHUT_RDWR)

    def _ask(
        self, method: str, path: str, data: bytes | None = None, file: Path | None = None
    ) -> dict[str, Any]:
        waits = iter(WAITS_S)
        while True:
            was_open = getattr(self._threads, "link", None) is not None
            try:
                status, answer = self._once(method, path, data, file)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if file is not None and isinstance(error, FileNotFoundError):
                    raise
                if self._stopped.is_set():
                    raise ProjectError("stopped") from error
                if was_open and not isinstance(error, TimeoutError):
                    continue  # a kept connection is closed after 60 s; a new one tells more
                if not self._has_answered:
                    raise self._is_down(error) from error
                problem = f"it went away ({_words(error)})"
            else:
                self._has_answered = True
                if status != _BUSY:
                    self._note_answer()
                    return self._checked(path, status, answer)
                problem = f"it is busy ({_message(answer)})"
            wait_s = next(waits, None)
            if wait_s is None:
                raise ProjectError(
                    f"the Hydrus client at {self.url}: {problem}, and stayed so for "
                    f"{sum(WAITS_S):.0f} s; all that was done is kept. Run the same command again "
                    f"when it is back"
                )
            self._note_wait(problem)
            if self._stopped.wait(wait_s):
                raise ProjectError("stopped")

    def _note_wait(self, problem: str) -> None:
        if not self._is_awaited:  # once, however many threads and requests wait
            self._is_awaited = True
            self._tell(
                f"the Hydrus client at {self.url}: {problem}; waiting for it, up to "
                f"{sum(WAITS_S):.0f} s"
            )

    def _note_answer(self) -> None:
        if self._is_awaited:
            self._is_awaited = False
            self._tell("the Hydrus client answers again")

    def _once(
        self, method: str, path: str, data: bytes | None, file: Path | None
    ) -> tuple[int, bytes]:
        link = getattr(self._threads, "link", None)
        if link is None:
            link = self._threads.link = self._opened()
            self._links.add(link)
        headers = {_KEY_HEADER: self._key, "Accept": "application/json"}
        target = self._parts.path + path
        if file is not None:
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(file.stat().st_size)
            with file.open("rb") as stream:
                link.request(method, target, body=stream, headers=headers)
        else:
            if data is not None:
                headers["Content-Type"] = "application/json"
            link.request(method, target, body=data, headers=headers)
        answer = link.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, content

    def _opened(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        context = ssl.create_default_context()
        context.check_hostname = False  # a client signs its own certificate
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)

    def _checked(self, path: str, status: int, answer: bytes) -> dict[str, Any]:
        """Return what a client answered; raise if it is no answer or a refusal."""
        if status == http.HTTPStatus.OK:
            try:
                found = json.loads(answer) if answer.strip() else {}
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise ProjectError(f"what answers at {self.url} is no Hydrus client; {_CHECK}")
            return found
        said = _message(answer)
        is_unknown = path in _OPEN_TO_ALL_KEYS or "access key" in said.lower()
        if status in (_NO_KEY, _EXPIRED) or (status == _UNKNOWN_KEY and is_unknown):
            raise ProjectError(
                f"the Hydrus client at {self.url} does not know this access key; compare it with "
                f"services > review services > client api"
            )
        if status == _UNKNOWN_KEY and re.search(r"those files|search results", said):
            raise ProjectError(FILTERED)
        if status == _UNKNOWN_KEY:
            needed = next((n for start, n in _OF_PATH.items() if path.startswith(start)), 0)
            raise lacking([needed]) if needed else ProjectError(f"{self.url}: {said}")
        if status == _SPENT:
            raise ProjectError(
                f"the Hydrus client at {self.url} has used up its bandwidth; raise the limit in "
                f"services > manage services > client api, or wait, and run the same command again"
            )
        refused = Refused(
            f"the Hydrus client answered {status} to {path.partition('?')[0]}: {said}"
        )
        refused.status = status
        raise refused

    def _is_down(self, error: Exception) -> ProjectError:
        hint = ""
        if isinstance(error, ssl.SSLError):
            hint = "; it may speak http, not https"
        elif isinstance(error, http.client.HTTPException | ConnectionResetError):
            hint = "; it may speak https, not http" if self._parts.scheme == "http" else ""
        return ProjectError(
            f"no Hydrus client answers at {self.url} ({_words(error)}{hint}); start it, switch its "
            f"API on (services > manage services > client api), or set hydrus.url"
        )


_OPEN_TO_ALL_KEYS = ("/verify_access_key", "/get_services")
_CHECK = "check hydrus.url"
FILTERED = (
    "the access key for Hydrus sees only files with certain tags; take the tag filter off it in "
    "services > review services > client api > edit"
)


def lacking(permissions: list[int]) -> ProjectError:
    """Return the error that says what a key may not do."""
    names = ", ".join(f'"{PERMISSIONS[number]}"' for number in permissions)
    return ProjectError(
        f"the access key for Hydrus lacks the permission {names}; give it in services > review "
        f"services > client api > edit, and run the same command again"
    )


def _message(answer: bytes) -> str:
    """Return what a client says went wrong, on one line."""
    try:
        text = str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        text = re.sub(r"<[^>]*>", " ", answer.decode("utf-8", "replace"))  # a web page
    return " ".join(text.split())[:300] or "no reason given"


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
