"""Reports as tables and lines of text."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from rushes.records import Failure, Report, Row, Selection
from rushes.words import count

WIDE = 2000
"""Columns to assume where output goes to a file: nothing is cut off there."""
SHOWN_FAILURES = 20
VERBS = ("scan", "cut", "caption", "score")
"""Verbs of `run` with a row in its table."""


def console() -> Any:
    """Return a console that never breaks or drops text in a pipe."""
    from rich.console import Console

    found = Console(highlight=False, soft_wrap=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDE)


def _table(*titles: str) -> Any:
    from rich.table import Table

    return Table(*titles, box=None, pad_edge=False)


def run(reports: Row) -> None:
    """Show the reports of `rushes run`: a table of verbs, the funnel, the exports, next steps."""
    if "ingest" in reports:
        ingest(reports["ingest"])
    table = _table("verb", "done", "up to date", "failed")
    for verb in VERBS:
        if verb in reports:
            r = reports[verb]
            if verb == "caption" and not r.pending:
                continue  # no clip has a caption, or none changed
            table.add_row(verb, _done(r), f"{r.total - r.pending:,}", f"{r.failed:,}")
    if table.row_count:
        console().print(table)
    now = reports["status"]
    click.echo(
        f"\n{count(now['videos'], 'video')}, {now['hours']:.2f} h → {count(now['cuts'], 'cut')}, "
        f"{count(now['shots'], 'shot')} ({now['shots_too_short']:,} too short) → "
        f"{count(now['clips'], 'clip')}; "
        f"decode passes per video: {now['decode_passes_per_video']:.2f}"
    )
    for found in reports.get("select", []):
        click.echo()
        selection(found)
    for found in reports.get("export", []):
        export(found)
    refusals(reports.get("refused", []))
    failures(reports["failures"], older=now["failures"] - len(reports["failures"]))
    for note in (*now["sources"], *reports["notes"]):
        click.echo(f"\nnote: {note}")
    if _did_nothing(reports) and not reports["failures"] and not reports.get("refused"):
        click.echo("\nnothing to do: everything was up to date.")
    _next_steps(now)


def _next_steps(now: Row) -> None:
    if not now["videos"]:
        click.echo("\nnext: rushes run PATH…   (the project has no video yet: name your footage)")
        return
    click.echo(
        "\nnext: rushes review                     (keep and drop clips in a browser)\n"
        "      rushes report                     (the frames on both sides of every cut)\n"
        "      edit recipe.toml, rushes run      (only what depends on the change is redone)"
    )


def _did_nothing(reports: Row) -> bool:
    verbs = [reports[verb] for verb in VERBS if verb in reports]
    exports = reports.get("export", [])
    is_new = "ingest" in reports and reports["ingest"].new
    is_export_new = any(export.encoded or export.removed for export in exports)
    return not is_new and not any(r.pending for r in verbs) and not is_export_new


def ingest(found: Any) -> None:
    """Show the files below the given paths."""
    counts = {
        "new": found.new,
        "moved": found.moved,
        "replaced": len(found.replaced),
        "duplicate": len(found.duplicates),
        "no video": len(found.others),
        "ignored": found.ignored,
        "unreadable": found.failed,
    }
    parts = [count(found.videos, "video"), *(f"{n:,} {state}" for state, n in counts.items() if n)]
    click.echo("ingest: " + ", ".join(parts))
    for file in found.duplicates:
        click.echo(f"  duplicate: {file.path} has the same bytes as {file.of}")
    for path in found.replaced:
        click.echo(f"  replaced: {path} is another video now; the earlier one is gone")


def forgotten(found: Any) -> None:
    """Show the counts of what was taken out."""
    taken = (
        (len(found.videos), "video"),
        (found.clips, "clip"),
        (found.failures, "failure"),
    )
    click.echo("forgotten: " + ", ".join(count(number, noun) for number, noun in taken))
    for path in found.files_here:
        click.echo(f"  {path} is still there; to keep it out, add it to ingest.ignore")


def report(found: Report) -> None:
    """Show the counts of one verb."""
    click.echo(
        f"{found.verb}: {_done(found)} done, "
        f"{found.total - found.pending:,} up to date, {found.failed:,} failed"
    )


def _done(found: Report) -> str:
    return count(found.done, found.unit.removesuffix("s"))


def plan(pending: Row) -> None:
    """Show the number of pending items of each verb."""
    for verb, number in pending.items():
        click.echo(f"{verb}: {number:,}")


def selection(found: Selection) -> None:
    """Show a selection and its funnel."""
    click.echo(
        f"selection {found.name}@{found.revision}: {len(found.clips):,} of "
        f"{count(found.candidates, 'clip')}, {found.duration_s:.1f} s"
    )
    if not found.funnel:
        return
    table = _table("rule", "resolved to")
    for title in ("pass alone", "pass so far", "without value"):
        table.add_column(title, justify="right")
    for line in found.funnel:
        lacking = f"{line.missing:,}"
        if line.unmeasured:
            lacking += f" ({line.unmeasured:,} not measured, in)"
        table.add_row(line.rule, line.threshold, f"{line.alone:,}", f"{line.left:,}", lacking)
    console().print(table)


def export(found: Any) -> None:
    """Show the contents of an export folder."""
    parts = [f"{found.encoded:,} encoded now"] if found.encoded else []
    parts += [f"{count(found.removed, 'file')} removed"] if found.removed else []
    state = ", ".join(parts) or "up to date"
    click.echo(
        f"\nexport {found.name}: {count(found.clips, 'clip')}, {found.size_bytes / 1e6:.1f} MB "
        f"as {found.format} in {found.folder} ({state})"
    )
    if found.replaced:
        click.echo(f"  the removed files are kept in {found.replaced}; delete it when you like")
    if found.failed:
        click.echo(f"  {count(found.failed, 'clip')} could not be written: rushes ls failures")
    for line in found.treatments:
        treatment, clips = line.treatment, count(line.clips, "clip")
        does = f"{_EFFECTS[treatment.effect]} {'it' if line.clips == 1 else 'them'}"
        click.echo(f"  {clips} {treatment.case}: {treatment.trainer} {does} ({treatment.why})")


_EFFECTS = {"kept": "keeps", "cut": "cuts", "changed": "changes", "dropped": "drops"}


def page(found: Any) -> None:
    """Show the path of the page of cuts, and the cuts and videos that it leaves out."""
    cuts = count(found.cuts, "cut")
    shown = f"{found.shown:,} of {cuts}" if found.shown < found.cuts else cuts
    click.echo(
        f"report: {shown} of {count(found.videos, 'video')}, {found.size_bytes / 1e6:.1f} MB\n"
        f"open it in a browser: {found.path}"
    )
    for message in found.failed:
        click.echo(f"  without pictures: {message}")


def refusals(messages: Sequence[str]) -> None:
    """Show why selections and exports could not be made."""
    for message in messages:
        click.echo(f"\nrefused: {message}")


def failures(found: Sequence[Failure], older: int) -> None:
    """Show the failures of this run, each with the command that tries again; count the older."""
    if older:
        click.echo(f"\n{count(older, 'failure')} of earlier runs: rushes ls failures")
    if not found:
        return
    click.echo(f"\n{len(found):,} failed or damaged:")
    alike = Counter((failure.stage, failure.message, failure.retry) for failure in found)
    for (stage, message, retry), times in list(alike.items())[:SHOWN_FAILURES]:
        click.echo(f"  {stage}: {message}" + (f" ({times:,} times)" if times > 1 else ""))
        click.echo(f"    again: {retry}")
    if len(alike) > SHOWN_FAILURES:
        click.echo(f"  … and {len(alike) - SHOWN_FAILURES:,} more: rushes ls failures")


def rows(found: Sequence[Row], first: str = "") -> None:
    """Show rows as a table of the columns that fit.

    Empty columns and pts are left to --json, which prints everything.

    Args:
        found: The rows, all with the same keys.
        first: The column to show right after the name, such as the one that sorts the rows.
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
    table = _table()
    for name in shown:
        value = found[0][name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in found:
        table.add_row(*(_cell(row[name]) for name in shown))
    screen.print(table)
    if hidden := names[len(shown) :]:
        more = count(len(hidden), "more column")
        click.echo(f"{more}, {hidden[0]} first: --json, or a wider window")


def coverage(found: Row) -> None:
    """Show the clusters of clips, and mark the gaps."""
    clusters = found["clusters"]
    gaps = [row for row in clusters if row["is_gap"]]
    click.echo(
        f"{count(found['clips'], 'clip')} in {count(len(clusters), 'cluster')} by {found['by']}, "
        f"{count(len(gaps), 'gap')}"
    )
    if found["without_vector"]:
        click.echo(f"{count(found['without_vector'], 'clip')} without a vector: rushes score")
    rows([{**row, "is_gap": "gap" if row["is_gap"] else ""} for row in clusters])


def status(found: Row) -> None:
    """Show a project's totals, one line each."""
    for name, value in found.items():
        lines = value if isinstance(value, list) else [value]
        first = lines[0] if lines else "-"
        shown = f"{first:,}" if isinstance(first, int) else first
        click.echo(f"{name.replace('_', ' '):24}{shown}")
        for line in lines[1:]:
            click.echo(f"{'':24}{line}")


def toml(found: Row) -> None:
    """Show settings as TOML."""
    import tomlkit

    click.echo(tomlkit.dumps(found), nl=False)


def models(found: Sequence[Any]) -> None:
    """Show the models, and how to get the missing ones."""
    for state in found:
        size = f"{state.size_bytes / 1e6:.0f} MB"
        click.echo(f"{state.name}: {state.about}")
        click.echo(f"  {size}, {state.licence}, from {state.source}")
        click.echo(f"  {state.path if state.here else f'missing: rushes models get {state.name}'}")


def checks(found: Sequence[Row]) -> None:
    """Show the checks of `doctor`."""
    for check in found:
        click.echo(f"{'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['found']}")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"  # all digits: rules with it pass the same clips
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
