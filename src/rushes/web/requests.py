"""Requests of the page: read and checked, and answered; malformed ones get a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from rushes.errors import RecipeError
from rushes.project import Project
from rushes.review.session import ReviewSession
from rushes.web.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Site:
    """The objects that the routes ask: one project, one review session, one runner of jobs."""

    project: Project
    session: ReviewSession
    jobs: Jobs


def site_of(request: Request) -> Site:
    """Return the site that `make_app` stored in the application."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request.

    Raises:
        RecipeError: The body is no JSON object.
    """
    try:
        body = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, RecursionError):
        raise RecipeError("the request is no JSON") from None
    if not isinstance(body, dict):
        raise RecipeError("the request must be a JSON object")
    return body


def text_in(body: Mapping[str, Any], name: str) -> str:
    """Return a text of a body; empty by default."""
    return str(body.get(name) or "")


def texts_in(body: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts of a body; empty by default."""
    texts = body.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RecipeError(f"{name} must be a list of texts")
    return texts


def number_in(body: Mapping[str, Any], name: str, default: int) -> int:
    """Return a whole number of a body."""
    value = body.get(name, default)
    if type(value) is not int:
        raise RecipeError(f"{name} must be a whole number")
    return value


def object_in(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object of a body; empty where the name is missing or null."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RecipeError(f"{name} must be an object")
    return value


def text_of(request: Request, name: str) -> str:
    """Return a text of the URL's query; empty by default."""
    return request.query_params.get(name, "")


def number_of(request: Request, name: str, default: int) -> int:
    """Return a whole number of the URL's query; its first twelve digits are read."""
    given = request.query_params.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit():
        raise RecipeError(f"{name} must be a whole number")
    return min(int(given[:12]), 10**9)


def user_of(request: Request) -> str:
    """Return the name of the person who sent a request; "me" by default."""
    return unquote(request.headers.get("x-rushes-who", "")).strip()[:80] or "me"


def answer(value: Any) -> Response:
    """Answer in JSON."""
    return JSONResponse(msgspec.to_builtins(value), headers={"cache-control": "no-store"})


def found_or_gone(rows: Any) -> Response:
    """Answer with rows, or with 410 where the query is forgotten (None)."""
    if rows is None:
        return PlainTextResponse("this query is forgotten; send it again", 410)
    return answer(rows)
