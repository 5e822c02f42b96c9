"""What a request of the page asks for, and how it is answered; nonsense is refused in words."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from rushes.errors import RecipeError


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request."""
    try:
        asked = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, RecursionError):
        raise RecipeError("the request is no JSON") from None
    if not isinstance(asked, dict):
        raise RecipeError("the request must be a JSON object")
    return asked


def whole_number(request: Request, name: str, default: int) -> int:
    """Return a number of the query; no more of its digits are read than any list is long."""
    given = request.query_params.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit():
        raise RecipeError(f"{name} must be a whole number")
    return min(int(given[:12]), 10**9)


def number_in(asked: Mapping[str, Any], name: str, default: int) -> int:
    """Return a whole number of what is asked."""
    value = asked.get(name, default)
    if type(value) is not int:
        raise RecipeError(f"{name} must be a whole number")
    return value


def known(rows: Any) -> Response:
    """Answer with rows, or that the query is forgotten."""
    if rows is None:
        return PlainTextResponse("ask again: that query is too long ago", 410)
    return answer(rows)


def texts_in(asked: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts of what is asked; empty by default."""
    texts = asked.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RecipeError(f"{name} must be a list of texts")
    return texts


def who_asks(request: Request) -> str:
    """Return the name that a person goes by."""
    return unquote(request.headers.get("x-rushes-who", "")).strip()[:80] or "me"


def answer(value: Any) -> Response:
    """Answer in JSON."""
    return JSONResponse(msgspec.to_builtins(value), headers={"cache-control": "no-store"})
