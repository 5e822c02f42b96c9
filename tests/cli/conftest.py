import sys

import pytest

from rushes import cli


@pytest.fixture
def rushes(monkeypatch, capsys):
    """Call the command line in this process; returns exit code, stdout, stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rushes", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return call
