"""Reports as tables that a person reads."""

from collections.abc import Sequence
from typing import Any

import click
import tomlkit
from rich.console import Console
from rich.table import Table

from rushes.records import Failure, Report, Row, Selection

WIDE = 2000
"""Columns to assume where output goes to a file: nothing is cut off there."""
SHOWN_FAILURES = 20


def console() -> Console:
    """Return a console that never breaks or drops text in a pipe."""
    found = Console(highlight=False, soft_wrap=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDE)


def run(reports: Row) -> None:
    """Show what `rushes run` did: a table of verbs, the funnel, the exports, what to do next."""
    if "ingest" in reports:
        ingest(reports["ingest"])
    table = Table("verb", "done", "up to date", "failed", box=None, pad_edge=False)
    for verb in ("scan", "cut", "caption", "score"):
        if verb in reports:
            r = reports[verb]
            if verb == "caption" and not r.pending:
                continue  # nobody has captions, or nothing is new
            table.add_row(verb, f"{r.done} {r.unit}", str(r.total - r.pending), str(r.failed))
    if table.row_count:
        console().print(table)
    now = reports["status"]
    click.echo(
        f"\n{now['videos']} videos, {now['hours']:.2f} h → {now['cuts']} cuts, "
        f"{now['shots']} shots ({now['shots_too_short']} too short) → {now['clips']} clips; "
        f"decode passes per video: {now['decode_passes_per_video']:.2f}"
    )
    for found in reports.get("select", []):
        click.echo()
        selection(found)
    for found in reports.get("export", []):
        export(found)
    failures(reports["failures"])
    for note in reports["notes"]:
        click.echo(f"\nnote: {note}")
    if _did_nothing(reports) and not reports["failures"]:
        click.echo("\nnothing to do: everything was up to date.")
    if not now["videos"]:
        click.echo("\nnext: rushes run PATH…   (there are no videos yet: name your footage)")
        return
    click.echo(
        "\nnext: rushes review                     (look at the clips in a browser, and decide)\n"
        "      rushes report                     (the frames on both sides of every cut)\n"
        "      edit recipe.toml, rushes run      (only what changed is redone)"
    )


def _did_nothing(reports: Row) -> bool:
    verbs = [reports[v] for v in ("scan", "cut", "caption", "score") if v in reports]
    exports = reports.get("export", [])
    is_new = "ingest" in reports and reports["ingest"].new
    return not is_new and not any(r.pending for r in verbs) and not any(e.encoded for e in exports)


def ingest(found: Any) -> None:
    """Show what is below the paths that were asked for."""
    counts = {
        "new": found.new,
        "moved": found.moved,
        "known twice": len(found.duplicates),
        "no video": len(found.others),
        "unreadable": found.failed,
    }
    parts = [f"{found.videos} videos", *(f"{n} {what}" for what, n in counts.items() if n)]
    click.echo("ingest: " + ", ".join(parts))
    for path in found.duplicates:
        click.echo(f"  duplicate: {path}")


def report(found: Report) -> None:
    """Show what one verb did."""
    click.echo(
        f"{found.verb}: {found.done} {found.unit} done, "
        f"{found.total - found.pending} were up to date, {found.failed} failed"
    )


def plan(pending: Row) -> None:
    """Show what would be done."""
    for verb, count in pending.items():
        click.echo(f"{verb}: {count}")


def selection(found: Selection) -> None:
    """Show a selection and the funnel that led to it."""
    click.echo(
        f"selection {found.name}@{found.revision}: {len(found.clips)} of {found.candidates} clips, "
        f"{found.duration_s:.1f} s"
    )
    if not found.funnel:
        return
    table = Table("rule", "comes to", box=None, pad_edge=False)
    for title in ("passes alone", "left", "without value"):
        table.add_column(title, justify="right")
    for line in found.funnel:
        counts = (line.alone, line.left, line.missing)
        table.add_row(line.rule, line.threshold, *(str(count) for count in counts))
    console().print(table)


