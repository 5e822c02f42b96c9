"""The cut network where its runtime is missing: left out with a note, or an error, never silent."""

import pytest

from rushes.errors import RecipeError
from rushes.recipe import runnable
from rushes.recipe.recipe import Recipe
from rushes.recipe.runnable import recipe_with_models

SCAN = ["change", "still", "motion", "border", "comb", "network"]


@pytest.fixture
def no_onnxruntime(monkeypatch):
    found = {"onnxruntime": None}
    monkeypatch.setattr(runnable, "find_spec", lambda name: found.get(name, object()))


def test_the_probe_is_left_out_with_the_line_that_installs_its_runtime(tmp_path, no_onnxruntime):
    recipe, _, notes = recipe_with_models(Recipe({"scan": {"use": SCAN}}), tmp_path)
    assert "network" not in recipe.stages("scan")
    assert "network is left out: it needs pip install 'rushes[neural]'" in notes


def test_a_detector_without_its_probe_is_an_error_that_names_the_remedy(tmp_path, no_onnxruntime):
    recipe = Recipe({"scan": {"use": SCAN}, "cut": {"use": ["network"]}})
    with pytest.raises(RecipeError, match=r"cut\.use has 'network'.*rushes\[neural\]"):
        recipe_with_models(recipe, tmp_path)


def test_with_its_runtime_the_probe_gets_the_files_of_rushes_itself(tmp_path):
    pytest.importorskip("onnxruntime")
    recipe, found, notes = recipe_with_models(Recipe({"scan": {"use": SCAN}}), tmp_path)
    assert "network" in recipe.stages("scan")
    assert (found["cut-network"] / "CARD.md").exists()
    assert not notes
