"""Groups of copies, and the clip of each that makes another redundant."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPair:
    """Two clips that show the same footage."""

    first: int
    second: int
    share_first: float
    """Part of the first that the second shows, 0–1."""
    share_second: float
    """Part of the second that the first shows, 0–1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A clip's place in its group of copies."""

    group: int
    """Number of the group, from 1, in the order of the clips."""
    copies: int
    """Number of other clips in the group."""
    kept_instead: int | None
    """The clip that makes this one redundant; None if this one is kept."""


def group_copies(
    pairs: Sequence[CopyPair], rank: Mapping[int, Sequence[float]], least_share: float
) -> dict[int, Membership]:
    """Return clip → its place in its group; clips without a copy are left out.

    A group is a connected component of the pairs. Its clips are taken best first. Each is kept
    unless a clip that is kept already shows `least_share` of it. So a chain of overlapping clips
    loses no footage, and each redundant clip has a kept one that shows it.

    Args:
        pairs: Verified pairs, each once.
        rank: Clip → its worth, the decisive number first; larger is better.
        least_share: Least part of a clip, 0–1, that a kept one must show to make it redundant.
    """
    neighbours: dict[int, dict[int, float]] = defaultdict(dict)
    for pair in pairs:
        neighbours[pair.first][pair.second] = pair.share_first
        neighbours[pair.second][pair.first] = pair.share_second
    kept_instead: dict[int, int | None] = {}
    for clip in sorted(neighbours, key=lambda no: (*(-part for part in rank[no]), no)):
        better = [
            (share, -other)
            for other, share in neighbours[clip].items()
            if share >= least_share and other in kept_instead and kept_instead[other] is None
        ]
        kept_instead[clip] = -max(better)[1] if better else None
    found = {}
    for number, members in enumerate(_components(neighbours), start=1):
        for clip in members:
            found[clip] = Membership(
                group=number, copies=len(members) - 1, kept_instead=kept_instead[clip]
            )
    return found


def _components(neighbours: Mapping[int, Mapping[int, float]]) -> list[list[int]]:
    """Return the connected components, each sorted, ordered by their first members."""
    seen: set[int] = set()
    found = []
    for start in sorted(neighbours):
        if start in seen:
            continue
        seen.add(start)
        members, waiting = [start], [start]
        while waiting:
            for other in neighbours[waiting.pop()]:
                if other not in seen:
                    seen.add(other)
                    members.append(other)
                    waiting.append(other)
        found.append(sorted(members))
    return found
