"""The page of `rushes report`: one HTML file that needs no other file and no network.

Style and script are inline, and the page's own policy forbids the browser everything else.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rushes.records import Cut, Failure, Row, Selection
from rushes.reports.contact_sheet import (
    KINDS,
    VideoSheet,
    clock,
    hint,
    kinds,
    title,
    video_section,
)
from rushes.version import __version__
from rushes.words import count

SHOWN_FAILURES = 100
SHOWN_WITHOUT_CARDS = 200
"""Videos without a card that still get their heading and bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The project as a whole."""

    status: Row
    """As `Project.status` returns it."""
    selections: Sequence[Selection]
    failures: Sequence[Failure]


def page(overview: Overview, sheets: Sequence[VideoSheet], *, where: str | None) -> Iterator[str]:
    """Yield the page piece by piece; `where` is the condition that its cuts meet."""
    style, script = (_asset(f"page.{kind}") for kind in ("css", "js"))
    project = str(overview.status["project"])
    cards = [cut for sheet in sheets for cut, _ in sheet.shown]
    yield (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Cuts of {escape(Path(project).name)}</title>\n<style>{style}</style>\n"
        f'<header><h1>Cuts</h1><p class="muted">{title(project)}</p></header>\n<main>\n'
    )
    yield _totals(overview, sheets)
    yield from (_funnel(selection) for selection in overview.selections if selection.funnel)
    yield _failures(overview.failures)
    if where:
        yield f"<p>Only cuts that meet <code>{escape(where)}</code>.</p>\n"
    if not overview.status["videos"]:
        yield hint("The project has no video yet.", "rushes run PATH…")
    elif where and not cards:
        yield hint("No cut meets the condition.", "rushes ls cuts")
    if cards:
        yield _toolbar(cards)
    yield '<section id="flat" hidden></section>\n'
    visible = [sheet for sheet in sheets if sheet.requested or not where]
    bare = [id(sheet) for sheet in visible if not sheet.shown]
    left_out = set(bare[SHOWN_WITHOUT_CARDS:])
    for sheet in visible:
        if id(sheet) not in left_out:
            yield from video_section(sheet)
    if left_out:
        yield hint(f"{count(len(left_out), 'more video')} without a card.", "rushes ls videos")
    yield "</main>\n"
    yield f'<footer class="muted">rushes {__version__}</footer>\n<script>{script}</script>\n'


def _totals(overview: Overview, sheets: Sequence[VideoSheet]) -> str:
    status = overview.status
    total_s = sum(sheet.video.duration_s for sheet in sheets)
    kept_s = sum(sheet.clips_s for sheet in sheets)
    share = f", {kept_s / total_s:.1%} of the footage" if total_s else ""
    cuts = [cut for sheet in sheets for cut in sheet.cuts or ()]
    rows = [
        ("videos", status["videos"], f"{clock(total_s, 0)} of footage"),
        ("cuts", status["cuts"], kinds(cuts)),
        ("shots", status["shots"], f"{status['shots_too_short']} too short for a clip"),
        ("clips", status["clips"], f"{clock(kept_s, 0)}{share}"),
    ]
    rows += [
        (f"selected as {found.name}@{found.revision}", len(found.clips), clock(found.duration_s, 0))
        for found in overview.selections
    ]
    return _table(("", "count", ""), rows, "totals")


def _funnel(selection: Selection) -> str:
    titles = ("rule", "resolved to", "pass alone", "pass so far", "without value")
    rows = [
        (
            r.rule,
            r.threshold,
            r.alone,
            r.left,
            f"{r.missing:,} ({r.unmeasured:,} not measured, in)" if r.unmeasured else r.missing,
        )
        for r in selection.funnel
    ]
    return (
        f"<details><summary>Funnel of {escape(selection.name)}@{selection.revision}: "
        f"{len(selection.clips):,} of {count(selection.candidates, 'clip')}</summary>\n"
        f"{_table(titles, rows)}</details>\n"
    )


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]], kind: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(title)}' for title in titles)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "\n" for row in rows)
    return f'<div class="wide"><table class="{kind}"><tr>{head}\n{body}</table></div>\n'


def _cell(value: object) -> str:
    kind = ' class="number"' if isinstance(value, int) else ""
    return f"<td{kind}>{escape(str(value))}"


def _failures(failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    items = "".join(
        f"<li>{escape(f'{failure.stage}: {failure.message}')}"
        f"<br>again: <code>{escape(failure.retry)}</code>\n"
        for failure in failures[:SHOWN_FAILURES]
    )
    more = len(failures) - SHOWN_FAILURES
    rest = f"<p>… and {more} more: <code>rushes ls failures</code></p>\n" if more > 0 else ""
    return (
        f'<section class="failures"><h2>{len(failures)} failed or damaged</h2>\n'
        f"<ul>{items}</ul>\n{rest}</section>\n"
    )


def _toolbar(cards: Sequence[Cut]) -> str:
    counts = Counter(cut.kind for cut in cards)
    boxes = "".join(
        f'<label><input type="checkbox" name="kind" value="{kind}" checked> '
        f"{kind} ({counts[kind]})</label>\n"
        for kind in KINDS
        if counts[kind]
    )
    return (
        '<form id="tools" hidden><label>order <select name="order">'
        '<option value="time">by time</option><option value="sure">least confident first</option>'
        f'</select></label>\n{boxes}<output aria-live="polite"></output>\n'
        '<span class="keys muted"><kbd>j</kbd> next <kbd>k</kbd> previous</span></form>\n'
    )


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return the hash by which the page's policy allows one inline style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
