"""Which of several copies to keep: the last step of dedup, and what is known of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rushes.context import Context
from rushes.dedup.align import Alignment
from rushes.dedup.groups import Grouped, Link, grouped
from rushes.errors import RecipeError
from rushes.recipe.recipe import Recipe
from rushes.records import Clip, ClipRow, Field, Row, Video
from rushes.similarity.near_pairs import near_pairs
from rushes.similarity.pooling import clip_vectors

VERSION = 1
"""Bump it when the same clips give other groups."""

PAIRS = (Field(name="pairs", dtype="text", about="copies that were found for the clip, as JSON"),)
OUTCOME = (
    Field(name="group", dtype="integer", low=0, about="number of the group of copies; 0: no copy"),
    Field(name="copies", dtype="integer", low=0, about="other clips in the group"),
    Field(name="keep", dtype="integer", low=0, high=1, higher_is_better=True,
          about="1 for the best of its copies and for a clip without; 0 for what they make spare"),
    Field(name="of", dtype="text", about="what of which video it shows once more, and how"),
    Field(name="alike", dtype="integer", low=0,
          about="other clips whose embedding is nearly the same; missing without an embedding"),
    Field(name="alike_keep", dtype="integer", low=0, high=1, higher_is_better=True,
          about="1 for the best of its likes and for a clip without; 0 for the others"),
)  # fmt: skip
"""The columns `dedup.*` of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedup:
    """When a clip is spare, and when clips are alike."""

    overlap: float = 0.5
    """A clip is spare if a kept one shows at least this share of it; larger keeps more."""
    alike: float = 0.98
    """Clips are alike if the cosine of their embeddings is at least this; larger finds fewer."""

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1 or not 0 < self.alike <= 1:
            raise RecipeError(
                f"dedup.overlap = {self.overlap} and dedup.alike = {self.alike}: "
                f"both must be above 0 and at most 1"
            )


def outcome_fingerprint(recipe: Recipe) -> str:
    """Return the identity of what `dedup` finds under a recipe."""
    return prints_of(recipe)["outcome"]


def duplicate_groups(context: Context) -> dict[int, int]:
    """Return clip number → number of its group of copies; clips without a copy are left out.

    It is empty if `dedup` was not run, or not since the recipe changed in what it reads.
    """
    return {no: row["group"] for no, row in outcome(context).items() if row["group"]}


def outcome(context: Context) -> dict[int, Row]:
    """Return what `dedup` found by clip number, as `OUTCOME`; empty if it was not run."""
    return context.catalog.stages.rows(
        "dedup/outcome", OUTCOME, prints_of(context.recipe)["outcome"]
    )


def prints_of(recipe: Recipe) -> dict[str, str]:
    """Return the identities of what each step finds."""
    prints = recipe.fingerprints
    of_probe = prints.probes.get
    looked = _hash([VERSION, of_probe("still"), of_probe("border")])
    pairs = _hash([looked, of_probe("change"), prints.cut])
    settings = asdict(recipe.own("dedup"))
    return {
        "cut": prints.cut,
        "looked": looked,
        "pairs": pairs,
        "outcome": _hash([pairs, settings, prints.scorers.get("embedding")]),
    }


def _hash(payload: Any) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:12]


_KEPT = ("share_a", "share_b", "offset_s", "speed", "is_mirrored", "is_cropped", "certainty")


def kept_of(found: Alignment) -> list[Any]:
    """Return what is stored of an alignment."""
    values = [getattr(found, name) for name in _KEPT]
    return [round(v, 4) if isinstance(v, float) else v for v in values]


