"""Heads that turn the vector of a picture into a score of how much people like it.

All that are known here are chains of linear layers with nothing between them (their authors left
the activations out), so each is one weight a number and one bias. A file is known by the names of
its layers; others, with activations of which the file says nothing, are refused.
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
"""What the layers of each kind are called, in order."""


@dataclass(frozen=True, slots=True)
class Head:
    """One weight for each number of a vector of length 1."""

    weight_D: np.ndarray
    bias: float

    def scores(self, vectors_ND: np.ndarray) -> np.ndarray:
        """Return float64 (N,); the vectors may be of any length."""
        wide_ND = vectors_ND.astype(np.float64)
        lengths_N = np.maximum(np.linalg.norm(wide_ND, axis=1), 1e-12)
        return np.asarray(wide_ND @ self.weight_D / lengths_N + self.bias)


def read_head(path: Path) -> Head:
    """Read the head in a checkpoint.

    Raises:
        ItemError: It is none of those known.
    """
    return head(read_checkpoint(path), path.name)


def head(weights: Mapping[str, np.ndarray], name: str) -> Head:
    """Return the head with these weights.

    Raises:
        ItemError: It is none of those known.
    """
    for chain in _CHAINS:
        if set(weights) == {f"{layer}{part}" for layer in chain for part in ("weight", "bias")}:
            layers = [(weights[f"{at}weight"], weights[f"{at}bias"]) for at in chain]
            try:
                return _multiplied_out([(w.astype(np.float64), b) for w, b in layers])
            except ValueError as error:
                raise ItemError(f"{name}: its layers do not fit: {error}") from error
    raise ItemError(f"{name} is no head that is known here; its layers are {sorted(weights)[:6]}")


def _multiplied_out(layers: list[tuple[np.ndarray, np.ndarray]]) -> Head:
    matrix, bias = layers[0]
    for weight, more in layers[1:]:
        matrix, bias = weight @ matrix, weight @ bias + more
    if matrix.ndim != 2 or len(matrix) != 1 or bias.shape != (1,):
        raise ValueError(f"they give {matrix.shape[0]} numbers")
    return Head(matrix[0], float(bias[0]))
