import pytest

from rushes.errors import RecipeError
from rushes.stages.fingerprints import dependents, topological_order
from rushes.stages.protocols import Inputs


class Stage:
    def __init__(self, *reads):
        self.inputs = Inputs(scorers=reads)


SCORERS = {
    "scorer/taste": Stage("clip"),
    "scorer/clip": Stage(),
    "scorer/motion": Stage(),
    "scorer/mean": Stage("taste"),
    "captioner/fuse": Stage("taste"),
}


def test_an_annotator_comes_after_the_scorers_that_it_reads():
    assert topological_order(SCORERS) == [
        ["scorer/clip", "scorer/motion"],
        ["scorer/taste"],
        ["scorer/mean", "captioner/fuse"],
    ]


def test_a_circle_is_named():
    with pytest.raises(RecipeError, match="a, b read one another in a circle"):
        topological_order({"scorer/a": Stage("b"), "scorer/b": Stage("a")})


def test_what_reads_a_missing_one_at_second_hand_is_missing_too():
    reading = ["scorer/taste", "scorer/mean", "captioner/fuse"]
    assert dependents(SCORERS, ["scorer/clip"]) == reading
    assert dependents(SCORERS, ["scorer/motion"]) == []


def test_a_follower_is_measured_anew_with_what_it_follows(monkeypatch):
    from rushes.footage.probes.change import Change
    from rushes.recipe.recipe import Recipe

    before = Recipe({}).fingerprints.probes
    monkeypatch.setattr(Change, "version", 99)
    after = Recipe({}).fingerprints.probes
    assert {name for name in before if before[name] != after[name]} == {"change", "transnet"}
