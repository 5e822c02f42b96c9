"""k-means on the sphere: directions that are near one another, around common middles.

Source: Dhillon & Modha 2001 (spherical k-means), seeded after Arthur & Vassilvitskii 2007.
"""

from collections.abc import Sequence

import numpy as np

_SEEDED_FROM = 4096  # vectors that the first middles are drawn from
_ROUNDS = 25
_DRAWN = 4  # candidates for each first middle; the one that leaves the least is taken


def centres(vectors_ND: np.ndarray, count: int, *, seed: int = 0) -> np.ndarray:
    """Return the middles of clusters: float32 (K, D), of length 1; K is at most `count`.

    The same vectors in the same order give the same middles.

    Args:
        vectors_ND: Directions of length 1, at least one.
        count: How many clusters.
        seed: Of what is drawn at random.
    """
    rng = np.random.default_rng(seed)
    middles_KD = _seeded(vectors_ND, count, rng)
    before = np.full(len(vectors_ND), -1)
    for _ in range(_ROUNDS):
        which, nearness = assign(vectors_ND, middles_KD)
        if (which == before).all():
            break
        before = which
        order = np.argsort(which, kind="stable")
        present, starts = np.unique(which[order], return_index=True)
        sums_KD = np.add.reduceat(vectors_ND[order], starts, axis=0)
        middles_KD[present] = _directions(sums_KD)
        empty = np.setdiff1d(np.arange(len(middles_KD)), present)
        farthest = np.argsort(nearness, kind="stable")[: len(empty)]
        middles_KD[empty] = vectors_ND[farthest]
    return middles_KD


def assign(vectors_ND: np.ndarray, middles_KD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest middle of each vector (int64, N), and the cosine to it (float32, N)."""
    which = np.empty(len(vectors_ND), np.int64)
    nearness = np.empty(len(vectors_ND), np.float32)
    for at in range(0, len(vectors_ND), 4096):
        likeness_NK = vectors_ND[at : at + 4096] @ middles_KD.T
        best = likeness_NK.argmax(axis=1)
        which[at : at + 4096] = best
        nearness[at : at + 4096] = np.take_along_axis(likeness_NK, best[:, None], 1)[:, 0]
    return which, nearness


def _seeded(vectors_ND: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the first middles, each far from those before it; fewer where vectors repeat."""
    some_ND = vectors_ND
    if len(vectors_ND) > max(_SEEDED_FROM, 4 * count):
        some_ND = vectors_ND[rng.choice(len(vectors_ND), max(_SEEDED_FROM, 4 * count), False)]
    chosen = [int(rng.integers(len(some_ND)))]
    distance = _distances(some_ND, chosen)[:, 0]
    while len(chosen) < count and distance.sum() > 1e-4:
        drawn = rng.choice(len(some_ND), _DRAWN, p=distance / distance.sum())
        left_NC = np.minimum(distance[:, None], _distances(some_ND, drawn))
        best = int(np.argmin(left_NC.sum(axis=0)))
        chosen.append(int(drawn[best]))
        distance = left_NC[:, best]
    return np.array(some_ND[chosen], np.float32)


def _distances(vectors_ND: np.ndarray, places: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return how far each vector is from those at some places: float64 (N, C)."""
    distances_NC = np.maximum(1 - vectors_ND @ vectors_ND[places].T, 0).astype(np.float64)
    distances_NC[distances_NC < 1e-5] = 0  # the same up to rounding
    return np.asarray(distances_NC)


def _directions(sums_KD: np.ndarray) -> np.ndarray:
    lengths_K1 = np.linalg.norm(sums_KD, axis=1, keepdims=True)
    return np.asarray(sums_KD / np.maximum(lengths_K1, 1e-12))
