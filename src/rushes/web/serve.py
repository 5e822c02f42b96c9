"""The server of the review page; it runs until it is stopped."""

import logging
import secrets
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from rushes.errors import ProjectError
from rushes.project import Project


def serve(
    project: Project,
    *,
    host: str,
    port: int,
    options: dict[str, Any],
    announce: Callable[[str], None],
) -> None:
    """Serve the review page of a project; returns when it is stopped.

    Args:
        project: Open.
        host: Address to listen on; anything but 127.0.0.1 can be reached from elsewhere.
        port: The port; 0 for any free one.
        options: Options of `Project.open`, for jobs started from the page.
        announce: Called with the link, token included, once it can be opened.

    Raises:
        ProjectError: The address is in use or not available.
    """
    import uvicorn

    from rushes.web.app import make_app

    token = secrets.token_urlsafe(24)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(
            128
        )  # before the link is printed: an early browser waits, and is not refused
    except (OSError, OverflowError) as error:
        listener.close()
        raise ProjectError(f"{host}:{port}: {error}; try another --port, or 0") from error
    port = int(listener.getsockname()[1])
    app = make_app(
        project,
        token=token,
        hosts=_names(host, port),
        open_project=partial(Project.open, project.folder, **options),
    )
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    shown = f"[{shown}]" if ":" in shown else shown
    announce(f"http://{shown}:{port}/?token={token}")
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    app.state.is_stopping = lambda: server.should_exit
    # Answers that a browser was still reading are cut off then, which is no error.
    logging.getLogger("uvicorn.error").addFilter(lambda record: not server.should_exit)
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()


def _names(host: str, port: int) -> list[str]:
    """Return the Host headers by which this server is reached."""
    names = {host, "127.0.0.1", "localhost", "[::1]"}
    if host in ("0.0.0.0", "::"):
        names |= {socket.gethostname(), socket.getfqdn(), *_addresses()}
    return [f"{name}:{port}" for name in names]


def _addresses() -> list[str]:
    try:
        return [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        return []
