"""Jobs: a verb of the project in a thread, one at a time, with progress, stoppable."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rushes.dedup.run import DedupReport
from rushes.errors import RushesError
from rushes.project import Project
from rushes.records import Report
from rushes.words import count

VERBS = ("scan", "cut", "score", "caption", "dedup", "coverage")
"""The verbs that the page may start."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """The state of the job that runs, or that ran last."""

    verb: str = ""
    label: str = ""
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    eta_s: float | None = None
    is_running: bool = False
    message: str = ""
    """The result, once it has ended."""


class _Stopped(BaseException):
    """Raised after `stop`. It is no `Exception`, so that no handler of item errors catches it."""


class Jobs:
    """Runs verbs of a project for the page; also the reporter that they report to."""

    def __init__(self, open_project: Callable[..., Project]) -> None:
        """Prepare; `open_project(reporter=…)` opens the project anew, with workers of its own."""
        self._open = open_project
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._began_s = 0.0
        self.progress = Progress()

    @property
    def verbs(self) -> list[str]:
        """The verbs that can be started: those that a project has."""
        return [verb for verb in VERBS if hasattr(Project, verb)]

    def state(self) -> dict[str, Any]:
        """Return the progress, ready for JSON."""
        return asdict(self.progress)

    def start(self, verb: str) -> bool:
        """Start a verb; False if one is running or there is no such verb."""
        with self._lock:
            if verb not in self.verbs or (self._thread is not None and self._thread.is_alive()):
                return False
            self._stop.clear()
            self.progress = Progress(verb=verb, is_running=True)
            self._thread = threading.Thread(target=self._run, args=(verb,), daemon=True)
            self._thread.start()
            return True

    def stop(self) -> None:
        """Ask the job to stop; finished work is kept."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until nothing runs."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, verb: str) -> None:
        try:
            with self._open(reporter=self) as project:
                report = getattr(project, verb)()
            message = _ended(verb, report)
        except _Stopped:
            message = f"{verb}: stopped; finished work is kept"
        except RushesError as error:
            message = str(error)
        except Exception as error:  # any error is shown on the page
            message = f"{type(error).__name__}: {error}"
        self.progress.message = message
        self.progress.is_running = False

    # ---- the reporter -------------------------------------------------------------------------

    def begin(self, label: str, total: float, unit: str) -> None:
        """Start a bar that is full at `total`."""
        progress = self.progress
        progress.label, progress.total, progress.unit = label, total, unit
        progress.done, progress.eta_s = 0.0, None
        self._began_s = time.monotonic()
        self._check_stop()

    def advance(self, amount: float) -> None:
        """Move the bar."""
        progress = self.progress
        progress.done += amount
        took_s = time.monotonic() - self._began_s
        if progress.done and took_s > 1:
            progress.eta_s = round(took_s / progress.done * (progress.total - progress.done), 1)
        self._check_stop()

    def end(self) -> None:
        """Finish the bar."""

    def line(self, text: str) -> None:
        """Show a line beside the bar."""
        self.progress.message = text

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise _Stopped


def _ended(verb: str, report: object) -> str:
    """Return the result of a verb in words, from its report."""
    failed = getattr(report, "failed", 0)
    trouble = f", {failed:,} failed" if failed else ""
    if isinstance(report, Report):
        if not report.pending:
            return f"{verb}: nothing new"
        return f"{verb}: done, {count(report.done, report.unit.removesuffix('s'))}{trouble}"
    if isinstance(report, DedupReport):
        if not report.compared:
            return f"{verb}: nothing new{trouble}"
        copies = count(sum(map(len, report.groups)), "clip")
        return f"{verb}: done, {copies} in {count(len(report.groups), 'group')}{trouble}"
    return f"{verb}: done{trouble}"
