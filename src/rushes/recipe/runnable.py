"""The part of a recipe that can run here: stages whose models are missing are left out."""

from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rushes.errors import MissingModel, RecipeError
from rushes.models.store import find_model, path_of
from rushes.recipe.recipe import Recipe
from rushes.stages.fingerprints import KINDS, annotators, dependents, models_of, verb_of

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "neural": ("onnxruntime",),
    "clip": ("onnxruntime", "tokenizers"),
}
"""Extra of Rushes → packages that its stages need."""


def for_stages(stages: Mapping[str, Any], cache: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the models of stages, and the stages that cannot run here.

    Args:
        stages: By name.
        cache: Folder of all models.

    Returns:
        Model name → file; stage name → why it cannot run, and the remedy.
    """
    found: dict[str, Path] = {}
    lacking: dict[str, str] = {}
    for name, stage in stages.items():
        try:
            wanted = models_of(stage)
        except RecipeError as error:
            raise RecipeError(f"{name}: {error}") from None
        extras = (
            {stage.inputs.extra} if stage.inputs.extra else {find_model(m).extra for m in wanted}
        )
        for extra in sorted(extras - {""}):
            if any(find_spec(package) is None for package in PACKAGES[extra]):
                lacking[name] = f"{name} is left out: it needs pip install 'rushes[{extra}]'"
        for model in wanted if name not in lacking else ():
            try:
                found[model] = path_of(model, cache)
            except MissingModel as error:
                lacking[name] = f"{name} is left out: {error}"
    return found, lacking


def recipe_with_models(
    recipe: Recipe, cache: Path
) -> tuple[Recipe, dict[str, Path], tuple[str, ...]]:
    """Return a recipe without the stages that cannot run here.

    Args:
        recipe: The whole recipe.
        cache: Folder of all models.

    Returns:
        The recipe without them; model name → file; for each of them why, and the remedy.

    Raises:
        RecipeError: A stage names another model than the one whose results it reads, or a detector
            reads a probe that cannot run here.
    """
    _check_same(recipe.stages("score"))
    found: dict[str, Path] = {}
    notes: list[str] = []
    for section in ("scan", "score", "caption"):
        some, lacking = for_stages(recipe.stages(section), cache)
        found |= some
        notes += lacking.values()
        if section == "scan":
            _check_detectors(recipe, lacking)
        for verb, names in _without(recipe, section, lacking).items():
            notes += [
                f"{name} is left out: it reads a stage that is" for name in names - set(lacking)
            ]
            recipe = recipe.without(verb, names)
    for section in ("score", "caption"):
        for stage in recipe.stages(section).values():
            stage.locate({name: found[name] for name in models_of(stage)})
    return recipe, found, tuple(notes)


def _without(recipe: Recipe, section: str, lacking: Collection[str]) -> dict[str, set[str]]:
    """Return verb → its stages to leave out when some of a section cannot run."""
    gone = {section: set(lacking)} if lacking else {}
    if section != "scan":
        every = annotators({verb: recipe.stages(verb) for verb in ("caption", "score")})
        for key in dependents(every, [f"{KINDS[section]}/{name}" for name in lacking]):
            gone.setdefault(verb_of(key), set()).add(key.partition("/")[2])
    return dict(sorted(gone.items()))


def _check_detectors(recipe: Recipe, lacking: Mapping[str, str]) -> None:
    """Raise RecipeError for a detector of a probe that cannot run: clips would hold its cuts."""
    for name, detector in recipe.stages("cut").items():
        for probe in detector.inputs.probes:
            if probe in lacking:
                raise RecipeError(f"cut.use has {name!r}, and the probe {lacking[probe]}")


def _check_same(scorers: Mapping[str, Any]) -> None:
    """Raise RecipeError for a stage whose model must be that of a stage it reads, and is not."""
    for name, stage in scorers.items():
        for other in stage.inputs.same_model:
            own, read = stage.params.model, scorers[other].params.model
            if own != read:
                raise RecipeError(
                    f"score.{name}.model is {own!r} and score.{other}.model is {read!r}; "
                    f"vectors of two models cannot be compared; write the same for both"
                )
