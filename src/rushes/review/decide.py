"""Store the decisions of people on clips: verdicts, captions, tags, spans; undo and redo them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.cuts.clips import clips_within
from rushes.decisions import VERDICTS, clips_of_span, last_action, steps
from rushes.errors import RecipeError, nearest
from rushes.records import Clip, Decisions, VerdictKind

KINDS = ("verdict", "reason", "stars", "caption", "tags")
"""Kinds of decision that leave the span of a clip as it is."""

Given = list[tuple[VerdictKind, str, Any]]
"""Kind, clip id and value of each verdict of an action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEdit:
    """A trim (1 → 1), a split (1 → n) or a merge (n → 1) of clips of one video."""

    clips: Sequence[str]
    """Ids of the clips that are replaced."""
    spans: Sequence[tuple[int, int]]
    """in_pts and out_pts of the new clips, in order; each moves to the nearest frame time."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Decisions on the new clips in the same action, as in `decide`."""


def decide(
    catalog: Catalog,
    clips: Sequence[str],
    values: Mapping[str, Any],
    *,
    who: str,
    source: str,
) -> int:
    """Store one action: the same values for each of the clips.

    Args:
        catalog: Stores the verdicts.
        clips: Ids.
        values: Kind → value, as in `Verdict`.
        who: Name of the person.
        source: "page", "cli" or "hydrus".

    Returns:
        The action's number; 0 if there was nothing to store.

    Raises:
        RecipeError: No such clip or kind, or a value that the kind does not take.
    """
    _check_clips(catalog, clips)
    given: Given = []
    for kind, value in values.items():
        checked = _checked(kind, value)
        given += [(kind, clip, checked) for clip in clips]  # type: ignore[misc]
    return catalog.verdicts.add(given, who=who, source=source)


def decide_each(
    catalog: Catalog,
    kind: VerdictKind,
    values: Mapping[str, Any],
    *,
    who: str,
    source: str,
) -> int:
    """Store one action: a value of one kind for each clip.

    Args:
        catalog: Stores the verdicts.
        kind: One of `KINDS`.
        values: Clip id → value, as in `Verdict`.
        who: Name of the person.
        source: "page", "cli" or "hydrus".

    Returns:
        The action's number; 0 if there was nothing to store.

    Raises:
        RecipeError: No such clip, or a value that the kind does not take.
    """
    _check_clips(catalog, list(values))
    given: Given = [(kind, clip, _checked(kind, value)) for clip, value in values.items()]
    return catalog.verdicts.add(given, who=who, source=source)


def _check_clips(catalog: Catalog, clips: Sequence[str]) -> None:
    unknown = catalog.verdicts.unknown_clip(clips)
    if unknown is not None:
        raise RecipeError(f"there is no clip {unknown}; see: rushes ls clips")


def _checked(kind: str, value: Any) -> Any:
    """Return the value of a verdict; raise if the kind takes no such value."""
    if kind not in KINDS:
        raise RecipeError(f"there is no decision called {kind!r}{nearest(kind, list(KINDS))}")
    fits = {
        "verdict": value is None or value in VERDICTS[:-1],
        "stars": value is None or (type(value) is int and 0 <= value <= 5),
        "reason": value is None or isinstance(value, str),
        "caption": value is None or isinstance(value, str),
        "tags": isinstance(value, Mapping) and _are_tags(value),
    }
    if not fits[kind]:
        raise RecipeError(f"{kind} cannot be {value!r}")
    return value


def _are_tags(value: Mapping[str, Any]) -> bool:
    return set(value) <= {"add", "remove"} and all(
        isinstance(tags, list) and all(isinstance(tag, str) and tag for tag in tags)
        for tags in value.values()
    )


