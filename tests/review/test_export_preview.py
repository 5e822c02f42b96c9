import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.review.columns import Columns
from rushes.review.export_preview import preview_export
from rushes.review.session import parse_rules


@pytest.fixture
def columns():
    verdicts = ["undecided", "drop", "keep", "undecided", "keep", "drop", "undecided", "undecided"]
    return Columns(
        {
            "duration_s": np.arange(1.0, 9.0),
            "coverage.cluster": np.array([0.0, 0, 0, 0, 1, 1, 1, 2]),
            "stars": np.full(8, np.nan),
            "verdict": np.array(verdicts, object),
        }
    )


def test_people_overrule_rules(columns):
    held = preview_export(columns, parse_rules(["duration_s <= 4"]))
    assert (held.count, held.duration_s, held.kept, held.dropped) == (4, 1 + 3 + 4 + 5, 1, 1)
    assert held.over_quota == 0


def test_quotas_hold_as_in_a_selection(columns):
    from rushes.selection import choose

    rules = parse_rules(["duration_s <= 7", "coverage.cluster at most 2 by duration_s"])
    passing, _ = choose.choose(rules, columns.arrays)
    expected, _ = choose.apply_verdicts(passing, columns["verdict"])
    held = preview_export(columns, rules)
    assert held.count == expected.sum()
    assert held.duration_s == columns["duration_s"][expected].sum()
    assert held.over_quota == 3


@pytest.mark.parametrize(
    ("rule", "words"),
    [("coverage.cluster at most 5%", "allow that much"), ("coverage.clustr at most 5", "clustr"),
     ("stars at most 2", "no values yet"), ("speed > 3", "speed")],
)  # fmt: skip
def test_what_a_selection_would_refuse_is_refused(columns, rule, words):
    with pytest.raises(RecipeError, match=words):
        preview_export(columns, parse_rules([rule]))
