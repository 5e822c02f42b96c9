"""Which clips show the same footage, or nearly the same picture, and which of them to keep.

Each step keeps what it found: looks of a video's stills, the verified pairs of each clip, and the
outcome for all. So a rerun compares only clips that are new, with all others.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.context import Context
from rushes.dedup.keep import (
    OUTCOME,
    PAIRS,
    Dedup,
    decided,
    duplicate_groups,
    kept_of,
    lacks_likes,
    outcome,
    outcome_fingerprint,
    prints_of,
)
from rushes.dedup.lsh import Matches, Stills, near_stills
from rushes.dedup.worker import (
    ASKED,
    PARTS,
    LookTask,
    PairTask,
    Place,
    compare,
    look_at,
    read_looks,
)
from rushes.errors import ItemError, RecipeError
from rushes.records import Failure, Field, Row
from rushes.runner.base import Job

__all__ = [
    "OUTCOME", "Dedup", "DedupReport", "duplicate_groups", "find_copies", "outcome",
    "outcome_fingerprint", "undone",
]  # fmt: skip

PAIRS_PER_TASK = 64
LEAST_OVERLAP = 0.5
"""Pairs that share less than this of the shorter one are no copies."""

LOOKED = (
    Field(name="file", dtype="text", about="file of the looks, in the project"),
    Field(name="stills", dtype="integer", low=0, about="stills in it"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupReport:
    """What `dedup` found."""

    clips: int
    """Clips that are compared with one another, earlier ones included."""
    compared: int
    """Those that were new."""
    groups: list[list[str]]
    """Ids of the clips of each group of copies, kept ones first."""
    spare: int
    """Clips that a rule `dedup.keep = ">= 1"` leaves out."""
    spare_hours: float
    alike_spare: int | None
    """Clips that a rule `dedup.alike_keep = ">= 1"` leaves out; None without embeddings."""
    failed: int
    note: str
    """What is left out, and the setting that mends it; empty if nothing is."""


def undone(context: Context) -> int:
    """Return how many clips have not been compared yet."""
    prints = prints_of(context.recipe)
    return len(
        context.catalog.stages.pending("dedup/outcome", OUTCOME, prints["outcome"], prints["cut"])
    )


def find_copies(context: Context) -> DedupReport:
    """Compare the clips that are new with all others, and choose which to keep.

    Args:
        context: The open project.

    Raises:
        RecipeError: The scan keeps no stills, or no change signals.
    """
    for probe in ("still", "change"):
        if probe not in context.recipe.stages("scan"):
            raise RecipeError(f"dedup reads what the probe {probe!r} keeps; add it to scan.use")
    prints = prints_of(context.recipe)
    failed = _look_at_videos(context)
    places = _places(context)
    new = set(
        context.catalog.stages.pending("dedup/pairs", PAIRS, prints["pairs"], prints["cut"])
    ) & set(places)
    if new:
        failed += _compare_clips(context, prints["pairs"], places, new)
    old = outcome(context)
    compared = context.catalog.stages.rows("dedup/pairs", PAIRS, prints["pairs"])
    compared = {no: row for no, row in compared.items() if no in places}
    note = ""
    if "embedding" not in context.recipe.stages("score"):
        note = 'only copies are looked for, not clips that are alike: add "embedding" to score.use'
    if new or old.keys() != compared.keys() or lacks_likes(context, old):
        rows = decided(context, compared)
        context.catalog.stages.commit("dedup/outcome", OUTCOME, prints["outcome"], rows)
    else:
        rows = old
    return _report(context, rows, len(new), failed, note)


def _look_at_videos(context: Context) -> int:
    """Have the stills of new videos looked at; return how many failed."""
    prints, fingerprint = context.recipe.fingerprints, prints_of(context.recipe)["looked"]
    rows = {name: context.probe_rows(name) for name in ("still", "border") if name in prints.probes}
    with_clips = {row.video_no for row in context.clips().values()}
    pending = context.catalog.stages.pending("dedup/looked", LOOKED, fingerprint, "videos")
    ready = [
        no for no in pending if no in with_clips and all(no in found for found in rows.values())
    ]
    videos = context.catalog.videos(ready) if ready else {}
    jobs, number_of = [], {}
    for no, video in videos.items():
        border = rows.get("border", {}).get(no)
        task = LookTask(
            stills=context.folder / rows["still"][no]["file"],
            stills_signals=context.folder / rows["still"][no]["signals"],
            border_signals=context.folder / border["signals"] if border else None,
            target=context.folder / "looks" / f"{video.id}.{fingerprint}.npy",
        )
        number_of[video.path] = no
        jobs.append(Job(name=video.path, payload=task, size=video.duration_s))
    failed = 0
    for done in context.runner.run("look at stills", look_at, jobs, unit="s of video"):
        if done.result is None:
            failed += 1
            context.catalog.failures.add(_failure(done.job.name, done.error))
            continue
        name = str(done.job.payload.target.relative_to(context.folder))
        row = {number_of[done.job.name]: {"file": name, "stills": done.result}}
        context.catalog.stages.commit("dedup/looked", LOOKED, fingerprint, row)
        context.catalog.failures.clear("dedup", [done.job.name])
    return failed


def _places(context: Context) -> dict[int, Place]:
    """Return where each clip is whose video was looked at, by the clip's number."""
    looked = context.catalog.stages.rows(
        "dedup/looked", LOOKED, prints_of(context.recipe)["looked"]
    )
    change = context.probe_rows("change")
    return {
        no: Place(
            looks=context.folder / looked[row.video_no]["file"],
            change=context.folder / change[row.video_no]["signals"],
            in_pts=row.clip.in_pts,
            out_pts=row.clip.out_pts,
        )
        for no, row in sorted(context.clips().items())
        if row.video_no in looked and row.video_no in change
    }


