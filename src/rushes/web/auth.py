"""Access to the page: a token, the right host, the right origin, and no huge bodies."""

import hmac
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "rushes"
MOST_BYTES = 4 * 2**20
"""Bodies larger than this are refused: a hundred thousand clip ids fit."""

# Nothing from elsewhere is loaded, and no other page may frame this one.
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Middleware that passes only requests of the page itself, opened by the printed link.

    A foreign page could send requests to 127.0.0.1 from the same browser: it has no token in a
    cookie of its own site (SameSite), names another origin, and after DNS rebinding another host.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: Sequence[str]) -> None:
        """Guard an application.

        Args:
            app: The application behind it.
            token: The secret in the link.
            hosts: Values of the Host header that are answered, with the port.
        """
        self._app = app
        self._token = token
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {
            name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(scope, headers)
        if refusal is None and scope["path"] == "/" and "token" in parse_qs(_query(scope)):
            refusal = self._entrance(scope)
        if refusal is not None:
            refusal.headers.update(HEADERS)
            await refusal(scope, receive, send)
            return
        try:
            await self._app(scope, _limited(receive), _with_headers(send))
        except _TooLarge:
            await PlainTextResponse("too large", 413, headers=HEADERS)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        if headers.get("host", "") not in self._hosts:
            return PlainTextResponse("this page is served under another name", 421)
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) not in self._hosts:
            return PlainTextResponse("another page may not do this", 403)
        if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site") in (
            "cross-site",
            "same-site",
        ):
            return PlainTextResponse("another page may not do this", 403)
        length = headers.get("content-length") or "0"
        if not length.isdigit() or int(length[:16]) > MOST_BYTES:
            return PlainTextResponse("too large", 413)
        given = parse_qs(_query(scope)).get("token", [""])[0] if scope["path"] == "/" else ""
        if not any(
            hmac.compare_digest(secret.encode(errors="replace"), self._token.encode())
            for secret in (given, _cookie(headers))
        ):
            return PlainTextResponse(
                "open the link that `rushes review` printed: it carries the token", 401
            )
        return None

    def _entrance(self, scope: Scope) -> Response:
        """Take the token out of the address bar and into a cookie."""
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        response = RedirectResponse("/", 303)
        response.set_cookie(
            _cookie_name(headers["host"]), self._token, httponly=True, samesite="strict", path="/"
        )
        return response


class _TooLarge(Exception):
    """The body is larger than `MOST_BYTES`, whatever `content-length` declared."""


def _cookie_name(host: str) -> str:
    """Return a name for each port: cookies know hosts only, and two projects may be open."""
    return f"{COOKIE}_{host.rpartition(':')[2]}"


def _cookie(headers: dict[str, str]) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(_cookie_name(headers["host"]))
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _query(scope: Scope) -> str:
    return bytes(scope["query_string"]).decode("latin-1")


def _limited(receive: Receive) -> Receive:
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BYTES:
            raise _TooLarge
        return message

    return receive_some


def _with_headers(send: Send) -> Send:
    async def send_with(message: Any) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            extra = [
                (name.encode(), value.encode())
                for name, value in HEADERS.items()
                if name.encode() not in present
            ]
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return send_with
