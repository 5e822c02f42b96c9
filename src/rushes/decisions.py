"""What stands of all that people decided: a fold over verdicts, in the order they were given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rushes.records import Clip, Decisions, Verdict


class Action(NamedTuple):
    """What was decided at once of some clips: all verdicts of an action with one kind and value.

    So a verdict on very many clips is one thing, and not very many.
    """

    action: int
    at: str
    who: str
    kind: str
    value: Any
    clips: Sequence[str]


def undone_actions(verdicts: Iterable[Verdict | Action]) -> set[int]:
    """Return the numbers of the actions that stand as undone."""
    gone: set[int] = set()
    for verdict in verdicts:
        if verdict.kind == "undo":
            gone.add(verdict.value)
        elif verdict.kind == "redo":
            gone.discard(verdict.value)
    return gone


def fold(
    said: Sequence[Action], before: Mapping[str, Decisions] | None = None
) -> dict[str, Decisions]:
    """Return clip id → what stands of what was said; clips of which nothing stands are left out.

    Args:
        said: In order. What it undoes must be in it, too.
        before: What stood before; only clips of which more was said are returned.
    """
    gone = undone_actions(said)
    before = before or {}
    found: dict[str, Decisions] = {}
    for one in said:
        if one.action in gone or one.kind in ("undo", "redo", "span"):
            continue
        # Where the same stood of many clips, the same record stands then.
        then: dict[int, tuple[Decisions, Decisions]] = {}
        for clip in one.clips:
            was = found.get(clip) or before.get(clip, _NOTHING)
            if id(was) not in then:
                then[id(was)] = was, _with(was, one)
            found[clip] = then[id(was)][1]
    return found


_NOTHING = Decisions()


def _with(was: Decisions, one: Action) -> Decisions:
    if one.kind != "tags":
        return replace(was, who=one.who, at=one.at, **{one.kind: one.value})
    add, remove = list(one.value.get("add", ())), list(one.value.get("remove", ()))
    added = [tag for tag in was.tags_added if tag not in remove]
    removed = [tag for tag in was.tags_removed if tag not in add]
    return replace(
        was,
        tags_added=(*added, *(tag for tag in add if tag not in added)),
        tags_removed=(*removed, *(tag for tag in remove if tag not in removed)),
        who=one.who,
        at=one.at,
    )


def tags_of(measured: Iterable[str], decided: Decisions) -> list[str]:
    """Return a clip's tags: those that stages gave, as people changed them."""
    kept = [tag for tag in measured if tag not in decided.tags_removed]
    return kept + [tag for tag in decided.tags_added if tag not in kept]


def clips_of_span(video_id: str, value: Mapping[str, Any]) -> list[Clip]:
    """Return the clips that a verdict of kind "span" makes; only the catalog knows their frames."""
    return [
        Clip(video_id=video_id, in_pts=in_pts, out_pts=out_pts, frames=1)
        for in_pts, out_pts in value["to"]
    ]


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
