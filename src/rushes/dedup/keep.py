"""Choose which clips of a group of copies to keep, and read the stored choice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rushes.context import Context
from rushes.dedup.align import Alignment
from rushes.dedup.groups import CopyPair, Membership, group_copies
from rushes.errors import RecipeError
from rushes.recipe.recipe import Recipe
from rushes.records import Clip, ClipRow, Field, Row, Video
from rushes.similarity.near_pairs import near_pairs
from rushes.similarity.spaces import embedding_space

VERSION = 1
"""Bump it when the same clips give other groups."""

OUTCOME_KEY = "dedup/outcome"
"""Key of the stored choice, as of a stage."""
PAIRS = (Field(name="pairs", dtype="text", about="copies that were found of the clip, as JSON"),)
OUTCOME = (
    Field(name="group", label="Duplicate group", dtype="integer", low=0,
          about="Number of the group of copies; 0: no copy"),
    Field(name="copies", label="Copies", dtype="integer", low=0,
          about="Number of other clips in the group of copies"),
    Field(name="keep", label="Kept of duplicates", dtype="integer", low=0, high=1,
          higher_is_better=True,
          about="1: kept, the best of its copies or without a copy; 0: redundant"),
    Field(name="of", label="Copy of", dtype="text",
          about="Seconds and video that it repeats, and how: mirrored, another crop, speed"),
    Field(name="alike", label="Look-alikes", dtype="integer", low=0,
          about="Number of clips that look alike, by embedding; missing without one"),
    Field(name="alike_keep", label="Kept of look-alikes", dtype="integer", low=0, high=1,
          higher_is_better=True,
          about="1: the best of the clips that look alike, or alone; 0: the others"),
)  # fmt: skip
"""The columns `dedup.*` of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedup:
    """Thresholds: a clip is redundant, two clips look alike."""

    overlap: float = 0.5
    """A clip is redundant if a kept one shows at least this share of it; larger keeps more."""
    alike: float = 0.98
    """Clips look alike if the cosine of their embeddings is at least this; larger finds fewer."""

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1 or not 0 < self.alike <= 1:
            raise RecipeError(
                f"dedup.overlap = {self.overlap} and dedup.alike = {self.alike}: "
                f"both must be above 0 and at most 1"
            )


def outcome_fingerprint(recipe: Recipe) -> str:
    """Return the fingerprint of the outcome of `dedup` under a recipe."""
    return step_fingerprints(recipe)["outcome"]


def duplicate_groups(context: Context) -> dict[int, int]:
    """Return clip number → number of its group of copies; clips without a copy are left out.

    It is empty if `dedup` was not run since the recipe last changed its inputs.
    """
    return {no: row["group"] for no, row in outcome(context).items() if row["group"]}


def outcome(context: Context) -> dict[int, Row]:
    """Return clip number → row of `OUTCOME`; empty if `dedup` was not run."""
    return context.catalog.stages.rows(OUTCOME_KEY, OUTCOME, outcome_fingerprint(context.recipe))


def step_fingerprints(recipe: Recipe) -> dict[str, str]:
    """Return the fingerprint of each step's results, and that of the cuts."""
    prints = recipe.fingerprints
    of_probe = prints.probes.get
    described = _hash([VERSION, of_probe("still"), of_probe("border")])
    pairs = _hash([described, of_probe("change"), prints.cut])
    settings = asdict(recipe.own("dedup"))
    return {
        "cut": prints.cut,
        "described": described,
        "pairs": pairs,
        "outcome": _hash([pairs, settings, prints.scorers.get("embedding")]),
    }


def _hash(payload: Any) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:12]


_STORED = ("share_a", "share_b", "offset_s", "speed", "is_mirrored", "is_cropped", "certainty")


def stored_fields(alignment: Alignment) -> list[Any]:
    """Return the fields of an alignment that are stored with a pair."""
    values = [getattr(alignment, name) for name in _STORED]
    return [round(v, 4) if isinstance(v, float) else v for v in values]


