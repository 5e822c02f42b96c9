"""Pairs of vectors that nearly agree, among very many."""

import numpy as np

from rushes.similarity.inverted_file import InvertedFile

_AT_ONCE = 50_000


def near_pairs(vectors_ND: np.ndarray, least: float) -> np.ndarray:
    """Return pairs of rows whose cosine is at least `least`: int64 (P, 2), first < second.

    Up to 20,000 rows all are found; beyond that, nearly all (see `inverted_file`). In a crowd each
    row keeps its 32 nearest neighbours of a cell.

    Args:
        vectors_ND: float32, of length 1; rows of zeros are near to nothing.
        least: Cosine, above 0 and at most 1.
    """
    rows = np.arange(len(vectors_ND))
    index = InvertedFile(vectors_ND, rows, rows)
    found = [np.zeros((0, 2), np.int64)]
    for at in range(0, len(rows), _AT_ONCE):
        some = rows[at : at + _AT_ONCE]
        hits = index.search(vectors_ND[some], some, least)
        found.append(np.sort(np.stack([some[hits.query], hits.found], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)