def export(found: Any) -> None:
    """Show what an export folder holds."""
    state = f"{found.encoded} encoded now" if found.encoded else "up to date"
    click.echo(
        f"\nexport {found.name}: {found.clips} clips, {found.size_bytes / 1e6:.1f} MB "
        f"as {found.format} in {found.folder} ({state})"
    )
    if found.failed:
        click.echo(f"  {found.failed} clips could not be written: rushes ls failures")


def page(found: Any) -> None:
    """Show where the page of cuts is, and what is not on it."""
    shown = f"{found.shown} of {found.cuts}" if found.shown < found.cuts else str(found.cuts)
    click.echo(
        f"report: {shown} cuts of {found.videos} videos, {found.size_bytes / 1e6:.1f} MB\n"
        f"open it in a browser: {found.path}"
    )
    for message in found.failed:
        click.echo(f"  without pictures: {message}")


def failures(found: Sequence[Failure]) -> None:
    """Show what stands as failed, each with the command that tries it again."""
    if not found:
        return
    click.echo(f"\n{len(found)} failed or damaged:")
    for failure in found[:SHOWN_FAILURES]:
        click.echo(f"  {failure.stage}: {failure.message}")
        click.echo(f"    again: {failure.retry}")
    if len(found) > SHOWN_FAILURES:
        click.echo(f"  … and {len(found) - SHOWN_FAILURES} more: rushes ls failures")


def rows(found: Sequence[Row], first: str = "") -> None:
    """Show rows as a table of the columns that fit; numbers to four digits.

    Empty columns and ticks are left to --json, which has everything.

    Args:
        found: The rows, all with the same keys.
        first: The column to show right after the name: what the rows are sorted by.
    """
    if not found:
        click.echo("nothing to list")
        return
    names = [
        name
        for name in found[0]
        if not name.endswith("_pts") and any(row[name] not in (None, []) for row in found)
    ]
    if first in names:
        names.remove(first)
        names.insert(1, first)
    screen = console()
    shown: list[str] = []
    room = screen.width
    for name in names:
        room -= max(len(name), *(len(_cell(row[name])) for row in found)) + 2
        if room < 0 and shown:
            break
        shown.append(name)
    table = Table(box=None, pad_edge=False)
    for name in shown:
        value = found[0][name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in found:
        table.add_row(*(_cell(row[name]) for name in shown))
    screen.print(table)
    if hidden := names[len(shown) :]:
        click.echo(f"{len(hidden)} more columns, {hidden[0]} first: --json, or a wider window")


def coverage(found: Row) -> None:
    """Show the clusters, and which of them hold little."""
    clusters = found["clusters"]
    gaps = [row for row in clusters if row["is_gap"]]
    click.echo(
        f"{found['clips']} clips in {len(clusters)} clusters by {found['by']}, "
        f"{len(gaps)} of them gaps"
    )
    if found["without_vector"]:
        click.echo(f"{found['without_vector']} clips have no vector yet: rushes score")
    rows([{**row, "is_gap": "gap" if row["is_gap"] else ""} for row in clusters])


def status(found: Row) -> None:
    """Show how much there is of everything."""
    for name, value in found.items():
        lines = value if isinstance(value, list) else [value]
        click.echo(f"{name.replace('_', ' '):24}{lines[0] if lines else '-'}")
        for line in lines[1:]:
            click.echo(f"{'':24}{line}")


def toml(found: Row) -> None:
    """Show settings as TOML."""
    click.echo(tomlkit.dumps(found), nl=False)


def models(found: Sequence[Any]) -> None:
    """Show the models: what is here, what is missing and how to get it."""
    for state in found:
        size = f"{state.size_bytes / 1e6:.0f} MB"
        click.echo(f"{state.name}: {state.about}")
        click.echo(f"  {size}, {state.licence}, from {state.source}")
        click.echo(f"  {state.path if state.here else f'missing: rushes models get {state.name}'}")


def checks(found: Sequence[Row]) -> None:
    """Show what `doctor` looked at."""
    for check in found:
        click.echo(f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['found']}")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
