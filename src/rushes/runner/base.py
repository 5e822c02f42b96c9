"""Jobs, their outcomes, and the protocol of a runner."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rushes.errors import ItemError

Payload = TypeVar("Payload")


Result = TypeVar("Result")


Tell = Callable[[float], None]


Work = Callable[[Payload, Tell], Result]


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


class Silent:
    """A reporter that shows nothing."""

    def begin(self, label: str, total: float, unit: str) -> None:
        """Show nothing."""

    def advance(self, amount: float) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""

    def line(self, text: str) -> None:
        """Show nothing."""


@dataclass(frozen=True, slots=True)
class Job(Generic[Payload]):
    """One item of work."""

    name: str
    """The item as a person knows it."""
    payload: Payload
    size: float = 1.0
    """How much of the progress bar it is, in the bar's unit."""
    limit_s: float = 3600.0
    """Time after which the item is given up and its worker replaced."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Payload, Result]):
    """One finished item: its result, or what went wrong."""

    job: Job[Payload]
    result: Result | None
    error: ItemError | None


def item_error(error: Exception) -> ItemError:
    """Return what an item's failure says; an unforeseen error names the place where it came up."""
    if isinstance(error, ItemError):
        return error
    if isinstance(error, MemoryError):
        return ItemError("out of memory; use fewer workers (--workers 1)")
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    return ItemError(f"{type(error).__name__}: {error} ({where})")
