"""The current decisions of people on each clip, folded from the log of verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rushes.records import Clip, Decisions, Verdict

VERDICTS = ("keep", "drop", "undecided")
"""Verdicts on a clip; undecided is stored as None."""


class Action(NamedTuple):
    """The verdicts of one action that have the same kind and value, as one record.

    So a verdict on a million clips is one record, not a million.
    """

    action: int
    at: str
    who: str
    kind: str
    value: Any
    clips: Sequence[str]


def undone_actions(verdicts: Iterable[Verdict | Action]) -> set[int]:
    """Return the numbers of the actions that are undone and not done again."""
    undone: set[int] = set()
    for verdict in verdicts:
        if verdict.kind == "undo":
            undone.add(verdict.value)
        elif verdict.kind == "redo":
            undone.discard(verdict.value)
    return undone


def fold(
    actions: Sequence[Action], before: Mapping[str, Decisions] | None = None
) -> dict[str, Decisions]:
    """Return clip id → its current decisions; clips without any are left out.

    Args:
        actions: In order. An undo and the action that it undoes must both be in it.
        before: Decisions before the first action; only clips of the actions are returned.
    """
    undone = undone_actions(actions)
    before = before or {}
    found: dict[str, Decisions] = {}
    for action in actions:
        if action.action in undone or action.kind in ("undo", "redo", "span"):
            continue
        # Clips that shared a record before share one afterwards.
        shared: dict[int, tuple[Decisions, Decisions]] = {}
        for clip in action.clips:
            old = found.get(clip) or before.get(clip, _NOTHING)
            if id(old) not in shared:
                shared[id(old)] = old, _applied(old, action)
            found[clip] = shared[id(old)][1]
    return found


_NOTHING = Decisions()


def _applied(old: Decisions, action: Action) -> Decisions:
    if action.kind != "tags":
        return replace(old, who=action.who, at=action.at, **{action.kind: action.value})
    add, remove = list(action.value.get("add", ())), list(action.value.get("remove", ()))
    added = [tag for tag in old.tags_added if tag not in remove]
    removed = [tag for tag in old.tags_removed if tag not in add]
    return replace(
        old,
        tags_added=(*added, *(tag for tag in add if tag not in added)),
        tags_removed=(*removed, *(tag for tag in remove if tag not in removed)),
        who=action.who,
        at=action.at,
    )


def tags_of(from_stages: Iterable[str], decided: Decisions) -> list[str]:
    """Return a clip's tags: those from stages, with the changes of people applied."""
    kept = [tag for tag in from_stages if tag not in decided.tags_removed]
    return kept + [tag for tag in decided.tags_added if tag not in kept]


def clips_of_span(video_id: str, value: Mapping[str, Any]) -> list[Clip]:
    """Return the clips that a verdict of kind "span" makes; only the catalog knows their frames."""
    return [
        Clip(video_id=video_id, in_pts=in_pts, out_pts=out_pts, frames=1)
        for in_pts, out_pts in value["to"]
    ]


def last_action(verdicts: Iterable[Verdict], who: str, *, redo: bool = False) -> int | None:
    """Return the action that a person's next undo (or redo) is about; None if there is none."""
    found = steps(verdicts, who, redo=redo)
    return found[-1] if found else None


def steps(verdicts: Iterable[Verdict], who: str, *, redo: bool = False) -> list[int]:
    """Return the actions that a person can undo (or redo), the next one last.

    An undo is about the person's latest action that is not undone; a redo about the action undone
    last, unless the person has done something else since.
    """
    done: list[int] = []
    undone: list[int] = []
    for verdict in verdicts:
        if verdict.who != who:
            continue
        if verdict.kind == "undo":
            if verdict.value in done:
                done.remove(verdict.value)
            undone.append(verdict.value)
        elif verdict.kind == "redo":
            if verdict.value in undone:
                undone.remove(verdict.value)
            done.append(verdict.value)
        elif verdict.no == verdict.action:
            done.append(verdict.action)
            undone.clear()
    return undone if redo else done
