import pytest

from rushes.errors import ContractError, ItemError
from rushes.runner.base import NullReporter, Outcome
from rushes.runner.local import LocalRunner
from rushes.testing import check_runner


@pytest.mark.parametrize("workers", [0, 2])
def test_the_local_runner_keeps_the_contract(workers):
    runner = LocalRunner(workers, NullReporter())
    check_runner(runner)
    runner.close()


class Forgetful(LocalRunner):
    """Loses an item."""

    def run(self, *args, **options):
        yield from list(super().run(*args, **options))[:-1]


class Contagious(LocalRunner):
    """Fails all items after one that failed."""

    def run(self, *args, **options):
        error = None
        for done in super().run(*args, **options):
            error = error or done.error
            yield Outcome(done.job, None, error) if error else done


class Lenient(LocalRunner):
    """Takes an error of the program for one of the item."""

    def run(self, label, work, jobs, **options):
        for job in jobs:
            try:
                yield Outcome(job, work(job.payload, lambda _: None), None)
            except Exception as error:
                yield Outcome(job, None, ItemError(f"{type(error).__name__}: {error}"))


@pytest.mark.parametrize(
    ("runner_class", "words"),
    [(Forgetful, "came back as"), (Contagious, "failed with it"), (Lenient, "does not stop")],
)
def test_a_runner_that_breaks_the_contract_is_told(runner_class, words):
    with pytest.raises(ContractError, match=words):
        check_runner(runner_class(0, NullReporter()))
