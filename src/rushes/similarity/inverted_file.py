"""An inverted file: vectors sorted into k-means cells, so that a query is compared with few.

A query looks into the cells whose centres are nearest to it. Those hold nearly all vectors near to
it and a small share of all. Up to 20,000 vectors there is one cell, and the search is exact.
Source: Sivic & Zisserman 2003; Jégou, Douze & Schmid 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.similarity.kmeans import fit, nearest_centres, predict

_EXACT = 20_000  # vectors that are all compared
_CELLS = 2.0  # × √vectors: balances the search for cells with that inside them
_PROBES = 6  # cells that a query looks into
_MOST = 32  # owners found for one query in one cell, the nearest ones
_SAMPLE = 32  # vectors for each centre that k-means learns from
_ROUNDS = 6
_AT_ONCE = 50_000  # vectors turned into float32 at once
_BLOCK = 512  # queries compared with one cell at once
_COLUMNS = 8192  # vectors of a cell compared at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Vectors found near queries, one row each."""

    query: np.ndarray
    """int64: row of the query."""
    found: np.ndarray
    """int64: row of the vector."""
    cosine: np.ndarray
    """float32."""

    @staticmethod
    def joined(parts: "list[Hits]") -> "Hits":
        """Return the rows of several."""
        if not parts:
            none = np.zeros(0, np.int64)
            return Hits(query=none, found=none, cosine=none.astype(np.float32))
        return Hits(
            query=np.concatenate([part.query for part in parts]),
            found=np.concatenate([part.found for part in parts]),
            cosine=np.concatenate([part.cosine for part in parts]),
        )


class InvertedFile:
    """Finds vectors by cosine among millions.

    Each vector belongs to an owner (a clip). A query of the same owner does not find it, and of
    each other owner only the nearest vector of a cell counts.
    """

    def __init__(
        self, vectors_ND: np.ndarray, owner_N: np.ndarray, rows: np.ndarray, *, length: float = 1.0
    ) -> None:
        """Sort vectors into cells.

        Args:
            vectors_ND: Vectors of one length, of any dtype; they are not copied.
            owner_N: int32: whose each vector is.
            rows: int64: rows of the vectors to be found.
            length: Length of the vectors, 127 for those packed into int8.
        """
        self._vectors_ND, self._owner_N, self._length = vectors_ND, owner_N, length
        self._centres_KD = self._learned(rows)
        cell_N = np.empty(len(rows), np.int32)
        for at in range(0, len(rows), _AT_ONCE):
            part = self.unit_vectors(rows[at : at + _AT_ONCE])
            cell_N[at : at + _AT_ONCE] = predict(part, self._centres_KD)[0]
        order = np.argsort(cell_N, kind="stable")
        self._rows = rows[order]
        self._starts = np.searchsorted(cell_N[order], np.arange(len(self._centres_KD) + 1))

    def unit_vectors(self, rows: np.ndarray) -> np.ndarray:
        """Return some of the vectors as float32 (n, D), of length 1."""
        return np.asarray(self._vectors_ND[rows].astype(np.float32) / np.float32(self._length))

    def _learned(self, rows: np.ndarray) -> np.ndarray:
        """Return the centres of the cells: float32 (K, D)."""
        if len(rows) <= _EXACT:
            return np.zeros((1, self._vectors_ND.shape[1]), np.float32)
        cells = round(_CELLS * len(rows) ** 0.5)
        random = np.random.default_rng(0)
        sample = random.choice(len(rows), min(len(rows), _SAMPLE * cells), replace=False)
        return fit(self.unit_vectors(rows[np.sort(sample)]), cells, rounds=_ROUNDS)

    def search(self, queries_QD: np.ndarray, owner_Q: np.ndarray, least: float) -> Hits:
        """Return the vectors whose cosine to a query is at least `least`.

        In a crowd each query keeps its 32 nearest owners of a cell; of equally near ones those
        whose rows are nearest to its own owner's, so that a crowd of equals hangs together.

        Args:
            queries_QD: float32, of length 1.
            owner_Q: Whose each query is.
            least: Cosine, above 0 and at most 1.
        """
        cells_QP, _ = nearest_centres(queries_QD, self._centres_KD, _PROBES)
        probes = cells_QP.shape[1]
        order = np.argsort(cells_QP.ravel(), kind="stable")
        edges = np.searchsorted(cells_QP.ravel()[order], np.arange(len(self._centres_KD) + 1))
        parts = []
        for cell, (low, high) in enumerate(zip(self._starts[:-1], self._starts[1:], strict=True)):
            asking = order[edges[cell] : edges[cell + 1]] // probes
            if low == high or not len(asking):
                continue
            rows = self._rows[low:high]
            vectors_ND = self.unit_vectors(rows)
            for at in range(0, len(asking), _BLOCK):
                some = asking[at : at + _BLOCK]
                query, column, cosine = _near(queries_QD[some], vectors_ND, least)
                hits = Hits(query=some[query], found=rows[column], cosine=cosine)
                parts.append(self._limited(hits, owner_Q))
        return Hits.joined(parts)

    def _limited(self, hits: Hits, owner_Q: np.ndarray) -> Hits:
        """Return the nearest vector of each other owner, of the nearest owners of each query."""
        owner = self._owner_N[hits.found]
        apart = np.abs(owner.astype(np.int64) - owner_Q[hits.query])
        others = np.flatnonzero(apart)
        nearest = nearest_of_each((hits.query[others], owner[others]), (-hits.cosine[others],), 1)
        kept = others[nearest]
        kept = kept[nearest_of_each((hits.query[kept],), (-hits.cosine[kept], apart[kept]), _MOST)]
        return Hits(query=hits.query[kept], found=hits.found[kept], cosine=hits.cosine[kept])


def nearest_of_each(
    groups: Sequence[np.ndarray], distances: Sequence[np.ndarray], most: int
) -> np.ndarray:
    """Return the places of at most `most` rows of each group, the nearest ones.

    Args:
        groups: Columns (M,) that are equal within a group.
        distances: Columns (M,) to order a group by, the decisive one first; smaller is nearer.
        most: Rows kept of each group.
    """
    order = np.lexsort((*distances[::-1], *groups[::-1]))
    begins = np.ones(len(order), bool)
    begins[1:] = np.any([group[order][1:] != group[order][:-1] for group in groups], axis=0)
    starts = np.flatnonzero(begins)
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return np.asarray(order[place < most])


def _near(
    queries_QD: np.ndarray, vectors_ND: np.ndarray, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row of the query, row of the vector and cosine of those that are near."""
    queries, columns, cosines = [], [], []
    for at in range(0, len(vectors_ND), _COLUMNS):
        cosine_QN = queries_QD @ vectors_ND[at : at + _COLUMNS].T
        flat = cosine_QN.ravel()
        near = np.flatnonzero(flat >= least)
        query, column = np.divmod(near, cosine_QN.shape[1])
        queries.append(query)
        columns.append(column + at)
        cosines.append(flat[near])
    return np.concatenate(queries), np.concatenate(columns), np.concatenate(cosines)
