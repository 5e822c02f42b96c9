"""What people decide about clips: verdicts, captions, tags, other spans; undone and done again."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.cuts.clips import clips_within
from rushes.decisions import last_action
from rushes.errors import RecipeError, nearest
from rushes.records import Clip, Decisions, VerdictKind

VERDICTS = ("undecided", "keep", "drop")
KINDS = ("verdict", "reason", "stars", "caption", "tags")
"""What can be decided about a clip as it is."""


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
        catalog: Where it is kept.
        clips: Ids.
        values: Kind → value, as in `Verdict`.
        who: The person.
        source: Where it was done.

    Returns:
        The action's number; 0 if there was nothing to store.

    Raises:
        RecipeError: No such clip or kind, or a value that the kind does not take.
    """
    _check_clips(catalog, clips)
    given: list[tuple[VerdictKind, str, Any]] = []
    for kind, value in values.items():
        checked = _checked(kind, value)
        given += [(kind, clip, checked) for clip in clips]  # type: ignore[misc]
    return catalog.verdicts.add(given, who=who, source=source)


def decide_each(
    catalog: Catalog, verdicts: Mapping[str, str | None], *, who: str, source: str
) -> int:
    """Store one action: clip id → "keep", "drop" or None; return its number.

    Raises:
        RecipeError: There is no such clip.
    """
    _check_clips(catalog, list(verdicts))
    given: list[tuple[VerdictKind, str, Any]] = [
        ("verdict", clip, _checked("verdict", value)) for clip, value in verdicts.items()
    ]
    return catalog.verdicts.add(given, who=who, source=source)


def caption(catalog: Catalog, captions: Mapping[str, str | None], *, who: str, source: str) -> int:
    """Store captions as one action: clip id → what a person says it shows; return its number.

    Raises:
        RecipeError: There is no such clip.
    """
    _check_clips(catalog, list(captions))
    given: list[tuple[VerdictKind, str, Any]] = [
        ("caption", clip, _checked("caption", text)) for clip, text in captions.items()
    ]
    return catalog.verdicts.add(given, who=who, source=source)


def _check_clips(catalog: Catalog, clips: Sequence[str]) -> None:
    stranger = catalog.verdicts.stranger(clips)
    if stranger is not None:
        raise RecipeError(f"there is no clip {stranger}; see: rushes ls clips")


def _checked(kind: str, value: Any) -> Any:
    """Return the value of a verdict; raise if the kind takes no such value."""
    if kind not in KINDS:
        raise RecipeError(f"nothing called {kind!r} can be decided{nearest(kind, list(KINDS))}")
    fits = {
        "verdict": value in ("keep", "drop", None),
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


def respan(
    context: Context,
    clips: Sequence[str],
    spans: Sequence[tuple[int, int]],
    *,
    who: str,
    source: str,
    values: Mapping[str, Any] | None = None,
) -> list[Clip]:
    """Put other spans in the place of clips: a trim (1 → 1), a split (1 → n), a merge (n → 1).

    Args:
        context: The open project.
        clips: Ids, of one video.
        spans: in_pts and out_pts of the new clips, in order; moved to the nearest frame times.
        who: The person.
        source: Where it was done.
        values: What is decided about the new clips in the same action, as in `decide`.

    Returns:
        The new clips; what was decided about the (first) old one is decided about them, too.

    Raises:
        RecipeError: No such clips, clips of two videos, no span, one that holds no frame, or
            the same one twice; or as in `decide`.
    """
    decided = [(kind, _checked(kind, value)) for kind, value in (values or {}).items()]
    known = context.catalog.clips_by_id(clips)
    if not clips or len(known) != len(set(clips)):
        lost = next((clip for clip in clips if clip not in known), "")
        raise RecipeError(f"there is no clip {lost}; see: rushes ls clips")
    videos = {row.video_no for row in known.values()}
    if len(videos) > 1:
        raise RecipeError("these clips are of two videos; only neighbours can be merged")
    (video_no,) = videos
    new = clips_within(
        context.catalog.videos([video_no])[video_no],
        _frame_times(context, video_no),
        spans,
        context.catalog.scans()[video_no][0].damaged_pts,
    )
    if len({clip.id for clip in new}) != len(spans) or not new:
        raise RecipeError("say what the clips become: one span or more, each another one")
    value = {"from": list(clips), "to": [[clip.in_pts, clip.out_pts] for clip in new]}
    given: list[tuple[VerdictKind, str, Any]] = [("span", clips[0], value)]
    if now := context.catalog.verdicts.current(clips[:1]).get(clips[0]):
        decided = [*_as_given(now), *decided]
    given += [(kind, clip.id, value) for clip in new for kind, value in decided]  # type: ignore[misc]
    context.catalog.verdicts.add(given, who=who, source=source, becomes={" ".join(clips): new})
    return new


def _as_given(decided: Decisions) -> list[tuple[VerdictKind, Any]]:
    """Return what stands as the verdicts that would bring it about."""
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


def take_back(catalog: Catalog, *, who: str, source: str, redo: bool = False) -> int:
    """Undo the latest action of a person that stands, or do again what was undone last.

    Returns:
        The number of that action; 0 if there is nothing to take back.

    Raises:
        RecipeError: Its clips have been divided or joined since by somebody else.
    """
    action = last_action(catalog.verdicts.actions_of(who), who, redo=redo)
    if action is None:
        return 0
    becomes: dict[str, list[Clip]] = {}
    for verdict in catalog.verdicts.actions(only=[action]):
        if verdict.kind == "span":
            old = list(catalog.clips_by_id(verdict.value["from"]).values())
            video_id = old[0].clip.video_id
            new = [  # the catalog knows them, and how many frames they have
                Clip(video_id=video_id, in_pts=a, out_pts=b, frames=1)
                for a, b in verdict.value["to"]
            ]
            before, after = [row.clip for row in old], new
            if not redo:
                before, after = after, before
            becomes[" ".join(clip.id for clip in before)] = after
    kind: VerdictKind = "redo" if redo else "undo"
    catalog.verdicts.add([(kind, "", action)], who=who, source=source, becomes=becomes)
    return action
