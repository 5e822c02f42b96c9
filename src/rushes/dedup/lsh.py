"""Finds looks that are near one another, among millions, without comparing all with all.

A look falls into a bucket by the sides of some planes on which it lies; near looks mostly fall into
the same. A look that lies close to a plane is sought on both sides of it, and several tables with
planes of their own make up for what one misses. Cost grows with the looks, not with their pairs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from rushes.dedup.descriptors import LENGTH, mirrored

NEAR = 0.82
"""Looks are near if their cosine is at least this."""
_TABLES = 4
_FLIPS = 6  # planes that a look may lie on the wrong side of, at most two of them at once
_CROWD = 24  # how many of a bucket are looked at, those nearest in its own order
_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stills:
    """The looks of the stills of many clips; row n of each belongs to still n."""

    looks_WNL: np.ndarray
    """int8 (W, N, 35), 127 is 1: of several parts of each still; zeros where there is none."""
    asked_W: tuple[int, ...]
    """Which parts to look for; what is found may be any part."""
    owner_N: np.ndarray
    """int32, ascending: row of the clip."""
    is_asked_N: np.ndarray
    """bool: whether to look for what is near it; what is found may be any still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Pairs of near stills of different clips, each pair once: one row each."""

    first: np.ndarray
    """int64: the still of the clip with the lower row."""
    second: np.ndarray
    is_mirrored: np.ndarray
    cosine: np.ndarray


def near_stills(stills: Stills, tell: Callable[[float], None] = lambda _: None) -> Matches:
    """Return pairs of stills that look near, plain or mirrored; one or a few for any two clips.

    Args:
        stills: All of them.
        tell: Is told the share that is done, 0–1.
    """
    found = [_none()]
    for table in range(_TABLES):
        found.append(_best(_concatenated(list(_in_table(stills, table, tell))), stills, 3))
    return _best(_concatenated(found), stills, 6)


def _in_table(stills: Stills, table: int, tell: Callable[[float], None]) -> Iterator[Matches]:
    windows, count, _ = stills.looks_WNL.shape
    bits = int(np.clip(np.log2(max(count, 2)) - 1, 8, 22))
    planes_LB = _planes(table, bits)
    weights_B = 1 << np.arange(bits)
    codes, rows = [], []
    for window in range(windows):
        for at in range(0, count, _AT_ONCE):
            looks_NL = stills.looks_WNL[window, at : at + _AT_ONCE].astype(np.float32)
            row = at + np.flatnonzero(looks_NL.any(1))
            codes.append(((looks_NL @ planes_LB > 0) @ weights_B)[row - at])
            rows.append(row + window * count)
    code, row = np.concatenate(codes), np.concatenate(rows)
    # A clip that looks the same for long is once in a bucket.
    order = np.lexsort((row, stills.owner_N[row % count], code))
    code, row = code[order], row[order]
    owner = stills.owner_N[row % count]
    is_first = np.ones(len(code), bool)
    is_first[1:] = (code[1:] != code[:-1]) | (owner[1:] != owner[:-1])
    code, row = code[is_first], row[is_first]
    # Within a bucket by their look, so that the neighbours in a crowd are the nearest.
    line = _planes(99, 16)
    second = np.zeros(len(row), np.int64)
    for at in range(0, len(row), _AT_ONCE):
        part = row[at : at + _AT_ONCE]
        looks_NL = stills.looks_WNL[part // count, part % count].astype(np.float32)
        second[at : at + _AT_ONCE] = (looks_NL @ line > 0) @ (1 << np.arange(16))
    order = np.lexsort((second, code))
    code, row, second = code[order], row[order], second[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(code, minlength=1 << bits))])

    asked = np.flatnonzero(stills.is_asked_N)
    step = max(1, _AT_ONCE // 16)
    for at in range(0, len(asked), step):
        part = asked[at : at + step]
        for window in stills.asked_W:
            plain_NL = stills.looks_WNL[window, part].astype(np.float32)
            there = plain_NL.any(1)
            for is_mirrored in (False, True):
                looks_NL = mirrored(plain_NL[there]) if is_mirrored else plain_NL[there]
                found = _sought(stills, looks_NL, part[there], planes_LB, line, starts, row, second)
                yield _named(stills, *found, is_mirrored)
        tell((table + (at + step) / max(len(asked), step)) / _TABLES)


def _sought(
    stills: Stills,
    looks_NL: np.ndarray,
    asked_N: np.ndarray,
    planes_LB: np.ndarray,
    line: np.ndarray,
    starts: np.ndarray,
    row: np.ndarray,
    second: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return asked still, found still and cosine of what lies in the buckets of some looks."""
    if not len(looks_NL):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    sides_NB = looks_NL @ planes_LB
    base_N = (sides_NB > 0) @ (1 << np.arange(sides_NB.shape[1]))
    # The same clip asking the same question again would hear the same.
    owner = stills.owner_N[asked_N]
    is_new = np.ones(len(base_N), bool)
    is_new[1:] = (base_N[1:] != base_N[:-1]) | (owner[1:] != owner[:-1])
    looks_NL, asked_N, sides_NB, base_N = (
        looks_NL[is_new], asked_N[is_new], sides_NB[is_new], base_N[is_new],
    )  # fmt: skip
    own_second = (looks_NL @ line > 0) @ (1 << np.arange(16))
    flips_NF = 1 << np.argsort(np.abs(sides_NB), axis=1)[:, :_FLIPS]
    probes = [base_N]
    for i in range(_FLIPS):
        probes.append(base_N ^ flips_NF[:, i])
        probes += [base_N ^ flips_NF[:, i] ^ flips_NF[:, j] for j in range(i)]
    probe = np.concatenate(probes)
    asker = np.tile(np.arange(len(base_N)), len(probes))
    first, last = starts[probe], starts[probe + 1]
    is_crowded = np.flatnonzero(last - first > _CROWD)
    for at in is_crowded.tolist():
        low, high = first[at], last[at]
        middle = low + np.searchsorted(second[low:high], own_second[asker[at]])
        first[at] = np.clip(middle - _CROWD // 2, low, high - _CROWD)
        last[at] = first[at] + _CROWD
    counts = last - first
    asker = np.repeat(asker, counts)
    ends = np.cumsum(counts)
    entry = np.arange(len(asker)) - np.repeat(ends - counts, counts) + np.repeat(first, counts)
    found = row[entry]
    count = stills.looks_WNL.shape[1]
    is_other = stills.owner_N[found % count] != stills.owner_N[asked_N[asker]]
    asker, found = asker[is_other], found[is_other]
    cosine = np.empty(len(found), np.float32)
    for at in range(0, len(found), _AT_ONCE):
        part = found[at : at + _AT_ONCE]
        there = stills.looks_WNL[part // count, part % count].astype(np.float32)
        cosine[at : at + _AT_ONCE] = np.einsum(
            "nl,nl->n", there, looks_NL[asker[at : at + _AT_ONCE]]
        )
    cosine /= 127**2
    is_near = cosine >= NEAR
    return asked_N[asker[is_near]], found[is_near] % count, cosine[is_near]


def _named(
    stills: Stills, asked: np.ndarray, found: np.ndarray, cosine: np.ndarray, is_mirrored: bool
) -> Matches:
    """Return matches with the lower clip first, the best few of each pair of clips."""
    first, second = np.minimum(asked, found), np.maximum(asked, found)
    flags = np.full(len(first), is_mirrored)
    return _best(Matches(first=first, second=second, is_mirrored=flags, cosine=cosine), stills, 3)


def _best(matches: Matches, stills: Stills, most: int) -> Matches:
    """Return at most so many matches of each pair of clips and way round, the nearest ones."""
    owners = stills.owner_N[matches.first], stills.owner_N[matches.second]
    order = np.lexsort((-matches.cosine, matches.is_mirrored, *owners[::-1]))
    keys = np.stack([owners[0][order], owners[1][order], matches.is_mirrored[order]])
    stills_now = np.stack([matches.first[order], matches.second[order]])
    is_start = np.ones(len(order), bool)
    is_start[1:] = (keys[:, 1:] != keys[:, :-1]).any(0)
    group_starts = np.flatnonzero(is_start)
    rank = np.arange(len(order)) - np.repeat(
        group_starts, np.diff(np.append(group_starts, len(order)))
    )
    # The same two stills may have met in several buckets.
    is_again = np.zeros(len(order), bool)
    is_again[1:] = ~is_start[1:] & (stills_now[:, 1:] == stills_now[:, :-1]).all(0)
    kept = order[(rank < most) & ~is_again]
    return Matches(
        first=matches.first[kept],
        second=matches.second[kept],
        is_mirrored=matches.is_mirrored[kept],
        cosine=matches.cosine[kept],
    )


def _planes(table: int, bits: int) -> np.ndarray:
    """Return directions to divide looks by: float32 (35, bits), the same ones every time."""
    random = np.random.default_rng(table)
    return random.standard_normal((LENGTH, bits)).astype(np.float32)


def _none() -> Matches:
    empty = np.zeros(0, np.int64)
    return Matches(
        first=empty, second=empty, is_mirrored=empty.astype(bool), cosine=empty.astype(np.float32)
    )


def _concatenated(parts: list[Matches]) -> Matches:
    parts = parts or [_none()]
    return Matches(
        first=np.concatenate([p.first for p in parts]),
        second=np.concatenate([p.second for p in parts]),
        is_mirrored=np.concatenate([p.is_mirrored for p in parts]),
        cosine=np.concatenate([p.cosine for p in parts]),
    )
