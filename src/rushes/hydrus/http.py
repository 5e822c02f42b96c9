"""HTTP to a Hydrus client: one connection a thread, retries, and errors that name the next step.

Every call that Rushes makes can be repeated without harm, so a call is repeated where a connection
broke. Python's own HTTP client suffices: no proxies, no redirects, files are streamed.
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
"""Limit of one request; an import blocks until it is done, and longer under load."""
RETRY_DELAYS_S: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30)
"""Pauses before each retry while a client restarts or is busy."""
PERMISSIONS = {
    1: "import and delete files",
    2: "edit file tags",
    3: "search for and fetch files",
    6: "manage database",
    7: "edit file notes",
}
"""Number → name, as in Hydrus."""
_PERMISSION_OF_PATH = {"/add_files": 1, "/add_tags": 2, "/get_files": 3, "/add_notes": 7,
                       "/manage_database": 6}  # fmt: skip
_KEY_HEADER = "Hydrus-Client-API-Access-Key"
_BUSY, _FORBIDDEN, _NO_KEY, _EXPIRED, _OVER_BANDWIDTH = 503, 403, 401, 419, 509


class Refused(ItemError):
    """The client refused a request; `status` is the HTTP status."""

    status = 0


class Connection:
    """Sends requests to a Hydrus client and returns its JSON; each thread has its own socket."""

    def __init__(self, url: str, key: str, notify: Callable[[str], None] = lambda _: None) -> None:
        """Prepare; nothing is opened yet.

        Args:
            url: Address of the client.
            key: Its access key.
            notify: Called with a line when the client is waited for.
        """
        self.url = url.rstrip("/")
        self._parts = urlsplit(self.url)
        self._key, self._notify = key, notify
        self._threads = threading.local()
        self._connections: set[http.client.HTTPConnection] = set()
        self._stopped = threading.Event()
        self._has_answered = self._is_awaited = False

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Send a GET request; lists and flags among `query` are encoded as JSON."""
        plain = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        return self._ask("GET", path + (f"?{urlencode(plain)}" if plain else ""))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a POST request with a JSON body."""
        return self._ask("POST", path, data=json.dumps(body).encode())

    def send(self, path: str, file: Path) -> dict[str, Any]:
        """Send a POST request with the bytes of a file, which are streamed."""
        return self._ask("POST", path, file=file)

    def close(self) -> None:
        """Close this thread's connection."""
        link = getattr(self._threads, "link", None)
        self._threads.link = None
        if link is not None:
            self._connections.discard(link)
            link.close()

    def stop(self) -> None:
        """Make every thread raise at once, also one that waits for the client."""
        self._stopped.set()
        for link in list(self._connections):
            with suppress(OSError, AttributeError):  # it has no socket any more
                link.sock.shutdown(socket.SHUT_RDWR)

    def _ask(
        self, method: str, path: str, data: bytes | None = None, file: Path | None = None
    ) -> dict[str, Any]:
        waits = iter(RETRY_DELAYS_S)
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
                    continue  # a kept connection closes after 60 s; a new one shows the cause
                if not self._has_answered:
                    raise self._unreachable(error) from error
                problem = f"it is unreachable ({_reason(error)})"
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
                    f"{sum(RETRY_DELAYS_S):.0f} s; finished work is kept. Run the same command "
                    f"again when it is back"
                )
            self._note_wait(problem)
            if self._stopped.wait(wait_s):
                raise ProjectError("stopped")

    def _note_wait(self, problem: str) -> None:
        if not self._is_awaited:  # one line for all threads and requests that wait
            self._is_awaited = True
            self._notify(
                f"the Hydrus client at {self.url}: {problem}; waiting for it, up to "
                f"{sum(RETRY_DELAYS_S):.0f} s"
            )

    def _note_answer(self) -> None:
        if self._is_awaited:
            self._is_awaited = False
            self._notify("the Hydrus client answers again")

    def _once(
        self, method: str, path: str, data: bytes | None, file: Path | None
    ) -> tuple[int, bytes]:
        link = getattr(self._threads, "link", None)
        if link is None:
            link = self._threads.link = self._connect()
            self._connections.add(link)
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

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        context = ssl.create_default_context()
        context.check_hostname = False  # a client signs its own certificate
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)

    def _checked(self, path: str, status: int, answer: bytes) -> dict[str, Any]:
        """Return the JSON of an answer; raise if it is no JSON or a refusal."""
        if status == http.HTTPStatus.OK:
            try:
                found = json.loads(answer) if answer.strip() else {}
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise ProjectError(
                    f"the server at {self.url} is no Hydrus client; check hydrus.url"
                )
            return found
        message = _message(answer)
        is_unknown = path in _OPEN_TO_ALL_KEYS or "access key" in message.lower()
        if status in (_NO_KEY, _EXPIRED) or (status == _FORBIDDEN and is_unknown):
            raise ProjectError(
                f"the Hydrus client at {self.url} does not know this access key; compare it with "
                f"services > review services > client api"
            )
        if status == _FORBIDDEN and re.search(r"those files|search results", message):
            raise ProjectError(KEY_IS_FILTERED)
        if status == _FORBIDDEN:
            needed = next(
                (n for start, n in _PERMISSION_OF_PATH.items() if path.startswith(start)), 0
            )
            raise permission_error([needed]) if needed else ProjectError(f"{self.url}: {message}")
        if status == _OVER_BANDWIDTH:
            raise ProjectError(
                f"the Hydrus client at {self.url} has used up its bandwidth; raise the limit in "
                f"services > manage services > client api, or wait, and run the same command again"
            )
        refused = Refused(
            f"the Hydrus client answered {status} to {path.partition('?')[0]}: {message}"
        )
        refused.status = status
        raise refused

    def _unreachable(self, error: Exception) -> ProjectError:
        hint = ""
        if isinstance(error, ssl.SSLError):
            hint = "; it may speak http, not https"
        elif isinstance(error, http.client.HTTPException | ConnectionResetError):
            hint = "; it may speak https, not http" if self._parts.scheme == "http" else ""
        return ProjectError(
            f"no Hydrus client answers at {self.url} ({_reason(error)}{hint}); start it, switch "
            f"its API on (services > manage services > client api), or set hydrus.url"
        )


_OPEN_TO_ALL_KEYS = ("/verify_access_key", "/get_services")
KEY_IS_FILTERED = (
    "the access key for Hydrus sees only files with certain tags; take the tag filter off it in "
    "services > review services > client api > edit"
)


def permission_error(permissions: list[int]) -> ProjectError:
    """Return the error of a key that lacks permissions."""
    names = ", ".join(f'"{PERMISSIONS[number]}"' for number in permissions)
    return ProjectError(
        f"the access key for Hydrus lacks the permission {names}; give it in services > review "
        f"services > client api > edit, and run the same command again"
    )


def _message(answer: bytes) -> str:
    """Return the error message of a client, on one line."""
    try:
        text = str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        text = re.sub(r"<[^>]*>", " ", answer.decode("utf-8", "replace"))  # a web page
    return " ".join(text.split())[:300] or "no reason given"


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
