"""Recent actions of other people, for the activity list of the page."""

from collections.abc import Sequence

from rushes.catalog import Catalog
from rushes.decisions import Action
from rushes.records import Row

MAX_STEPS = 50
"""Actions in one answer, the latest ones."""


def steps_since(catalog: Catalog, after: int, who: str, clip: str = "") -> Row:
    """Return the actions of everybody but `who`, in order.

    Args:
        catalog: Stores the verdicts.
        after: Number of the last verdict that the page has.
        who: Name of the person who asks.
        clip: Id of the open clip; `is_open` of a step tells whether it changed this clip.

    Returns:
        `no`: number of the last verdict. `steps`: a row for each action, with who, at, kind, value,
        clip (id of the first), its video and in_s, and clips (their number).
    """
    last = catalog.verdicts.last_no()
    actions: dict[int, list[Action]] = {}
    for one in catalog.verdicts.actions(after, last):
        if one.who != who:
            actions.setdefault(one.action, []).append(one)
    steps = [_step(catalog, parts, clip) for parts in list(actions.values())[-MAX_STEPS:]]
    return {"no": max(after, last), "steps": steps}


def _step(catalog: Catalog, parts: Sequence[Action], clip: str) -> Row:
    first, about = parts[0], parts
    if first.kind in ("undo", "redo"):
        about = catalog.verdicts.actions(only=[first.value])
    clips = list(dict.fromkeys(clip for one in about for clip in one.clips if clip))
    touched = {*clips, *(old for one in about if one.kind == "span" for old in one.value["from"])}
    return {
        "who": first.who,
        "at": first.at,
        "kind": first.kind,
        "value": first.value,
        "clip": clips[0] if clips else "",
        "clips": len(clips),
        "is_open": bool(clip) and clip in touched,
        **_position(catalog, clips[:1]),
    }


def _position(catalog: Catalog, clips: Sequence[str]) -> Row:
    known = catalog.clips_by_id(clips)
    if not known:
        return {}
    (row,) = known.values()
    video = catalog.videos([row.video_no])[row.video_no]
    return {"video": video.given, "in_s": video.seconds(row.clip.in_pts)}
