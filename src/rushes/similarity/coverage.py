"""Coverage: clusters of clips that look alike, the largest first, and gaps among them.

Clips are clustered by spherical k-means of their vectors. A cluster is named by the words that set
it apart, or else by the clip nearest to its centre. Footage that the project lacks altogether has
no cluster, so it does not show.
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
from rushes.similarity.kmeans import directions, fit, predict
from rushes.similarity.spaces import SPACES, EmbeddingSpace, best_space

KEY = "coverage/clusters"
FIELDS = (
    Field(name="cluster", label="Cluster", dtype="integer", low=1,
          about="Number of the cluster of clips that look alike; 1 is the largest"),
    Field(name="nearness", label="Nearness to cluster centre", low=-1.01, high=1.01,
          about="Cosine to the centre of the cluster; low: an outlier"),
)  # fmt: skip
"""The columns `coverage.*` of a clip."""

VERSION = 1
"""Bump it when the same vectors give other clusters."""

_SAMPLE = 20_000  # clips that k-means learns from; all join the nearest cluster
_EXAMPLES = 3
_CENTRE_SAMPLE = 64  # clips that the centre of a cluster is computed from


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Settings of the clusters."""

    clusters: int = 0
    """Number of clusters; 0: the root of half the number of clips, from 2 to 256."""
    gap: float = 0.25
    """A cluster is a gap if it holds less than this part of an even share; larger finds more."""

    def __post_init__(self) -> None:
        """Raise RecipeError for values out of range."""
        if self.clusters < 0 or self.clusters == 1 or self.clusters > 4096:
            raise RecipeError(f"clusters = {self.clusters}: it is 0, or from 2 to 4096")
        if not 0 <= self.gap <= 1:
            raise RecipeError(f"gap = {self.gap}: it is from 0 to 1")


def fingerprint(recipe: Recipe) -> str:
    """Return the fingerprint of the clusters that a recipe asks for."""
    prints = recipe.fingerprints
    scorers = [prints.scorers.get(name) for name in SPACES]
    payload = [VERSION, asdict(recipe.own("coverage")), prints.cut, scorers]
    return hashlib.sha256(json.dumps(payload).encode()).hexdigest()[:12]


def load_clusters(context: Context) -> dict[int, Row]:
    """Return clip number → row of `FIELDS`; empty before `cluster_clips` was run."""
    return context.catalog.stages.rows(KEY, FIELDS, fingerprint(context.recipe))


def is_current(context: Context) -> bool:
    """Return whether every clip that has a vector has a cluster too."""
    known = load_clusters(context)
    if not known:
        return False
    return bool(np.isin(best_space(context).numbers, list(known)).all())


def cluster_clips(context: Context) -> None:
    """Put all clips into clusters and store these.

    Raises:
        RecipeError: No clip has a vector.
    """
    found = best_space(context)
    ids = context.catalog.clip_numbers("", context.recipe.fingerprints.cut)
    # By id, so that neither the order of files nor that of workers counts.
    place_of = found.places()
    order = np.array([place_of[no] for _, no in sorted(ids.items()) if no in place_of], np.int64)
    size = context.recipe.own("coverage").clusters or min(
        256, max(2, round(math.sqrt(len(order) / 2)))
    )
    sample = order[np.linspace(0, len(order) - 1, min(len(order), _SAMPLE)).astype(int)]
    centres_KD = fit(found.vectors(sample), min(size, len(order)))
    cluster_N, cosine_N = _predicted(found, centres_KD)
    counts = np.bincount(cluster_N, minlength=len(centres_KD))
    by_size = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    label = np.zeros(len(counts), np.int64)
    label[by_size] = np.arange(1, len(by_size) + 1)
    rows: dict[int, Row] = {
        int(no): {"cluster": int(cluster), "nearness": round(float(near), 4)}
        for no, cluster, near in zip(found.numbers, label[cluster_N], cosine_N, strict=True)
    }
    context.catalog.stages.replace(KEY, FIELDS, fingerprint(context.recipe), rows)


def _predicted(found: EmbeddingSpace, centres_KD: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cluster of each clip, and the cosine to its centre."""
    parts = [predict(vectors_ND, centres_KD) for _, vectors_ND in found.blocks()]
    cluster, cosine = zip(*parts, strict=True)
    return np.concatenate(cluster), np.concatenate(cosine)


def coverage_report(context: Context) -> Row:
    """Cluster the clips; return totals, and a row for each cluster."""
    cluster_clips(context)
    rows, _ = cluster_rows(context)
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


def cluster_rows(context: Context) -> tuple[list[Row], np.ndarray]:
    """Return a row for each stored cluster, the largest first, and their centres (K, D).

    `name` is made of words and may be empty; `middle` names the clip nearest to the centre.
    """
    known = load_clusters(context)
    clips = context.clips()
    videos = context.catalog.videos()
    captions = context.catalog.captions.current()
    labels = _labels(context, clips)
    words = {no: {*_words(captions.get(no, "")), *labels.get(no, ())} for no in known}
    everywhere = Counter(word for some in words.values() for word in some)
    members: dict[int, list[int]] = {}
    for no in sorted(known.keys() & clips.keys(), key=lambda no: (-known[no]["nearness"], no)):
        members.setdefault(known[no]["cluster"], []).append(no)
    if not members:  # all of the clips have been cut again since
        return [], np.zeros((0, 1), np.float32)
    centres_KD = _centres(best_space(context), [members[at] for at in sorted(members)])
    likeness = centres_KD @ centres_KD.T - 2 * np.eye(len(centres_KD), dtype=np.float32)
    even = sum(map(len, members.values())) / max(1, len(members))
    rows: list[Row] = []
    for place, (cluster, numbers) in enumerate(sorted(members.items())):
        nearest = clips[numbers[0]]
        video = videos[nearest.video_no]
        name = label_cluster([words[no] for no in numbers], everywhere, len(known))
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
    return rows, centres_KD


def _centres(found: EmbeddingSpace, members: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the mean direction of each cluster's clips, or of some of them: (K, D)."""
    place_of = found.places()
    sums = []
    for numbers in members:
        some = [numbers[at] for at in np.linspace(0, len(numbers) - 1, _CENTRE_SAMPLE).astype(int)]
        places = np.array([place_of[no] for no in dict.fromkeys(some) if no in place_of], np.int64)
        sums.append(found.vectors(places).sum(axis=0))
    return directions(np.array(sums, np.float32))


def label_cluster(members: Sequence[set[str]], everywhere: Counter[str], total: int) -> str:
    """Return the words that set a cluster apart: at most three, the most distinctive first.

    A word counts if at least half of the cluster has it and the rest has it less often.

    Args:
        members: The words of each clip of the cluster.
        everywhere: Word → number of clips that have it, in all clusters.
        total: Number of clips in all clusters.
    """
    inside = Counter(word for words in members for word in words)
    worth = {}
    for word, count in inside.items():
        share, usual = count / len(members), everywhere[word] / total
        if share >= 0.5 and share >= 1.5 * usual:
            worth[word] = share * math.log(share / usual)
    return ", ".join(sorted(worth, key=lambda word: (-worth[word], word))[:3])


def _labels(context: Context, clips: Mapping[int, ClipRow]) -> dict[int, list[str]]:
    """Return clip number → its words besides the caption: labels of scorers, and tags."""
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
