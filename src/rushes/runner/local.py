"""A runner on this machine: a pool of processes that survives the death of a worker.

The pool is pebble's: measured to lose only the item of a worker that dies
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

PROGRESS_EVERY_S = 0.2
MAX_BROKEN_POOLS = 5


class LocalRunner:
    """A pool of worker processes, started when first needed and shared by all verbs of a run."""

    def __init__(self, workers: int, reporter: Reporter) -> None:
        """Start nothing yet. With 0 workers all jobs run in this process, as debuggers need."""
        self.workers = workers
        self.reporter = reporter
        self._pool: Any = None
        self._progress_reader: Any = None

    def close(self) -> None:
        """Stop the workers; unfinished items are lost."""
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
        """Yield the outcome of each job as it finishes; see `Runner.run`."""
        if not jobs:
            return
        self.reporter.begin(label, sum(job.size for job in jobs), unit)
        try:
            is_local = in_process or self.workers == 0
            yield from self._in_process(work, jobs) if is_local else self._pooled(work, jobs)
        finally:
            self.reporter.end()

    def _in_process(
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
        partial = _PartialProgress(self.reporter)
        while waiting or running:
            if self._pool is not None and not self._pool.active:
                # A worker died between two items; pebble then ends the whole pool.
                self.close()
                waiting += running.values()
                running.clear()
                broken += 1
                if broken > MAX_BROKEN_POOLS:
                    raise RuntimeError("worker processes die as they start; try --workers 0")
            # Two jobs in flight for each worker: no worker waits for the driver.
            while waiting and len(running) < 2 * self.workers:
                index, job = waiting.pop()
                running[self._schedule(work, index, job)] = (index, job)
            finished, _ = wait(running, timeout=PROGRESS_EVERY_S, return_when=FIRST_COMPLETED)
            self.reporter.advance(0)  # the reporter can stop the run while items take long
            while self._progress_reader.poll():
                index, amount = self._progress_reader.recv()
                partial.move(index, amount, jobs[index].size)
            for future in finished:
                if isinstance(future.exception(), BrokenProcessPool):
                    continue  # its job is scheduled again in a new pool
                index, job = running.pop(future)
                outcome = _outcome(future, job)
                broken = 0
                if isinstance(outcome, WorkerLost) and index not in lost_once:
                    lost_once.add(index)  # one retry: the machine may have been short of memory
                    waiting.append((index, job))
                    continue
                partial.move(index, job.size, job.size)
                yield _finished(job, outcome)

    def _schedule(
        self, work: Work[Payload, Result], index: int, job: Job[Payload]
    ) -> "Future[Any]":
        if self._pool is None:
            from pebble import ProcessPool

            context = multiprocessing.get_context("forkserver")
            # A bare pipe: small writes to it are atomic, so it needs no lock that a killed worker
            # could leave taken.
            self._progress_reader, progress_pipe = context.Pipe(duplex=False)
            self._pool = ProcessPool(
                max_workers=self.workers,
                context=context,
                initializer=_begin_worker,
                initargs=(progress_pipe,),
            )
        # Pickled here: pebble's workers unpickle under a lock that all of them share. A worker that
        # is killed while it imports modules there would never release it.
        arguments = [pickle.dumps((work, job.payload)), index]
        future: Future[Any] = self._pool.schedule(_in_worker, arguments, timeout=job.limit_s)
        return future


class _PartialProgress:
    """Sums the progress of running items, so that the bar moves during a long one."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._shown: dict[int, float] = {}

    def move(self, index: int, amount: float, size: float) -> None:
        before = self._shown.get(index, 0.0)
        now = min(amount, size)
        if now > before:
            self._shown[index] = now
            self._reporter.advance(now - before)


_progress_pipe: Any = None


def _begin_worker(progress_pipe: Any) -> None:
    """Prepare a worker: one OpenCV thread, Ctrl-C ignored, an end together with the driver."""
    import signal

    import cv2

    global _progress_pipe
    _progress_pipe = progress_pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    """End this worker when the driver ends, even by `kill -9`.

    The sentinel is a pipe that only the driver holds open. It closes even where no process has
    waited for the dead driver.
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
        if time.monotonic() - last >= PROGRESS_EVERY_S:
            last = time.monotonic()
            _progress_pipe.send((index, amount))

    return _guarded(work, payload, progress)


def _guarded(work: Work[Any, Any], payload: Any, progress: Progress) -> Any:
    """Return the result of the work, or the item's error; raise errors of the program."""
    try:
        return work(payload, progress)
    except (ContractError, MissingDependency, RecipeError):
        raise
    except Exception as error:
        # An item's error never stops the others.
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
