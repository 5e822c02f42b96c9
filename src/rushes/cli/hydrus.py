"""Commands that send clips to a Hydrus client and fetch people's decisions."""

from typing import Any

import click

from rushes.cli.base import DONE, WITH_FAILURES, cli, project_options, show_result
from rushes.words import count


@cli.group()
def hydrus() -> None:
    """Send clips to a Hydrus client; fetch people's decisions from it.

    Nothing is ever deleted there, and nothing that a person removed is added again. The access key
    is read from $RUSHES_HYDRUS_KEY or from the file hydrus.key in the project.
    """


@hydrus.command()
@click.argument("selection", default="main")
@project_options()
def push(project: Any, selection: str, as_json: bool) -> int:
    """Send the clips of SELECTION, with tags, caption and metadata.

    A stopped push continues with the same command. Files that are up to date are left alone.
    """
    done = project.hydrus().push(selection)
    show_result(done, as_json, lambda r: click.echo(f"hydrus {r.client}: {_pushed(r)}"))
    return WITH_FAILURES if done.failed else DONE


@hydrus.command()
@project_options()
def pull(project: Any, as_json: bool) -> int:
    """Fetch verdicts, stars, tags and captions.

    Archived means keep, deleted means drop, in the inbox means undecided.
    """
    done = project.hydrus().pull()
    show_result(done, as_json, lambda r: click.echo(f"hydrus {r.client}: {_pulled(r)}"))
    return DONE


@hydrus.command()
@click.argument("selection", default="main")
@project_options()
def status(project: Any, selection: str, as_json: bool) -> int:
    """Show what push and pull would change; change nothing."""
    show_result(project.hydrus().status(selection), as_json, _show_status)
    return DONE


def _show_status(found: Any) -> None:
    pushed = f"{count(found.pushed, 'clip')} pushed so far"
    if found.replaced:
        pushed += f", {found.replaced:,} of them trimmed, split or recut here since"
    click.echo(
        f"hydrus {found.client}: Hydrus {found.version}, API {found.api}, at {found.url}; {pushed}"
    )
    click.echo(f"push would do: {_pushed(found.push, is_done=False)}")
    if found.pushed:
        click.echo(f"pull would take: {_pulled(found.pull)}")


def _pushed(found: Any, *, is_done: bool = True) -> str:
    counts = {
        "cut" if is_done else "to cut": found.cut,
        "imported" if is_done else "to import": found.imported,
        "already there": found.known,
        "got tags" if is_done else "to get tags": found.tags,
        "got notes" if is_done else "to get notes": found.notes,
        "kept out by its import options": found.vetoed,
        "failed (rushes ls failures)": found.failed,
    }
    left = {
        "deleted there": found.rejected,
        "removed there without a record": found.gone,
    }
    lines = [
        f"{count(found.clips, 'clip')} of {found.selection}: {_listed(counts) or 'up to date'}"
    ]
    if any(left.values()):
        lines.append(f"left alone: {_listed(left)}")
    return "\n  ".join(lines)


def _pulled(found: Any) -> str:
    if not found.read:
        return "nothing was pushed to this client yet; first: rushes hydrus push"
    counts = {
        "keep": found.keep,
        "drop": found.drop,
        "undecided again": found.undecided,
        "rated": found.stars,
        "with another caption": found.captions,
        "with other tags": found.tags,
    }
    lines = [f"{count(found.read, 'clip')} read: {_listed(counts) or 'nothing new'}"]
    if found.replaced:
        lines.append(
            f"trimmed, split or recut here since: {found.replaced:,} of these; the new clips stay "
            f"as they are"
        )
    if found.newer_here:
        lines.append(f"decided here later, left as it is: {count(found.newer_here, 'verdict')}")
    if found.overruled:
        shown = ", ".join(found.overruled[:5]) + ("…" if len(found.overruled) > 5 else "")
        lines.append(f"captions changed on both sides, Hydrus's kept: {shown}")
    if found.gone:
        lines.append(f"removed there without a record, left as it is here: {found.gone:,}")
    if found.lost:
        lines.append(f"missing or incomplete there: {found.lost:,}; to repair: rushes hydrus push")
    return "\n  ".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)
