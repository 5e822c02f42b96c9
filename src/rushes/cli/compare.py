"""Commands that compare clips with one another."""

from typing import Any

import click

from rushes.cli.base import WITH_FAILURES, cli, exit_code, project_options, show_result


@cli.command()
@project_options()
def dedup(project: Any, as_json: bool) -> int:
    """Find clips that show the same footage; choose which to keep.

    Copies are found across encodings, sizes, crops, mirroring, logos, offsets and small changes of
    speed. Nothing is deleted: dedup.keep = ">= 1" in a selection leaves them out.
    """
    done = project.dedup()
    show_result(done, as_json, _shown)
    return WITH_FAILURES if done.failed else exit_code(project)


def _shown(done: Any) -> None:
    members = sum(map(len, done.groups))
    click.echo(
        f"dedup: {done.clips} clips, {done.compared} of them new; "
        f"{members} in {len(done.groups)} groups of copies"
    )
    hours = f"{done.redundant_hours:.2f} h"
    click.echo(f"  {done.redundant} are redundant, {hours}: a kept clip shows the same")
    if done.alike_redundant is not None:
        click.echo(f"  {done.alike_redundant} are redundant if clips that look alike count too")
    if done.note:
        click.echo(f"note: {done.note}")
    if done.redundant:
        click.echo('next: rushes ls clips --where "dedup.copies > 0" --sort dedup.group')
        click.echo('      in recipe.toml, [select.main]: dedup.keep = ">= 1"')
