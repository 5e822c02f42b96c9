"""Rewrite the parts of docs/ that the code knows best: `make docs`."""

import re
from pathlib import Path

from click.testing import CliRunner

from rushes.cli import cli

CLI_PAGE = Path(__file__).parent / "cli.md"


def with_help(text: str) -> str:
    """Return a page with each ```help block holding what `--help` prints today."""

    def filled(match: re.Match[str]) -> str:
        command = match[1]
        arguments = command.split()[1:]
        shown = CliRunner().invoke(cli, [*arguments, "--help"], prog_name="rushes").output
        return f"<!-- help: {command} -->\n```\n{shown.rstrip()}\n```\n"

    return re.sub(r"<!-- help: ([\w ]+) -->\n(?:```\n.*?\n```\n)?", filled, text, flags=re.DOTALL)


if __name__ == "__main__":
    CLI_PAGE.write_text(with_help(CLI_PAGE.read_text()))
