import numpy as np

from rushes.review.clip_order import replace_in_order
from rushes.review.columns import Columns
from rushes.review.cut_hints import MAX_HINTS, likely_cuts
from rushes.review.percentiles import is_measured, percentile_ranks

NAN = np.nan


def columns(**values):
    arrays = {name.replace("__", "."): np.array(column) for name, column in values.items()}
    return Columns(arrays)


def test_a_clip_stands_among_those_that_have_a_value():
    found = columns(
        duration_s=[1.0, 2.0, 3.0, 4.0],
        motion__speed=[1.0, 2.0, 3.0, NAN],
        text__area=[0.0, 0.0, 0.0, 9.0],
        dedup__group=[1.0, 1.0, 2.0, 3.0],
    )
    third = round(1 / 3, 4)
    assert percentile_ranks(found, 1) == {
        "motion.speed": (third, round(2 / 3, 4)),
        "text.area": (0.0, 0.75),
    }
    assert percentile_ranks(found, 3) == {"text.area": (0.75, 1.0)}


def test_a_clip_without_scores_is_not_measured_unless_nothing_is():
    some = columns(duration_s=[1.0, 2.0], motion__speed=[1.0, NAN], sharpness__detail=[NAN, NAN])
    assert [is_measured(some, at) for at in (0, 1)] == [True, False]
    assert is_measured(columns(duration_s=[1.0], motion__speed=[NAN]), 0)
    assert is_measured(columns(duration_s=[1.0]), 0)


def test_likely_cuts_stand_out_and_are_the_first_frame_after():
    change = np.array([90.0, *[1.0] * 9, 40.0, 30.0, *[1.0] * 9, 20.0, *[1.0] * 5])
    assert likely_cuts(change) == [10, 21]  # what the first frame says is of another clip
    assert likely_cuts(change * 0.1) == [10]
    assert likely_cuts(np.full(30, 50.0)) == []  # all of it moves
    assert likely_cuts(np.zeros(1)) == []
    many = np.ones(400)
    many[8::10] = np.linspace(50, 20, 40)
    assert likely_cuts(many) == list(range(8, 8 + 10 * MAX_HINTS, 10))


def test_an_order_goes_on_with_the_clips_that_replace_others():
    ids = ["a", "b", "c", "d"]
    assert replace_in_order(ids, ["b"], ["B"]) == (["a", "B", "c", "d"], [])
    assert replace_in_order(ids, ["b"], ["x", "y"]) == (["a", "x", "y", "c", "d"], [(1, 1)])
    assert replace_in_order(ids, ["b", "d"], ["x"]) == (["a", "x", "c"], [(3, -1)])
    assert replace_in_order(ids, ["z"], ["x"]) == (ids, [])
