"""The clips of an export before they are encoded: file stems, captions, metadata."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.context import Context
from rushes.decisions import tags_of
from rushes.media.defects.bars import SIDES
from rushes.media.write.encode import Encoding
from rushes.records import Box, Clip, Correction, Decisions, Row, Video
from rushes.selection.splits import current_splits


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeTask:
    """One clip to encode, ready to be sent to a worker."""

    video: Video
    clip: Clip
    path: Path
    encoding: Encoding
    correction: Correction = field(default_factory=Correction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One clip of an export before it is encoded."""

    key: str
    clip: Clip
    video: Video
    caption: str
    facts: Mapping[str, Any]
    """Scores and whatever else goes into the manifest."""
    correction: Correction = field(default_factory=Correction)


def plan_clips(context: Context, clip_ids: Sequence[str], caption: str) -> list[Planned]:
    """Return what an export holds, in the order of `clip_ids`.

    Args:
        context: The open project.
        clip_ids: The selected clips.
        caption: Text for clips that have no caption of their own.
    """
    clips = context.catalog.clips_by_id(clip_ids)
    videos = context.catalog.videos({row.video_no for row in clips.values()})
    scores: dict[int, Row] = {}
    for name, scorer in context.recipe.stages("score").items():
        rows = context.scores(name)
        numbers = [field.name for field in scorer.fields if field.dtype != "vector"]
        for no, found in rows.items():
            scores.setdefault(no, {}).update({f"{name}.{field}": found[field] for field in numbers})
    decided = context.catalog.verdicts.current()
    captions = context.catalog.captions.in_force()
    side_of = current_splits(context)
    planned = []
    for clip_id in clip_ids:
        row = clips[clip_id]
        no, clip, video = row.no, row.clip, videos[row.video_no]
        planned.append(
            Planned(
                key=key_of(video, clip),
                clip=clip,
                video=video,
                caption=captions.get(no, caption),
                facts=facts_of(video, clip, scores.get(no, {}))
                | {"split": side_of[row.video_no]}
                | {"tags": tags_of((), decided.get(clip_id, Decisions()))},
                correction=correction_of(scores.get(no, {})),
            )
        )
    return planned


def correction_of(scores: Mapping[str, Any]) -> Correction:
    """Return what is to be mended, as the scorer `picture` found it; nothing without it."""
    bars = {side: scores.get(f"picture.bar_{side}") or 0.0 for side in SIDES}
    return Correction(box=Box(**bars), field_order=scores.get("picture.scan") or "progressive")


def key_of(video: Video, clip: Clip) -> str:
    """Return a clip's file name without suffix: readable, sorted by time, unique, without dots."""
    stem = re.sub(r"[^\w-]+", "_", Path(video.path).stem)[:48].strip("_") or "video"
    start_ms = round(video.seconds(clip.in_pts) * 1000)
    return f"{stem}_{max(start_ms, 0):08d}_{clip.id[:8]}"


def facts_of(video: Video, clip: Clip, scores: Mapping[str, Any]) -> Row:
    """Return what the manifest says of a clip: where it is from, exactly, and its scores."""
    return {
        "clip": clip.id,
        "video": video.path,
        "video_sha256_16": video.id,
        "time_base": str(video.time_base),
        "in_pts": clip.in_pts,
        "out_pts": clip.out_pts,
        "in_s": video.seconds(clip.in_pts),
        "out_s": video.seconds(clip.out_pts),
        "source_frames": clip.frames,
        "scores": dict(scores),
    }
