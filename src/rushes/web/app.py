"""The routes of the review page. Each takes JSON or a path, asks the desk, and returns JSON."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from rushes.errors import ItemError, RecipeError, RushesError
from rushes.project import Project
from rushes.records import Row
from rushes.review import duplicates as copies
from rushes.review.activity import steps_since
from rushes.review.clip_order import carried_on
from rushes.review.session import EDITED
from rushes.web.auth import Guard
from rushes.web.jobs import Work
from rushes.web.requests import answer, body_of, known, number_in, texts_in, who_asks, whole_number

PAGE = Path(__file__).parent / "page"
FOLLOW_S = 0.5
"""How often a page is told what has changed, by whomever."""
AGAIN_MS = 1000
"""After so long a page that lost the server looks for it again."""
MOST_FOUND = 2000
"""So many clips of a search are shown, the best first."""
Pts = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
FOREVER = {"cache-control": "private, max-age=31536000, immutable"}


def make_app(
    project: Project, *, token: str, hosts: Sequence[str], open_project: Callable[..., Project]
) -> Starlette:
    """Return the application.

    Args:
        project: Open for as long as the page is served.
        token: The secret in the link.
        hosts: What the Host header may say.
        open_project: Opens the project anew for long work.
    """
    pages = Pages(project, Work(open_project))
    routes = [
        Route("/", pages.index),
        Mount("/page", StaticFiles(directory=PAGE)),
        Route("/api/state", pages.state),
        Route("/api/query", pages.query, methods=["POST"]),
        Route("/api/count", pages.count, methods=["POST"]),
        Route("/api/clips", pages.clips),
        Route("/api/ids", pages.ids),
        Route("/api/place", pages.place),
        Route("/api/copies", pages.copies, methods=["GET", "POST"]),
        Route("/api/lately", pages.lately),
        Route("/api/replace", pages.replace, methods=["POST"]),
        Route("/api/pictures", pages.pictures, methods=["POST"]),
        Route("/api/crossed", pages.crossed, methods=["POST"]),
        Route("/api/clip/{clip}", pages.clip),
        Route("/api/histogram", pages.histogram),
        Route("/api/values", pages.values),
        Route("/api/beside", pages.beside, methods=["POST"]),
        Route("/api/decide", pages.decide, methods=["POST"]),
        Route("/api/respan", pages.respan, methods=["POST"]),
        Route("/api/undo", pages.undo, methods=["POST"]),
        Route("/api/redo", pages.redo, methods=["POST"]),
        Route("/api/recipe", pages.recipe, methods=["POST"]),
        Route("/api/work", pages.work, methods=["GET", "POST", "DELETE"]),
        Route("/api/waiting", pages.waiting),
        Route("/api/events", pages.events),
        Route("/still/{clip}/{which:int}.jpg", pages.still),
        Route("/source/{video}", pages.source),
        Route("/preview/{clip}.mp4", pages.preview),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, hosts=list(hosts))],
        exception_handlers={RushesError: _told, OSError: _not_written},
    )
    app.state.is_stopping = lambda: False  # whoever serves it knows better
    return app


class Pages:
    """The routes' functions."""

    def __init__(self, project: Project, work: Work) -> None:
        self._project = project
        self._desk = project.review()
        self._work = work
        self._taking_back = threading.Lock()

    async def index(self, request: Request) -> Response:
        """Return the page."""
        return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})

    async def state(self, request: Request) -> Response:
        """Return totals, columns and rules."""
        state = await run_in_threadpool(self._desk.state)
        more = {"work": self._work.state(), "verbs": self._work.verbs}
        return answer(state | more | {"notes": list(self._project.notes)})

    async def query(self, request: Request) -> Response:
        """Return an order of clips: {rules, sort, group, text, like, limit}."""
        asked = await body_of(request)
        among = None
        if asked.get("text") or asked.get("like"):
            found = await run_in_threadpool(
                self._project.search,
                str(asked.get("text") or "") or None,
                like=str(asked.get("like") or "") or None,
                limit=min(max(number_in(asked, "limit", MOST_FOUND), 1), MOST_FOUND),
            )
            among = [row["clip"] for row in found]
        found_rows = await run_in_threadpool(
            self._desk.query,
            texts_in(asked, "rules"),
            sort=str(asked.get("sort") or ""),
            group=str(asked.get("group") or ""),
            among=among,
        )
        return answer(found_rows)

    async def count(self, request: Request) -> Response:
        """Return what rules leave, and what a selection by others would hold: {rules, select}."""
        asked = await body_of(request)
        left = await run_in_threadpool(self._desk.count, texts_in(asked, "rules"))
        if "select" not in asked:
            return answer(left)
        try:
            held = await run_in_threadpool(self._desk.outcome, texts_in(asked, "select"))
        except RecipeError as error:  # what the recipe lacks is no fault of this question
            held = {"trouble": str(error)}
        return answer(left | {"held": held})

    async def clips(self, request: Request) -> Response:
        """Return rows of a query, each with the value of the column `show`."""
        first, count = (
            whole_number(request, "first", 0),
            min(whole_number(request, "count", 100), 500),
        )
        name, show = (request.query_params.get(key, "") for key in ("query", "show"))
        return known(await run_in_threadpool(self._desk.clips, name, first, count, show))

    async def ids(self, request: Request) -> Response:
        """Return the ids of some clips of a query, or of all."""
        name, first = request.query_params.get("query", ""), whole_number(request, "first", 0)
        count = whole_number(request, "count", 0) if "count" in request.query_params else None
        return known(await run_in_threadpool(self._desk.ids, name, first, count))

    async def place(self, request: Request) -> Response:
        """Return where a clip stands in a query."""
        name, clip = (request.query_params.get(key, "") for key in ("query", "clip"))
        return answer({"place": await run_in_threadpool(self._desk.place, name, clip)})

    async def copies(self, request: Request) -> Response:
        """Show what groups of copies leave to decide, or keep the best of some: {query, groups}."""
        if request.method == "GET":
            name = request.query_params.get("query", "")
            return known(await run_in_threadpool(copies.listed, self._desk, name))
        asked = await body_of(request)
        name, groups = str(asked.get("query") or ""), texts_in(asked, "groups")
        kept = await run_in_threadpool(
            copies.keep_best, self._desk, name, groups, who_asks(request)
        )
        return known(kept)

    async def lately(self, request: Request) -> Response:
        """Return what others did after verdict `after`; `open` is the clip that is looked at."""
        after, clip = whole_number(request, "after", 0), request.query_params.get("open", "")
        who = who_asks(request)
        return answer(await run_in_threadpool(steps_since, self._desk.catalog, after, who, clip))

    async def replace(self, request: Request) -> Response:
        """Replace words in captions: {clips, find, replace, dry_run}."""
        asked = await body_of(request)
        find, replacement = str(asked.get("find") or ""), str(asked.get("replace") or "")
        done = await run_in_threadpool(
            self._desk.replace, texts_in(asked, "clips"), find, replacement, who_asks(request),
            dry_run=bool(asked.get("dry_run")),
        )  # fmt: skip
        return answer(done)

    async def pictures(self, request: Request) -> Response:
        """Return the figures of the charts: {rules}."""
        asked = await body_of(request)
        return answer(await run_in_threadpool(self._desk.pictures, texts_in(asked, "rules")))

    async def crossed(self, request: Request) -> Response:
        """Return how many clips there are of each pair of values: {rules, across, down}."""
        asked = await body_of(request)
        across, down = str(asked.get("across") or ""), str(asked.get("down") or "")
        rules = texts_in(asked, "rules")
        return answer(await run_in_threadpool(self._desk.crossed, rules, across, down))

    async def clip(self, request: Request) -> Response:
        """Return one clip."""
        return answer(await run_in_threadpool(self._desk.clip, request.path_params["clip"]))

    async def histogram(self, request: Request) -> Response:
        """Return how a column's values are spread."""
        column = request.query_params.get("column", "")
        return answer(await run_in_threadpool(self._desk.histogram, column))

    async def values(self, request: Request) -> Response:
        """Return the values of a column."""
        column = request.query_params.get("column", "")
        return answer(await run_in_threadpool(self._desk.values, column))

    async def beside(self, request: Request) -> Response:
        """Return the clips on either side of a threshold: {column, threshold, rules}."""
        asked = await body_of(request)
        try:
            threshold = msgspec.convert(asked.get("threshold"), float)
        except (msgspec.ValidationError, OverflowError):
            raise RecipeError("threshold must be a number") from None
        found = await run_in_threadpool(
            self._desk.beside, str(asked.get("column")), threshold, texts_in(asked, "rules")
        )
        return answer(found)

    async def decide(self, request: Request) -> Response:
        """Store verdicts: {clips, values}."""
        asked = await body_of(request)
        values = asked.get("values")
        if not isinstance(values, Mapping):
            raise RecipeError("values must be an object")
        clips, who = texts_in(asked, "clips"), who_asks(request)
        return await self._done(who, lambda: self._desk.decide(clips, values, who))

    async def respan(self, request: Request) -> Response:
        """Trim, divide or join: {clips, spans, values}; `query` goes on with the new clips."""
        asked = await body_of(request)
        try:
            spans = msgspec.convert(asked.get("spans"), list[tuple[Pts, Pts]])
        except msgspec.ValidationError:
            raise RecipeError("spans must be pairs of pts") from None
        values = asked.get("values") or {}
        if not isinstance(values, Mapping):
            raise RecipeError("values must be an object")
        clips, who = texts_in(asked, "clips"), who_asks(request)

        def respan() -> Row:
            before = self._desk.ids(str(asked.get("query") or ""))
            done = self._desk.respan(clips, spans, who, values=values)
            return done | {"order": carried_on(self._desk, before, [(clips, done["clips"])])}

        return await self._done(who, respan)

    async def undo(self, request: Request) -> Response:
        """Undo what this person did last; `query` goes on with the clips that are back."""
        return await self._take_back(request, redo=False)

    async def redo(self, request: Request) -> Response:
        """Do it again."""
        return await self._take_back(request, redo=True)

    async def _take_back(self, request: Request, *, redo: bool) -> Response:
        who = who_asks(request)

        def take_back() -> Row:
            with self._taking_back:  # two at once, under one name, are two steps
                before = self._desk.ids(request.query_params.get("query", ""))
                done = self._desk.take_back(who, redo=redo)
            spans = done["spans"] if redo else [(new, old) for old, new in done["spans"]]
            return done | {"order": carried_on(self._desk, before, spans)}

        return await self._done(who, take_back)

    async def _done(self, who: str, act: Callable[[], Row]) -> Response:
        """Do what a person asks for, and say since which revision nothing else has changed.

        A page that knew that revision knows the new one; another page, or one that missed what
        others did meanwhile (then it is -1), hears of it by `events`.
        """

        def do() -> Row:
            self._desk.follow()
            board = self._desk.board
            before = board.revision
            done = act()
            return done | {"since": before if set(board.last_by) <= {who} else -1}

        return answer(await run_in_threadpool(do))

    async def recipe(self, request: Request) -> Response:
        """Make rules those of the recipe's selection: {rules, stamp}; {rules} says what changes."""
        asked = await body_of(request)
        rules, stamp = texts_in(asked, "rules"), asked.get("stamp")
        if stamp is None:
            plan = await run_in_threadpool(self._desk.planned, rules)
            return answer({"changes": plan.changes, "stays": plan.stays, "stamp": plan.stamp})
        if not await run_in_threadpool(self._desk.save_rules, rules, str(stamp)):
            return PlainTextResponse("recipe.toml has been changed: look at it once more", 409)
        return answer({"saved": EDITED})

    async def work(self, request: Request) -> Response:
        """Show, start ({verb}) or stop long work."""
        if request.method == "DELETE":
            self._work.stop()
        elif request.method == "POST":
            asked = await body_of(request)
            verb = str(asked.get("verb"))
            if verb not in self._work.verbs:
                raise RecipeError(f"there is no work called {verb!r}")
            if not self._work.start(verb):
                running = self._work.progress.verb
                return PlainTextResponse(
                    f"{running} is running: wait for it, or stop it first", 409
                )
        return answer(self._work.state())

    async def waiting(self, request: Request) -> Response:
        """Return how much each verb of long work has to do, where that is known."""
        return answer(await run_in_threadpool(self._project.plan))

    async def events(self, request: Request) -> Response:
        """Tell, for as long as the page is open, what changes: server-sent events."""
        return StreamingResponse(self._changes(request), media_type="text/event-stream")

    async def _changes(self, request: Request) -> AsyncIterator[str]:
        yield f"retry: {AGAIN_MS}\n\n"
        last: Any = None
        while not (request.app.state.is_stopping() or await request.is_disconnected()):
            await run_in_threadpool(self._desk.follow)
            board = self._desk.board
            now = {"revision": board.revision, "by": board.last_by, "work": self._work.state()}
            if now != last:
                last = now
                yield f"data: {json.dumps(now)}\n\n"
            await asyncio.sleep(FOLLOW_S)

    async def still(self, request: Request) -> Response:
        """Return a still as JPEG."""
        height_px = min(max(whole_number(request, "h", 480), 16), 1080)
        path = request.path_params
        picture = await run_in_threadpool(self._desk.still, path["clip"], path["which"], height_px)
        return Response(picture, media_type="image/jpeg", headers=FOREVER)

    async def source(self, request: Request) -> Response:
        """Return a source file, by byte range."""
        path = await run_in_threadpool(self._desk.source, request.path_params["video"])
        return FileResponse(path, headers={"cache-control": "private, max-age=3600"})

    async def preview(self, request: Request) -> Response:
        """Return a small MP4 of a clip."""
        path = await run_in_threadpool(self._desk.preview, request.path_params["clip"])
        return FileResponse(path, media_type="video/mp4", headers=FOREVER)


async def _told(request: Request, error: Exception) -> Response:
    """Answer with what an error says: 400 for what was asked, 404 for what is not there."""
    return PlainTextResponse(str(error), 404 if isinstance(error, ItemError) else 400)


async def _not_written(request: Request, error: Exception) -> Response:
    """Answer what the system says, such as of a full disk when a recipe is written."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return PlainTextResponse(f"{why}: nothing was changed; mend that and try again", 507)
