"""Jobs, their outcomes, and the protocol of a runner.

A *work function* is `work(payload, progress) -> result`: a module-level function of a picklable
payload. It does not depend on where it runs. `progress(amount)` reports the amount done so far, in
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
    """Display of progress; the command line and the page each have one."""

    def begin(self, label: str, total: float, unit: str) -> None:
        """Start a bar that is full at `total`."""
        ...

    def advance(self, amount: float) -> None:
        """Move the bar; 0 shows that the run is alive. An exception stops the run."""
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
    """Path or id of the item, for messages."""
    payload: Payload
    size: float = 1.0
    """Length on the progress bar, in its unit."""
    limit_s: float = 3600.0
    """Time limit; after it the item fails and its worker is replaced."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Payload, Result]):
    """One finished item: its result or its error."""

    job: Job[Payload]
    result: Result | None
    error: ItemError | None


class Runner(Protocol):
    """Runs a work function over jobs; the caller commits the outcomes."""

    workers: int
    """Number of worker processes; 0 where jobs run in the caller's process."""
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

        An item's error is its outcome, and so is the loss of its worker. Neither stops the others.

        Args:
            label: Name of the progress bar.
            work: The work function.
            jobs: The items.
            unit: Unit of the jobs' sizes.
            in_process: Run in the caller's process: for work of milliseconds that no file can
                crash.

        Raises:
            ContractError, RecipeError, MissingDependency: The program or the recipe is at fault,
                not the item; the run stops.
        """
        ...

    def close(self) -> None:
        """Stop the workers; unfinished items are lost."""
        ...


def item_error(error: Exception) -> ItemError:
    """Return an error as an item's failure; an unexpected one with its file and line."""
    if isinstance(error, ItemError):
        return error
    if isinstance(error, MemoryError):
        return ItemError("out of memory; use fewer workers (--workers 1)")
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    return ItemError(f"{type(error).__name__}: {error} ({where})")