def decided(context: Context, compared: Mapping[int, Row]) -> dict[int, Row]:
    """Return the outcome for each compared clip."""
    settings: Dedup = context.recipe.own("dedup")
    clips = context.clips()
    videos = context.catalog.videos({row.video_no for row in clips.values()})
    rank = {no: _rank(videos[clips[no].video_no], clips[no].clip) for no in compared}
    pairs: dict[tuple[int, int], dict[str, Any]] = {}
    for row in compared.values():
        for first, second, *values in json.loads(row["pairs"]):
            if first in compared and second in compared:
                pairs[first, second] = dict(zip(_KEPT, values, strict=True))
    links = [
        Link(first=a, second=b, share_first=p["share_a"], share_second=p["share_b"])
        for (a, b), p in pairs.items()
    ]
    groups = grouped(links, rank, settings.overlap)
    partners: dict[int, int] = {}
    for a, b in pairs:
        partners.setdefault(a, b)
        partners.setdefault(b, a)
    likes = _likes(context, list(compared), settings.alike, rank)
    rows = {}
    for no in compared:
        found = groups.get(no)
        of = ""
        if found is not None:
            partner = found.kept_instead or partners[no]
            of = _described(no, partner, pairs, clips, videos)
        alike = likes.get(no)
        rows[no] = {
            "group": found.group if found else 0,
            "copies": found.copies if found else 0,
            "keep": int(found is None or found.kept_instead is None),
            "of": of,
            "alike": alike.copies if alike else None,
            "alike_keep": int(alike.kept_instead is None) if alike else None,
        }
    return rows


def _rank(video: Video, clip: Clip) -> tuple[float, ...]:
    """Return what makes a clip better: a larger picture, then longer, then less compressed."""
    width, height = video.display_size_px
    length_s = float((clip.out_pts - clip.in_pts) * video.time_base)
    bits = 8 * video.size_bytes / max(video.duration_s, 1e-3) / (width * height)
    return (width * height, round(length_s), bits)


def _likes(
    context: Context,
    numbers: Sequence[int],
    least: float,
    rank: Mapping[int, Sequence[float]],
) -> dict[int, Grouped]:
    """Return clip → what it is among those alike, for each clip with an embedding."""
    scorer = context.recipe.stages("score").get("embedding")
    if scorer is None:
        return {}
    fingerprint = context.recipe.fingerprints.scorers["embedding"]
    rows = context.catalog.stages.rows("scorer/embedding", scorer.fields, fingerprint)
    with_one = [no for no in numbers if no in rows]
    if not with_one:
        return {}
    field = next(field for field in scorer.fields if field.name == "vector")
    shards = context.catalog.stages.shards("scorer/embedding", field, fingerprint)
    vectors_ND = clip_vectors(shards.read([rows[no]["vector"] for no in with_one]))
    pairs = near_pairs(vectors_ND, least).tolist()
    links = [
        Link(first=with_one[i], second=with_one[j], share_first=1.0, share_second=1.0)
        for i, j in pairs
    ]
    alone = {no: Grouped(group=0, copies=0, kept_instead=None) for no in with_one}
    return alone | grouped(links, rank, 1.0)


def lacks_likes(context: Context, old: Mapping[int, Row]) -> bool:
    """Whether embeddings have arrived since the outcome."""
    scorer = context.recipe.stages("score").get("embedding")
    if scorer is None:
        return False
    fingerprint = context.recipe.fingerprints.scorers["embedding"]
    rows = context.catalog.stages.rows("scorer/embedding", scorer.fields, fingerprint)
    return any(old[no]["alike"] is None for no in rows if no in old)


def _described(
    no: int,
    partner: int,
    pairs: Mapping[tuple[int, int], Mapping[str, Any]],
    clips: Mapping[int, ClipRow],
    videos: Mapping[int, Video],
) -> str:
    """Return what a clip shows of its partner's video, and what was done to it."""
    is_first = (no, partner) in pairs
    pair = pairs[(no, partner) if is_first else (partner, no)]
    lengths = []
    for number in (no, partner):
        row = clips[number]
        span = row.clip.out_pts - row.clip.in_pts
        lengths.append(float(span * videos[row.video_no].time_base))
    offset_s, speed = pair["offset_s"], pair["speed"]
    if is_first:  # the clip shows at offset + speed × t what the partner shows at t
        offset_s, speed = -offset_s / speed, 1 / speed
    start_s = max(0.0, offset_s)
    end_s = min(lengths[1], offset_s + speed * lengths[0])
    video = videos[clips[partner].video_no]
    begin_s = video.seconds(clips[partner].clip.in_pts)
    words = [f"{begin_s + start_s:.1f}-{begin_s + end_s:.1f} s of {video.given}"]
    words += ["mirrored"] if pair["is_mirrored"] else []
    words += ["another crop"] if pair["is_cropped"] else []
    words += [f"speed {speed:.2f}"] if abs(speed - 1) > 0.01 else []
    return ", ".join(words)
