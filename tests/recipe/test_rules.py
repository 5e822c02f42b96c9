import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import RecipeError
from rushes.recipe.rules import Rule, parse_rule, parse_where

NAN = np.nan


def kept(text, values):
    """Indices that pass a rule."""
    column = np.array(values, object if any(isinstance(v, str) for v in values) else float)
    rule = parse_rule("x", text).resolved(column)
    return list(np.flatnonzero(rule.passes(column)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("top 90%", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("top 10%", [9]),
        ("top 100%", list(range(10))),
        ("top 0%", []),
        ("bottom 90%", list(range(9))),
        ("bottom 30 %", [0, 1, 2]),
        ("bottom 0%", []),
        (">= 3", [3, 4, 5, 6, 7, 8, 9]),
        ("> 3", [4, 5, 6, 7, 8, 9]),
        ("<= 3", [0, 1, 2, 3]),
        ("<3", [0, 1, 2]),
        ("2..4", [2, 3, 4]),
        ("-1 .. 0.5", [0]),
        ("= 3", [3]),
        ("3", [3]),
        (3, [3]),
        (3.0, [3]),
        ("!= 3", [0, 1, 2, 4, 5, 6, 7, 8, 9]),
        ("= 3 | 5|7", [3, 5, 7]),
        ("3 | 5", [3, 5]),
        ("!= 3 | 5", [0, 1, 2, 4, 6, 7, 8, 9]),
        ("= '3' | pan", [3]),
    ],
)
def test_what_a_rule_keeps_of_ten_numbers(text, expected):
    assert kept(text, list(range(10))) == expected


@pytest.mark.parametrize(
    "text", ["top 90%", "bottom 90%", ">= 0", "<= 9", "0..9", "= 1", "> -1", "= 0 | 1", "!= 0 | 1"]
)
def test_a_missing_number_never_passes(text):
    assert 2 not in kept(text, [0, 1, NAN, 3])


def test_missing_numbers_do_not_count_in_a_percentile():
    assert kept("top 50%", [1, 2, 3, 4, NAN, NAN, NAN, NAN]) == [2, 3]


@pytest.mark.parametrize("text", ["top 90%", "bottom 50%"])
def test_a_percentile_of_nothing_is_nothing(text):
    assert kept(text, [NAN, NAN]) == []
    assert kept(text, []) == []


@pytest.mark.parametrize("text", ["top 90%", "top 1%", "bottom 1%", "bottom 50%"])
def test_ties_are_kept_together(text):
    assert kept(text, [5.0] * 7) == list(range(7))


@pytest.mark.parametrize("text", ["top 90%", "top 1%", "bottom 90%"])
def test_a_single_clip_passes_every_percentile_above_zero(text):
    assert kept(text, [3.5]) == [0]


def test_text_is_compared_as_text():
    assert kept("pan", ["pan", "tilt", "pan"]) == [0, 2]
    assert kept("= pan", ["pan", "tilt"]) == [0]
    assert kept("!= 'pan'", ["pan", "tilt"]) == [1]
    assert kept("= pan | tilt", ["pan", "still", None, "tilt"]) == [0, 3]
    assert kept("!= pan | tilt", ["pan", "still", None, "tilt"]) == [1]
    assert kept("= 'a | b' | it's | '007'", ["a | b", "a", "it's", "007", "7"]) == [0, 2, 3]
    for text in ("> 3", "1..3", "top 50%"):
        with pytest.raises(RecipeError, match="is text"):
            kept(text, ["pan"])


@pytest.mark.parametrize(
    "text",
    ["", "top", "top ninety%", "bottom 101%", "90%", "5..1", ">= many", "1.2.3..4", True, None, [1],
     {"a": 1}, "top -5%", "= a |", "!= | a", "a || b", "=", "> 3 | 4"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_an_example(text):
    with pytest.raises(RecipeError, match=r"^motion\.speed: "):
        parse_rule("motion.speed", text)


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(NAN), max_size=60),
    st.floats(0, 100).map(lambda share: round(share, 2)),
    st.sampled_from(["top", "bottom"]),
    st.randoms(use_true_random=False),
)
def test_percentiles(values, share, end, random):
    column = np.array(values, float)
    present = np.sort(column[~np.isnan(column)])
    rule = parse_rule("x", f"{end} {share}%").resolved(column)
    passing = rule.passes(column)
    # As many as the share says, within the rounding to whole clips, and ties.
    count = int(passing.sum())
    if share > 0 and len(present):
        limit = float(rule.low)
        ties = int((present == limit).sum())
        assert max(1, share / 100 * len(present) - 1) <= count
        assert count <= max(1, share / 100 * len(present) + 1) + ties
        # Nothing that is left out is further towards the wanted end than what is kept.
        sign = 1 if end == "top" else -1
        left_out = column[~passing & ~np.isnan(column)]
        if len(left_out) and count:
            assert (sign * left_out).max() < (sign * column[passing]).min()
    else:
        assert count == 0
    # The order of the clips does not matter.
    order = list(range(len(values)))
    random.shuffle(order)
    shuffled = column[order]
    again = parse_rule("x", f"{end} {share}%").resolved(shuffled).passes(shuffled)
    assert (again == passing[order]).all()


numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda n: float(f"{n:.12g}"))
words = st.text(max_size=8) | st.text("ab |'\"and=7.\n", max_size=12) | st.sampled_from(
    ["top", "nan", "inf", "1_0", "007", "", "'", "it's", "a and b = 'c'", "clip | one.mp4", "<b>"]
)  # fmt: skip
rules = st.one_of(
    st.builds(
        Rule, column=st.just("a.b"), operator=st.sampled_from([">=", ">", "<=", "<"]), low=numbers
    ),
    st.builds(
        lambda operator, values: Rule(
            column="a.b", operator=operator, low=values[0], others=tuple(values[1:])
        ),
        st.sampled_from(["=", "!="]),
        st.lists(numbers | words, min_size=1, max_size=4, unique=True),
    ),
    st.builds(
        Rule,
        column=st.just("a.b"),
        operator=st.sampled_from(["top", "bottom"]),
        low=st.integers(0, 10000).map(lambda n: n / 100),
    ),
    st.builds(
        lambda a, b: Rule(column="a.b", operator="between", low=min(a, b), high=max(a, b)),
        numbers,
        numbers,
    ),
)


