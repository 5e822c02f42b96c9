"""Keep the best clip of each group of duplicates and drop the others, as one action."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.records import Row
from rushes.review.columns import Columns
from rushes.review.decide import decide_each
from rushes.review.session import ReviewSession

GROUP, KEEP = "dedup.group", "dedup.keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The verdicts that one group of duplicates still needs; clips as places in the columns."""

    best: int
    """Number of clips that `dedup` keeps: several if no clip contains the others."""
    keep: list[int]
    drop: list[int]
    decided: int
    """Number of clips with a verdict already, which stay."""


def open_choices(columns: Columns, places: np.ndarray) -> dict[str, Choice]:
    """Return group → the verdicts that it still needs; decided groups are left out.

    Verdicts of people stay. A group whose best clip is missing from `places`, or was dropped by
    somebody, stays as it is: else nothing of it would be left.

    Args:
        columns: All clips, with the columns of `dedup`.
        places: The clips to decide on, such as those of a query.
    """
    if GROUP not in columns or KEEP not in columns:
        return {}
    places = places[columns[GROUP][places] > 0]
    order = places[np.argsort(columns[GROUP][places], kind="stable")]
    groups, starts = np.unique(columns[GROUP][order], return_index=True)
    found = {}
    for group, members in zip(groups.tolist(), np.split(order, starts[1:]), strict=True):
        is_best = columns[KEEP][members] >= 1
        verdict = columns["verdict"][members]
        is_open = verdict == "undecided"
        if not np.any(is_best & (verdict != "drop")):
            continue
        keep, drop = members[is_best & is_open].tolist(), members[~is_best & is_open].tolist()
        if keep or drop:
            decided, best = int(np.count_nonzero(~is_open)), int(np.count_nonzero(is_best))
            found[f"{group:.12g}"] = Choice(best=best, keep=keep, drop=drop, decided=decided)
    return found


def list_choices(session: ReviewSession, query: str) -> Row | None:
    """Return the open choices in the groups of a query; None if the query is forgotten.

    Returns:
        `groups`: group → number of clips best, keep, drop, decided; see `Choice`. `best`: ids of
        the best clips of their groups.
    """
    with session.live.lock:
        columns, ids = session.live.columns, session.live.ids
        found = _query_choices(session, query)
        if found is None:
            return None
        places, left = found
        best = [ids[at] for at in places.tolist() if _is_best(columns, at)]
    counts = {
        group: {
            "best": one.best,
            "keep": len(one.keep),
            "drop": len(one.drop),
            "decided": one.decided,
        }
        for group, one in left.items()
    }
    return {"groups": counts, "best": best}


def keep_best(session: ReviewSession, query: str, groups: Sequence[str], who: str) -> Row | None:
    """Keep the best clips of some groups of a query and drop the others, as one action."""
    session.refresh()  # verdicts of the last moment stay, too
    wanted = set(groups)
    with session.live.lock:
        found = _query_choices(session, query)
        if found is None:
            return None
        chosen = [choice for group, choice in found[1].items() if group in wanted]
        ids = session.live.ids
        keep = [ids[at] for choice in chosen for at in choice.keep]
        drop = [ids[at] for choice in chosen for at in choice.drop]
    verdicts = dict.fromkeys(keep, "keep") | dict.fromkeys(drop, "drop")
    decide_each(session.catalog, "verdict", verdicts, who=who, source="page")
    session.refresh()
    return {"keep": len(keep), "drop": len(drop), "revision": session.live.revision}


def _query_choices(
    session: ReviewSession, query: str
) -> tuple[np.ndarray, dict[str, Choice]] | None:
    rows = session.live.rows(query, 0, len(session.live))
    if rows is None:
        return None
    places = np.array(rows, np.int64)
    return places, open_choices(session.live.columns, places)


def _is_best(columns: Columns, at: int) -> bool:
    has_copies = GROUP in columns and KEEP in columns and columns[GROUP][at] > 0
    return bool(has_copies and columns[KEEP][at] >= 1)
