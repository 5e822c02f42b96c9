"""Commands for people's decisions: the page, verdicts, undo."""

import getpass
from collections.abc import Sequence
from typing import Any

import click

from rushes.cli.base import DONE, cli, project_options, show_result


@cli.command()
@click.option("--host", default="127.0.0.1", help="Address to listen on  [127.0.0.1]")
@click.option("--port", default=7874, help="Port to listen on, 0 for any  [7874]")
@project_options()
def review(project: Any, host: str, port: int, as_json: bool) -> int:
    """Look at the clips in a browser, and decide.

    It prints a link, which carries a token. Anybody with the link can decide; by default it can be
    opened on this machine only. Ctrl-C stops it; every decision is kept.
    """
    from rushes.web.serve import serve

    def announce(link: str) -> None:
        show_result({"link": link}, as_json, lambda _: click.echo(f"open {link}\nCtrl-C stops it"))

    serve(
        project,
        host=host,
        port=port,
        options=project.options,
        announce=announce,
    )
    return DONE


@cli.command()
@click.argument("what", metavar="keep|drop|undecided")
@click.argument("clips", nargs=-1, required=True, metavar="CLIP…")
@project_options()
def verdict(project: Any, what: str, clips: Sequence[str], as_json: bool) -> int:
    """Keep or drop clips, whatever the rules of a selection say."""
    done = project.verdict(what, clips, who=getpass.getuser())
    show_result(done, as_json, lambda _: click.echo(f"{what}: {len(clips)} clips"))
    return DONE


@cli.command()
@project_options()
def undo(project: Any, as_json: bool) -> int:
    """Take back what you decided last, here or on the page."""
    done = project.undo(who=getpass.getuser())
    show_result(done, as_json, lambda taken: click.echo(_taken(taken, "taken back")))
    return DONE


@cli.command()
@project_options()
def redo(project: Any, as_json: bool) -> int:
    """Do again what was undone last."""
    done = project.redo(who=getpass.getuser())
    show_result(done, as_json, lambda taken: click.echo(_taken(taken, "done again")))
    return DONE


def _taken(verdicts: Sequence[Any], how: str) -> str:
    if not verdicts:
        return "there is nothing to take back"
    kinds = ", ".join(sorted({verdict.kind for verdict in verdicts}))
    return f"{how}: {kinds} of {len({verdict.clip for verdict in verdicts})} clips"
