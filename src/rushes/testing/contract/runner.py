"""Contract of runners."""

import os
import signal
from typing import Any

from rushes.errors import ContractError, ItemError, MissingDependency, RecipeError
from rushes.runner.base import Job, Outcome, Progress, Runner
from rushes.testing.contract.material import require

_JOBS = 12
_PROGRAM_ERRORS = {
    "contract": ContractError,
    "recipe": RecipeError,
    "missing": MissingDependency,
}


def check_runner(runner: Runner) -> None:
    """Check a runner against its protocol; it is left open.

    Every job comes back once, in any order. An item's error stays with the item, errors of the
    program stop the run, and a worker that dies costs one item (where workers are processes).

    Raises:
        ContractError: The runner breaks its protocol; the message says how.
    """
    require(_run(runner, []) == {}, "no jobs gave an outcome")
    plain = _run(runner, [("double", number) for number in range(_JOBS)])
    for number in range(_JOBS):
        outcome = plain[f"item {number}"]
        require(outcome.error is None, f"a good item came back with {outcome.error!r}")
        require(outcome.result == 2 * number, f"item {number} has the result {outcome.result!r}")
    _check_errors(runner, {"fail": "cannot be done", "surprise": "ZeroDivisionError"})
    if runner.workers:
        _check_errors(runner, {"die": "item 3"})
    for kind, error in _PROGRAM_ERRORS.items():
        _check_stops(runner, kind, error)
    after = _run(runner, [("double", 1)])
    require(after["item 0"].result == 2, "the runner works no more after an error")


def _check_errors(runner: Runner, kinds: dict[str, str]) -> None:
    """Run good items around bad ones; each bad one costs itself."""
    for kind, words in kinds.items():
        payloads = [("double", number) for number in range(_JOBS)]
        payloads[3] = (kind, 3)
        outcomes = _run(runner, payloads)
        bad = outcomes.pop("item 3")
        require(isinstance(bad.error, ItemError), f"{kind}: the item has the error {bad.error!r}")
        require(words in str(bad.error), f"{kind}: the error says {str(bad.error)!r}")
        lost = [name for name, outcome in outcomes.items() if outcome.error is not None]
        require(not lost, f"{kind}: {', '.join(lost)} failed with it")


def _check_stops(runner: Runner, kind: str, error: type[Exception]) -> None:
    try:
        _run(runner, [(kind, 0)])
    except error:
        return
    raise ContractError(f"{error.__name__} of a work function does not stop the run")


def _run(runner: Runner, payloads: list[tuple[str, int]]) -> dict[str, Outcome[Any, Any]]:
    """Run the payloads; return job name → outcome, after counting them."""
    jobs = [Job(name=f"item {at}", payload=payload) for at, payload in enumerate(payloads)]
    outcomes = list(runner.run("contract", _work, jobs))
    names = sorted(outcome.job.name for outcome in outcomes)
    expected = sorted(job.name for job in jobs)
    require(names == expected, f"{expected} came back as {names}")
    return {outcome.job.name: outcome for outcome in outcomes}


def _work(payload: tuple[str, int], progress: Progress) -> int:
    """Do what the payload says: double a number, raise an error, or kill the worker."""
    kind, number = payload
    progress(0.5)
    if kind == "double":
        return 2 * number
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "fail":
        raise ItemError(f"{number} cannot be done")
    raise _PROGRAM_ERRORS.get(kind, ZeroDivisionError)(kind)
