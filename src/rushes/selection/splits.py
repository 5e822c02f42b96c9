"""Which videos are for training and which for validation, and whether anything leaks across.

A whole video is on one side, for its clips are alike; so are videos that share footage, as far as
`dedup` knows. The side follows from the bytes of a video, so it stays when others come and go.
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

TRAIN, VALIDATION = "train", "validation"
_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How much is kept out of training."""

    validation: str = "5%"
    """Share of the videos that is for validation; of few videos it may be none."""

    def __post_init__(self) -> None:
        """Raise RecipeError for what is no share."""
        match = _SHARE.fullmatch(self.validation)
        if not match or float(match[1]) > 100:
            raise RecipeError(f"validation = {self.validation!r}: write a share, like '5%'")

    @property
    def fraction(self) -> float:
        """The share as a fraction of 1."""
        return float(self.validation.strip().removesuffix("%")) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakCheck:
    """What is on both sides."""

    was_deduped: bool
    """False: copies are not known, so they may well be on both sides."""
    pairs: tuple[tuple[str, str], ...]
    """Ids of a clip for training and one for validation that show the same, or that are of the
    same video."""


def assign_splits(
    videos: Mapping[int, Video],
    video_of: Mapping[int, int],
    groups: Mapping[int, int],
    fraction: float,
) -> dict[int, str]:
    """Return video number → "train" or "validation".

    Videos that share footage are on the side of the one that the project has known longest: what
    comes later never moves what is there, unless it joins two that were apart.

    Args:
        videos: All videos by number.
        video_of: Clip number → video number.
        groups: Clip number → number of its group of copies.
        fraction: Share of the videos that is for validation.
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
    """Return a number from 0 up to 1 that depends on a video's bytes alone, and evenly."""
    return int(hashlib.sha256(f"split:{video.id}".encode()).hexdigest()[:13], 16) / 16**13


def current_splits(context: Context) -> dict[int, str]:
    """Return video number → side under a recipe."""
    groups = duplicate_groups(context)
    video_of = {no: row.video_no for no, row in context.clips(groups).items()}
    return assign_splits(
        context.catalog.videos(), video_of, groups, context.recipe.own("split").fraction
    )


def check_leaks(context: Context) -> LeakCheck:
    """Return what is on both sides: of the clips as they are, and of frozen selections.

    By construction the sides as they are share no copy that is known. A selection that was frozen
    before `dedup` was run, or under another share, may: those with a rule on `split` are compared.
    """
    clips = context.clips()
    groups = duplicate_groups(context)
    video_side = current_splits(context)
    numbers = {row.clip.id: no for no, row in clips.items()}
    members: dict[str, set[int]] = {TRAIN: set(), VALIDATION: set()}
    for no, row in clips.items():
        members[video_side[row.video_no]].add(no)
    pairs = _shared(members, clips, groups)
    frozen: dict[str, set[int]] = {TRAIN: set(), VALIDATION: set()}
    for name in context.recipe.selections:
        found = context.catalog.selections.newest(name)
        for side in frozen:
            if found and any(line.rule == f"split = {side}" for line in found[0].funnel):
                frozen[side] |= {numbers[clip] for clip in found[0].clips if clip in numbers}
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
    """Return pairs of a clip for training and one for validation that go together."""
    found: set[tuple[int, int]] = set()
    for key_of in (groups.get, lambda no: clips[no].video_no):
        together: dict[int | None, tuple[list[int], list[int]]] = {}
        for at, side in enumerate((TRAIN, VALIDATION)):
            for no in members[side]:
                together.setdefault(key_of(no), ([], []))[at].append(no)
        together.pop(None, None)
        for train, validation in together.values():
            found.update(product(train, validation))
    return found


def split_summary(context: Context) -> list[str]:
    """Return in words how the clips are split, and whether anything leaks."""
    if not context.recipe.own("split").fraction:
        return []
    video_side = current_splits(context)
    clip_sides = [video_side[row.video_no] for row in context.clips().values()]
    parts = [
        f"{side} {list(video_side.values()).count(side)} videos, {clip_sides.count(side)} clips"
        for side in (TRAIN, VALIDATION)
    ]
    check = check_leaks(context)
    lines = ["; ".join(parts)]
    if not check.was_deduped:
        lines.append("leaks: not known, for dedup was not run: rushes dedup")
    elif not check.pairs:
        lines.append("leaks: none; no copy of a clip is on both sides")
    lines += [f"LEAK: {one} (train) and {other} (validation)" for one, other in check.pairs[:5]]
    if len(check.pairs) > 5:
        lines.append(f"LEAK: and {len(check.pairs) - 5} more pairs")
    if check.pairs:
        lines.append("freeze the selections anew: rushes select NAME")
    return lines
