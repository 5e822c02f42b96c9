"""Vectors of a clip: embed its first, middle and last still, and pool them into one vector."""

from collections.abc import Callable, Sequence

import numpy as np

from rushes.records import Row


def pool_stills(vectors_N3D: np.ndarray) -> np.ndarray:
    """Return the direction of the mean of each clip's stills: float32 (N, D), of length 1.

    The dot product of two such vectors is the cosine between their clips. Where the stills cancel
    out, the vector is all zeros: similar to nothing, itself included.

    Args:
        vectors_N3D: Vectors of the first, middle and last still of each clip, as the scorers
            `embedding` and `clip` store them: float16 or float32 (N, 3, D).
    """
    sums_ND = vectors_N3D.sum(axis=1, dtype=np.float32)
    lengths_N1 = np.linalg.norm(sums_ND, axis=1, keepdims=True)
    sums_ND /= np.where(lengths_N1 > 0, lengths_N1, 1)
    return np.asarray(sums_ND)


def embed_stills(
    stills_of: Sequence[np.ndarray], encode: Callable[[list[np.ndarray]], np.ndarray]
) -> list[Row]:
    """Embed the first, middle and last still of each clip, all clips at once.

    Args:
        stills_of: Each clip's stills, one at least: uint8 RGB (T, H, W, 3).
        encode: Pictures → vectors of length 1, float32 (N, D).

    Returns:
        Rows of `vector` (3, D) and `steadiness`, the cosine of the first and the last.
    """
    spreads = [(0, (len(stills) - 1) // 2, len(stills) - 1) for stills in stills_of]
    vectors = iter(
        encode([stills[at] for stills, spread in zip(stills_of, spreads, strict=True)
                for at in sorted(set(spread))])
    )  # fmt: skip
    rows = []
    for spread in spreads:
        vector_at = {at: next(vectors) for at in sorted(set(spread))}
        first, middle, last = (vector_at[at] for at in spread)
        steadiness = float(np.clip(first @ last, -1, 1))
        rows.append({"vector": np.stack([first, middle, last]), "steadiness": steadiness})
    return rows
