"""A headless Chromium, and a server of a project in a process of its own that can be killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here; `make test` installs one where it can"
)


@contextmanager
def browser():
    """Yield a browser; its pages end with it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield chromium
        chromium.close()


class Server:
    """`rushes review`, as a person starts it."""

    def __init__(self, folder, port=0):
        command = [sys.executable, "-m", "rushes", "review", "--project", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        line = self.process.stdout.readline()
        found = re.search(r"http\S+", line)
        assert found, line + self.process.communicate(timeout=10)[0]
        self.link = found[0]
        self.address, _, self.token = self.link.partition("/?token=")
        self.port = int(self.address.rpartition(":")[2])

    def kill(self):
        """As if the machine lost its power, but for the disk."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=10)

    def stop(self):
        """As Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()


def until(holds, timeout_s=20.0):
    """Wait until something holds, and return it."""
    end = time.monotonic() + timeout_s
    while True:
        found = holds()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)
