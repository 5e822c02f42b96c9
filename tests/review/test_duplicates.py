import numpy as np

from rushes.review.columns import Columns
from rushes.review.duplicates import open_choices

NAN = float("nan")


def columns(rows):
    """Columns of clips that are (group, keep, verdict)."""
    groups, keeps, verdicts = zip(*rows, strict=True)
    return Columns(
        {
            "dedup.group": np.array(groups, float),
            "dedup.keep": np.array(keeps, float),
            "verdict": np.array(verdicts, object),
        }
    )


def choices_of(rows, places=None):
    at = np.arange(len(rows)) if places is None else np.array(places)
    found = open_choices(columns(rows), at)
    return {name: (one.best, one.keep, one.drop, one.decided) for name, one in found.items()}


def test_the_best_is_kept_and_the_others_are_dropped():
    rows = [
        (2, 0, "undecided"), (0, 1, "undecided"), (1, 1, "undecided"), (NAN, NAN, "undecided"),
        (2, 1, "undecided"), (1, 0, "undecided"), (2, 0, "undecided"),
    ]  # fmt: skip
    assert choices_of(rows) == {"1": (1, [2], [5], 0), "2": (1, [4], [0, 6], 0)}
    assert choices_of(rows, [0, 4, 5]) == {
        "2": (1, [4], [0], 0)
    }  # the best of 1 is not in the query


def test_what_somebody_decided_stays():
    rows = [
        (1, 1, "keep"), (1, 0, "undecided"), (1, 0, "keep"),
        (2, 1, "drop"), (2, 0, "undecided"),
        (3, 1, "keep"), (3, 0, "drop"),
    ]  # fmt: skip
    # Group 2 would lose all of its clips; group 3 is decided.
    assert choices_of(rows) == {"1": (1, [], [1], 2)}


def test_without_a_search_for_duplicates_there_is_nothing_to_decide():
    nothing = Columns({"verdict": np.array(["undecided"], object)})
    assert open_choices(nothing, np.arange(1)) == {}
