"""Progress as bars on a terminal, or as plain lines in a log."""

import time
from typing import Any

PLAIN_EVERY_S = 10.0


def reporter(is_terminal: bool) -> Any:
    """Return a bar for a terminal, lines for a log."""
    return Bars() if is_terminal else Lines()


class Bars:
    """One bar at a time, with its rate and the time left, on standard error."""

    def __init__(self) -> None:
        self._progress: Any = None

    def begin(self, label: str, total: float, unit: str) -> None:
        """Start a bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._total = total
        self._began = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description:>8}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._unit = unit
        self._task = self._progress.add_task(label, total=total, rate="")
        self._progress.start()

    def advance(self, amount: float) -> None:
        """Move the bar."""
        done = self._progress.tasks[0].completed + amount
        seconds = max(time.monotonic() - self._began, 1e-9)
        self._progress.update(
            self._task, advance=amount, rate=f"{done / seconds:.1f} {self._unit}/s"
        )

    def end(self) -> None:
        """Remove the bar."""
        self._progress.stop()

    def line(self, text: str) -> None:
        """Print a line above the bar."""
        if self._progress is None:
            Lines().line(text)
        else:
            self._progress.console.print(text, highlight=False)


class Lines:
    """A line at the start, every ten seconds, and at the end, on standard error."""

    def begin(self, label: str, total: float, unit: str) -> None:
        """Start counting."""
        self._label, self._total, self._unit = label, total, unit
        self._done, self._began, self._shown = 0.0, time.monotonic(), time.monotonic()

    def advance(self, amount: float) -> None:
        """Count, and print a line when one is due."""
        self._done += amount
        now = time.monotonic()
        if now - self._shown >= PLAIN_EVERY_S:
            self._shown = now
            rate = self._done / (now - self._began)
            left = f"{(self._total - self._done) / rate:.0f} s left" if rate else "…"
            self.line(
                f"{self._label}: {self._done:,.0f} of {self._amount(self._total)}, "
                f"{rate:.1f}/s, {left}"
            )

    def end(self) -> None:
        """Print the amount done and the time taken."""
        seconds = time.monotonic() - self._began
        self.line(f"{self._label}: {self._amount(self._done)} in {seconds:.1f} s")

    def _amount(self, amount: float) -> str:
        unit = self._unit.removesuffix("s") if round(amount) == 1 else self._unit
        return f"{amount:,.0f} {unit}" if unit else f"{amount:,.0f}"

    def line(self, text: str) -> None:
        """Print a line."""
        import sys

        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
