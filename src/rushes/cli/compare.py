"""The command that compares clips with one another."""

from typing import Any

import click

from rushes.cli.base import WITH_FAILURES, cli, exit_code, project_options, show_result
from rushes.words import count


@cli.command()
@project_options()
def dedup(project: Any, as_json: bool) -> int:
    """Find clips that show the same footage; choose which to keep.

    Copies are found across encodings, sizes, crops, mirroring, logos, offsets and small changes of
    speed. Nothing is deleted: dedup.keep = ">= 1" in a selection leaves the redundant ones out.
    """
    done = project.dedup()
    show_result(done, as_json, _show)
    return WITH_FAILURES if done.failed else exit_code(project)


def _show(done: Any) -> None:
    members = sum(map(len, done.groups))
    click.echo(
        f"dedup: {count(done.clips, 'clip')}, {done.compared:,} of them new; "
        f"{members:,} in {count(len(done.groups), 'group')} of copies"
    )
    click.echo(f"  {count(done.redundant, 'redundant clip')}, {done.redundant_hours:.2f} h")
    if done.alike_redundant is not None:
        click.echo(
            f"  {count(done.alike_redundant, 'redundant clip')} if clips that look alike count"
        )
    if done.note:
        click.echo(f"note: {done.note}")
    if done.redundant:
        click.echo('next: rushes ls clips --where "dedup.copies > 0" --sort dedup.group')
        click.echo('      in recipe.toml, [select.main]: dedup.keep = ">= 1"')
