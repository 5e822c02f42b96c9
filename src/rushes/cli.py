"""The command line: parse, call `Project`, print."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from rushes import __version__

DONE, WITH_FAILURES, YOURS, OURS = 0, 1, 2, 3
"""Exit codes: done; done with failures; your recipe or arguments; our bug."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rushes")
def cli() -> None:
    """Turn raw footage into a dataset for video models.

    \b
    Start here:   rushes run ~/films
    then look:    rushes ls clips --sort motion.speed
    and change:   recipe.toml, and run again; only what changed is done anew.

    Exit codes: 0 done, 1 done with failures, 2 your recipe or arguments, 3 our bug.
    """  # noqa: D301 – click reads the backspace as "keep these lines"


def main() -> None:
    """Run the command line; turn errors into one line and an exit code."""
    from rushes.errors import (
        ContractError,
        ItemError,
        MissingDependency,
        MissingModel,
        ProjectError,
        RecipeError,
    )

    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = _stopped()
    except KeyboardInterrupt:
        code = _stopped()
    except click.ClickException as error:
        error.show()
        code = YOURS
    except (RecipeError, ProjectError, MissingDependency, MissingModel) as error:
        click.echo(f"rushes: {error}", err=True)
        code = YOURS
    except ItemError as error:  # a download that failed
        click.echo(f"rushes: {error}", err=True)
        code = WITH_FAILURES
    except ContractError as error:
        click.echo(f"rushes: a bug in a stage: {error}", err=True)
        code = OURS
    except BrokenPipeError:
        code = DONE  # `rushes ls | head`
        sys.stderr.close()
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo("rushes: this is a bug; please report it with the lines above", err=True)
        code = OURS
    sys.exit(code if isinstance(code, int) else DONE)


def _stopped() -> int:
    click.echo("stopped; what was finished is kept. Run the same command to go on.", err=True)
    return 130


def project_options(create: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options that say where and how, and pass it an open project."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--project", default=".", metavar="DIR", help="Project folder  [.]")
        @click.option("--workers", type=click.IntRange(0), help="Worker processes  [one a core]")
        @click.option("--device", default="cpu", help="Where models run  [cpu]")
        @click.option("--set", "changes", multiple=True, metavar="A.B=C", help="Change the recipe.")
        @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
        @wraps(command)
        def with_project(
            project: str,
            workers: int | None,
            device: str,
            changes: Sequence[str],
            as_json: bool,
            **arguments: Any,
        ) -> Any:
            from rushes.progress import reporter
            from rushes.project import Project

            opened = Project.open(
                project,
                create=create,
                workers=workers,
                device=device,
                changes=changes,
                reporter=reporter(sys.stderr.isatty() and not as_json),
                cache=_cache(),
            )
            with opened:
                return command(opened, as_json=as_json, **arguments)

        return with_project

    return decorate


def _items(text: str | None) -> list[str]:
    """Split what `--only` takes: "scan,cut"."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


only_option = click.option("--only", metavar="A,B", help="Only these verbs or stages.")
limit_option = click.option("--limit", type=click.IntRange(0), help="At most so many items.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done.")


@cli.command()
@click.argument("paths", nargs=-1, metavar="PATH…")
@only_option
@dry_run_option
@project_options(create=True)
def run(project: Any, paths: Sequence[str], only: str | None, dry_run: bool, as_json: bool) -> int:
    """Do the main job: ingest, scan, cut, score, select, export.

    PATH… are files and folders of footage; without one it goes on with what the project knows.
    """
    from rushes import printing

    if dry_run:
        return _print(project.plan([Path(p) for p in paths]), as_json, printing.plan)
    reports = project.run([Path(path) for path in paths], only=_items(only))
    failures = project.failures()
    whole = reports | {
        "failures": failures,
        "status": project.status(),
        "notes": project.notes,
    }
    _print(whole, as_json, printing.run)
    return WITH_FAILURES if failures else DONE


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@project_options(create=True)
def ingest(project: Any, paths: Sequence[str], as_json: bool) -> int:
    """Find the videos at and below PATH…, and know each by its bytes."""
    from rushes import printing

    _print(project.ingest([Path(path) for path in paths]), as_json, printing.ingest)
    return _code(project)


@cli.command()
@click.argument("videos", nargs=-1)
@limit_option
@project_options()
def scan(project: Any, videos: Sequence[str], limit: int | None, as_json: bool) -> int:
    """Decode each new video once; keep signals, stills and motion."""
    from rushes import printing

    _print(project.scan(videos, limit=limit), as_json, printing.report)
    return _code(project)


@cli.command()
@click.argument("videos", nargs=-1)
@project_options()
def cut(project: Any, videos: Sequence[str], as_json: bool) -> int:
    """Find cuts in the signals; make clips of the shots."""
    from rushes import printing

    _print(project.cut(videos), as_json, printing.report)
    return _code(project)


@cli.command()
@only_option
@limit_option
@project_options()
def score(project: Any, only: str | None, limit: int | None, as_json: bool) -> int:
    """Measure each clip with the recipe's scorers."""
    from rushes import printing

    _print(project.score(only=_items(only), limit=limit), as_json, printing.report)
    return _code(project)


