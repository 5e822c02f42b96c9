"""Embedding spaces, in which near clips look alike, and their vectors in blocks.

Vectors are read from memory-mapped files block by block. So a search over any number of clips takes
the memory of one block and one number a clip.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rushes.catalog import Shards
from rushes.context import Context
from rushes.errors import RecipeError
from rushes.similarity.pooling import pool_stills

SPACES = ("clip", "embedding", "layout")
"""Scorers whose vectors tell how clips look, the best first."""
_BLOCK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSpace:
    """The clips that have a vector of one scorer."""

    name: str
    numbers: np.ndarray
    """int64 (N,): numbers of the clips."""
    _rows: np.ndarray
    _shards: Shards

    def places(self) -> dict[int, int]:
        """Return clip number → its place in `numbers`."""
        return {no: place for place, no in enumerate(self.numbers.tolist())}

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of `numbers`, and their vectors: float32 (n, D), of length 1."""
        for at in range(0, len(self._rows), _BLOCK):
            some = slice(at, at + _BLOCK)
            yield some, pool_stills(self._shards.read(self._rows[some]))

    def vectors(self, places: np.ndarray) -> np.ndarray:
        """Return the vectors at some places of `numbers`: float32 (n, D)."""
        return pool_stills(self._shards.read(self._rows[places]))

    def of(self, number: int) -> np.ndarray:
        """Return the vector of one of the clips: float32 (D,)."""
        return np.asarray(self.vectors(np.flatnonzero(self.numbers == number))[0])

    def similarities(self, vector_D: np.ndarray) -> np.ndarray:
        """Return the cosine between a vector and each clip: float32 (N,)."""
        found = np.empty(len(self.numbers), np.float32)
        for some, vectors_ND in self.blocks():
            found[some] = vectors_ND @ vector_D
        return found


def embedding_space(context: Context, name: str) -> EmbeddingSpace | None:
    """Return the space of one scorer; None if the recipe does not use it, or no clip has a row."""
    scorer = context.recipe.stages("score").get(name)
    if scorer is None:
        return None
    field = next(field for field in scorer.fields if field.dtype == "vector")
    key, print_ = f"scorer/{name}", context.recipe.fingerprints.scorers[name]
    numbers, rows = context.catalog.stages.vector_rows(
        key, scorer.fields, field.name, print_, context.recipe.fingerprints.cut
    )
    if not len(numbers):
        return None
    shards = context.catalog.stages.shards(key, field, print_)
    return EmbeddingSpace(name=name, numbers=numbers, _rows=rows, _shards=shards)


def best_space(context: Context, number: int | None = None) -> EmbeddingSpace:
    """Return the best space there is.

    Args:
        context: The open project.
        number: A clip that it must hold; None for any.

    Raises:
        RecipeError: There is none; the message says how to get one.
    """
    for name in SPACES:
        found = embedding_space(context, name)
        if found is not None and (number is None or number in found.numbers):
            return found
    used = [name for name in SPACES if name in context.recipe.stages("score")]
    if used:
        raise RecipeError(f"no clip has a vector yet; run: rushes score --only {used[-1]}")
    raise RecipeError(
        'no scorer of the recipe gives vectors: add "layout" to score.use in recipe.toml '
        "(or embedding or clip, which are better), then run: rushes score"
    )
