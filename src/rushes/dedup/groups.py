"""From pairs of copies to groups, and which of each to keep."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Two clips of which one shows what the other shows."""

    first: int
    second: int
    share_first: float
    """How much of the first is in the second, 0–1."""
    share_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """What a clip is among its copies."""

    group: int
    """Counted from 1, in the order of the clips."""
    copies: int
    """Other clips of the group."""
    kept_instead: int | None
    """The clip that makes this one spare; None for one that is kept."""


def grouped(
    links: Sequence[Link], rank: Mapping[int, Sequence[float]], least_share: float
) -> dict[int, Grouped]:
    """Return clip → what it is among its copies; clips without a copy are left out.

    A group is all that hangs together by links. In it clips are taken best first: each is kept
    unless one that is kept already shows `least_share` of it. So a chain of clips that overlap
    costs none of its footage, and what is left out is a copy of something that is kept.

    Args:
        links: Verified pairs, each once.
        rank: Clip → what makes it better, the decisive number first; larger is better.
        least_share: A clip of which a kept one shows less is kept too.
    """
    neighbours: dict[int, dict[int, float]] = defaultdict(dict)
    for link in links:
        neighbours[link.first][link.second] = link.share_first
        neighbours[link.second][link.first] = link.share_second
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
            found[clip] = Grouped(
                group=number, copies=len(members) - 1, kept_instead=kept_instead[clip]
            )
    return found


def _components(neighbours: Mapping[int, Mapping[int, float]]) -> list[list[int]]:
    """Return what hangs together, each ascending, ordered by its first."""
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
