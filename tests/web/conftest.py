import asyncio
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from rushes.project import Project
from rushes.testing import Take, make_video
from rushes.web.app import make_app
from tests.web.browsing import browser, serving, until, visiting

TOKEN = "a-secret"
HOST = "127.0.0.1:7874"
COOKIE = "rushes_7874"
VIDEOS, SHOTS = 5, 10


@pytest.fixture
def app(project):
    """The application over a finished project; long work is done in this process."""
    return make_app(
        project,
        token=TOKEN,
        hosts=[HOST, "localhost:7874"],
        open_project=lambda **more: Project.open(project.folder, workers=0, **more),
    )


@pytest.fixture
def anyone(app):
    """A client that has not opened the link."""
    return TestClient(app, base_url=f"http://{HOST}", follow_redirects=False)


@pytest.fixture
def page(app):
    """A client that has, and calls itself ann."""
    return TestClient(
        app,
        base_url=f"http://{HOST}",
        cookies={COOKIE: TOKEN},
        headers={"x-rushes-who": "ann"},
        raise_server_exceptions=False,
    )


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes


@pytest.fixture
def raw(app):
    """Send a request as its bytes say, without a client that tidies it up first."""

    def send(path, *, method="GET", headers=(), body=(b"",)):
        chunks = list(body)
        sent = []

        async def receive():
            if not chunks:
                return {"type": "http.disconnect"}
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def take(message):
            sent.append(message)

        given = {"host": HOST, "cookie": f"{COOKIE}={TOKEN}", **dict(headers)}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path.partition("?")[0]),
            "raw_path": path.partition("?")[0].encode(),
            "query_string": path.partition("?")[2].encode(),
            "root_path": "",
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items() if v],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 7874),
        }
        # A thread of its own: in this one the loop of an open browser may be running.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, app(scope, receive, take)).result()
        start = next(m for m in sent if m["type"] == "http.response.start")
        return Answer(
            start["status"],
            {k.decode(): v.decode() for k, v in start["headers"]},
            b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"),
        )

    return send


@pytest.fixture(scope="session")
def fifty(tmp_path_factory):
    """A project of fifty clips of half a second, that a browser can play; made by one worker."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "fifty"
    is_made = folder / "made"
    try:
        folder.mkdir()
    except FileExistsError:
        assert until(is_made.exists, 120), "another worker failed to make it"
    else:
        make_fifty(folder)
        is_made.touch()
    return folder / "project"


def make_fifty(folder):
    films = folder / "films"
    films.mkdir()
    for video in range(VIDEOS):
        takes = [
            Take(frames=12, seed=100 * video + shot, pan_px=(shot % 4, video % 3))
            for shot in range(SHOTS)
        ]
        make_video(films / f"film {video}.mp4", takes)
    settings = ["cut.min_s=0.2", 'scan.use=["change","still"]', 'cut.use=["content"]',
                "score.use=[]", "select.main={}"]  # fmt: skip
    project_folder = folder / "project"
    with Project.open(project_folder, create=True, workers=0, changes=settings):
        pass
    recipe = project_folder / "recipe.toml"
    recipe.write_text(
        '[scan]\nuse = ["change", "still", "motion"]\n[cut]\nuse = ["content"]\nmin_s = 0.2\n'
        '[score]\nuse = ["motion"]\n[select.main]\n'
    )
    with Project.open(project_folder, workers=0) as project:
        project.run([films], only=["ingest", "scan", "cut", "score"])
        assert len(project.ls("clips")) == VIDEOS * SHOTS


@pytest.fixture(scope="session")
def chromium():
    with browser() as opened:
        yield opened


@pytest.fixture
def served(fifty, tmp_path):
    """A server over a copy of the project, so that no test sees what another decided."""
    with serving(shutil.copytree(fifty, tmp_path / "project")) as server:
        yield server


@pytest.fixture
def visit(chromium, served):
    """Open the page as somebody; every error of a script fails the test."""
    with visiting(chromium, served) as open_as:
        yield open_as
