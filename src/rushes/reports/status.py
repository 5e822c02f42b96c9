"""Where a project stands: how much there is of everything, and what is still to be done."""

from collections.abc import Sequence
from pathlib import Path

from rushes.annotation.caption import uncaptioned
from rushes.annotation.score import unscored
from rushes.catalog import Catalog
from rushes.footage.ingest import new_files
from rushes.footage.scan import missing_probes
from rushes.recipe.recipe import Recipe
from rushes.records import Row
from rushes.reports.lists import faults
from rushes.selection.splits import described


def totals(catalog: Catalog, recipe: Recipe, folder: Path) -> Row:
    """Return what `rushes status` shows."""
    cut = recipe.fingerprints.cut
    scans = catalog.scans()
    videos = catalog.videos()
    shots, too_short = catalog.shot_counts(cut)
    passes = sum(count for _, count in scans.values())
    return {
        "project": str(folder),
        "videos": len(videos),
        "hours": round(sum(video.duration_s for video in videos.values()) / 3600, 3),
        "scanned": len(scans),
        "decode_passes_per_video": round(passes / len(scans), 2) if scans else 0.0,
        "cuts": sum(len(cuts) for cuts in catalog.cuts(cut).values()),
        "shots": shots,
        "shots_too_short": too_short,
        "clips": len(catalog.clips(cut)),
        "selections": [
            f"{found[0].name}@{found[0].revision}: {len(found[0].clips)} clips"
            for name in recipe.selections
            if (found := catalog.selections.newest(name))
        ],
        "exports": [
            f"{row['folder']} ({row['format']}): {row['clips']} clips"
            for row in catalog.selections.exports().values()
        ],
        "pictures": faults(catalog, recipe),
        "split": described(catalog, recipe),
        "failures": len(catalog.failures.all()),
    }


def pending(
    catalog: Catalog, recipe: Recipe, folder: Path, paths: Sequence[Path]
) -> dict[str, int]:
    """Return how many items each verb would have to do: what `rushes run --dry-run` shows."""
    cut = recipe.fingerprints.cut
    return {
        "ingest": len(new_files(catalog, paths, folder)),
        "scan": len(missing_probes(catalog, recipe, folder, list(catalog.videos()))),
        "cut": len(catalog.uncut(cut)),
        "caption": uncaptioned(catalog, recipe),
        "score": len(unscored(catalog, recipe, list(catalog.clips(cut)))),
    }