@cli.command()
@click.argument("videos", nargs=-1)
@click.option("--format", "form", default="json", metavar="NAME",
              help="json, csv, sidecar, ffmetadata, edl or otio  [json]")  # fmt: skip
@project_options()
def cuts(project: Any, videos: Sequence[str], form: str, as_json: bool) -> int:
    """Write the timestamps of the cuts beside each video."""
    written = [str(path) for path in project.cuts(form, items=videos)]
    _print(written, as_json, lambda paths: click.echo("\n".join(paths) or "no video is cut yet"))
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
    from rushes import printing

    found = project.ls(what, where=where, sort=sort, limit=limit)
    _print(found, as_json, lambda listed: printing.rows(listed, first=(sort or "").lstrip("-")))
    return DONE


@cli.command()
@click.argument("path", required=False, metavar="[FILE.html]")
@click.option("--where", metavar="EXPR", help='Such as "confidence < 0.9 and kind = hard".')
@limit_option
@project_options()
def report(
    project: Any, path: str | None, where: str | None, limit: int | None, as_json: bool
) -> int:
    """Show the frames on both sides of each cut on one page.

    It is written to FILE.html, or to report.html in the project; --limit is for each video.
    """
    from rushes import printing

    done = project.report(path, where=where, limit=limit)
    _print(done, as_json, printing.page)
    return WITH_FAILURES if done.failed else DONE


@cli.command()
@click.argument("name", default="main")
@project_options()
def select(project: Any, name: str, as_json: bool) -> int:
    """Freeze the selection NAME of the recipe; print its funnel."""
    from rushes import printing

    _print(project.select(name), as_json, printing.selection)
    return DONE


@cli.command()
@click.argument("name", default="main")
@click.option("--to", metavar="FORMAT", help="Another format than the recipe's.")
@click.argument("folder", required=False, metavar="[DIR]")
@project_options()
def export(project: Any, name: str, to: str | None, folder: str | None, as_json: bool) -> int:
    """Write the export NAME of the recipe, to DIR or to exports/NAME."""
    from rushes import printing

    done = project.export(name, to=to, folder=folder)
    _print(done, as_json, printing.export)
    return WITH_FAILURES if done.failed else DONE


@cli.command()
@project_options()
def status(project: Any, as_json: bool) -> int:
    """Show how much there is of everything."""
    from rushes import printing

    _print(project.status(), as_json, printing.status)
    return DONE


@cli.command()
@project_options()
def recipe(project: Any, as_json: bool) -> int:
    """Print every setting in force, defaults included."""
    from rushes import printing

    _print(project.recipe(), as_json, printing.toml)
    return DONE


@cli.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> int | None:
    """List the models: which are here, which missing, sizes and licences."""
    if context.invoked_subcommand:
        return None
    from rushes import printing
    from rushes.project import Project

    return _print(Project.models(cache=_cache()), as_json, printing.models)


@models.command("get")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--offline", is_flag=True, help="Never touch the network.")
def models_get(names: Sequence[str], offline: bool) -> int:
    """Bring models to this machine."""
    from rushes import printing
    from rushes.project import Project

    found = Project.models(names, cache=_cache(), offline=offline)
    printing.models([state for state in found if state.name in names])
    return DONE


def _cache() -> Path | None:
    """Return the folder of models that $RUSHES_CACHE names; None for the usual one."""
    home = os.environ.get("RUSHES_CACHE")
    return Path(home) / "models" if home else None


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> int:
    """Check this machine: codecs, disk, versions."""
    from rushes import printing
    from rushes.project import Project

    checks = Project.doctor()
    _print(checks, as_json, printing.checks)
    return DONE if all(check["ok"] for check in checks) else WITH_FAILURES


def _code(project: Any) -> int:
    return WITH_FAILURES if project.failures() else DONE


def _print(result: Any, as_json: bool, show: Callable[[Any], None]) -> int:
    """Print a report for a person, or as JSON."""
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(result, enc_hook=str), ensure_ascii=False))
    else:
        show(result)
    return DONE
