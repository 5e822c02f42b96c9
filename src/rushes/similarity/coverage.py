"""What a project's clips show and what they hardly show: clusters of clips that look alike.

The clips are put into groups by k-means on the sphere of their vectors, the larger first. A group
is named by the words that set it apart, or else by the clip at its middle. This tells how what is
there is spread; what is not there at all cannot show.
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath

import numpy as np

from rushes.context import Context
from rushes.errors import RecipeError
from rushes.recipe.recipe import Recipe
from rushes.records import ClipRow, Field, Row
from rushes.similarity.kmeans import fit, predict
from rushes.similarity.spaces import SPACES, Space, best_space

KEY = "coverage/clusters"
FIELDS = (
    Field(name="cluster", dtype="integer", low=1,
          about="group of clips that look alike; 1: the largest"),
    Field(name="nearness", low=-1.01, high=1.01,
          about="cosine to the middle of the group; low: an odd one there"),
)  # fmt: skip
"""The columns `coverage.*` of a clip."""

VERSION = 1
"""Bump it when the same vectors give other clusters."""

_SAMPLE = 20_000  # clips that the middles are found from; all are put to the nearest
_EXAMPLES = 3
_TELLING = 64  # clips of a cluster that tell its middle


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How clips are grouped by what they look like."""

    clusters: int = 0
    """How many groups; 0 takes the root of half the number of clips, from 2 to 256."""
    gap: float = 0.25
    """A group is a gap if it holds less than this part of an even share; larger names more."""

    def __post_init__(self) -> None:
        """Raise RecipeError for what cannot be."""
        if self.clusters < 0 or self.clusters == 1 or self.clusters > 4096:
            raise RecipeError(f"clusters = {self.clusters}: it is 0, or from 2 to 4096")
        if not 0 <= self.gap <= 1:
            raise RecipeError(f"gap = {self.gap}: it is from 0 to 1")


def fingerprint(recipe: Recipe) -> str:
    """Return the identity of the clusters that a recipe asks for."""
    prints = recipe.fingerprints
    scorers = [prints.scorers.get(name) for name in SPACES]
    payload = [VERSION, asdict(recipe.own("coverage")), prints.cut, scorers]
    return hashlib.sha256(json.dumps(payload).encode()).hexdigest()[:12]


def clustered(context: Context) -> dict[int, Row]:
    """Return clip number → its cluster, as far as `cover` was run; rows of `FIELDS`."""
    return context.catalog.stages.rows(KEY, FIELDS, fingerprint(context.recipe))


def is_current(context: Context) -> bool:
    """Return whether every clip that has a vector has a cluster, too."""
    known = clustered(context)
    if not known:
        return False
    return bool(np.isin(best_space(context).numbers, list(known)).all())


def cover(context: Context) -> None:
    """Put all clips into clusters and store them.

    Raises:
        RecipeError: Nothing says what clips look like.
    """
    found = best_space(context)
    ids = context.catalog.clip_numbers("", context.recipe.fingerprints.cut)
    # By id, so that neither the order of files nor that of workers counts.
    place_of = {int(no): at for at, no in enumerate(found.numbers)}
    order = np.array([place_of[no] for _, no in sorted(ids.items()) if no in place_of], np.int64)
    size = context.recipe.own("coverage").clusters or min(
        256, max(2, round(math.sqrt(len(order) / 2)))
    )
    sample = order[np.linspace(0, len(order) - 1, min(len(order), _SAMPLE)).astype(int)]
    middles_KD = fit(found.vectors(sample), min(size, len(order)))
    which, nearness = _assigned(found, middles_KD)
    counts = np.bincount(which, minlength=len(middles_KD))
    by_size = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    label = np.zeros(len(counts), np.int64)
    label[by_size] = np.arange(1, len(by_size) + 1)
    rows: dict[int, Row] = {
        int(no): {"cluster": int(cluster), "nearness": round(float(near), 4)}
        for no, cluster, near in zip(found.numbers, label[which], nearness, strict=True)
    }
    context.catalog.stages.replace(KEY, FIELDS, fingerprint(context.recipe), rows)


