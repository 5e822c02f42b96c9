"""Find clips that show the same footage or look alike, and choose which of them to keep.

Each step stores what it found: the descriptors of a video's stills, the verified pairs of each
clip, and the outcome for all. So a rerun compares only new clips, each with all others.
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
    OUTCOME_KEY,
    PAIRS,
    choose_kept,
    needs_embeddings,
    outcome,
    step_fingerprints,
    stored_fields,
)
from rushes.dedup.near_stills import DescriptorTable, Matches, near_stills
from rushes.dedup.worker import (
    PARTS,
    QUERY_PARTS,
    CandidatePair,
    ClipFiles,
    CompareTask,
    DescribeTask,
    compare,
    describe_video,
    read_descriptors,
)
from rushes.errors import ItemError, RecipeError
from rushes.records import Field, Row
from rushes.runner.base import Job, progress_bar

PAIRS_PER_TASK = 64
LEAST_OVERLAP = 0.5
"""Pairs that share less than this part of the shorter one are no copies."""
_DESCRIBED, _PAIRS = "dedup/looked", "dedup/pairs"
_DESCRIBED_FIELDS = (
    Field(name="file", dtype="text", about="file of the descriptors, in the project"),
    Field(name="stills", dtype="integer", low=0, about="stills in it"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupReport:
    """The result of `dedup`."""

    clips: int
    """Clips that are compared with one another, earlier ones included."""
    compared: int
    """Clips among them that were new."""
    groups: list[list[str]]
    """Ids of the clips of each group of copies, kept ones first."""
    redundant: int
    """Clips that a rule `dedup.keep = ">= 1"` leaves out."""
    redundant_hours: float
    alike_redundant: int | None
    """Clips that a rule `dedup.alike_keep = ">= 1"` leaves out; None without embeddings."""
    failed: int
    note: str
    """Results that are missing, and the setting that adds them; empty if none."""


def count_pending(context: Context) -> int:
    """Return the number of clips that are not compared yet."""
    prints = step_fingerprints(context.recipe)
    return len(
        context.catalog.stages.pending(OUTCOME_KEY, OUTCOME, prints["outcome"], prints["cut"])
    )


def find_copies(context: Context) -> DedupReport:
    """Compare the clips that are new with all others, and choose which to keep.

    Raises:
        RecipeError: The scan keeps no stills, or no change signals.
    """
    for probe in ("still", "change"):
        if probe not in context.recipe.stages("scan"):
            raise RecipeError(f"dedup reads the probe {probe!r}; add it to scan.use")
    stages, prints = context.catalog.stages, step_fingerprints(context.recipe)
    failures = context.catalog.failures  # all of them are tried again
    failures.remove([failure for failure in failures.all() if failure.stage == "dedup"])
    failed = _describe_videos(context)
    clips = _clip_files(context)
    new = set(stages.pending(_PAIRS, PAIRS, prints["pairs"], prints["cut"])) & set(clips)
    if new:
        failed += _compare_clips(context, clips, new)
    old = outcome(context)
    compared = stages.rows(_PAIRS, PAIRS, prints["pairs"])
    compared = {no: row for no, row in compared.items() if no in clips}
    if new or old.keys() != compared.keys() or needs_embeddings(context, old):
        rows = choose_kept(context, compared)
        stages.commit(OUTCOME_KEY, OUTCOME, prints["outcome"], rows)
    else:
        rows = old
    return _report(context, rows, new=len(new), failed=failed)


def _describe_videos(context: Context) -> int:
    """Describe the stills of new videos; return the number of videos that failed."""
    stages, probes = context.catalog.stages, context.recipe.fingerprints.probes
    fingerprint = step_fingerprints(context.recipe)["described"]
    rows = {name: context.probe_rows(name) for name in ("still", "border") if name in probes}
    with_clips = {row.video_no for row in context.clips().values()}
    pending = stages.pending(_DESCRIBED, _DESCRIBED_FIELDS, fingerprint, "videos")
    ready = [
        no for no in pending if no in with_clips and all(no in found for found in rows.values())
    ]
    videos = context.catalog.videos(ready) if ready else {}
    jobs, number_of = [], {}
    for no, video in videos.items():
        border = rows.get("border", {}).get(no)
        task = DescribeTask(
            stills=context.folder / rows["still"][no]["file"],
            stills_signals=context.folder / rows["still"][no]["signals"],
            border_signals=context.folder / border["signals"] if border else None,
            target=context.folder / "looks" / f"{video.id}.{fingerprint}.npy",
        )
        number_of[video.path] = no
        jobs.append(Job(name=video.path, payload=task, size=video.duration_s))
    failed = 0
    for done in context.runner.run("describe stills", describe_video, jobs, unit="s of video"):
        if done.result is None:
            failed += 1
            _fail(context, done.job.name, done.error)
            continue
        name = str(done.job.payload.target.relative_to(context.folder))
        row = {number_of[done.job.name]: {"file": name, "stills": done.result}}
        stages.commit(_DESCRIBED, _DESCRIBED_FIELDS, fingerprint, row)
        context.catalog.failures.clear("dedup", [done.job.name])
    return failed


def _clip_files(context: Context) -> dict[int, ClipFiles]:
    """Return clip number → its files, for the clips of described videos."""
    fingerprint = step_fingerprints(context.recipe)["described"]
    described = context.catalog.stages.rows(_DESCRIBED, _DESCRIBED_FIELDS, fingerprint)
    change = context.probe_rows("change")
    return {
        no: ClipFiles(
            descriptors=context.folder / described[row.video_no]["file"],
            change=context.folder / change[row.video_no]["signals"],
            in_pts=row.clip.in_pts,
            out_pts=row.clip.out_pts,
        )
        for no, row in sorted(context.clips().items())
        if row.video_no in described and row.video_no in change
    }


def _compare_clips(context: Context, clips: Mapping[int, ClipFiles], new: set[int]) -> int:
    """Compare new clips with all, store the pairs of copies; return the number of failures."""
    stages, fingerprint = context.catalog.stages, step_fingerprints(context.recipe)["pairs"]
    table, pts_N = _descriptor_table(clips, new)
    matches = _near_stills(context, table)
    pairs_of = _candidates(matches, pts_N, np.array(list(clips))[table.owner_N], new)
    without = {no: {"pairs": "[]"} for no in new - pairs_of.keys()}
    stages.commit(_PAIRS, PAIRS, fingerprint, without)
    failed = 0
    for done in context.runner.run("compare", compare, list(_jobs(pairs_of, clips)), unit="pairs"):
        if done.result is None:
            failed += 1
            _fail(context, f"clips {done.job.name[:60]}", done.error)
            continue
        found: dict[int, list[Any]] = {int(no): [] for no in done.job.name.split()}
        for first, second, alignment in done.result:
            owner = first if first in found else second
            if max(alignment.share_a, alignment.share_b) >= LEAST_OVERLAP:
                found[owner].append([first, second, *stored_fields(alignment)])
        rows = {no: {"pairs": json.dumps(pairs)} for no, pairs in found.items()}
        stages.commit(_PAIRS, PAIRS, fingerprint, rows)
    return failed


def _descriptor_table(
    clips: Mapping[int, ClipFiles], new: set[int]
) -> tuple[DescriptorTable, np.ndarray]:
    """Return the descriptors of all stills of the clips, and the pts of each still."""
    descriptors, owners, pts = [], [], []
    path: Path | None = None
    rows: Any = None
    for place, clip in enumerate(clips.values()):
        if clip.descriptors != path:
            path, rows = clip.descriptors, read_descriptors(clip.descriptors)
        inside = rows[clip.rows_in(rows["pts"])]
        if len(inside) < 2:
            continue  # one picture cannot be told from another moment of its scene
        descriptors.append(np.array(inside["looks"]))
        owners.append(np.full(len(inside), place, np.int32))
        pts.append(np.array(inside["pts"]))
    if not descriptors:
        nothing = np.zeros(0, np.int32)
        return DescriptorTable(
            descriptors_PNL=np.zeros((PARTS, 0, 1), np.int8),
            query_parts=QUERY_PARTS,
            owner_N=nothing,
            is_query_N=nothing > 0,
        ), nothing
    owner_N = np.concatenate(owners)
    is_new = np.array([no in new for no in clips], bool)
    table = DescriptorTable(
        descriptors_PNL=np.ascontiguousarray(np.concatenate(descriptors).transpose(1, 0, 2)),
        # An old clip may be a crop of a new one, and old clips are not searched for again.
        query_parts=QUERY_PARTS if is_new.all() else tuple(range(PARTS)),
        owner_N=owner_N,
        is_query_N=is_new[owner_N],
    )
    return table, np.concatenate(pts)


def _near_stills(context: Context, table: DescriptorTable) -> Matches:
    """Search for near stills, with a progress bar."""
    reporter, total = context.runner.reporter, int(table.is_query_N.sum())
    with progress_bar(reporter, "search stills", total, "stills"):
        return near_stills(table, reporter.advance)


def _candidates(
    matches: Matches, pts_N: np.ndarray, clip_N: np.ndarray, new: set[int]
) -> dict[int, list[CandidatePair]]:
    """Return the pairs to compare, by the new clip that each is stored with.

    Args:
        matches: Near stills.
        pts_N: Time of each still.
        clip_N: Number of the clip of each still.
        new: Numbers of the clips that are new.
    """
    near: dict[tuple[int, int, bool], list[tuple[int, int]]] = defaultdict(list)
    columns = (
        clip_N[matches.first], clip_N[matches.second], matches.is_mirrored,
        pts_N[matches.first], pts_N[matches.second],
    )  # fmt: skip
    for first, second, is_mirrored, *pts in zip(*(c.tolist() for c in columns), strict=True):
        near[first, second, is_mirrored].append((pts[0], pts[1]))
    found: dict[int, list[CandidatePair]] = defaultdict(list)
    for (first, second, is_mirrored), near_pts in near.items():
        pair = CandidatePair(
            first=first, second=second, is_mirrored=is_mirrored, near_pts=tuple(near_pts)
        )
        found[first if first in new else second].append(pair)
    return found


def _jobs(
    pairs_of: Mapping[int, Sequence[CandidatePair]], clips: Mapping[int, ClipFiles]
) -> Iterator[Job[CompareTask]]:
    """Yield jobs of about 64 pairs, each named by the clips that its pairs are stored with."""
    owners: list[int] = []
    pairs: list[CandidatePair] = []
    left = len(pairs_of)
    for owner in sorted(pairs_of):
        owners.append(owner)
        pairs += pairs_of[owner]
        left -= 1
        if len(pairs) >= PAIRS_PER_TASK or not left:
            files = {no: clips[no] for pair in pairs for no in (pair.first, pair.second)}
            task = CompareTask(files=files, pairs=tuple(pairs))
            yield Job(name=" ".join(map(str, owners)), payload=task, size=len(pairs))
            owners, pairs = [], []


def _report(context: Context, rows: Mapping[int, Row], *, new: int, failed: int) -> DedupReport:
    clips = context.clips()
    videos = context.catalog.videos()
    groups: dict[int, list[int]] = defaultdict(list)
    for no, row in rows.items():
        if row["group"]:
            groups[row["group"]].append(no)
    redundant = [no for no, row in rows.items() if not row["keep"]]
    redundant_s = sum(
        float((row.clip.out_pts - row.clip.in_pts) * videos[row.video_no].time_base)
        for row in (clips[no] for no in redundant)
    )
    alike = [row["alike_keep"] for row in rows.values() if row["alike_keep"] is not None]
    note = ""
    if "embedding" not in context.recipe.stages("score"):
        note = 'found copies only, not clips that look alike: add "embedding" to score.use'
    return DedupReport(
        clips=len(rows),
        compared=new,
        groups=[
            [clips[no].clip.id for no in sorted(members, key=lambda n: (-rows[n]["keep"], n))]
            for _, members in sorted(groups.items())
        ],
        redundant=len(redundant),
        redundant_hours=round(redundant_s / 3600, 4),
        alike_redundant=alike.count(0) if alike else None,
        failed=failed,
        note=note,
    )


def _fail(context: Context, item: str, error: ItemError | None) -> None:
    error = error or ItemError("no result")
    context.fail("dedup", item, type(error)(f"{item}: {error}"), retry="rushes dedup")
