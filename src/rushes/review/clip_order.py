"""The order of a query after a trim, a split or a merge, with the new clips in place of the old.

A new clip has no scores yet, so it fails most filters. A repeated query would lose it, and with it
the position of the person in the list.
"""

from collections.abc import Sequence

from rushes.records import Row
from rushes.review.session import ReviewSession


def replace_in_order(
    ids: Sequence[str], old: Sequence[str], new: Sequence[str]
) -> tuple[list[str], list[tuple[int, int]]]:
    """Replace clips of an order by others, at the position of the first.

    Returns:
        The ids in their new order, and a shift (position, change in number) for each position of
        the old order that became more or fewer. Nothing changes if no clip of `old` is in it.
    """
    gone = set(old)
    places = [at for at, clip in enumerate(ids) if clip in gone]
    if not places:
        return list(ids), []
    left = [clip for clip in ids[places[0] :] if clip not in gone]
    shifts = [(at, -1 if nth else len(new) - 1) for nth, at in enumerate(places)]
    return [*ids[: places[0]], *new, *left], [shift for shift in shifts if shift[1]]


def reorder_after_edit(
    session: ReviewSession,
    before: Sequence[str] | None,
    spans: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> Row | None:
    """Return the order of a query after an edit, in the form of `ReviewSession.query`.

    Args:
        session: The session, after the edit.
        before: Ids in the order before the edit; None if that query is forgotten.
        spans: Ids of the old and of the new clips, for each edit.

    Returns:
        The order, with `shifts` as in `replace_in_order` for the sizes of groups; None without an
        edit or an order before.
    """
    if before is None or not spans:
        return None
    ids, shifts = list(before), []
    for old, new in spans:
        ids, some = replace_in_order(ids, old, new)
        shifts += some
    return session.query([], among=ids) | {"shifts": shifts}
