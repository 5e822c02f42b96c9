"""Commands of the pipeline: `run` and its verbs."""

from collections.abc import Sequence
from typing import Any

import click

from rushes.cli import tables
from rushes.cli.base import (
    DONE,
    WITH_FAILURES,
    YOURS,
    cli,
    dry_run_option,
    exit_code,
    limit_option,
    names_in,
    only_option,
    project_options,
    show_result,
)


@cli.command()
@click.argument("paths", nargs=-1, metavar="PATH…")
@only_option
@dry_run_option
@project_options(create=True)
def run(project: Any, paths: Sequence[str], only: str | None, dry_run: bool, as_json: bool) -> int:
    """Run the pipeline: ingest, scan, cut, caption, score, select, export.

    PATH… are files and folders of footage. Without one, the videos already in the project are
    processed. PATH… are always ingested, whatever --only names.
    """
    if dry_run:
        return show_result(project.plan(paths), as_json, tables.plan)
    reports = project.run(paths, only=names_in(only))
    failures = project.failures(only_new=True)
    whole = reports | {
        "failures": failures,
        "status": project.status(),
        "notes": project.notes,
    }
    show_result(whole, as_json, tables.run)
    if reports.get("refused"):
        return YOURS
    return WITH_FAILURES if failures else DONE


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@project_options(create=True)
def ingest(project: Any, paths: Sequence[str], as_json: bool) -> int:
    """Find the videos at and below PATH…; identify each by its bytes."""
    show_result(project.ingest(paths), as_json, tables.ingest)
    return exit_code(project)


@cli.command()
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO…")
@project_options()
def forget(project: Any, videos: Sequence[str], as_json: bool) -> int:
    """Take videos out of the project: clips, results, failures, stills.

    VIDEO… are paths or ids of videos, files that failed, or folders of them. The footage itself
    stays as it is, and so do exports. To keep a file out for good, add it to ingest.ignore in the
    recipe.
    """
    return show_result(project.forget(videos), as_json, tables.forgotten)


@cli.command()
@click.argument("videos", nargs=-1)
@limit_option
@project_options()
def scan(project: Any, videos: Sequence[str], limit: int | None, as_json: bool) -> int:
    """Decode each new video once; keep signals, stills and motion."""
    show_result(project.scan(videos, limit=limit), as_json, tables.report)
    return exit_code(project)


@cli.command()
@click.argument("videos", nargs=-1)
@project_options()
def cut(project: Any, videos: Sequence[str], as_json: bool) -> int:
    """Find cuts in the signals; make clips of the shots."""
    show_result(project.cut(videos), as_json, tables.report)
    return exit_code(project)


@cli.command()
@project_options()
def caption(project: Any, as_json: bool) -> int:
    """Caption each clip with the recipe's captioners.

    The captioner "sidecar" reads the text beside the video: clip.txt for clip.mp4. A text that
    changed is read again.
    """
    show_result(project.caption(), as_json, tables.report)
    return exit_code(project)


@cli.command()
@only_option
@limit_option
@project_options()
def score(project: Any, only: str | None, limit: int | None, as_json: bool) -> int:
    """Measure each clip with the recipe's scorers."""
    show_result(project.score(only=names_in(only), limit=limit), as_json, tables.report)
    return exit_code(project)


@cli.command()
@click.argument("name", default="main")
@project_options()
def select(project: Any, name: str, as_json: bool) -> int:
    """Freeze the selection NAME of the recipe; print its funnel."""
    show_result(project.select(name), as_json, tables.selection)
    return DONE


@cli.command()
@click.argument("name", default="main")
@click.option("--to", metavar="FORMAT", help="Another format than the recipe's.")
@click.argument("folder", required=False, metavar="[DIR]")
@project_options()
def export(project: Any, name: str, to: str | None, folder: str | None, as_json: bool) -> int:
    """Write the export NAME of the recipe, to DIR or to exports/NAME."""
    done = project.export(name, to=to, folder=folder)
    show_result(done, as_json, tables.export)
    return WITH_FAILURES if done.failed else DONE
