"""Commands that list and show, and the check of the machine."""

from collections.abc import Sequence
from typing import Any

import click

from rushes.cli import tables
from rushes.cli.base import (
    DONE,
    WITH_FAILURES,
    cache,
    cli,
    limit_option,
    project_options,
    show_result,
)


@cli.command()
@click.argument("videos", nargs=-1)
@click.option("--format", "form", default="json", metavar="NAME",
              help="json, csv, sidecar, ffmetadata, edl or otio  [json]")  # fmt: skip
@project_options()
def cuts(project: Any, videos: Sequence[str], form: str, as_json: bool) -> int:
    """Write the timestamps of the cuts beside each video."""
    written = [str(path) for path in project.cuts(form, items=videos)]
    show_result(
        written, as_json, lambda paths: click.echo("\n".join(paths) or "no video is cut yet")
    )
    return DONE


@cli.command()
@click.argument("what", metavar="videos|cuts|shots|clips|failures")
@click.option("--where", metavar="EXPR", help='Such as "motion.speed > 3 and duration_s < 5".')
@click.option("--sort", metavar="FIELD", help="Largest first; -FIELD for smallest first.")
@limit_option
@project_options()
def ls(
    project: Any, what: str, where: str | None, sort: str | None, limit: int | None, as_json: bool
) -> int:
    """List videos, cuts, shots, clips or failures."""
    found = project.ls(what, where=where, sort=sort, limit=limit)
    show_result(found, as_json, lambda rows: tables.rows(rows, first=(sort or "").lstrip("-")))
    return DONE


@cli.command()
@click.argument("path", required=False, metavar="[FILE.html]")
@click.option("--where", metavar="EXPR", help='Such as "confidence < 0.9 and kind = hard".')
@limit_option
@project_options()
def report(
    project: Any, path: str | None, where: str | None, limit: int | None, as_json: bool
) -> int:
    """Write a page with the frames on both sides of each cut.

    The page is FILE.html, or report.html in the project. --limit counts the cuts of each video.
    """
    done = project.report(path, where=where, limit=limit)
    show_result(done, as_json, tables.page)
    return WITH_FAILURES if done.failed else DONE


@cli.command()
@click.argument("words", nargs=-1, metavar="[TEXT]")
@click.option("--like", metavar="CLIP", help="Clips that look like this one: its id or a start.")
@limit_option
@project_options()
def search(
    project: Any, words: Sequence[str], like: str | None, limit: int | None, as_json: bool
) -> int:
    """Find clips by words, or clips that look like another.

    TEXT is searched in captions, tags and file names, and in the pictures if the scorer "clip" has
    run. word* matches every word that begins with "word".
    """
    found = project.search(" ".join(words), like=like, limit=limit)
    show_result(found, as_json, tables.rows)
    return DONE


@cli.command()
@project_options()
def coverage(project: Any, as_json: bool) -> int:
    """Cluster the clips that look alike; show the clusters and the gaps."""
    show_result(project.coverage(), as_json, tables.coverage)
    return DONE


@cli.command()
@project_options()
def status(project: Any, as_json: bool) -> int:
    """Show the project's totals, selections, exports and failures."""
    show_result(project.status(), as_json, tables.status)
    return DONE


@cli.command()
@project_options()
def recipe(project: Any, as_json: bool) -> int:
    """Print every setting in force, defaults included."""
    show_result(project.recipe(), as_json, tables.toml)
    return DONE


@cli.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> int | None:
    """List the models: installed or missing, size, licence, source."""
    if context.invoked_subcommand:
        return None
    from rushes.project import Project

    return show_result(Project.models(cache=cache()), as_json, tables.models)


@models.command("get")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--offline", is_flag=True, help="Never use the network.")
def models_get(names: Sequence[str], offline: bool) -> int:
    """Download models to this machine."""
    from rushes.project import Project

    found = Project.models(names, cache=cache(), offline=offline)
    tables.models([state for state in found if state.name in names])
    return DONE


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> int:
    """Check this machine: codecs, disk, versions."""
    from rushes.project import Project

    checks = Project.doctor()
    show_result(checks, as_json, tables.checks)
    return DONE if all(check["ok"] for check in checks) else WITH_FAILURES
