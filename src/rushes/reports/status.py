"""Totals of a project, and the number of items that each verb has still to do."""

from collections.abc import Sequence
from pathlib import Path

from rushes.annotation.caption import uncaptioned
from rushes.annotation.score import unscored
from rushes.context import Context
from rushes.footage.ingest import new_files
from rushes.footage.scan import missing_probes
from rushes.records import Row
from rushes.reports.failures import current_failures
from rushes.reports.lists import anomalies
from rushes.reports.sources import lost_sources, source_notes
from rushes.selection.splits import split_summary
from rushes.words import count


def status(context: Context) -> Row:
    """Return the totals, selections, exports and anomalies of a project, by name."""
    cut = context.recipe.fingerprints.cut
    scans = context.catalog.scans()
    videos = context.catalog.videos()
    lost = lost_sources(context)
    shots, too_short = context.catalog.shot_counts(cut)
    passes = sum(times for _, times in scans.values())
    return {
        "project": str(context.folder),
        "videos": len(videos),
        "videos_gone": len(lost["gone"]),
        "videos_changed": len(lost["changed"]),
        "hours": round(sum(video.duration_s for video in videos.values()) / 3600, 3),
        "scanned": len(scans),
        "decode_passes_per_video": round(passes / len(scans), 2) if scans else 0.0,
        "cuts": sum(len(cuts) for cuts in context.catalog.cuts(cut).values()),
        "shots": shots,
        "shots_too_short": too_short,
        "clips": len(context.catalog.clips(cut)),
        "selections": [
            f"{found[0].name}@{found[0].revision}: {count(len(found[0].clips), 'clip')}"
            for name in context.recipe.selections
            if (found := context.catalog.selections.newest(name))
        ],
        "exports": [
            f"{row['folder']} ({row['format']}): {count(row['clips'], 'clip')}"
            for row in context.catalog.selections.exports().values()
        ],
        "pictures": anomalies(context),
        "split": split_summary(context),
        "sources": source_notes(lost),
        "failures": len(current_failures(context)),
    }


def pending(context: Context, paths: Sequence[Path | str]) -> dict[str, int]:
    """Return the number of pending items of each verb, as `rushes run --dry-run` shows it.

    Args:
        context: The open project.
        paths: Files and folders to ingest.
    """
    cut = context.recipe.fingerprints.cut
    return {
        "ingest": len(new_files(context, paths)),
        "scan": len(missing_probes(context, list(context.catalog.videos()))),
        "cut": len(context.catalog.uncut(cut)),
        "caption": len(uncaptioned(context)),
        "score": len(unscored(context)),
    }
