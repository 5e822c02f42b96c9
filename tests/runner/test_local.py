import os
import signal
import time

import pytest

from rushes.errors import ContractError, ItemError, MediaError, MissingDependency, RecipeError
from rushes.runner.base import Job, NullReporter
from rushes.runner.local import LocalRunner


def work(payload, progress):
    """What the tests ask of a worker: the payload says what happens."""
    what, value = payload
    if what == "double":
        return 2 * value
    if what == "fail":
        raise ItemError(f"{value} cannot be done")
    if what == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "crash once":
        if value.exists():
            return "at last"
        value.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        time.sleep(value)
        return value
    if what == "tell":
        for done in range(value):
            time.sleep(0.21)
            progress(done + 1)
        return value
    if what == "pid":
        return os.getpid()
    raise {"contract": ContractError, "recipe": RecipeError, "missing": MissingDependency}.get(
        what, ZeroDivisionError
    )(value)


class Bar(NullReporter):
    def __init__(self):
        self.calls = []
        self.at = 0.0

    def begin(self, label, total, unit):
        self.calls.append(("begin", label, total, unit))

    def advance(self, amount):
        assert amount >= 0
        self.at += amount
        if amount:  # a sign of life is no step
            self.calls.append(("advance", self.at))

    def end(self):
        self.calls.append(("end",))


def jobs(*payloads, **options):
    return [Job(name=f"item {at}", payload=p, **options) for at, p in enumerate(payloads)]


@pytest.fixture(scope="module")
def pool():
    """Two workers that are shared by the tests of this file."""
    runner = LocalRunner(2, NullReporter())
    yield runner
    runner.close()


def outcomes(runner, todo):
    return {done.job.name: done for done in runner.run("test", work, todo)}


@pytest.mark.parametrize("workers", [0, 2])
def test_every_item_comes_back_with_its_result(pool, workers):
    runner = pool if workers else LocalRunner(0, NullReporter())
    found = outcomes(runner, jobs(*[("double", n) for n in range(20)]))
    assert {name: done.result for name, done in found.items()} == {
        f"item {n}": 2 * n for n in range(20)
    }
    assert all(done.error is None for done in found.values())


def test_no_jobs_start_no_process():
    runner = LocalRunner(2, NullReporter())
    assert list(runner.run("test", work, [])) == []
    assert runner._pool is None
    runner.close()


def test_0_workers_work_in_this_process():
    (done,) = LocalRunner(0, NullReporter()).run("test", work, jobs(("pid", None)))
    assert done.result == os.getpid()


def test_workers_are_other_processes_and_stay_for_the_next_verb(pool):
    first = {done.result for done in pool.run("one", work, jobs(*[("pid", None)] * 8))}
    second = {done.result for done in pool.run("two", work, jobs(*[("pid", None)] * 8))}
    assert os.getpid() not in first
    assert len(first | second) <= 2


def test_small_work_stays_here_when_asked(pool):
    (done,) = pool.run("test", work, jobs(("pid", None)), in_process=True)
    assert done.result == os.getpid()


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_costs_one_item(pool, workers):
    runner = pool if workers else LocalRunner(0, NullReporter())
    found = outcomes(runner, jobs(("double", 1), ("fail", "it"), ("surprise", "!"), ("double", 2)))
    assert [found[f"item {n}"].result for n in range(4)] == [2, None, None, 4]
    assert str(found["item 1"].error) == "it cannot be done"
    unexpected = found["item 2"].error
    assert isinstance(unexpected, ItemError)
    assert "ZeroDivisionError: ! (test_local.py:" in str(unexpected)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("what", "error"),
    [("contract", ContractError), ("recipe", RecipeError), ("missing", MissingDependency)],
)
def test_an_error_of_the_program_stops_the_run(workers, what, error):
    runner = LocalRunner(workers, NullReporter())
    with pytest.raises(error, match="why"):
        list(runner.run("test", work, jobs((what, "why"), ("double", 1))))
    runner.close()


def test_a_killed_worker_costs_one_item(pool):
    todo = jobs(*[("double", n) for n in range(6)], ("crash", None), ("double", 6))
    found = outcomes(pool, todo)
    lost = found.pop("item 6")
    assert type(lost.error).__name__ == "WorkerLost"
    assert "item 6" in str(lost.error)
    assert all(done.error is None for done in found.values())
    assert len(found) == 7