def choose_kept(context: Context, compared: Mapping[int, Row]) -> dict[int, Row]:
    """Return clip number → row of `OUTCOME`.

    Args:
        context: The open project.
        compared: Clip number → row of `PAIRS`.
    """
    settings: Dedup = context.recipe.own("dedup")
    clips = context.clips()
    videos = context.catalog.videos({row.video_no for row in clips.values()})
    rank = {no: _rank(videos[clips[no].video_no], clips[no].clip) for no in compared}
    pairs = _stored_pairs(compared)
    copy_pairs = [
        CopyPair(first=a, second=b, share_first=p["share_a"], share_second=p["share_b"])
        for (a, b), p in pairs.items()
    ]
    groups = group_copies(copy_pairs, rank, settings.overlap)
    partners: dict[int, int] = {}
    for a, b in pairs:
        partners.setdefault(a, b)
        partners.setdefault(b, a)
    look_alikes = _look_alikes(context, list(compared), rank)
    rows = {}
    for no in compared:
        found, alike = groups.get(no), look_alikes.get(no)
        of = ""
        if found is not None:
            partner = found.kept_instead or partners[no]
            of = _repeated(_seen_from(no, partner, pairs), clips[no], clips[partner], videos)
        rows[no] = {
            "group": found.group if found else 0,
            "copies": found.copies if found else 0,
            "keep": int(found is None or found.kept_instead is None),
            "of": of,
            "alike": alike.copies if alike else None,
            "alike_keep": int(alike.kept_instead is None) if alike else None,
        }
    return rows


def _stored_pairs(compared: Mapping[int, Row]) -> dict[tuple[int, int], dict[str, Any]]:
    """Return the two clips of each pair → the stored fields of its alignment."""
    pairs = {}
    for row in compared.values():
        for first, second, *values in json.loads(row["pairs"]):
            if first in compared and second in compared:
                pairs[first, second] = dict(zip(_STORED, values, strict=True))
    return pairs


def _rank(video: Video, clip: Clip) -> tuple[float, ...]:
    """Return the worth of a clip: a larger picture, then longer, then less compressed."""
    width, height = video.at(clip.in_pts).display_size_px
    length_s = _length_s(video, clip)
    bits = 8 * video.size_bytes / max(video.duration_s, 1e-3) / (width * height)
    return (width * height, round(length_s), bits)


def _length_s(video: Video, clip: Clip) -> float:
    return float((clip.out_pts - clip.in_pts) * video.time_base)


def _look_alikes(
    context: Context, numbers: Sequence[int], rank: Mapping[int, Sequence[float]]
) -> dict[int, Membership]:
    """Return clip → its place among those that look alike, for each clip with an embedding."""
    space = embedding_space(context, "embedding")
    if space is None:
        return {}
    place_of = space.places()
    with_one = [no for no in numbers if no in place_of]
    vectors_ND = space.vectors(np.array([place_of[no] for no in with_one], np.int64))
    settings: Dedup = context.recipe.own("dedup")
    pairs = [
        CopyPair(first=with_one[i], second=with_one[j], share_first=1.0, share_second=1.0)
        for i, j in near_pairs(vectors_ND, settings.alike).tolist()
    ]
    alone = {no: Membership(group=0, copies=0, kept_instead=None) for no in with_one}
    return alone | group_copies(pairs, rank, 1.0)


def needs_embeddings(context: Context, old: Mapping[int, Row]) -> bool:
    """Return whether clips of an outcome have got embeddings since."""
    if "embedding" not in context.recipe.stages("score"):
        return False
    return any(old[no]["alike"] is None for no in context.scores("embedding") if no in old)


def _seen_from(
    no: int, partner: int, pairs: Mapping[tuple[int, int], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the fields of a pair with the offset and speed of a clip on its partner."""
    if (partner, no) in pairs:
        return dict(pairs[partner, no])
    pair = pairs[no, partner]
    return dict(pair) | {"offset_s": -pair["offset_s"] / pair["speed"], "speed": 1 / pair["speed"]}


def _repeated(
    pair: Mapping[str, Any], row: ClipRow, partner: ClipRow, videos: Mapping[int, Video]
) -> str:
    """Return the seconds of its partner's video that a clip repeats, and how.

    Args:
        pair: Fields of the alignment, of the clip on its partner.
        row: The clip.
        partner: The clip that it repeats.
        videos: By their numbers.
    """
    video = videos[partner.video_no]
    speed = pair["speed"]
    length_s = _length_s(videos[row.video_no], row.clip)
    start_s = max(0.0, pair["offset_s"])
    end_s = min(_length_s(video, partner.clip), pair["offset_s"] + speed * length_s)
    begin_s = video.seconds(partner.clip.in_pts)
    words = [f"{begin_s + start_s:.1f}-{begin_s + end_s:.1f} s of {video.given}"]
    words += ["mirrored"] if pair["is_mirrored"] else []
    words += ["another crop"] if pair["is_cropped"] else []
    words += [f"speed {speed:.2f}"] if abs(speed - 1) > 0.01 else []
    return ", ".join(words)