def _compare_clips(
    context: Context,
    fingerprint: str,
    places: Mapping[int, Place],
    new: set[int],
) -> int:
    """Compare new clips with all, and store the pairs that are copies; return how many failed."""
    numbers = list(places)
    stills, pts_N = _stills(places, new)
    told = 0.0
    context.runner.reporter.begin("look up", 1.0, "of the clips")

    def progress(share: float) -> None:
        nonlocal told
        context.runner.reporter.advance(max(0.0, min(share, 1.0) - told))
        told = max(told, share)

    try:
        matches = near_stills(stills, progress)
    finally:
        context.runner.reporter.end()
    pairs_of = _pairs_of(matches, stills, pts_N, numbers, new)
    lonely = {no: {"pairs": "[]"} for no in new - pairs_of.keys()}
    context.catalog.stages.commit("dedup/pairs", PAIRS, fingerprint, lonely)
    failed = 0
    for done in context.runner.run("compare", compare, list(_jobs(pairs_of, places)), unit="pairs"):
        owners = done.job.name.split()
        if done.result is None:
            failed += 1
            context.catalog.failures.add(_failure(f"clips {done.job.name[:60]}", done.error))
            continue
        found: dict[int, list[Any]] = {int(no): [] for no in owners}
        for first, second, alignment in done.result:
            owner = first if first in found else second
            if max(alignment.share_a, alignment.share_b) >= LEAST_OVERLAP:
                found[owner].append([first, second, *kept_of(alignment)])
        rows = {no: {"pairs": json.dumps(pairs)} for no, pairs in found.items()}
        context.catalog.stages.commit("dedup/pairs", PAIRS, fingerprint, rows)
    return failed


