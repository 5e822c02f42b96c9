import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import RecipeError
from rushes.recipe.rules import parse_rule, parse_where
from rushes.selection.choose import choose, mask
from rushes.selection.column_values import is_missing, shortened

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


def letters(text):
    return {
        "kind": np.array([letter if letter != "?" else None for letter in text], object),
        "size": np.arange(len(text), dtype=float),
    }


def chosen(text, **texts):
    columns = letters(text)
    passing, funnel = choose(rules(**texts), columns)
    return "".join(letter for letter, passes in zip(text, passing, strict=True) if passes), funnel


def test_a_quota_keeps_so_many_of_each_value():
    assert chosen("aaaabbc", kind="at most 2")[0] == "aabbc"
    assert chosen("aabb", kind="at most 9")[0] == "aabb"
    assert chosen("aa?b", kind="at most 2")[1][0].missing == 1


def test_the_clips_of_a_quota_are_spread_evenly_or_the_best_by_a_column():
    def sizes(text):
        passing, _ = choose(rules(kind=text), letters("a" * 9))
        return list(np.flatnonzero(passing))

    assert sizes("at most 3") == [1, 4, 7]
    assert sizes("at most 3 by size") == [6, 7, 8]
    assert sizes("at most 3 by -size") == [0, 1, 2]


def test_no_value_holds_more_than_its_share_of_what_is_selected():
    kept, (line,) = chosen("a" * 50 + "b" * 8 + "c" * 5 + "d" * 4 + "e" * 2, kind="at most 25%")
    counts = {letter: kept.count(letter) for letter in "abcde"}
    assert counts == {"a": 5, "b": 5, "c": 5, "d": 4, "e": 2}
    assert max(counts.values()) <= 0.25 * len(kept)
    assert line.rule == "kind at most 25%"
    assert line.threshold == "kind at most 5"
    assert (line.alone, line.left) == (21, 21)


def test_quotas_take_what_the_other_rules_leave():
    text = "a" * 10 + "b" * 10
    kept, funnel = chosen(text, kind="at most 50%", size="5..12")
    assert kept == "aaabbb"
    assert [line.rule for line in funnel] == ["size 5..12", "kind at most 50%"]
    assert funnel[1].left == 6


def test_a_share_that_cannot_be_kept_says_what_can():
    with pytest.raises(RecipeError, match=r"kind has only 2 values left.*at least 50%"):
        chosen("aab", kind="at most 20%")
    assert chosen("", kind="at most 20%")[0] == ""
    with pytest.raises(RecipeError, match="did you mean 'size'"):
        chosen("aab", kind="at most 1 by sise")
    with pytest.raises(RecipeError, match="kind is text"):
        chosen("aab", size="at most 1 by kind")


def test_a_quota_is_no_condition_on_one_clip():
    with pytest.raises(RecipeError, match="quota belongs in"):
        mask([parse_rule("kind", "at most 2")], letters("aab"))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(5, 100))
def test_shares_hold_and_no_larger_cap_would(counts, percent):
    text = "".join(chr(97 + at) * count for at, count in enumerate(counts))
    if percent * len(counts) < 100:
        return
    kept, _ = chosen(text, kind=f"at most {percent}%")
    found = [kept.count(chr(97 + at)) for at in range(len(counts))]
    assert max(found) <= percent / 100 * len(kept) + 1e-6
    assert all(0 < now <= was for now, was in zip(found, counts, strict=True))
    larger = [min(was, max(found) + 1) for was in counts]
    assert larger == found or max(larger) > percent / 100 * sum(larger) - 1e-6


@given(
    st.lists(st.floats(-1e9, 1e9) | st.floats(-1e-6, 1e-6), min_size=1, max_size=40),
    st.sampled_from(["top 90%", "bottom 35%", "top 0%", "bottom 0%", "top 100%"]),
)
def test_a_printed_threshold_pasted_back_gives_the_same_clips(values, text):
    columns = {"motion.speed": shortened(np.array(values))}
    passing, (line,) = choose([parse_rule("motion.speed", text)], columns)
    assert list(mask(parse_where(line.threshold), columns)) == list(passing)


@given(st.floats(-1e12, 1e12) | st.floats(-1e-12, 1e-12))
def test_a_shortened_number_is_the_number_that_is_printed(value):
    (short,) = shortened(np.array([value])).tolist()
    if abs(value) > 1e-16:
        assert float(f"{short:.12g}") == short
    assert short == pytest.approx(value, rel=5.1e-6, abs=1e-30)
    assert shortened(np.array([short]))[0] == short
    if value == round(value):
        assert short == value
