"""Spaces in which near clips look alike: which there are, and their vectors in blocks.

Vectors are read from memory-mapped files block by block, so a search over any number of clips needs
the memory of one block and one number a clip.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rushes.catalog import Shards
from rushes.context import Context
from rushes.errors import RecipeError
from rushes.similarity.pooling import clip_vectors

SPACES = ("clip", "embedding", "layout")
"""Scorers whose vectors say what clips look like, the best first."""
_BLOCK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The clips that have a vector of one scorer."""

    name: str
    fingerprint: str
    """Of the scorer."""
    numbers: np.ndarray
    """int64 (N,): the clips."""
    _rows: np.ndarray
    _shards: Shards

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield which of `numbers`, and their vectors: float32 (n, D), of length 1."""
        for at in range(0, len(self._rows), _BLOCK):
            some = slice(at, at + _BLOCK)
            yield some, clip_vectors(self._shards.read(self._rows[some]))

    def vectors(self, places: np.ndarray) -> np.ndarray:
        """Return the vectors at some places of `numbers`: float32 (n, D)."""
        return clip_vectors(self._shards.read(self._rows[places]))

    def of(self, number: int) -> np.ndarray:
        """Return the vector of one of the clips: float32 (D,)."""
        return np.asarray(self.vectors(np.flatnonzero(self.numbers == number))[0])

    def similarities(self, vector_D: np.ndarray) -> np.ndarray:
        """Return the cosine between a vector and each clip: float32 (N,)."""
        found = np.empty(len(self.numbers), np.float32)
        for some, vectors_ND in self.blocks():
            found[some] = vectors_ND @ vector_D
        return found


def space(context: Context, name: str) -> Space | None:
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
    return Space(name=name, fingerprint=print_, numbers=numbers, _rows=rows, _shards=shards)


def best_space(context: Context, number: int | None = None) -> Space:
    """Return the best space there is; with a number, the best one that holds this clip.

    Raises:
        RecipeError: There is none; the message says how to get one.
    """
    for name in SPACES:
        found = space(context, name)
        if found is not None and (number is None or number in found.numbers):
            return found
    used = [name for name in SPACES if name in context.recipe.stages("score")]
    if used:
        raise RecipeError(f"nothing says yet what clips look like: rushes score --only {used[-1]}")
    raise RecipeError(
        'nothing says what clips look like: add "layout" to score.use in recipe.toml '
        "(or the better embedding or clip), then: rushes score"
    )
