"""The command line: parse, call `Project`, print."""

import sys

import click

from rushes.cli import compare, hydrus, pipeline, review, show
from rushes.cli.base import DONE, OURS, STOPPED, WITH_FAILURES, YOURS, cli
from rushes.errors import (
    ContractError,
    ItemError,
    MissingDependency,
    MissingModel,
    ProjectError,
    RecipeError,
)

__all__ = ["cli", "compare", "hydrus", "main", "pipeline", "review", "show"]


def main() -> None:
    """Run the command line; turn errors into one line and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("stopped; finished items are kept. Run the same command to go on.", err=True)
        code = STOPPED
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
