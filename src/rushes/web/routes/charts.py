"""The figures of the charts."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rushes.web.requests import answer, body_of, site_of, text_in, texts_in


async def charts(request: Request) -> Response:
    """Return the figures of all charts but the crosstab: {rules}."""
    session, body = site_of(request).session, await body_of(request)
    return answer(await run_in_threadpool(session.charts, texts_in(body, "rules")))


async def crosstab(request: Request) -> Response:
    """Return the number of clips of each pair of values: {rules, across, down}."""
    session, body = site_of(request).session, await body_of(request)
    across, down = text_in(body, "across"), text_in(body, "down")
    rules = texts_in(body, "rules")
    return answer(await run_in_threadpool(session.crosstab, rules, across, down))


ROUTES = [
    Route("/api/charts", charts, methods=["POST"]),
    Route("/api/crosstab", crosstab, methods=["POST"]),
]
