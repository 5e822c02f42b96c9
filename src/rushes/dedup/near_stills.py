"""Find stills of different clips that look alike, among millions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from rushes.dedup.descriptors import mirrored
from rushes.similarity.inverted_file import InvertedFile, nearest_of_each

NEAR = 0.82
"""Least cosine of two descriptors that are near."""
PACKED = 127
"""Length of a descriptor that is packed into int8."""
_FEW, _MOST = 3, 6  # pairs of stills kept of two clips: of one batch, and of all
_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptorTable:
    """Descriptors of the stills of many clips; row n of each array belongs to still n."""

    descriptors_PNL: np.ndarray
    """int8 (P, N, 35), length 127: of P parts of each still; zeros where there is none."""
    query_parts: tuple[int, ...]
    """Parts to search for; any part may be found."""
    owner_N: np.ndarray
    """int32, ascending: row of the clip."""
    is_query_N: np.ndarray
    """bool: stills to search for; any still may be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Pairs of near stills of different clips, each pair once: one row each."""

    first: np.ndarray
    """int64: the still of the clip with the lower row."""
    second: np.ndarray
    is_mirrored: np.ndarray
    cosine: np.ndarray

    @staticmethod
    def joined(parts: "list[Matches]") -> "Matches":
        """Return the rows of one or more."""
        return Matches(
            first=np.concatenate([part.first for part in parts]),
            second=np.concatenate([part.second for part in parts]),
            is_mirrored=np.concatenate([part.is_mirrored for part in parts]),
            cosine=np.concatenate([part.cosine for part in parts]),
        )


def near_stills(
    table: DescriptorTable, progress: Callable[[float], None] = lambda _: None
) -> Matches:
    """Return pairs of stills that look alike, plain or mirrored: the nearest few of two clips.

    Args:
        table: The stills of all clips.
        progress: Called with the number of stills searched for since the last call.
    """
    parts, stills, _ = table.descriptors_PNL.shape
    index = InvertedFile(
        table.descriptors_PNL.reshape(parts * stills, -1),
        np.tile(table.owner_N, parts),
        np.flatnonzero(table.descriptors_PNL.any(2)),
        length=PACKED,
    )
    found = [_none()]
    queries = np.flatnonzero(table.is_query_N)
    for at in range(0, len(queries), _AT_ONCE):
        some = queries[at : at + _AT_ONCE]
        found += _matches(table, index, some)
        progress(len(some))
    return _nearest(Matches.joined(found), table.owner_N, _MOST)


def _matches(table: DescriptorTable, index: InvertedFile, stills: np.ndarray) -> Iterator[Matches]:
    """Yield the matches of some stills, for each of their parts, plain and mirrored."""
    count = len(table.owner_N)
    for part in table.query_parts:
        rows = part * count + stills
        plain_QL = index.unit_vectors(rows)
        has_one = plain_QL.any(1)
        queries, plain_QL = stills[has_one], plain_QL[has_one]
        for is_mirrored in (False, True):
            queries_QL = mirrored(plain_QL) if is_mirrored else plain_QL
            hits = index.search(queries_QL, table.owner_N[queries], NEAR)
            one, other = queries[hits.query], hits.found % count
            matches = Matches(
                first=np.minimum(one, other),
                second=np.maximum(one, other),
                is_mirrored=np.full(len(one), is_mirrored),
                cosine=hits.cosine,
            )
            yield _nearest(matches, table.owner_N, _FEW)


def _nearest(matches: Matches, owner_N: np.ndarray, most: int) -> Matches:
    """Return at most `most` matches of two clips and way round, the nearest ones."""
    # The same two stills may have been found several times, through several parts.
    stills = matches.first, matches.second, matches.is_mirrored
    matches = _rows(matches, nearest_of_each(stills, (-matches.cosine,), 1))
    clips = owner_N[matches.first], owner_N[matches.second], matches.is_mirrored
    return _rows(matches, nearest_of_each(clips, (-matches.cosine,), most))


def _rows(matches: Matches, rows: np.ndarray) -> Matches:
    return Matches(
        first=matches.first[rows],
        second=matches.second[rows],
        is_mirrored=matches.is_mirrored[rows],
        cosine=matches.cosine[rows],
    )


def _none() -> Matches:
    empty = np.zeros(0, np.int64)
    return Matches(
        first=empty, second=empty, is_mirrored=empty.astype(bool), cosine=empty.astype(np.float32)
    )
