"""Commands for people's decisions: the review page, verdicts, undo and redo."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from rushes.cli.base import DONE, cli, project_options, show_result
from rushes.words import count


@cli.command()
@click.option("--host", default="127.0.0.1", help="Address to listen on  [127.0.0.1]")
@click.option("--port", default=7874, help="Port to listen on, 0 for any  [7874]")
@project_options()
def review(project: Any, host: str, port: int, as_json: bool) -> int:
    """Review the clips in a browser.

    The printed link carries a token: anybody with the link can decide. By default only this machine
    can open it. Ctrl-C stops the server; every decision is kept.
    """
    from rushes.web.serve import serve

    def announce(link: str) -> None:
        show_result({"link": link}, as_json, lambda _: click.echo(f"open {link}\nCtrl-C stops it"))

    serve(
        project,
        host=host,
        port=port,
        options=asdict(project.options),
        announce=announce,
    )
    return DONE


@cli.command()
@click.argument("what", metavar="keep|drop|undecided")
@click.argument("clips", nargs=-1, required=True, metavar="CLIP…")
@project_options()
def verdict(project: Any, what: str, clips: Sequence[str], as_json: bool) -> int:
    """Keep or drop clips; a verdict overrides every rule."""
    done = project.verdict(what, clips, who=getpass.getuser())
    show_result(done, as_json, lambda _: click.echo(f"{what}: {count(len(clips), 'clip')}"))
    return DONE


@cli.command()
@project_options()
def undo(project: Any, as_json: bool) -> int:
    """Undo your last decision, made here or on the page."""
    done = project.undo(who=getpass.getuser())
    show_result(done, as_json, lambda verdicts: click.echo(_summary(verdicts, "undo", "undone")))
    return DONE


@cli.command()
@project_options()
def redo(project: Any, as_json: bool) -> int:
    """Redo your last undone decision."""
    done = project.redo(who=getpass.getuser())
    show_result(done, as_json, lambda verdicts: click.echo(_summary(verdicts, "redo", "redone")))
    return DONE


def _summary(verdicts: Sequence[Any], verb: str, done: str) -> str:
    if not verdicts:
        return f"nothing to {verb}"
    kinds = ", ".join(sorted({verdict.kind for verdict in verdicts}))
    return f"{done}: {kinds} of {count(len({verdict.clip for verdict in verdicts}), 'clip')}"
