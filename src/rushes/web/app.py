"""The review page as a Starlette application."""

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from rushes.errors import ItemError, RushesError
from rushes.project import Project
from rushes.web.auth import Guard
from rushes.web.jobs import Jobs
from rushes.web.requests import Site
from rushes.web.routes import charts, clips, decisions, jobs, media, overview

PAGE = Path(__file__).parent / "page"


def make_app(
    project: Project, *, token: str, hosts: Sequence[str], open_project: Callable[..., Project]
) -> Starlette:
    """Return the application.

    Args:
        project: Open for as long as the page is served.
        token: The secret in the link.
        hosts: Values of the Host header that are answered.
        open_project: Opens the project anew for jobs.
    """
    subjects = (clips, decisions, charts, media, jobs, overview)
    app = Starlette(
        routes=[
            Route("/", _index),
            Mount("/page", StaticFiles(directory=PAGE)),
            *(route for subject in subjects for route in subject.ROUTES),
        ],
        middleware=[Middleware(Guard, token=token, hosts=list(hosts))],
        exception_handlers={RushesError: _error_response, OSError: _write_error_response},
    )
    app.state.site = Site(project, project.review(), Jobs(open_project))
    app.state.is_stopping = lambda: False  # replaced by `serve`
    return app


async def _index(request: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})


async def _error_response(request: Request, error: Exception) -> Response:
    """Answer with the message of an error: 404 for a missing item, else 400."""
    return PlainTextResponse(str(error), 404 if isinstance(error, ItemError) else 400)


async def _write_error_response(request: Request, error: Exception) -> Response:
    """Answer with the system's message, such as that of a full disk."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return PlainTextResponse(f"{why}: nothing was changed; mend that and try again", 507)
