import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.review.columns import NONE, Columns
from rushes.review.session import parse_rules

NAN = np.nan


@pytest.fixture
def columns():
    return Columns(
        {
            "duration_s": np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
            "motion.speed": np.array([10.0, NAN, 30.0, 20.0, 5.0]),
            "camera.label": np.array(["pan", None, "pan", "still", "pan"], object),
            "dedup.group": np.array([0.0, 2.0, 2.0, 0.0, 2.0]),
            "verdict": np.array(["undecided"] * 5, object),
        }
    )


def test_a_filter_says_what_is_left_and_what_each_rule_does(columns):
    found = columns.filter_counts(parse_rules(["motion.speed >= 10", "camera.label = pan"]))
    assert (found.count, found.duration_s, found.candidates) == (2, 4.0, 5)
    assert found.alone == (3, 3)
    assert found.only == (1, 1)  # 5 %diag/s pans; the still one moves; one fails both


def test_a_filter_says_what_it_shares_with_which_other_and_what_lacks_a_value(columns):
    rules = ["motion.speed >= 10", "camera.label = pan", "duration_s < 5", "verdict = undecided"]
    found = columns.filter_counts(parse_rules(rules))
    # Clip 1 has neither speed nor label; clip 4 is slow and long.
    assert found.shared == ((1, 1), (0, 1), (0, 1), None)
    assert found.missing == (1, 1, 0, 0)
    assert columns.filter_counts(parse_rules(rules[:1])).shared == (None,)


def test_values_are_told_by_how_frequent_they_are(columns):
    values = columns.values_of("camera.label")
    assert (values.counts, values.distinct, values.missing) == ((("pan", 3), ("still", 1)), 2, 1)
    numbers = columns.values_of("dedup.group")
    assert numbers.counts == (("2", 3), ("0", 2))
    assert columns.values_of("motion.speed").missing == 1
    columns.update("verdict", [1], ["keep"])
    assert columns.values_of("verdict").counts == (("undecided", 4), ("keep", 1))
    with pytest.raises(RecipeError, match=r"did you mean 'camera\.label'"):
        columns.values_of("camera.labl")


def test_no_rules_leave_everything(columns):
    found = columns.filter_counts([])
    assert (found.count, found.duration_s, found.alone, found.only) == (5, 15.0, (), ())


@pytest.mark.parametrize(
    ("rule", "passing"),
    [
        ("motion.speed top 50%", [0, 0, 1, 1, 0]),
        ("motion.speed bottom 25%", [0, 0, 0, 0, 1]),
        ("motion.speed 5..10", [1, 0, 0, 0, 1]),
        ("motion.speed = 10", [1, 0, 0, 0, 0]),
        ("motion.speed != 10", [0, 0, 1, 1, 1]),
        ("camera.label != pan", [0, 0, 0, 1, 0]),
        ("camera.label = 3", [0, 0, 0, 0, 0]),
        ("camera.label = still | pan", [1, 0, 1, 1, 1]),
        ("camera.label != still | pan", [0, 0, 0, 0, 0]),
        ("motion.speed = 5 | 30", [0, 0, 1, 0, 1]),
        ("dedup.group = 2", [0, 1, 1, 0, 1]),
    ],
)
def test_rules_mean_what_they_mean_in_a_selection(columns, rule, passing):
    from rushes.selection import choose

    assert columns.mask(parse_rules([rule])).astype(int).tolist() == passing
    assert choose.mask(parse_rules([rule]), columns.arrays).astype(int).tolist() == passing


def test_a_changed_value_changes_answers_that_were_kept(columns):
    keep = parse_rules(["verdict = keep"])
    assert columns.filter_counts(keep).count == 0
    columns.update("verdict", [1, 3], ["keep", "drop"])
    assert columns.filter_counts(keep).count == 1
    assert columns.counts("verdict") == {"undecided": 3, "keep": 1, "drop": 1}
    fast = parse_rules(["motion.speed > 25"])
    assert columns.filter_counts(fast).count == 1
    columns.histogram("motion.speed")
    columns.update("motion.speed", [0], [99.0])
    assert columns.filter_counts(fast).count == 2
    assert columns.histogram("motion.speed").most == 99


def test_missing_values_come_last_in_either_order(columns):
    rows = np.arange(5)
    assert columns.sorted_rows(rows, "motion.speed").tolist() == [2, 3, 0, 4, 1]
    assert columns.sorted_rows(rows, "-motion.speed").tolist() == [4, 0, 3, 2, 1]
    assert columns.sorted_rows(rows, "-camera.label").tolist() == [0, 2, 4, 3, 1]
    assert columns.sorted_rows(rows, "camera.label").tolist() == [3, 0, 2, 4, 1]


def test_groups_are_by_size_with_the_rest_last(columns):
    rows, groups = columns.grouped_rows(np.arange(5), "camera.label")
    assert groups == [("pan", 3), ("still", 1), (NONE, 1)]
    assert rows.tolist() == [0, 2, 4, 3, 1]
    rows, groups = columns.grouped_rows(np.array([0, 3, 1]), "dedup.group")
    assert groups == [("2", 1), ("no duplicates", 2)]
    assert rows.tolist() == [1, 0, 3]


def test_the_clips_beside_a_threshold_are_the_nearest_that_others_let_through(columns):
    below, above = columns.around_threshold("motion.speed", 15, [], count=1)
    assert (below.tolist(), above.tolist()) == ([0], [3])
    below, above = columns.around_threshold("motion.speed", 15, parse_rules(["camera.label = pan"]))
    assert (below.tolist(), above.tolist()) == ([0, 4], [2])


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("motion.sped > 3", "did you mean 'motion.speed'"),
        ("camera.label > 3", "is text; compare it with ="),
        ("camera.label top 5%", "is text"),
        ("camera.label at most 2%", "a quota belongs in"),
    ],
)
def test_rules_that_make_no_sense_are_refused(columns, rule, words):
    with pytest.raises(RecipeError, match=words):
        columns.mask(parse_rules([rule]))
