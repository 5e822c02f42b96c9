import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import RecipeError
from rushes.rules import parse_rule
from rushes.select import choose, is_missing, mask

NAN = np.nan
COLUMNS = {
    "motion.speed": np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], float),
    "frames": np.array([10, 10, 10, 10, 10, 90, 90, 90, 90, NAN], float),
    "camera.kind": np.array(["pan", "tilt"] * 4 + ["pan", None], object),
}


def rules(**texts):
    return [parse_rule(name.replace("__", "."), text) for name, text in texts.items()]


def test_top_90_percent_of_ten_clips_keeps_nine():
    passing, (line,) = choose(rules(motion__speed="top 90%"), COLUMNS)
    assert list(passing) == [False] + [True] * 9
    assert (line.rule, line.threshold) == ("motion.speed top 90%", "motion.speed >= 2")
    assert (line.alone, line.left, line.missing) == (9, 9, 0)


def test_the_funnel_tells_what_each_rule_did():
    chosen = rules(motion__speed="top 90%", frames=">= 50", camera__kind="pan")
    passing, funnel = choose(chosen, COLUMNS)
    assert list(np.flatnonzero(passing)) == [6, 8]
    assert [(line.alone, line.left, line.missing) for line in funnel] == [
        (9, 9, 0),
        (4, 4, 1),
        (5, 2, 1),
    ]


def test_clips_without_a_value_are_left_out_and_counted():
    for text in ("top 50%", "bottom 50%", ">= 0", "<= 1000", "!= 7"):
        passing, (line,) = choose(rules(frames=text), COLUMNS)
        assert line.missing == 1, text
        assert not passing[9], text


def test_text_without_a_value_is_left_out():
    for text in ("pan", "!= tilt"):
        passing, (line,) = choose(rules(camera__kind=text), COLUMNS)
        assert (line.missing, bool(passing[9])) == (1, False), text


def test_without_rules_everything_passes():
    passing, funnel = choose([], COLUMNS)
    assert passing.all()
    assert funnel == ()


def test_without_clips_nothing_passes():
    empty = {name: values[:0] for name, values in COLUMNS.items()}
    passing, funnel = choose(rules(motion__speed="top 90%", camera__kind="pan"), empty)
    assert len(passing) == 0
    assert [line.left for line in funnel] == [0, 0]


@pytest.mark.parametrize(
    ("column", "meant"), [("motion.sped", "motion.speed"), ("framse", "frames")]
)
def test_an_unknown_column_names_the_nearest(column, meant):
    with pytest.raises(RecipeError, match=meant):
        choose([parse_rule(column, "> 1")], COLUMNS)


def test_missing_is_none_or_nan():
    assert list(is_missing(np.array(["a", None], object))) == [False, True]
    assert list(is_missing(np.array([1, NAN]))) == [False, True]


texts = st.sampled_from(["top 90%", "bottom 40%", ">= 3", "< 7", "2..6", "= 4", "!= 4"])
columns = st.integers(1, 30).flatmap(
    lambda size: st.fixed_dictionaries(
        {
            name: st.lists(
                st.integers(0, 9).map(float) | st.just(NAN), min_size=size, max_size=size
            )
            for name in ("a", "b", "c")
        }
    )
)


@given(columns, st.lists(st.tuples(st.sampled_from("abc"), texts), min_size=1, max_size=5))
def test_the_order_of_the_rules_never_matters(values, pairs):
    table = {name: np.array(column) for name, column in values.items()}
    forward, funnel = choose([parse_rule(*pair) for pair in pairs], table)
    backward, _ = choose([parse_rule(*pair) for pair in reversed(pairs)], table)
    assert (forward == backward).all()
    assert (forward == mask([parse_rule(*pair) for pair in pairs], table)).all()
    assert funnel[-1].left == forward.sum()
    lefts = [line.left for line in funnel]
    assert lefts == sorted(lefts, reverse=True)
    assert all(line.left <= line.alone <= len(forward) - line.missing for line in funnel)
