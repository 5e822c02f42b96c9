"""What all commands share: the group, the options that say where and how much, printing."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from rushes.version import __version__

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


def project_options(create: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options that say where and how, and pass it an open project."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--project", default=".", metavar="DIR", help="Project folder  [.]")
        @click.option("--workers", type=click.IntRange(0), help="Worker processes  [one a core]")
        @click.option("--device", default="auto", help="auto, cpu, cuda, dml or coreml  [auto]")
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
    """Split what `--only` takes: "scan,cut"."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


only_option = click.option("--only", metavar="A,B", help="Only these verbs or stages.")
limit_option = click.option("--limit", type=click.IntRange(0), help="At most so many items.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done.")


def cache() -> Path | None:
    """Return the folder of models that $RUSHES_CACHE names; None for the usual one."""
    home = os.environ.get("RUSHES_CACHE")
    return Path(home) / "models" if home else None


def exit_code(project: Any) -> int:
    """Return 1 while anything stands as failed, else 0."""
    return WITH_FAILURES if project.failures() else DONE


def show_result(result: Any, as_json: bool, show: Callable[[Any], None]) -> int:
    """Print a report for a person, or as JSON."""
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(result, enc_hook=str), ensure_ascii=False))
    else:
        show(result)
    return DONE
