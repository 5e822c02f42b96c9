import numpy as np

from rushes.review.columns import Columns
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
