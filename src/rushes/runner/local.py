"""A runner on this machine: a pool of processes that survives a worker's death.

The pool is pebble's, measured to lose only the item of a worker that dies
(`docs/decisions/0004-local-pool.md`).
"""

import multiprocessing
import multiprocessing.connection
import os
import pickle
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from rushes.errors import ContractError, ItemError, MissingDependency, RecipeError, WorkerLost
from rushes.runner.base import Job, Outcome, Payload, Progress, Reporter, Result, Work, item_error

TELL_EVERY_S = 0.2
MOST_BROKEN_POOLS = 5


class LocalRunner:
    """A pool of worker processes, started when first needed and shared by all verbs of a run."""

    def __init__(self, workers: int, reporter: Reporter) -> None:
        """Prepare; 0 workers run everything in this process, where a debugger works."""
        self.workers = workers
        self.reporter = reporter
        self._pool: Any = None
        self._told: Any = None

    def close(self) -> None:
        """Stop the workers; what they are at is lost, what is committed is not."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None

    def run(
        self,
        label: str,
        work: Work[Payload, Result],
        jobs: Sequence[Job[Payload]],
        *,
        unit: str = "",
        in_process: bool = False,
    ) -> Iterator[Outcome[Payload, Result]]:
        """Yield each job as it finishes, in any order; the caller commits it.

        Args:
            label: What the progress bar says.
            work: The work function.
            jobs: What to do.
            unit: Unit of the jobs' sizes.
            in_process: Do it here: for work of milliseconds that no file can crash.

        Raises:
            ContractError, RecipeError, MissingDependency: They stop the run; the items are fine.
        """
        if not jobs:
            return
        self.reporter.begin(label, sum(job.size for job in jobs), unit)
        try:
            here = in_process or self.workers == 0
            yield from self._here(work, jobs) if here else self._pooled(work, jobs)
        finally:
            self.reporter.end()

    def _here(
        self, work: Work[Payload, Result], jobs: Sequence[Job[Payload]]
    ) -> Iterator[Outcome[Payload, Result]]:
        for job in jobs:
            done = _finished(job, _guarded(work, job.payload, lambda _: None))
            self.reporter.advance(job.size)
            yield done

    def _pooled(
        self, work: Work[Payload, Result], jobs: Sequence[Job[Payload]]
    ) -> Iterator[Outcome[Payload, Result]]:
        waiting = list(enumerate(jobs))[::-1]
        running: dict[Future[Any], tuple[int, Job[Payload]]] = {}
        lost_once: set[int] = set()
        broken = 0  # pools in a row that broke before any item was finished
        ahead = _PartialProgress(self.reporter)
        while waiting or running:
            if self._pool is not None and not self._pool.active:
                # A worker died between two items, which pebble takes for the end of the pool.
                self.close()
                waiting += running.values()
                running.clear()
                broken += 1
                if broken > MOST_BROKEN_POOLS:
                    raise RuntimeError("worker processes die as they start; try --workers 0")
            # Two in flight for each worker: none waits for the driver, and little is lost.
            while waiting and len(running) < 2 * self.workers:
                index, job = waiting.pop()
                running[self._schedule(work, index, job)] = (index, job)
            finished, _ = wait(running, timeout=TELL_EVERY_S, return_when=FIRST_COMPLETED)
            self.reporter.advance(0)  # it may have been asked to stop, long before an item ends
            while self._told.poll():
                index, amount = self._told.recv()
                ahead.move(index, amount, jobs[index].size)
            for future in finished:
                if isinstance(future.exception(), BrokenProcessPool):
                    continue  # it is taken up again with a new pool
                index, job = running.pop(future)
                outcome = _outcome(future, job)
                broken = 0
                if isinstance(outcome, WorkerLost) and index not in lost_once:
                    lost_once.add(index)  # once more: the machine may have been short of memory
                    waiting.append((index, job))
                    continue
                ahead.move(index, job.size, job.size)
                yield _finished(job, outcome)

    def _schedule(
        self, work: Work[Payload, Result], index: int, job: Job[Payload]
    ) -> "Future[Any]":
        if self._pool is None:
            from pebble import ProcessPool

            context = multiprocessing.get_context("forkserver")
            # A bare pipe: small writes to it are atomic, so it needs no lock that a killed worker
            # could leave taken.
            self._told, tell_end = context.Pipe(duplex=False)
            self._pool = ProcessPool(
                max_workers=self.workers,
                context=context,
                initializer=_begin_worker,
                initargs=(tell_end,),
            )
        # Packed here: pebble's workers unpack what they fetch under a lock that all of them share,
        # and one that is killed while it imports modules there would leave it taken for good.
        arguments = [pickle.dumps((work, job.payload)), index]
        future: Future[Any] = self._pool.schedule(_in_worker, arguments, timeout=job.limit_s)
        return future


class _PartialProgress:
    """Adds up what running items tell, so that a bar moves inside a long one."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._shown: dict[int, float] = {}

    def move(self, index: int, amount: float, size: float) -> None:
        before = self._shown.get(index, 0.0)
        now = min(amount, size)
        if now > before:
            self._shown[index] = now
            self._reporter.advance(now - before)


_tell_end: Any = None


def _begin_worker(tell_end: Any) -> None:
    """Set a worker up: one thread for OpenCV, Ctrl-C left to the driver, no life without it."""
    import signal

    import cv2

    global _tell_end
    _tell_end = tell_end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    """End this worker when the driver is gone, so that `kill -9` leaves no process behind.

    The sentinel is a pipe that only the driver holds open: it tells of a driver, too, that is dead
    and that nobody has waited for.
    """
    driver = multiprocessing.parent_process()
    if driver is not None:
        multiprocessing.connection.wait([driver.sentinel])
        os._exit(1)


def _in_worker(packed: bytes, index: int) -> Any:
    work, payload = pickle.loads(packed)
    last = time.monotonic()

    def progress(amount: float) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_EVERY_S:
            last = time.monotonic()
            _tell_end.send((index, amount))

    return _guarded(work, payload, progress)


def _guarded(work: Work[Any, Any], payload: Any, progress: Progress) -> Any:
    """Return the work's result, or the error of the item; errors of the program pass."""
    try:
        return work(payload, progress)
    except (ContractError, MissingDependency, RecipeError):
        raise
    except Exception as error:
        # Nothing that one item does may stop the others.
        return item_error(error)


def _outcome(future: "Future[Any]", job: Job[Any]) -> Any:
    from pebble import ProcessExpired

    try:
        return future.result()
    except ProcessExpired as error:
        return WorkerLost(
            f"{job.name}: the worker process died (exit code {error.exitcode}); "
            f"the file may crash the decoder, or memory ran out"
        )
    except TimeoutError:
        return ItemError(f"{job.name}: given up after {job.limit_s:.0f} s; the file may hang")


def _finished(job: Job[Payload], outcome: Any) -> Outcome[Payload, Any]:
    if isinstance(outcome, ItemError):
        return Outcome(job, None, outcome)
    return Outcome(job, outcome, None)
