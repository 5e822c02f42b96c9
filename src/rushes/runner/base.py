"""Jobs, their outcomes, and the protocol of a runner.

A *work function* is `work(payload, progress) -> result`: a module-level function of a picklable
payload, which knows nothing of where it runs; `progress(amount)` reports how far it has come, in
the unit of the job's size.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rushes.errors import ItemError

Payload = TypeVar("Payload")
Result = TypeVar("Result")
Progress = Callable[[float], None]
Work = Callable[[Payload, Progress], Result]


class Reporter(Protocol):
    """Where progress is shown; the command line and the page each bring one."""

    def begin(self, label: str, total: float, unit: str) -> None:
        """Start a bar that is full at `total`."""
        ...

    def advance(self, amount: float) -> None:
        """Move the bar; 0 is a sign of life. What it raises stops the run."""
        ...

    def end(self) -> None:
        """Finish the bar."""
        ...

    def line(self, text: str) -> None:
        """Show a line beside the bar."""
        ...


class NullReporter:
    """A reporter that shows nothing."""

    def begin(self, label: str, total: float, unit: str) -> None:
        """Show nothing."""

    def advance(self, amount: float) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""

    def line(self, text: str) -> None:
        """Show nothing."""


@contextmanager
def progress_bar(reporter: Reporter, label: str, total: float, unit: str) -> Iterator[None]:
    """Show a bar that is full at `total`, and finish it at the end; show none where that is 0."""
    if not total:
        yield
        return
    reporter.begin(label, total, unit)
    try:
        yield
    finally:
        reporter.end()


@dataclass(frozen=True, slots=True)
class Job(Generic[Payload]):
    """One item of work."""

    name: str
    """The item as a person knows it."""
    payload: Payload
    size: float = 1.0
    """Its share of the progress bar, in the bar's unit."""
    limit_s: float = 3600.0
    """Time after which the item is given up and its worker replaced."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Payload, Result]):
    """One finished item: its result, or the error that it met."""

    job: Job[Payload]
    result: Result | None
    error: ItemError | None


class Runner(Protocol):
    """Runs a work function over jobs, wherever that is; the caller commits the outcomes."""

    workers: int
    """How many jobs run at once; 0 where they run in the caller's process."""
    reporter: Reporter

    def run(
        self,
        label: str,
        work: Work[Payload, Result],
        jobs: Sequence[Job[Payload]],
        *,
        unit: str = "",
        in_process: bool = False,
    ) -> Iterator[Outcome[Payload, Result]]:
        """Yield the outcome of each job as it finishes, in any order.

        An item's error comes back as its outcome, and so does the loss of its worker: neither
        stops the others.

        Args:
            label: Name of the progress bar.
            work: The work function.
            jobs: The items.
            unit: Unit of the jobs' sizes.
            in_process: Run in the caller's process: for work of milliseconds that no file can
                crash.

        Raises:
            ContractError, RecipeError, MissingDependency: They stop the run; the items are fine.
        """
        ...

    def close(self) -> None:
        """Stop the workers; what they are at is lost, what is committed is not."""
        ...


def item_error(error: Exception) -> ItemError:
    """Return an item's failure; an unforeseen error names the place where it came up."""
    if isinstance(error, ItemError):
        return error
    if isinstance(error, MemoryError):
        return ItemError("out of memory; use fewer workers (--workers 1)")
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    return ItemError(f"{type(error).__name__}: {error} ({where})")