def _stills(places: Mapping[int, Place], new: set[int]) -> tuple[Stills, np.ndarray]:
    """Return the looks of all stills of the clips, and the pts of each."""
    looks, owners, pts = [], [], []
    path: Path | None = None
    rows: Any = None
    for row, (_, place) in enumerate(places.items()):
        if place.looks != path:
            path, rows = place.looks, read_looks(place.looks)
        first, last = np.searchsorted(rows["pts"], (place.in_pts, place.out_pts))
        if last - first < 2:
            continue  # there is no telling from one picture
        looks.append(np.array(rows["looks"][first:last]))
        owners.append(np.full(last - first, row, np.int32))
        pts.append(np.array(rows["pts"][first:last]))
    if not looks:
        none = np.zeros(0, np.int32)
        empty = np.zeros((PARTS, 0, 1), np.int8)
        return Stills(looks_WNL=empty, asked_W=ASKED, owner_N=none, is_asked_N=none > 0), none
    owner_N = np.concatenate(owners)
    is_new = np.array([no in new for no in places], bool)
    stills = Stills(
        looks_WNL=np.ascontiguousarray(np.concatenate(looks).transpose(1, 0, 2)),
        # A new clip may be what an old one is a crop of, and the old ones ask no more.
        asked_W=ASKED if is_new.all() else tuple(range(PARTS)),
        owner_N=owner_N,
        is_asked_N=is_new[owner_N],
    )
    return stills, np.concatenate(pts)


def _pairs_of(
    matches: Matches, stills: Stills, pts_N: np.ndarray, numbers: Sequence[int], new: set[int]
) -> dict[int, list[tuple[int, int, bool, tuple[tuple[int, int], ...]]]]:
    """Return the pairs to compare, by the new clip that each is stored with."""
    near: dict[tuple[int, int, bool], list[tuple[int, int]]] = defaultdict(list)
    columns = (matches.first, matches.second, matches.is_mirrored)
    for one, other, is_mirrored in zip(*(c.tolist() for c in columns), strict=True):
        first, second = numbers[stills.owner_N[one]], numbers[stills.owner_N[other]]
        near[first, second, is_mirrored].append((int(pts_N[one]), int(pts_N[other])))
    found: dict[int, list[tuple[int, int, bool, tuple[tuple[int, int], ...]]]] = defaultdict(list)
    for (first, second, is_mirrored), stills_near in near.items():
        owner = first if first in new else second
        found[owner].append((first, second, is_mirrored, tuple(stills_near)))
    return found


def _jobs(
    pairs_of: Mapping[int, list[Any]], places: Mapping[int, Place]
) -> Iterator[Job[PairTask]]:
    owners: list[int] = []
    pairs: list[Any] = []
    left = len(pairs_of)
    for owner in sorted(pairs_of):
        owners.append(owner)
        pairs += pairs_of[owner]
        left -= 1
        if len(pairs) >= PAIRS_PER_TASK or not left:
            named = {no: places[no] for pair in pairs for no in pair[:2]}
            task = PairTask(places=named, pairs=tuple(pairs))
            yield Job(name=" ".join(map(str, owners)), payload=task, size=len(pairs))
            owners, pairs = [], []


def _report(
    context: Context, rows: Mapping[int, Row], new: int, failed: int, note: str
) -> DedupReport:
    clips = context.clips()
    videos = context.catalog.videos()
    groups: dict[int, list[int]] = defaultdict(list)
    for no, row in rows.items():
        if row["group"]:
            groups[row["group"]].append(no)
    spare = [no for no, row in rows.items() if not row["keep"]]
    spare_s = sum(
        float((row.clip.out_pts - row.clip.in_pts) * videos[row.video_no].time_base)
        for row in (clips[no] for no in spare)
    )
    alike = [row["alike_keep"] for row in rows.values() if row["alike_keep"] is not None]
    return DedupReport(
        clips=len(rows),
        compared=new,
        groups=[
            [clips[no].clip.id for no in sorted(members, key=lambda n: (-rows[n]["keep"], n))]
            for _, members in sorted(groups.items())
        ],
        spare=len(spare),
        spare_hours=round(spare_s / 3600, 4),
        alike_spare=alike.count(0) if alike else None,
        failed=failed,
        note=note,
    )


def _failure(item: str, error: ItemError | None) -> Failure:
    error = error or ItemError("no result")
    return Failure(
        stage="dedup",
        item=item,
        error=type(error).__name__,
        message=f"{item}: {error}",
        retry="rushes dedup",
    )
