"""Deciding: verdicts, spans, captions, duplicates, undo and redo, and the recipe's rules."""

import threading
from collections.abc import Callable
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rushes.errors import RecipeError
from rushes.records import Row
from rushes.review.activity import steps_since
from rushes.review.clip_order import reorder_after_edit
from rushes.review.decide import SpanEdit
from rushes.review.duplicates import keep_best, list_choices
from rushes.review.session import EDITED_SELECTION, ReviewSession
from rushes.web.requests import (
    answer,
    body_of,
    found_or_gone,
    number_of,
    object_in,
    site_of,
    text_in,
    text_of,
    texts_in,
    user_of,
)

Pts = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]

_undoing = threading.Lock()


async def decide(request: Request) -> Response:
    """Store verdicts: {clips, values}."""
    session, body = site_of(request).session, await body_of(request)
    if body.get("values") is None:
        raise RecipeError("values must be an object")
    values, clips, who = object_in(body, "values"), texts_in(body, "clips"), user_of(request)
    return await _done(session, who, lambda: session.decide(clips, values, who))


async def spans(request: Request) -> Response:
    """Trim, split or merge: {clips, spans, values}; `query` goes on with the new clips."""
    session, body = site_of(request).session, await body_of(request)
    try:
        spans = msgspec.convert(body.get("spans"), list[tuple[Pts, Pts]])
    except msgspec.ValidationError:
        raise RecipeError("spans must be pairs of pts") from None
    values, clips, who = object_in(body, "values"), texts_in(body, "clips"), user_of(request)

    def edit() -> Row:
        before = session.ids(text_in(body, "query"))
        done = session.edit_spans(SpanEdit(clips=clips, spans=spans, values=values), who)
        return done | {"order": reorder_after_edit(session, before, [(clips, done["clips"])])}

    return await _done(session, who, edit)


async def undo(request: Request) -> Response:
    """Undo this person's latest step; `query` goes on with the clips that are back."""
    return await _step(request, redo=False)


async def redo(request: Request) -> Response:
    """Redo the step that this person undid last."""
    return await _step(request, redo=True)


async def _step(request: Request, *, redo: bool) -> Response:
    session, who = site_of(request).session, user_of(request)

    def step() -> Row:
        with _undoing:  # two at once, under one name, are two steps
            before = session.ids(text_of(request, "query"))
            done = session.redo(who) if redo else session.undo(who)
        spans = done["spans"] if redo else [(new, old) for old, new in done["spans"]]
        return done | {"order": reorder_after_edit(session, before, spans)}

    return await _done(session, who, step)


async def _done(session: ReviewSession, who: str, act: Callable[[], Row]) -> Response:
    """Answer with the result of an action, and the revision since which nothing else changed.

    The page that sent it needs no reload if it had that revision. After decisions of others the
    revision is -1, and the page reloads as every other page does, by `events`.
    """

    def do() -> Row:
        session.refresh()
        live = session.live
        before = live.revision
        done = act()
        return done | {"since": before if set(live.last_by) <= {who} else -1}

    return answer(await run_in_threadpool(do))


async def replace(request: Request) -> Response:
    """Replace words in captions: {clips, find, replace, dry_run}."""
    session, body = site_of(request).session, await body_of(request)
    done = await run_in_threadpool(
        session.replace,
        texts_in(body, "clips"),
        text_in(body, "find"),
        text_in(body, "replace"),
        user_of(request),
        dry_run=bool(body.get("dry_run")),
    )
    return answer(done)


async def duplicates(request: Request) -> Response:
    """List groups of duplicates with open decisions, or keep the best: {query, groups}."""
    session = site_of(request).session
    if request.method == "GET":
        name = text_of(request, "query")
        return found_or_gone(await run_in_threadpool(list_choices, session, name))
    body = await body_of(request)
    name, groups = text_in(body, "query"), texts_in(body, "groups")
    return found_or_gone(
        await run_in_threadpool(keep_best, session, name, groups, user_of(request))
    )


async def activity(request: Request) -> Response:
    """Return steps of others after verdict `after`; `open` is the clip in view."""
    after, clip = number_of(request, "after", 0), text_of(request, "open")
    catalog, who = site_of(request).session.catalog, user_of(request)
    return answer(await run_in_threadpool(steps_since, catalog, after, who, clip))


async def recipe(request: Request) -> Response:
    """Write rules to the recipe's selection: {rules, stamp}; {rules} alone returns the changes."""
    session, body = site_of(request).session, await body_of(request)
    rules, stamp = texts_in(body, "rules"), body.get("stamp")
    if stamp is None:
        plan = await run_in_threadpool(session.plan_rules, rules)
        return answer({"changes": plan.changes, "stays": plan.stays, "stamp": plan.stamp})
    if not await run_in_threadpool(session.save_rules, rules, str(stamp)):
        return PlainTextResponse("recipe.toml has been changed: check the rules again", 409)
    return answer({"saved": EDITED_SELECTION})


ROUTES = [
    Route("/api/decide", decide, methods=["POST"]),
    Route("/api/spans", spans, methods=["POST"]),
    Route("/api/undo", undo, methods=["POST"]),
    Route("/api/redo", redo, methods=["POST"]),
    Route("/api/replace", replace, methods=["POST"]),
    Route("/api/duplicates", duplicates, methods=["GET", "POST"]),
    Route("/api/activity", activity),
    Route("/api/recipe", recipe, methods=["POST"]),
]
