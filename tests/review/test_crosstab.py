import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.recipe.rules import parse_where
from rushes.review.columns import Columns
from rushes.review.crosstab import MAX_VALUES, crosstab


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    speed = rng.lognormal(1, 1, 200)
    speed[:5] = np.nan
    label = rng.choice(np.array(["static", "pan_left", None], object), 200, p=[0.7, 0.2, 0.1])
    stars = rng.integers(0, 3, 200).astype(float)
    return Columns({"speed": speed, "label": label, "stars": stars})


def rule_of(*parts):
    return parse_where(" and ".join(part["rule"] for part in parts))


def test_each_cell_counts_what_its_rules_find(columns):
    passing = columns["stars"] > 0
    found = crosstab(columns, "speed", "label", passing)
    for y, row in enumerate(found["ys"]):
        for x, column in enumerate(found["xs"]):
            mask = columns.mask(rule_of(row, column))
            assert found["all"][y][x] == mask.sum()
            assert found["passing"][y][x] == (mask & passing).sum()
    assert np.sum(found["all"]) + found["missing"] == 200


def test_values_that_no_clip_has_are_shown_too(columns):
    known = ("static", "pan_left", "pan_right")
    found = crosstab(columns, "stars", "label", np.ones(200, bool), known)
    assert [row["label"] for row in found["ys"]] == list(known)
    assert found["all"][2] == [0, 0, 0]
    assert [column["label"] for column in found["xs"]] == ["0", "1", "2"]


def test_rules_find_odd_names_and_numbers_of_many_digits():
    names = np.array(["a | b.mp4", "007", "a"], object)
    columns = Columns({"video": names, "speed": np.array([0.123456789, 0.5, 0.5])})
    found = crosstab(columns, "speed", "video", np.ones(3, bool))
    for y, row in enumerate(found["ys"]):
        for x, column in enumerate(found["xs"]):
            assert found["all"][y][x] == columns.mask(rule_of(row, column)).sum()


def test_parts_stay_where_they_are_when_filters_move(columns):
    everything = crosstab(columns, "speed", "label", np.ones(200, bool))
    few = crosstab(columns, "speed", "label", columns["stars"] == 2)
    assert (few["xs"], few["ys"], few["all"]) == tuple(everything[k] for k in ("xs", "ys", "all"))


def test_rare_values_share_a_line():
    videos = np.array([f"{number}.mp4" for number in range(40)] + ["0.mp4"], object)
    found = crosstab(Columns({"video": videos}), "video", "video", np.ones(41, bool))
    assert [row["label"] for row in found["ys"]][:1] == ["0.mp4"]
    assert found["ys"][-1] == {"label": "others", "rule": ""}
    assert len(found["ys"]) == MAX_VALUES + 1
    assert np.sum(found["all"]) == 41


def test_a_column_without_values_or_one_that_is_not_there():
    columns = Columns({"empty": np.full(3, np.nan), "text": np.array([None] * 3, object)})
    found = crosstab(columns, "empty", "text", np.ones(3, bool))
    assert (found["xs"], found["ys"], found["missing"]) == ([], [], 3)
    with pytest.raises(RecipeError, match="no column"):
        crosstab(columns, "emty", "text", np.ones(3, bool))
