"""Which clips show the same footage, and which of them to keep."""

import hashlib
import json
from dataclasses import asdict, dataclass

from rushes.catalog import Catalog
from rushes.errors import RecipeError
from rushes.recipe import Recipe
from rushes.records import Field

VERSION = 1
"""Bump it when the same clips give other groups."""

OUTCOME = (
    Field(name="group", dtype="integer", low=0, about="number of the group of copies; 0: no copy"),
    Field(name="copies", dtype="integer", low=0, about="other clips in the group"),
    Field(name="keep", dtype="integer", low=0, high=1, higher_is_better=True,
          about="1 for the best of its copies, and for a clip without; 0 for what it makes spare"),
    Field(name="of", dtype="text", about="what of which clip it shows once more"),
    Field(name="alike", dtype="integer", low=0,
          about="other clips whose embedding is nearly the same; missing without an embedding"),
    Field(name="alike_keep", dtype="integer", low=0, high=1, higher_is_better=True,
          about="1 for the best of its likes, and for a clip without; 0 for the others"),
)  # fmt: skip
"""The columns `dedup.*` of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedup:
    """When clips are copies of one another, or alike."""

    overlap: float = 0.5
    """A clip is spare if a kept one shows at least this share of it; larger keeps more."""
    alike: float = 0.98
    """Clips are alike if the cosine of their embeddings is at least this; larger finds fewer."""

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1 or not 0 < self.alike <= 1:
            raise RecipeError(
                f"dedup.overlap = {self.overlap} and dedup.alike = {self.alike}: "
                f"both must be above 0 and at most 1"
            )


def outcome_fingerprint(recipe: Recipe) -> str:
    """Return the identity of what `dedup` finds under a recipe."""
    prints = recipe.fingerprints
    payload = [
        VERSION,
        asdict(recipe.own("dedup")),
        prints.cut,
        {name: prints.probes.get(name) for name in ("change", "still", "border")},
        prints.scorers.get("embedding"),
    ]
    return hashlib.sha256(json.dumps(payload).encode()).hexdigest()[:12]


def duplicate_groups(catalog: Catalog, recipe: Recipe) -> dict[int, int]:
    """Return clip number → number of its group of copies; clips without a copy are left out.

    It is empty if `dedup` was not run, or not since the recipe changed in what it reads.
    """
    rows = catalog.rows("dedup/outcome", OUTCOME, outcome_fingerprint(recipe))
    return {no: row["group"] for no, row in rows.items() if row["group"]}
