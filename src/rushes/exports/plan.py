"""Clips of an export before they are encoded: file stems, captions, metadata."""

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
    """One clip to encode, as a worker gets it."""

    video: Video
    clip: Clip
    path: Path
    encoding: Encoding
    correction: Correction = field(default_factory=Correction)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClip:
    """One clip of an export before it is encoded."""

    key: str
    clip: Clip
    video: Video
    caption: str
    metadata: Mapping[str, Any]
    """Its part of the manifest: source, span, scores, split, tags."""
    correction: Correction = field(default_factory=Correction)


def plan_clips(context: Context, clip_ids: Sequence[str], caption: str) -> list[PlannedClip]:
    """Return the clips of an export, in the order of `clip_ids`.

    Args:
        context: The open project.
        clip_ids: The selected clips.
        caption: Caption of clips without one.
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
    captions = context.catalog.captions.current()
    side_of = current_splits(context)
    planned = []
    for clip_id in clip_ids:
        row = clips[clip_id]
        no, clip = row.no, row.clip
        video = videos[row.video_no].at(clip.in_pts)
        planned.append(
            PlannedClip(
                key=file_stem(video, clip),
                clip=clip,
                video=video,
                caption=captions.get(no, caption),
                metadata=clip_metadata(video, clip, scores.get(no, {}))
                | {"split": side_of[row.video_no]}
                | {"tags": tags_of((), decided.get(clip_id, Decisions()))},
                correction=correction_of(scores.get(no, {})),
            )
        )
    return planned


def correction_of(scores: Mapping[str, Any]) -> Correction:
    """Return the bars to crop and the field order, measured by the scorer `picture`."""
    bars = {side: scores.get(f"picture.bar_{side}") or 0.0 for side in SIDES}
    return Correction(box=Box(**bars), field_order=scores.get("picture.scan") or "progressive")


def file_stem(video: Video, clip: Clip) -> str:
    """Return a clip's file name without suffix: readable, sorted by time, unique, without dots."""
    stem = re.sub(r"[^\w-]+", "_", Path(video.path).stem)[:48].strip("_") or "video"
    start_ms = round(video.seconds(clip.in_pts) * 1000)
    return f"{stem}_{max(start_ms, 0):08d}_{clip.id[:8]}"


def clip_metadata(video: Video, clip: Clip, scores: Mapping[str, Any]) -> Row:
    """Return a clip's entry in the manifest: its source, its exact span, its scores."""
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
