"""One vector for a clip, from those of its stills."""

import numpy as np


def clip_vectors(vectors_N3D: np.ndarray) -> np.ndarray:
    """Return the direction of the mean of each clip's stills: float32 (N, D), of length 1.

    The product of two such vectors is the cosine between their clips. Where the stills cancel each
    other out, the vector is all zeros: like nothing, itself included.

    Args:
        vectors_N3D: As the scorers `embedding` and `clip` keep them: float16 or float32 (N, 3, D),
            one vector each for the first, middle and last still.
    """
    sums_ND = vectors_N3D.sum(axis=1, dtype=np.float32)
    lengths_N1 = np.linalg.norm(sums_ND, axis=1, keepdims=True)
    sums_ND /= np.where(lengths_N1 > 0, lengths_N1, 1)
    return np.asarray(sums_ND)
