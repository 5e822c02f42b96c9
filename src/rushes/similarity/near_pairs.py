"""Pairs of directions that nearly agree, among very many: compared only within cells of space."""

import itertools
from collections.abc import Iterator

import numpy as np

_EXACT = 20_000  # so many are compared all with all
_PER_CELL = 1_000
_ROUNDS = 8
_SAMPLE_PER_CELL = 40
_BLOCK = 2_048
_MOST = 32  # neighbours that are kept of one vector


def near_pairs(vectors_ND: np.ndarray, least: float) -> np.ndarray:
    """Return pairs of rows whose cosine is at least `least`: int64 (P, 2), first < second.

    Beyond 20 000 rows only those are compared that share one of their two nearest of about N/1000
    cells (k-means on the sphere), which near ones almost always do. In a crowd of more than 32
    neighbours each keeps its nearest.

    Args:
        vectors_ND: Of length 1; rows of zeros are near to nothing.
        least: 0-1.
    """
    count = len(vectors_ND)
    found: list[np.ndarray] = [np.zeros((0, 2), np.int64)]
    for members in _cells(vectors_ND) if count > _EXACT else [np.arange(count)]:
        for at in range(0, len(members), _BLOCK):
            rows = members[at : at + _BLOCK]
            # All of the cell, not only those after: a crowd must not lose its first ones.
            cosine = vectors_ND[rows] @ vectors_ND[members].T
            cosine[np.arange(len(rows)), at + np.arange(len(rows))] = -1
            if cosine.shape[1] > _MOST:
                crowded = np.flatnonzero((cosine >= least).sum(1) > _MOST)
                if len(crowded):
                    edge = np.partition(cosine[crowded], -_MOST, axis=1)[:, -_MOST]
                    cosine[crowded] *= cosine[crowded] >= edge[:, None]
            i, j = np.nonzero(cosine >= least)
            pairs = np.stack([rows[i], members[j]], axis=1)
            found.append(np.sort(pairs, axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _cells(vectors_ND: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of each cell; each row is in two."""
    count = len(vectors_ND)
    cells = max(2, count // _PER_CELL)
    random = np.random.default_rng(0)
    size = min(count, cells * _SAMPLE_PER_CELL)
    sample_SD = vectors_ND[np.sort(random.choice(count, size, replace=False))]
    centres_CD = sample_SD[random.choice(size, cells, replace=False)].copy()
    for _ in range(_ROUNDS):
        nearest = np.concatenate(
            [
                (sample_SD[at : at + _BLOCK] @ centres_CD.T).argmax(1)
                for at in range(0, size, _BLOCK)
            ]
        )
        order = np.argsort(nearest, kind="stable")
        starts = np.searchsorted(nearest[order], np.arange(cells))
        filled = np.flatnonzero(np.diff(np.append(starts, size)))
        sums = np.add.reduceat(sample_SD[order], starts[filled], axis=0)
        centres_CD[filled] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    two_N2 = np.concatenate(
        [
            np.argpartition(-(vectors_ND[at : at + _BLOCK] @ centres_CD.T), 1, axis=1)[:, :2]
            for at in range(0, count, _BLOCK)
        ]
    )
    rows = np.repeat(np.arange(count), 2)
    order = np.argsort(two_N2.ravel(), kind="stable")
    edges = np.searchsorted(two_N2.ravel()[order], np.arange(cells + 1))
    for low, high in itertools.pairwise(edges):
        yield np.sort(rows[order[low:high]])
