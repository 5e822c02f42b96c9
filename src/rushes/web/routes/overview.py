"""The state of the project as a whole, for the Overview."""

from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rushes.records import Row, Selection
from rushes.web.requests import Site, answer, site_of

MAX_FAILURES = 50
"""Failures listed; all are counted."""


async def overview(request: Request) -> Response:
    """Return totals, pending items of each verb, selections, exports, failures and notes."""
    return answer(await run_in_threadpool(_overview, site_of(request)))


def _overview(site: Site) -> dict[str, Any]:
    project, stored = site.project, site.session.catalog.selections
    failures, totals = project.failures(), project.status()
    frozen = [
        found[0] for name in project.context.recipe.selections if (found := stored.newest(name))
    ]
    return {
        "totals": totals,
        "pending": project.plan(),
        "verbs": site.jobs.verbs,
        "selections": [_selection(one) for one in frozen],
        "exports": list(stored.exports().values()),
        "failures": [asdict(one) for one in failures[-MAX_FAILURES:][::-1]],
        "failed": len(failures),
        "notes": [*totals["sources"], *project.notes],
    }


def _selection(selection: Selection) -> Row:
    return {
        "name": selection.name,
        "revision": selection.revision,
        "clips": len(selection.clips),
        "candidates": selection.candidates,
        "duration_s": selection.duration_s,
        "funnel": [asdict(rule) for rule in selection.funnel],
    }


ROUTES = [Route("/api/overview", overview)]
