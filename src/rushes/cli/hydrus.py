"""Commands that bring clips to a Hydrus client and people's decisions back."""

from typing import Any

import click

from rushes.cli.base import DONE, WITH_FAILURES, cli, project_options, show_result


@cli.group()
def hydrus() -> None:
    """Bring clips to Hydrus, and bring back what people decide there.

    Nothing is ever deleted there, and nothing that a person removed is added again. The access key
    is read from $RUSHES_HYDRUS_KEY or from the file hydrus.key in the project.
    """


@hydrus.command()
@click.argument("selection", default="main")
@project_options()
def push(project: Any, selection: str, as_json: bool) -> int:
    """Send the clips of SELECTION, with tags, caption and facts.

    Stopped anywhere, the same command goes on; what is up to date is left alone.
    """
    done = project.hydrus().push(selection)
    show_result(done, as_json, lambda r: click.echo(f"hydrus {r.client}: {_pushed(r)}"))
    return WITH_FAILURES if done.failed else DONE


@hydrus.command()
@project_options()
def pull(project: Any, as_json: bool) -> int:
    """Take over verdicts, stars, tags and captions.

    Archived means keep, deleted means drop, in the inbox means undecided.
    """
    done = project.hydrus().pull()
    show_result(done, as_json, lambda r: click.echo(f"hydrus {r.client}: {_pulled(r)}"))
    return DONE


@hydrus.command()
@click.argument("selection", default="main")
@project_options()
def status(project: Any, selection: str, as_json: bool) -> int:
    """Say what push and pull would do, and do nothing."""
    show_result(project.hydrus().status(selection), as_json, _show_status)
    return DONE


def _show_status(found: Any) -> None:
    click.echo(
        f"hydrus {found.client}: client {found.version}, API {found.api}, at {found.url}; "
        f"{found.pushed} files pushed so far\n"
        f"push would do: {_pushed(found.push)}\n"
        f"pull would do: {_pulled(found.pull)}"
    )


def _pushed(found: Any) -> str:
    counts = {
        "cut": found.cut,
        "imported": found.imported,
        "there already": found.known,
        "with tags": found.tags,
        "with notes": found.notes,
        "failed (rushes ls failures)": found.failed,
    }
    left = {
        "deleted there": found.rejected,
        "removed there without a record": found.gone,
        "kept out by its import options": found.vetoed,
    }
    lines = [f"{found.clips} clips of {found.selection}: {_listed(counts)}"]
    if any(left.values()):
        lines.append(f"left alone: {_listed(left)}")
    return "\n  ".join(lines)


def _pulled(found: Any) -> str:
    counts = {
        "keep": found.keep,
        "drop": found.drop,
        "undecided again": found.undecided,
        "stars": found.stars,
        "captions": found.captions,
        "tags": found.tags,
    }
    lines = [f"{found.read} clips read: {_listed(counts)}"]
    if found.newer_here:
        lines.append(f"{found.newer_here} verdicts not taken: somebody decided here since")
    if found.overruled:
        shown = ", ".join(found.overruled[:5]) + ("…" if len(found.overruled) > 5 else "")
        lines.append(
            f"{len(found.overruled)} captions were changed on both sides, there it stands: {shown}"
        )
    if found.gone:
        lines.append(f"{found.gone} were removed there without a record; they stay as they are")
    if found.lost:
        lines.append(f"{found.lost} are not there, or not whole: rushes hydrus push")
    return "\n  ".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing new"
