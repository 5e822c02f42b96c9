"""Jobs: started, stopped and counted; and the events that a page follows."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from rushes.errors import RecipeError
from rushes.web.requests import answer, body_of, site_of

FOLLOW_S = 0.5
"""Pause between two readings of the catalog's change log, in seconds."""
RETRY_MS = 1000
"""Pause before a page that lost the server connects again, in milliseconds."""


async def jobs(request: Request) -> Response:
    """Show, start ({verb}) or stop a job."""
    jobs = site_of(request).jobs
    if request.method == "DELETE":
        jobs.stop()
    elif request.method == "POST":
        verb = str((await body_of(request)).get("verb"))
        if verb not in jobs.verbs:
            raise RecipeError(f"there is no job called {verb!r}")
        if not jobs.start(verb):
            running = jobs.progress.verb
            return PlainTextResponse(f"{running} is running: wait for it, or stop it first", 409)
    return answer(jobs.state())


async def pending(request: Request) -> Response:
    """Return the number of pending items of each verb."""
    return answer(await run_in_threadpool(site_of(request).project.plan))


async def events(request: Request) -> Response:
    """Stream changes as server-sent events, for as long as the page is open."""
    return StreamingResponse(_changes(request), media_type="text/event-stream")


async def _changes(request: Request) -> AsyncIterator[str]:
    site = site_of(request)
    yield f"retry: {RETRY_MS}\n\n"
    last: Any = None
    while not (request.app.state.is_stopping() or await request.is_disconnected()):
        await run_in_threadpool(site.session.refresh)
        live = site.session.live
        now = {"revision": live.revision, "by": live.last_by, "job": site.jobs.state()}
        if now != last:
            last = now
            yield f"data: {json.dumps(now)}\n\n"
        await asyncio.sleep(FOLLOW_S)


ROUTES = [
    Route("/api/jobs", jobs, methods=["GET", "POST", "DELETE"]),
    Route("/api/pending", pending),
    Route("/api/events", events),
]