@given(rules)
def test_a_printed_rule_is_the_same_rule(rule):
    """`rushes recipe` prints rules; what it prints must select the same clips."""
    printed = str(rule)
    assert printed.startswith("a.b ")
    assert parse_rule("a.b", printed.removeprefix("a.b ")) == rule
    assert parse_where(printed) == [rule]
    assert parse_where(f"{printed} and c > 1 AND {printed}")[::2] == [rule, rule]


def test_where_joins_conditions_with_and():
    found = parse_where("motion.speed > 3 and duration_s 1..5 AND camera.kind = pan and frames>48")
    assert [str(rule) for rule in found] == [
        "motion.speed > 3",
        "duration_s 1..5",
        "camera.kind = pan",
        "frames > 48",
    ]
    found = parse_where("a = it's | b and c != 'x and y' | 'z' and d 'tis")
    assert [rule.values for rule in found] == [("it's", "b"), ("x and y", "z"), ("'tis",)]


@pytest.mark.parametrize("text", ["", "frames", "> 3", "frames > 3 and"])
def test_where_refuses_what_is_no_condition(text):
    with pytest.raises(RecipeError):
        parse_where(text)


@given(st.text(max_size=30))
def test_no_text_crashes_the_parsers(text):
    for parse in (lambda t: parse_rule("x", t), parse_where):
        try:
            parse(text)
        except RecipeError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("at most 2%", "x at most 2%"),
        ("at  most 2.5 %  by motion.speed", "x at most 2.5% by motion.speed"),
        ("at most 20 by -frames", "x at most 20 by -frames"),
    ],
)
def test_a_quota_reads_back_as_it_is_printed(text, printed):
    rule = parse_rule("x", text)
    assert rule.is_quota
    assert str(rule) == printed
    assert parse_rule("x", printed.removeprefix("x ")) == rule


@pytest.mark.parametrize(
    "text",
    ["at most", "at most many", "at most 0", "at most 2.5", "at most 0%", "at most 101%",
     "at most 2 by", "at least 2"],
)  # fmt: skip
def test_what_is_no_quota_is_refused(text):
    with pytest.raises(RecipeError):
        parse_rule("x", text)
