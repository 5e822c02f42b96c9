"""The command line: parse, call `Project`, print."""

import sys

import click

from rushes.cli import (
    compare as across,
)
from rushes.cli import (
    hydrus,
)
from rushes.cli import (
    pipeline as working,
)
from rushes.cli import (
    review as reviewing,
)
from rushes.cli import (
    show as looking,
)
from rushes.cli.base import DONE, OURS, WITH_FAILURES, YOURS, cli

__all__ = ["across", "cli", "hydrus", "looking", "main", "reviewing", "working"]


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