def test_an_item_whose_worker_died_is_tried_once_more(pool, tmp_path):
    (done,) = outcomes(pool, jobs(("crash once", tmp_path / "mark"))).values()
    assert (done.result, done.error) == ("at last", None)


def test_only_poison_does_not_hang(pool):
    found = outcomes(pool, jobs(*[("crash", None)] * 3))
    assert {type(done.error).__name__ for done in found.values()} == {"WorkerLost"}
    assert outcomes(pool, jobs(("double", 4)))["item 0"].result == 8  # the pool lives on


def test_workers_that_die_between_items_are_replaced():
    runner = LocalRunner(2, NullReporter())
    for _ in range(3):
        found = outcomes(runner, jobs(*[("pid", None)] * 6))
        assert all(done.error is None for done in found.values())
        for worker in {done.result for done in found.values()}:
            os.kill(worker, signal.SIGKILL)
    found = outcomes(runner, jobs(("sleep", 0.5), ("double", 4)))
    assert {done.result for done in found.values()} == {0.5, 8}
    runner.close()


def test_an_item_that_takes_too_long_is_given_up(pool):
    began = time.monotonic()
    todo = [
        Job(name="slow", payload=("sleep", 60), limit_s=0.5),
        Job(name="quick", payload=("double", 3)),
    ]
    found = outcomes(pool, todo)
    assert found["quick"].result == 6
    assert "given up after" in str(found["slow"].error)
    assert "slow" in str(found["slow"].error)
    assert time.monotonic() - began < 20


def test_results_stream_while_others_are_at_work(pool):
    running = pool.run("test", work, jobs(("sleep", 3), ("double", 1), ("double", 2)))
    began = time.monotonic()
    assert {next(running).result, next(running).result} == {2, 4}
    assert time.monotonic() - began < 2.5
    assert next(running).result == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_the_bar_begins_fills_and_ends(workers):
    bar = Bar()
    runner = LocalRunner(workers, bar)
    sizes = [Job(name=str(n), payload=("double", n), size=n + 1) for n in range(4)]
    list(runner.run("scan", work, sizes, unit="s of video"))
    runner.close()
    assert bar.calls[0] == ("begin", "scan", 10.0, "s of video")
    assert bar.calls[-1] == ("end",)
    assert bar.at == pytest.approx(10)


def test_a_long_item_moves_the_bar_before_it_is_done():
    bar = Bar()
    runner = LocalRunner(1, bar)
    list(runner.run("scan", work, jobs(("tell", 4), size=4)))
    runner.close()
    steps = [call[1] for call in bar.calls if call[0] == "advance"]
    assert steps[-1] == 4
    assert len(steps) >= 3


def test_a_reporter_can_stop_the_run_long_before_an_item_ends():
    class Impatient(Bar):
        def advance(self, amount):
            raise KeyboardInterrupt

    runner = LocalRunner(1, Impatient())
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(runner.run("test", work, jobs(("sleep", 30))))
    runner.close()
    assert time.monotonic() - began < 15


def test_the_bar_ends_when_the_run_is_stopped():
    bar = Bar()
    with pytest.raises(ContractError):
        list(LocalRunner(0, bar).run("test", work, jobs(("contract", "why"))))
    assert bar.calls[-1] == ("end",)


@pytest.mark.parametrize("error", [ItemError, MediaError, ContractError, RecipeError])
def test_errors_travel_between_processes(error):
    import pickle

    sent = pickle.loads(pickle.dumps(error("what happened; what to do")))
    assert type(sent) is error
    assert str(sent) == "what happened; what to do"


def test_workers_end_with_a_driver_that_nobody_has_waited_for(tmp_path):
    import subprocess
    import sys

    script = tmp_path / "driver.py"
    script.write_text(
        "import test_local as t\n"
        "from rushes.runner.base import NullReporter\n"
        "from rushes.runner.local import LocalRunner\n"
        "if __name__ == '__main__':\n"
        "    r = LocalRunner(1, NullReporter())\n"
        "    for d in r.run('a', t.work, t.jobs(('pid', None), ('sleep', 60))): "
        "print(d.result, flush=True)\n"
    )
    here = os.path.dirname(__file__)  # noqa: PTH120
    driver = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": here},
    )
    worker = int(driver.stdout.readline())
    driver.kill()
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{worker}/stat") and time.monotonic() < end:  # noqa: PTH110
        time.sleep(0.02)
    driver.communicate()
    assert time.monotonic() < end
