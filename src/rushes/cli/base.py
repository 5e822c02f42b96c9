"""The command group, the options that commands share, and the output as text or JSON."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from rushes.version import __version__

DONE, WITH_FAILURES, YOURS, OURS, STOPPED = 0, 1, 2, 3, 130
"""Exit codes: done; done with failures; your recipe or arguments; our bug; Ctrl-C."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rushes")
def cli() -> None:
    """Turn raw footage into a dataset for video models.

    \b
    Start:   rushes run ~/films
    List:    rushes ls clips --sort motion.speed
    Change:  edit recipe.toml and run again; only what depends on the change is redone.

    Exit codes: 0 done, 1 done with failures, 2 your recipe or arguments, 3 our bug.
    """  # noqa: D301 – click reads the backspace as "keep these lines"


def project_options(create: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options of a project to a command, and pass the command the open project.

    Args:
        create: Whether the project is made where there is none.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--project", default=".", metavar="DIR", help="Project folder  [.]")
        @click.option("--workers", type=click.IntRange(0), help="Worker processes  [one a core]")
        @click.option("--device", default="auto", help="auto, cpu, cuda, dml or coreml  [auto]")
        @click.option(
            "--set", "changes", multiple=True, metavar="A.B=C", help="Override a recipe setting."
        )
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
            from rushes.cli.progress import reporter
            from rushes.project import Project

            opened = Project.open(
                project,
                create=create,
                workers=workers,
                device=device,
                changes=changes,
                reporter=reporter(sys.stderr.isatty() and not as_json),
                cache=cache(),
            )
            with opened:
                return command(opened, as_json=as_json, **arguments)

        return with_project

    return decorate


def names_in(text: str | None) -> list[str]:
    """Split the value of `--only`: "scan,cut" → ["scan", "cut"]."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


only_option = click.option("--only", metavar="A,B", help="Only these verbs or stages.")
limit_option = click.option("--limit", type=click.IntRange(0), help="At most this many items.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Count the pending items only.")


def cache() -> Path | None:
    """Return the folder of models that $RUSHES_CACHE names; None for the default."""
    home = os.environ.get("RUSHES_CACHE")
    return Path(home) / "models" if home else None


def exit_code(project: Any) -> int:
    """Return 1 if something failed in this run, else 0."""
    return WITH_FAILURES if project.failures(only_new=True) else DONE


def show_result(result: Any, as_json: bool, show: Callable[[Any], None]) -> int:
    """Print a result as text or as JSON; return the exit code for success.

    Args:
        result: Records, rows, or lists of them.
        as_json: Whether to print one line of JSON.
        show: Prints the result as text.
    """
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(result, enc_hook=str), ensure_ascii=False))
    else:
        show(result)
    return DONE
