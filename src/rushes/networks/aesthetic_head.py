"""Aesthetic heads: linear networks from the embedding of a picture to an aesthetic score.

All known heads are chains of linear layers without activations between them, so each is equal to
one vector of weights and one bias. A file is recognised by the names of its layers; other files are
refused, since a file does not say where its activations are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rushes.errors import ItemError
from rushes.networks.checkpoint import read_checkpoint

_CHAINS = (
    ("",),  # LAION, aesthetic-predictor (v1): one layer
    tuple(f"layers.{at}." for at in (0, 2, 4, 6, 7)),  # improved-aesthetic-predictor (v2)
    tuple(f"scoring_head.{at}." for at in (0, 2, 4, 6, 8)),  # aesthetic-predictor-v2-5
)
"""Prefixes of the layers of each known head, in order."""


@dataclass(frozen=True, slots=True)
class Head:
    """A linear function of a vector of length 1: one weight for each component, and a bias."""

    weight_D: np.ndarray
    bias: float

    def scores(self, vectors_ND: np.ndarray) -> np.ndarray:
        """Return the scores, float64 (N,); the vectors are normalised first."""
        wide_ND = vectors_ND.astype(np.float64)
        lengths_N = np.maximum(np.linalg.norm(wide_ND, axis=1), 1e-12)
        return np.asarray(wide_ND @ self.weight_D / lengths_N + self.bias)


def read_head(path: Path) -> Head:
    """Read a head from a checkpoint.

    Raises:
        ItemError: It is no known head.
    """
    return head(read_checkpoint(path), path.name)


def head(weights: Mapping[str, np.ndarray], name: str) -> Head:
    """Build the head with these weights.

    Args:
        weights: By the names in the checkpoint.
        name: The file's name in messages.

    Raises:
        ItemError: It is no known head.
    """
    for chain in _CHAINS:
        if set(weights) == {f"{layer}{part}" for layer in chain for part in ("weight", "bias")}:
            layers = [(weights[f"{at}weight"], weights[f"{at}bias"]) for at in chain]
            try:
                return _multiplied_out([(w.astype(np.float64), b) for w, b in layers])
            except ValueError as error:
                raise ItemError(f"{name}: its layers do not fit together: {error}") from error
    raise ItemError(f"{name} is no known aesthetic head; its layers are {sorted(weights)[:6]}")


def _multiplied_out(layers: list[tuple[np.ndarray, np.ndarray]]) -> Head:
    matrix, bias = layers[0]
    for weight, more in layers[1:]:
        matrix, bias = weight @ matrix, weight @ bias + more
    if matrix.ndim != 2 or len(matrix) != 1 or bias.shape != (1,):
        raise ValueError(f"they give {matrix.shape[0]} numbers")
    return Head(matrix[0], float(bias[0]))
