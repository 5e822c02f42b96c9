"""Lists of `rushes ls`: videos, cuts, shots, clips and failures, a row each."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushes.catalog.signals import read_signals
from rushes.context import Context
from rushes.cuts.shots import shots
from rushes.decisions import tags_of
from rushes.errors import RecipeError, nearest
from rushes.media.defects.bars import SIDES
from rushes.media.source_file import file_state
from rushes.recipe.rules import parse_where
from rushes.records import Cut, Decisions, Row, Shot
from rushes.reports.failures import current_failures
from rushes.selection.choose import mask
from rushes.selection.clip_table import clip_columns
from rushes.words import count


def _videos(context: Context) -> list[Row]:
    scans = context.catalog.scans()
    found: dict[int, Counter[str]] = {}
    for video_no, row in _picture_rows(context):
        found.setdefault(video_no, Counter())[row["scan"]] += 1
    rows = []
    for no, video in context.catalog.videos().items():
        scanned, passes = scans.get(no, (None, 0))
        width, height = video.player_size_px
        rows.append(
            {
                "video": video.given,
                "id": video.id,
                "file": file_state(video),
                "duration_s": video.duration_s,
                "width_px": width,
                "height_px": height,
                "fps_declared": _rate(video.fps_declared),
                "fps_measured": _rate(video.fps_measured),
                "is_vfr": video.is_vfr,
                "rotation_deg": video.rotation_deg,
                "sample_aspect": str(video.sample_aspect),
                "notes": "; ".join(video.notes),
                "codec": video.codec,
                "pix_fmt": video.pix_fmt,
                "color_transfer": video.color_transfer,
                "is_hdr": video.hdr is not None,
                "field_order": video.field_order,
                "scan": found[no].most_common(1)[0][0] if no in found else None,
                "audio_codec": video.audio_codec,
                "frames": scanned.frames if scanned else None,
                "frames_damaged": len(scanned.damaged_pts) if scanned else None,
                "decode_passes": passes,
            }
        )
    return rows


def anomalies(context: Context) -> list[str]:
    """Return the count of each irregularity in time or picture, as "2 videos in HDR"."""
    videos = context.catalog.videos().values()
    rows = [row for _, row in _picture_rows(context)]
    counts = [
        ("video", "of variable frame rate", sum(v.is_vfr for v in videos)),
        ("video", "rotated upright", sum(v.rotation_deg != 0 for v in videos)),
        ("video", "of non-square pixels", sum(v.sample_aspect != 1 for v in videos)),
        ("video", "in HDR, shown in SDR", sum(v.hdr is not None for v in videos)),
        ("clip", "deinterlaced", sum(row["scan"] != "progressive" for row in rows)),
        ("clip", "with bars, cropped", sum(any(row[f"bar_{s}"] for s in SIDES) for row in rows)),
        ("clip", "with a freeze", sum(row["frozen_s"] > 0 for row in rows)),
        ("clip", "with repeated frames", sum(row["duplicate_fraction"] > 0.1 for row in rows)),
    ]
    return [f"{count(number, noun)} {kind}" for noun, kind, number in counts if number]


def _picture_rows(context: Context) -> Iterator[tuple[int, Row]]:
    """Yield (video number, row of the scorer `picture`) of each clip that has one."""
    if "picture" not in context.recipe.stages("score"):
        return
    rows = context.scores("picture")
    for no, row in context.clips().items():
        if no in rows:
            yield row.video_no, rows[no]


def _cuts(context: Context) -> list[Row]:
    found = context.catalog.cuts(context.recipe.fingerprints.cut)
    videos = context.catalog.videos(found)
    return [
        {
            "video": videos[no].given,
            "kind": cut.kind,
            "start_pts": cut.start_pts,
            "pts": cut.pts,
            "start_time_s": videos[no].seconds(cut.start_pts),
            "time_s": videos[no].seconds(cut.pts),
            "confidence": round(cut.confidence, 4),
            "detector": cut.detector,
        }
        for no, cuts in found.items()
        for cut in cuts
    ]


def _shots(context: Context) -> list[Row]:
    found = context.catalog.cuts(context.recipe.fingerprints.cut)
    videos = context.catalog.videos(found)
    change = context.probe_rows("change")
    return [
        {
            "video": videos[no].given,
            "in_pts": shot.in_pts,
            "out_pts": shot.out_pts,
            "in_s": videos[no].seconds(shot.in_pts),
            "out_s": videos[no].seconds(shot.out_pts),
        }
        for no, cuts in found.items()
        for shot in _shots_of(cuts, context.folder / change[no]["signals"])
    ]


def _shots_of(cuts: Sequence[Cut], path: Path) -> list[Shot]:
    signals = read_signals(path)
    return shots(cuts, signals.pts, signals.end_pts)


def _clips(context: Context) -> list[Row]:
    numbers, columns = clip_columns(context)
    clips = context.clips()
    videos = context.catalog.videos()
    states = {no: file_state(video) for no, video in videos.items()}
    scores = [name for name in columns if "." in name]
    captions = context.catalog.captions.current()
    decided = context.catalog.verdicts.current()
    rows = []
    for at, no in enumerate(numbers):
        clip = clips[no].clip
        video = videos[clips[no].video_no]
        row = {
            "clip": clip.id,
            "video": video.given,
            "in_pts": clip.in_pts,
            "out_pts": clip.out_pts,
            "in_s": video.seconds(clip.in_pts),
            "out_s": video.seconds(clip.out_pts),
            "duration_s": float(columns["duration_s"][at]),
            "frames": clip.frames,
            "frames_damaged": clip.frames_damaged,
            "caption": captions.get(no),
            "tags": tags_of((), decided.get(clip.id, Decisions())),
            "verdict": decided.get(clip.id, Decisions()).verdict,
            "split": columns["split"][at],
            "file": states[clips[no].video_no],
            "edited": columns["edited"][at],
            "stars": decided.get(clip.id, Decisions()).stars,
            "width_px": int(columns["width_px"][at]),
            "height_px": int(columns["height_px"][at]),
            "fps": float(columns["fps"][at]),
        }
        row |= {name: _json_value(columns[name][at]) for name in scores}
        rows.append(row)
    return rows


def _failures(context: Context) -> list[Row]:
    names = ("stage", "item", "error", "message", "retry")
    return [{n: getattr(failure, n) for n in names} for failure in current_failures(context)]


LISTS: dict[str, Callable[[Context], list[Row]]] = {
    "videos": _videos,
    "cuts": _cuts,
    "shots": _shots,
    "clips": _clips,
    "failures": _failures,
}


def filter_rows(
    rows: Sequence[Row], *, where: str | None, sort: str | None, limit: int | None
) -> list[Row]:
    """Return the rows that meet `where`, sorted, at most `limit` of them.

    Raises:
        RecipeError: A condition or the sort names an unknown field.
    """
    kept = list(rows)
    if where and kept:
        passing = mask(parse_where(where), _as_columns(kept))
        kept = [row for row, passes in zip(kept, passing, strict=True) if passes]
    if sort and kept:
        key = sort.removeprefix("-")
        if key not in kept[0]:
            raise RecipeError(f"--sort {key}: no such field{nearest(key, list(kept[0]))}")
        missing = [row for row in kept if row[key] is None]
        present = [row for row in kept if row[key] is not None]
        kept = sorted(present, key=lambda r: r[key], reverse=not sort.startswith("-")) + missing
    return kept[:limit]


def _as_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name == "verdict":  # as in the columns that selections and the page apply rules to
            values = [value or "undecided" for value in values]
        if all(v is None or isinstance(v, int | float) for v in values):
            columns[name] = np.array(values, float)
        else:  # NumPy would make a two-dimensional array of lists
            each = (tuple(v) if isinstance(v, list) else v for v in values)
            columns[name] = np.fromiter(each, object, len(values))
    return columns


def _rate(rate: Any) -> float | None:
    return None if rate is None else round(float(rate), 3)


def _json_value(value: Any) -> Any:
    """Return a NumPy value as JSON takes it; NaN, the missing value of a column, as None."""
    if isinstance(value, float):
        return None if np.isnan(value) else float(value)
    return value