def _assigned(found: Space, middles_KD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    which = np.empty(len(found.numbers), np.int64)
    nearness = np.empty(len(found.numbers), np.float32)
    for some, vectors_ND in found.blocks():
        which[some], nearness[some] = predict(vectors_ND, middles_KD)
    return which, nearness


def covered(context: Context) -> Row:
    """Cluster the clips and return what there is: totals, and a row for each cluster."""
    cover(context)
    rows, _ = described(context)
    for row in rows:
        row["name"] = row["name"] or row["middle"]
        del row["middle"]
    held = sum(row["clips"] for row in rows)
    return {
        "by": best_space(context).name,
        "clips": held,
        "without_vector": len(context.catalog.clip_numbers("", context.recipe.fingerprints.cut))
        - held,
        "clusters": rows,
    }


def described(context: Context) -> tuple[list[Row], np.ndarray]:
    """Return a row for each cluster of `cover`, the largest first, and their middles (K, D).

    A `name` is of words and may be empty; `middle` tells of the clip at the cluster's middle.
    """
    known = clustered(context)
    clips = context.clips()
    videos = context.catalog.videos()
    captions = context.catalog.captions.in_force()
    labels = _labels(context, clips)
    words = {no: {*_words(captions.get(no, "")), *labels.get(no, ())} for no in known}
    everywhere = Counter(word for some in words.values() for word in some)
    members: dict[int, list[int]] = {}
    for no in sorted(known.keys() & clips.keys(), key=lambda no: (-known[no]["nearness"], no)):
        members.setdefault(known[no]["cluster"], []).append(no)
    if not members:  # all of the clips have been trimmed or cut anew since
        return [], np.zeros((0, 1), np.float32)
    middles_KD = _middles(best_space(context), [members[at] for at in sorted(members)])
    likeness = middles_KD @ middles_KD.T - 2 * np.eye(len(middles_KD), dtype=np.float32)
    even = sum(map(len, members.values())) / max(1, len(members))
    rows: list[Row] = []
    for place, (cluster, numbers) in enumerate(sorted(members.items())):
        nearest = clips[numbers[0]]
        video = videos[nearest.video_no]
        name = named([words[no] for no in numbers], everywhere, len(known))
        middle = f"like {PurePath(video.given).stem} at {video.seconds(nearest.clip.in_pts):.1f} s"
        spans = [(videos[row.video_no], row.clip) for row in (clips[no] for no in numbers)]
        seconds = sum(
            (c.out_pts - c.in_pts) / v.time_base.denominator * v.time_base.numerator
            for v, c in spans
        )
        rows.append(
            {
                "cluster": cluster,
                "clips": len(numbers),
                "share": round(len(numbers) / len(known), 4),
                "name": name,
                "middle": middle,
                "is_gap": len(numbers) < context.recipe.own("coverage").gap * even,
                "duration_s": round(seconds, 3),
                "videos": len({clips[no].video_no for no in numbers}),
                "nearness": round(float(np.mean([known[no]["nearness"] for no in numbers])), 4),
                "apart": round(1 - float(likeness[place].max()), 4),
                "examples": [clips[no].clip.id for no in numbers[:_EXAMPLES]],
            }
        )
    return rows, middles_KD


def _middles(found: Space, members: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the mean direction of each cluster's clips, or of as many as tell it: (K, D)."""
    place_of = {int(no): at for at, no in enumerate(found.numbers)}
    sums = []
    for numbers in members:
        some = [numbers[at] for at in np.linspace(0, len(numbers) - 1, _TELLING).astype(int)]
        places = np.array([place_of[no] for no in dict.fromkeys(some) if no in place_of], np.int64)
        sums.append(found.vectors(places).sum(axis=0))
    middles_KD = np.array(sums, np.float32)
    lengths = np.linalg.norm(middles_KD, axis=1, keepdims=True)
    return np.asarray(middles_KD / np.maximum(lengths, 1e-9))


def named(members: Sequence[set[str]], everywhere: Counter[str], total: int) -> str:
    """Return the words that set a cluster apart: at most three, the most telling first.

    A word counts if at least half of the cluster has it and the rest has it less often.

    Args:
        members: The words of each clip of the cluster.
        everywhere: How many clips of all have a word.
        total: How many clips there are.
    """
    inside = Counter(word for words in members for word in words)
    worth = {}
    for word, count in inside.items():
        share, usual = count / len(members), everywhere[word] / total
        if share >= 0.5 and share >= 1.5 * usual:
            worth[word] = share * math.log(share / usual)
    return ", ".join(sorted(worth, key=lambda word: (-worth[word], word))[:3])


def _labels(context: Context, clips: Mapping[int, ClipRow]) -> dict[int, list[str]]:
    """Return clip number → what is known of it in words besides its caption: labels and tags."""
    found: dict[int, list[str]] = {}
    for name, scorer in context.recipe.stages("score").items():
        if any(field.name == "label" and field.dtype == "text" for field in scorer.fields):
            for no, measured in context.scores(name).items():
                found.setdefault(no, []).append(measured["label"])
    decided = context.catalog.verdicts.current()
    for no, row in clips.items():
        if row.clip.id in decided:
            found.setdefault(no, []).extend(decided[row.clip.id].tags_added)
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]{3,}", text.casefold())
