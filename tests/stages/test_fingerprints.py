import pytest

from rushes.errors import RecipeError
from rushes.stages.fingerprints import dependents, waves


class Stage:
    def __init__(self, *reads):
        self.reads = reads


SCORERS = {"taste": Stage("clip"), "clip": Stage(), "motion": Stage(), "mean": Stage("taste")}


def test_a_scorer_comes_after_those_it_reads():
    assert waves(SCORERS) == [["clip", "motion"], ["taste"], ["mean"]]


def test_a_circle_is_named():
    with pytest.raises(RecipeError, match="a, b read one another in a circle"):
        waves({"a": Stage("b"), "b": Stage("a")})


def test_what_reads_a_missing_one_at_second_hand_is_missing_too():
    assert dependents(SCORERS, ["clip"]) == ["taste", "mean"]
    assert dependents(SCORERS, ["motion"]) == []


def test_a_follower_is_measured_anew_with_what_it_follows(monkeypatch):
    from rushes.footage.probes.change import Change
    from rushes.recipe.recipe import Recipe

    before = Recipe({}).fingerprints.probes
    monkeypatch.setattr(Change, "version", 99)
    after = Recipe({}).fingerprints.probes
    assert {name for name in before if before[name] != after[name]} == {"change", "transnet"}
