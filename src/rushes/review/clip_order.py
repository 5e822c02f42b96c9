"""Clips that were trimmed, divided or joined, in an order that a person is going through.

Such a clip has no scores yet and passes no filter: an order that is asked for anew would lose it,
and with it the place where the person stands.
"""

from collections.abc import Sequence

from rushes.records import Row
from rushes.review.session import ReviewSession


def replace_in_order(
    ids: Sequence[str], old: Sequence[str], new: Sequence[str]
) -> tuple[list[str], list[tuple[int, int]]]:
    """Put clips in the place of the first of those that they replace.

    Returns:
        The ids in their new order; and (place, by how many) for each place of the old order that
        became more or fewer. Where none of `old` is in it, nothing changes.
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
    """Return an order like `ReviewSession.query`: the one before, with the new clips in it.

    Args:
        session: After the change.
        before: The ids of the order before the change; None if it is too long ago.
        spans: Which clips became which.

    Returns:
        With `shifts` as in `replace_in_order`, to count groups by; None if no order goes on.
    """
    if before is None or not spans:
        return None
    ids, shifts = list(before), []
    for old, new in spans:
        ids, some = replace_in_order(ids, old, new)
        shifts += some
    return session.query([], among=ids) | {"shifts": shifts}