def edit_spans(context: Context, edit: SpanEdit, *, who: str, source: str) -> list[Clip]:
    """Replace clips by clips of other spans, as one action.

    Returns:
        The new clips. They inherit the decisions on the first old clip.

    Raises:
        RecipeError: No such clips, clips of two videos, no span, a span without a frame, or the
            same span twice; or as in `decide`.
    """
    decided = [(kind, _checked(kind, value)) for kind, value in edit.values.items()]
    known = context.catalog.clips_by_id(edit.clips)
    if not edit.clips or len(known) != len(set(edit.clips)):
        unknown = next((clip for clip in edit.clips if clip not in known), "")
        raise RecipeError(f"there is no clip {unknown}; see: rushes ls clips")
    videos = {row.video_no for row in known.values()}
    if len(videos) > 1:
        raise RecipeError("these clips are of two videos; only neighbours can be merged")
    (video_no,) = videos
    new = clips_within(
        context.catalog.videos([video_no])[video_no],
        _frame_times(context, video_no),
        edit.spans,
        context.catalog.scans()[video_no][0].damaged_pts,
    )
    if len({clip.id for clip in new}) != len(edit.spans) or not new:
        raise RecipeError("give the spans of the new clips: one span or more, each another one")
    first = edit.clips[0]
    value = {"from": list(edit.clips), "to": [[clip.in_pts, clip.out_pts] for clip in new]}
    given: Given = [("span", first, value)]
    if now := context.catalog.verdicts.current([first]).get(first):
        decided = [*_as_verdicts(now), *decided]
    given += [(kind, clip.id, value) for clip in new for kind, value in decided]  # type: ignore[misc]
    becomes = {" ".join(edit.clips): new}
    context.catalog.verdicts.add(given, who=who, source=source, becomes=becomes)
    return new


def _as_verdicts(decided: Decisions) -> list[tuple[VerdictKind, Any]]:
    """Return the verdicts that give a clip these decisions."""
    tags = {"add": list(decided.tags_added), "remove": list(decided.tags_removed)}
    values: list[tuple[VerdictKind, Any]] = [
        ("verdict", decided.verdict),
        ("reason", decided.reason),
        ("stars", decided.stars),
        ("caption", decided.caption),
        ("tags", tags if any(tags.values()) else None),
    ]
    return [(kind, value) for kind, value in values if value is not None]


def _frame_times(context: Context, video_no: int) -> np.ndarray:
    signals = context.signals("change", video_no)
    return np.append(signals.pts, signals.end_pts)


def undo(catalog: Catalog, *, who: str, source: str) -> int:
    """Undo the latest action of a person that is in force.

    Returns:
        The number of that action; 0 if there is nothing to undo.

    Raises:
        RecipeError: Somebody else has trimmed, split or merged its clips since.
    """
    return _reverse(catalog, "undo", who=who, source=source)


def redo(catalog: Catalog, *, who: str, source: str) -> int:
    """Redo the action that a person undid last; else as `undo`."""
    return _reverse(catalog, "redo", who=who, source=source)


def steps_of_all(catalog: Catalog, *, redo: bool = False) -> dict[str, int]:
    """Return person → number of actions that this person can undo (or redo), if there are any."""
    log = catalog.verdicts
    found = {who: len(steps(log.actions_of(who), who, redo=redo)) for who in log.people()}
    return {who: number for who, number in found.items() if number}


def _reverse(catalog: Catalog, kind: VerdictKind, *, who: str, source: str) -> int:
    action = last_action(catalog.verdicts.actions_of(who), who, redo=kind == "redo")
    if action is None:
        return 0
    becomes: dict[str, list[Clip]] = {}
    for done in catalog.verdicts.actions(only=[action]):
        if done.kind == "span":
            old = [row.clip for row in catalog.clips_by_id(done.value["from"]).values()]
            if not old:  # its video was forgotten
                continue
            new = clips_of_span(old[0].video_id, done.value)
            before, after = (old, new) if kind == "redo" else (new, old)
            becomes[" ".join(clip.id for clip in before)] = after
    catalog.verdicts.add([(kind, "", action)], who=who, source=source, becomes=becomes)
    return action
