"""A headless Chromium, a server of a project in a process of its own, and a hand on the page."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from rushes.project import Project

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

    def __init__(self, folder, port=0, workers=0, **environment):
        command = [sys.executable, "-m", "rushes", "review", "--project", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(workers)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"} | environment,
            start_new_session=True,
        )
        line = self.process.stdout.readline()
        found = re.search(r"http\S+", line)
        assert found, line + self.process.communicate(timeout=10)[0]
        self.folder = folder
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
                said, _ = self.process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            assert "Traceback" not in said, said


@contextmanager
def serving(folder, **options):
    """Yield a server over a project; it ends with the block."""
    server = Server(folder, **options)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def visiting(chromium, server):
    """Yield a function that opens the page as somebody; every error of a script fails the test."""
    contexts, errors = [], []

    def open_as(who="ann", ready=".card[data-clip]", **options):
        context = chromium.new_context(viewport={"width": 1200, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(f"localStorage.who ||= {json.dumps(who)}")
        page.goto(server.link)
        page.wait_for_selector(ready)
        return page

    try:
        yield open_as
    finally:
        for context in contexts:
            context.close()
    assert not errors, errors


def until(holds, timeout_s=20.0):
    """Wait until something holds, and return it."""
    end = time.monotonic() + timeout_s
    while True:
        found = holds()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def clips_of(folder):
    """What the catalog says of the clips: what another process sees."""
    with Project.open(folder, workers=0) as project:
        return project.ls("clips")


def wait_for(page, expression, argument=None):
    """Wait until a function of the page is true of the argument."""
    page.wait_for_function(expression, arg=argument)


def clip_id(page):
    """The clip that is open."""
    return page.evaluate("location.hash.slice(1)")


def open_first(page):
    """Open the first clip by keyboard, and return which it is."""
    page.locator("#grid").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer:not([hidden])")
    return clip_id(page)
