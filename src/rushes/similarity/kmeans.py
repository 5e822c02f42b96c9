"""Spherical k-means: cluster directions around common centres.

Source: Dhillon & Modha 2001 (spherical k-means), seeded after Arthur & Vassilvitskii 2007.
"""

from collections.abc import Sequence

import numpy as np

_BLOCK = 1024  # vectors compared with all centres at once
_SEED_SAMPLE = 4096  # vectors that the first centres are drawn from
_ROUNDS = 25
_CANDIDATES = 4  # drawn for each first centre; the one that leaves the least distance is taken


def fit(vectors_ND: np.ndarray, count: int, *, rounds: int = _ROUNDS, seed: int = 0) -> np.ndarray:
    """Return the centres of clusters: float32 (K, D), of length 1; K is at most `count`.

    The same vectors in the same order give the same centres.

    Args:
        vectors_ND: Directions of length 1, at least one.
        count: How many clusters to look for; there are fewer where vectors repeat.
        rounds: Most improvements of the first centres.
        seed: Seed of the random draws.
    """
    rng = np.random.default_rng(seed)
    centres_KD = _first_centres(vectors_ND, count, rng)
    before = np.full(len(vectors_ND), -1)
    for _ in range(rounds):
        cluster_N, cosine_N = predict(vectors_ND, centres_KD)
        if (cluster_N == before).all():
            break
        before = cluster_N
        order = np.argsort(cluster_N, kind="stable")
        present, starts = np.unique(cluster_N[order], return_index=True)
        sums_KD = np.add.reduceat(vectors_ND[order], starts, axis=0)
        centres_KD[present] = directions(sums_KD)
        empty = np.setdiff1d(np.arange(len(centres_KD)), present)
        farthest = np.argsort(cosine_N, kind="stable")[: len(empty)]
        centres_KD[empty] = vectors_ND[farthest]
    return centres_KD


def predict(vectors_ND: np.ndarray, centres_KD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest centre of each vector (int64, N), and the cosine to it (float32, N)."""
    nearest_N1, cosine_N1 = nearest_centres(vectors_ND, centres_KD, 1)
    return nearest_N1[:, 0], cosine_N1[:, 0]


def nearest_centres(
    vectors_ND: np.ndarray, centres_KD: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest centres of each vector, the nearest first, and the cosines to them.

    Both are (N, min(count, K)): int64 and float32.
    """
    count = min(count, len(centres_KD))
    nearest = np.empty((len(vectors_ND), count), np.int64)
    cosine = np.empty((len(vectors_ND), count), np.float32)
    for at in range(0, len(vectors_ND), _BLOCK):
        cosine_NK = vectors_ND[at : at + _BLOCK] @ centres_KD.T
        rows = np.arange(len(cosine_NK))
        # A few passes of argmax take a tenth of the time of one argpartition.
        for place in range(count):
            best = cosine_NK.argmax(axis=1)
            nearest[at : at + _BLOCK, place] = best
            cosine[at : at + _BLOCK, place] = cosine_NK[rows, best]
            cosine_NK[rows, best] = -np.inf
    return nearest, cosine


def _first_centres(vectors_ND: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the first centres, each far from those before it; fewer where vectors repeat."""
    sample_ND = vectors_ND
    if len(vectors_ND) > max(_SEED_SAMPLE, 4 * count):
        sample_ND = vectors_ND[rng.choice(len(vectors_ND), max(_SEED_SAMPLE, 4 * count), False)]
    chosen = [int(rng.integers(len(sample_ND)))]
    distance_N = _distances(sample_ND, chosen)[:, 0]
    while len(chosen) < count and distance_N.sum() > 1e-4:
        drawn = rng.choice(len(sample_ND), _CANDIDATES, p=distance_N / distance_N.sum())
        left_NC = np.minimum(distance_N[:, None], _distances(sample_ND, drawn))
        best = int(np.argmin(left_NC.sum(axis=0)))
        chosen.append(int(drawn[best]))
        distance_N = left_NC[:, best]
    return np.array(sample_ND[chosen], np.float32)


def _distances(vectors_ND: np.ndarray, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return 1 - cosine of each vector to those in some rows: float64 (N, C)."""
    distances_NC = np.maximum(1 - vectors_ND @ vectors_ND[rows].T, 0).astype(np.float64)
    distances_NC[distances_NC < 1e-5] = 0  # the same up to rounding
    return np.asarray(distances_NC)


def directions(sums_KD: np.ndarray) -> np.ndarray:
    """Return vectors scaled to length 1; zeros stay zeros."""
    lengths_K1 = np.linalg.norm(sums_KD, axis=1, keepdims=True)
    return np.asarray(sums_KD / np.maximum(lengths_K1, 1e-12))
