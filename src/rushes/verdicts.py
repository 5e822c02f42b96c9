"""What stands of all that people decided: a fold over verdicts, in the order they were given."""

from collections.abc import Iterable
from dataclasses import replace

from rushes.records import Decided, Verdict


def undone(verdicts: Iterable[Verdict]) -> set[int]:
    """Return the numbers of the actions that stand as undone."""
    gone: set[int] = set()
    for verdict in verdicts:
        if verdict.kind == "undo":
            gone.add(verdict.value)
        elif verdict.kind == "redo":
            gone.discard(verdict.value)
    return gone


def standing(verdicts: Iterable[Verdict], gone: Iterable[int] = ()) -> dict[str, Decided]:
    """Return clip id → what stands of its verdicts; clips that nobody decided about are left out.

    Args:
        verdicts: In order.
        gone: Actions that are undone, besides those that `verdicts` themselves undo.
    """
    verdicts = list(verdicts)
    left_out = undone(verdicts) | set(gone)
    found: dict[str, Decided] = {}
    for verdict in verdicts:
        if verdict.action in left_out or verdict.kind in ("undo", "redo", "span"):
            continue
        before = found.get(verdict.clip, Decided())
        found[verdict.clip] = replace(_with(before, verdict), who=verdict.who, at=verdict.at)
    return found


def _with(before: Decided, verdict: Verdict) -> Decided:
    if verdict.kind != "tags":
        return replace(before, **{verdict.kind: verdict.value})
    add, remove = list(verdict.value.get("add", ())), list(verdict.value.get("remove", ()))
    added = [tag for tag in before.tags_added if tag not in remove]
    removed = [tag for tag in before.tags_removed if tag not in add]
    return replace(
        before,
        tags_added=(*added, *(tag for tag in add if tag not in added)),
        tags_removed=(*removed, *(tag for tag in remove if tag not in removed)),
    )


def tags_of(measured: Iterable[str], decided: Decided) -> list[str]:
    """Return a clip's tags: those that stages gave, as people changed them."""
    kept = [tag for tag in measured if tag not in decided.tags_removed]
    return kept + [tag for tag in decided.tags_added if tag not in kept]


def last_action(verdicts: Iterable[Verdict], who: str, *, redo: bool = False) -> int | None:
    """Return the action that an undo, or a redo, by a person takes back; None if there is none.

    An undo takes back the person's latest action that stands; a redo the action that was undone
    last, unless the person has done something else since.
    """
    order: list[int] = []
    back: list[int] = []
    for verdict in verdicts:
        if verdict.who != who:
            continue
        if verdict.kind == "undo":
            if verdict.value in order:
                order.remove(verdict.value)
            back.append(verdict.value)
        elif verdict.kind == "redo":
            if verdict.value in back:
                back.remove(verdict.value)
            order.append(verdict.value)
        elif verdict.no == verdict.action:
            order.append(verdict.action)
            back.clear()
    stack = back if redo else order
    return stack[-1] if stack else None
