"""The part of a recipe that can run here: stages whose models are missing are left out."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rushes.errors import MissingModel, RecipeError
from rushes.models.store import path_of
from rushes.recipe.recipe import Recipe
from rushes.stages.fingerprints import dependents, reads_of

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "neural": ("onnxruntime",),
    "clip": ("onnxruntime", "tokenizers"),
}
"""What an extra of Rushes installs that stages cannot do without."""


def for_stages(stages: Mapping[str, Any], cache: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the models that stages name, and which stages must be done without.

    Args:
        stages: By name; those without an attribute `models` need none.
        cache: Folder of all models.

    Returns:
        Model name → file; stage name → why it cannot run and what mends that.
    """
    found: dict[str, Path] = {}
    lacking: dict[str, str] = {}
    for name, stage in stages.items():
        try:
            wanted = getattr(stage, "models", ())
        except RecipeError as error:
            raise RecipeError(f"{name}: {error}") from None
        extra = getattr(stage, "extra", "neural" if wanted else "")
        if any(find_spec(package) is None for package in PACKAGES.get(extra, ())):
            lacking[name] = f"{name} is left out: it needs pip install 'rushes[{extra}]'"
            continue
        for model in wanted:
            try:
                found[model] = path_of(model, cache)
            except MissingModel as error:
                lacking[name] = f"{name} is left out: {error}"
    return found, lacking


def recipe_with_models(
    recipe: Recipe, cache: Path
) -> tuple[Recipe, dict[str, Path], tuple[str, ...]]:
    """Return what of a recipe can run here: stages whose models are missing are left out.

    Args:
        recipe: What was asked for.
        cache: Folder of all models.

    Returns:
        The recipe without them; model name → file; why each was left out and what mends that.

    Raises:
        RecipeError: A stage names another model than the one whose results it reads.
    """
    for section in ("scan", "score"):
        _check_same(section, recipe.stages(section))
    found: dict[str, Path] = {}
    notes: list[str] = []
    for section in ("scan", "score"):
        some, lacking = for_stages(recipe.stages(section), cache)
        for name in dependents(recipe.stages(section), list(lacking)):
            lacking[name] = f"{name} is left out with what it reads"
        found |= some
        notes += lacking.values()
        if lacking:
            recipe = recipe.without(section, lacking)
    for section in ("scan", "score"):
        for stage in recipe.stages(section).values():
            if hasattr(stage, "locate"):
                stage.locate({name: found[name] for name in stage.models})
    return recipe, found, tuple(notes)


def _check_same(section: str, stages: Mapping[str, Any]) -> None:
    """Refuse a stage whose model is not that of a stage that it reads, where it has to be."""
    for name, stage in stages.items():
        for other in reads_of(stage):
            if other not in getattr(stage, "same_model_as", ()) or other not in stages:
                continue
            own, read = stage.params.model, stages[other].params.model
            if own != read:
                raise RecipeError(
                    f"{section}.{name}.model is {own!r} and {section}.{other}.model is {read!r}; "
                    f"what one measures says nothing to the other: write the same for both"
                )
