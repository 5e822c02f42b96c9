"""Commands for people's decisions: the review page, verdicts, undo and redo."""

import getpass
import shlex
from collections.abc import Callable, Sequence
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
@click.argument("who", required=False)
@project_options()
def undo(project: Any, who: str | None, as_json: bool) -> int:
    """Undo the last decision of WHO, made here or on the page.

    WHO is the name on the page; without it, your name on this machine.
    """
    return _reverse(project, project.undo, who, as_json)


@cli.command()
@click.argument("who", required=False)
@project_options()
def redo(project: Any, who: str | None, as_json: bool) -> int:
    """Redo the last undone decision of WHO; see rushes undo."""
    return _reverse(project, project.redo, who, as_json)


def _reverse(project: Any, reverse: Callable[..., Any], who: str | None, as_json: bool) -> int:
    name, verb = who or getpass.getuser(), reverse.__name__
    done = reverse(who=name)

    def show(verdicts: Sequence[Any]) -> None:
        if verdicts:
            kinds = ", ".join(sorted({verdict.kind for verdict in verdicts}))
            clips = count(len({verdict.clip for verdict in verdicts}), "clip")
            click.echo(f"{verb}ne: {kinds} of {clips}")
            return
        others = project.steps(redo=verb == "redo")
        click.echo(f"nothing to {verb}" + (f" by {name}" if others else ""))
        for other, number in others.items():
            click.echo(f"  {other} has {count(number, 'step')}: rushes {verb} {shlex.quote(other)}")

    return show_result(done, as_json, show)
