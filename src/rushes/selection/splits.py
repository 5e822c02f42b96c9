"""Split of the videos into training and validation, and the check for leaks between the two.

All clips of a video are in one split, since they are alike; so are videos that share footage, if
`dedup` has found it. The split follows from the bytes of a video, so it stays when others come and
go.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from rushes.context import Context
from rushes.dedup.keep import duplicate_groups, outcome
from rushes.errors import RecipeError
from rushes.records import ClipRow, Video
from rushes.words import count

TRAIN, VALIDATION = "train", "validation"
_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Settings of the split into training and validation."""

    validation: str = "5%"
    """Share of the videos for validation, in percent; of few videos it may be none."""

    def __post_init__(self) -> None:
        """Raise RecipeError unless `validation` is a share."""
        match = _SHARE.fullmatch(self.validation)
        if not match or float(match[1]) > 100:
            raise RecipeError(f"validation = {self.validation!r}: write a share, like '5%'")

    @property
    def fraction(self) -> float:
        """Share for validation, 0–1."""
        return float(self.validation.strip().removesuffix("%")) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakCheck:
    """Footage that is in both splits."""

    was_deduped: bool
    """False: copies are not known, so they may be in both."""
    pairs: tuple[tuple[str, str], ...]
    """Ids of a training clip and a validation clip that are copies, or of the same video."""


def assign_splits(
    videos: Mapping[int, Video],
    video_of: Mapping[int, int],
    groups: Mapping[int, int],
    fraction: float,
) -> dict[int, str]:
    """Return video number → "train" or "validation".

    Videos that share footage are in the split of the oldest of them in the project. So a new video
    never moves an old one, unless it joins two that were apart.

    Args:
        videos: All videos by number.
        video_of: Clip number → video number.
        groups: Clip number → number of its group of copies.
        fraction: Share of the videos for validation, 0–1.
    """
    first = {no: no for no in videos}

    def oldest(no: int) -> int:
        while first[no] != no:
            first[no] = no = first[first[no]]
        return no

    video_of_group: dict[int, int] = {}
    for clip_no, group in groups.items():
        if clip_no in video_of:
            one = oldest(video_of[clip_no])
            other = oldest(video_of_group.setdefault(group, one))
            first[max(one, other)] = min(one, other)
    return {no: VALIDATION if _draw(videos[oldest(no)]) < fraction else TRAIN for no in videos}


def _draw(video: Video) -> float:
    """Return a uniform number in [0, 1) that depends on a video's bytes alone."""
    return int(hashlib.sha256(f"split:{video.id}".encode()).hexdigest()[:13], 16) / 16**13


def current_splits(context: Context) -> dict[int, str]:
    """Return video number → split under the recipe."""
    groups = duplicate_groups(context)
    video_of = {no: row.video_no for no, row in context.clips(groups).items()}
    return assign_splits(
        context.catalog.videos(), video_of, groups, context.recipe.own("split").fraction
    )


def check_leaks(context: Context) -> LeakCheck:
    """Return the leaks between the current splits, and between frozen selections.

    The current splits share no known copy, by construction. Selections may, if they were frozen
    before `dedup` was run or under another share; those with a rule on `split` are compared.
    """
    clips = context.clips()
    groups = duplicate_groups(context)
    split_of = current_splits(context)
    numbers = {row.clip.id: no for no, row in clips.items()}
    members: dict[str, set[int]] = {TRAIN: set(), VALIDATION: set()}
    for no, row in clips.items():
        members[split_of[row.video_no]].add(no)
    pairs = _shared(members, clips, groups)
    frozen: dict[str, set[int]] = {TRAIN: set(), VALIDATION: set()}
    for name in context.recipe.selections:
        found = context.catalog.selections.newest(name)
        for split in frozen:
            if found and any(line.rule == f"split = {split}" for line in found[0].funnel):
                frozen[split] |= {numbers[clip] for clip in found[0].clips if clip in numbers}
    pairs |= _shared(frozen, clips, groups)
    return LeakCheck(
        was_deduped=bool(outcome(context)),
        pairs=tuple(sorted((clips[a].clip.id, clips[b].clip.id) for a, b in pairs)),
    )


def _shared(
    members: Mapping[str, set[int]],
    clips: Mapping[int, ClipRow],
    groups: Mapping[int, int],
) -> set[tuple[int, int]]:
    """Return pairs of a training clip and a validation clip that are copies or of one video."""
    found: set[tuple[int, int]] = set()
    for key_of in (groups.get, lambda no: clips[no].video_no):
        together: dict[int | None, tuple[list[int], list[int]]] = {}
        for at, split in enumerate((TRAIN, VALIDATION)):
            for no in members[split]:
                together.setdefault(key_of(no), ([], []))[at].append(no)
        together.pop(None, None)
        for train, validation in together.values():
            found.update(product(train, validation))
    return found


def split_summary(context: Context) -> list[str]:
    """Return lines of text on the splits and their leaks."""
    if not context.recipe.own("split").fraction:
        return []
    split_of = current_splits(context)
    video_splits = list(split_of.values())
    clip_splits = [split_of[row.video_no] for row in context.clips().values()]
    parts = [
        f"{split} {count(video_splits.count(split), 'video')}, "
        f"{count(clip_splits.count(split), 'clip')}"
        for split in (TRAIN, VALIDATION)
    ]
    check = check_leaks(context)
    lines = ["; ".join(parts)]
    if not check.was_deduped:
        lines.append("leaks: unknown before dedup; run rushes dedup")
    elif not check.pairs:
        lines.append("leaks: none; no clip has a copy in both")
    lines += [f"LEAK: {one} (train) and {other} (validation)" for one, other in check.pairs[:5]]
    if len(check.pairs) > 5:
        lines.append(f"LEAK: {count(len(check.pairs) - 5, 'more pair')}")
    if check.pairs:
        lines.append("freeze the selections again: rushes select NAME")
    return lines
