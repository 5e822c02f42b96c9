import asyncio
from dataclasses import dataclass
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from rushes.project import Project
from rushes.web.app import make_app

TOKEN = "a-secret"
HOST = "127.0.0.1:7874"
COOKIE = "rushes_7874"


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
        asyncio.run(app(scope, receive, take))
        start = next(m for m in sent if m["type"] == "http.response.start")
        return Answer(
            start["status"],
            {k.decode(): v.decode() for k, v in start["headers"]},
            b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"),
        )

    return send
