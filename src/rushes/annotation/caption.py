"""What clips are said to show: a person's words are in force, or else the first captioner's.

A caption is a row like any other, and a caption that changed changes what depends on it: scorers
that read captions (`uses_caption`) measure those clips anew, exports rewrite their texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rushes.context import Context
from rushes.errors import ItemError
from rushes.recipe.recipe import Recipe
from rushes.records import Clip, ClipRow, Failure, Report, Video
from rushes.stages.items import ClipInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the captioners of a recipe say now."""

    texts: Mapping[int, tuple[str, str]]
    """Clip number → (captioner, text) of the first that says something."""
    others: Mapping[int, Sequence[tuple[str, str]]]
    """Clip number → what captioners after the first say."""
    failures: Mapping[tuple[str, str], ItemError]
    """(captioner, path of the video) → what went wrong."""


def caption_clips(context: Context) -> Report:
    """Bring the captions of all clips up to date with what the captioners say now."""
    clips = context.clips()
    videos = context.catalog.videos()
    said = _said(context.recipe, clips, videos)
    failing = {(f"captioner/{name}", path) for name, path in said.failures}
    for failure in context.catalog.failures.all():
        is_mine = failure.stage.startswith("captioner/")
        if is_mine and (failure.stage, failure.item) not in failing:
            context.catalog.failures.clear(failure.stage, [failure.item])
    for (name, path), error in said.failures.items():
        context.catalog.failures.add(_failure(name, path, error))
    changed = context.catalog.captions.settle(said.texts, clips, said.others)
    failed_clips = _clips_of({path for _, path in said.failures}, clips, videos)
    return Report(
        verb="caption",
        pending=changed + failed_clips,
        done=changed,
        failed=failed_clips,
        total=len(clips),
        unit="clips",
    )


def uncaptioned(context: Context) -> int:
    """Return how many clips have another caption, or none, than the captioners say now."""
    clips = context.clips()
    said = _said(context.recipe, clips, context.catalog.videos())
    return sum(map(len, context.catalog.captions.differing(said.texts, clips)))


def _said(recipe: Recipe, clips: Mapping[int, ClipRow], videos: Mapping[int, Video]) -> Said:
    """Ask all captioners about all clips."""
    by_video: dict[int, list[int]] = {}
    for no, row in clips.items():
        by_video.setdefault(row.video_no, []).append(no)
    texts: dict[int, tuple[str, str]] = {}
    others: dict[int, list[tuple[str, str]]] = {}
    failures: dict[tuple[str, str], ItemError] = {}
    for name, captioner in recipe.stages("caption").items():
        for video_no, numbers in by_video.items():
            items = [_bare(clips[no].clip, videos[video_no]) for no in numbers]
            try:
                rows = captioner.annotate(items) if items else []
            except ItemError as error:
                failures[name, videos[video_no].path] = error
                continue
            for no, row in zip(numbers, rows, strict=True):
                if not row["text"]:
                    continue
                if no in texts:
                    others.setdefault(no, []).append((name, row["text"]))
                else:
                    texts[no] = name, row["text"]
    return Said(texts=texts, others=others, failures=failures)


def _bare(clip: Clip, video: Video) -> ClipInput:
    return ClipInput(
        clip=clip, video=video, stills_THWC=np.zeros((0, 2, 2, 3), np.uint8), signals={}
    )


def _clips_of(paths: set[str], clips: Mapping[int, ClipRow], videos: Mapping[int, Video]) -> int:
    return sum(videos[row.video_no].path in paths for row in clips.values())


def _failure(name: str, path: str, error: ItemError) -> Failure:
    return Failure(
        stage=f"captioner/{name}",
        item=path,
        error=type(error).__name__,
        message=str(error),
        retry="rushes caption",
    )
