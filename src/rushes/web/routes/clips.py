"""Looking at clips: the state of the project, queries, counts, rows, one clip, one column."""

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rushes.errors import RecipeError
from rushes.web.requests import (
    answer,
    body_of,
    found_or_gone,
    number_in,
    number_of,
    site_of,
    text_in,
    text_of,
    texts_in,
)

MAX_FOUND = 2000
"""A search shows at most so many clips, the best first."""
MAX_ROWS = 500
"""Rows in one answer."""


async def state(request: Request) -> Response:
    """Return totals, columns, rules, the verbs that can be started, and the job that runs."""
    site = site_of(request)
    state = await run_in_threadpool(site.session.state)
    jobs = {"job": site.jobs.state(), "verbs": site.jobs.verbs}
    return answer(state | jobs | {"notes": list(site.project.notes)})


async def query(request: Request) -> Response:
    """Return an order of clips: {rules, sort, group, text, like, limit}."""
    site, body = site_of(request), await body_of(request)
    among = None
    if body.get("text") or body.get("like"):
        found = await run_in_threadpool(
            site.project.search,
            text_in(body, "text") or None,
            like=text_in(body, "like") or None,
            limit=min(max(number_in(body, "limit", MAX_FOUND), 1), MAX_FOUND),
        )
        among = [row["clip"] for row in found]
    order = await run_in_threadpool(
        site.session.query,
        texts_in(body, "rules"),
        sort=text_in(body, "sort"),
        group=text_in(body, "group"),
        among=among,
    )
    return answer(order)


async def count(request: Request) -> Response:
    """Count the clips that pass rules, and those that an export would hold: {rules, select}."""
    session, body = site_of(request).session, await body_of(request)
    left = await run_in_threadpool(session.count, texts_in(body, "rules"))
    if "select" not in body:
        return answer(left)
    try:
        held = await run_in_threadpool(session.preview_export, texts_in(body, "select"))
    except RecipeError as error:  # a fault of the recipe is no fault of this question
        held = {"trouble": str(error)}
    return answer(left | {"held": held})


async def rows(request: Request) -> Response:
    """Return rows of a query, each with the value of the column `show`."""
    first = number_of(request, "first", 0)
    count = min(number_of(request, "count", 100), MAX_ROWS)
    name, show = text_of(request, "query"), text_of(request, "show")
    session = site_of(request).session
    return found_or_gone(await run_in_threadpool(session.clips, name, first, count, show))


async def ids(request: Request) -> Response:
    """Return the ids of some clips of a query, or of all."""
    name, first = text_of(request, "query"), number_of(request, "first", 0)
    count = number_of(request, "count", 0) if "count" in request.query_params else None
    return found_or_gone(await run_in_threadpool(site_of(request).session.ids, name, first, count))


async def place(request: Request) -> Response:
    """Return the place of a clip in a query, or null."""
    name, clip = text_of(request, "query"), text_of(request, "clip")
    return answer({"place": await run_in_threadpool(site_of(request).session.place, name, clip)})


async def clip(request: Request) -> Response:
    """Return one clip."""
    session = site_of(request).session
    return answer(await run_in_threadpool(session.clip, request.path_params["clip"]))


async def histogram(request: Request) -> Response:
    """Return the histogram of a column of numbers."""
    session, column = site_of(request).session, text_of(request, "column")
    return answer(await run_in_threadpool(session.histogram, column))


async def values(request: Request) -> Response:
    """Return the values of a column, with counts."""
    session, column = site_of(request).session, text_of(request, "column")
    return answer(await run_in_threadpool(session.values, column))


async def around(request: Request) -> Response:
    """Return the clips on either side of a threshold: {column, threshold, rules}."""
    session, body = site_of(request).session, await body_of(request)
    try:
        threshold = msgspec.convert(body.get("threshold"), float)
    except (msgspec.ValidationError, OverflowError):
        raise RecipeError("threshold must be a number") from None
    column, rules = str(body.get("column")), texts_in(body, "rules")
    return answer(await run_in_threadpool(session.around_threshold, column, threshold, rules))


ROUTES = [
    Route("/api/state", state),
    Route("/api/query", query, methods=["POST"]),
    Route("/api/count", count, methods=["POST"]),
    Route("/api/clips", rows),
    Route("/api/ids", ids),
    Route("/api/place", place),
    Route("/api/clip/{clip}", clip),
    Route("/api/histogram", histogram),
    Route("/api/values", values),
    Route("/api/around", around, methods=["POST"]),
]
