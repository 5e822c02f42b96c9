"""The clips of a recipe with all of their columns: facts, scores, groups of copies, decisions."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from rushes.catalog import Catalog
from rushes.context import Context
from rushes.dedup.keep import OUTCOME, outcome_fingerprint
from rushes.recipe.recipe import Recipe
from rushes.records import Clip, Decisions, Field, Video
from rushes.selection.column_values import EDITED, shortened
from rushes.selection.splits import assign_splits
from rushes.similarity.coverage import FIELDS as CLUSTER_FIELDS
from rushes.similarity.coverage import KEY as CLUSTERS
from rushes.similarity.coverage import fingerprint as clusters_fingerprint

MAX_PICKED = 5000
"""For more clips than these it is faster to read all rows of a stage."""
COPIES = "dedup/outcome"
"""Key of the stage whose rows hold the groups of copies, from which splits follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTable:
    """All clips by video and time, as columns; `table[at]` is one clip."""

    numbers: list[int]
    """Row numbers of the catalog."""
    ids: list[str]
    videos: Mapping[int, Video]
    """By row number."""
    video_no: np.ndarray
    """int64 (N,), as are the next two."""
    in_pts: np.ndarray
    out_pts: np.ndarray
    columns: dict[str, np.ndarray]
    """Column name → values: float64 with NaN, or object with None, where missing. Those of `tags`
    are tuples."""

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, at: int) -> Clip:
        return Clip(
            video_id=self.videos[int(self.video_no[at])].id,
            in_pts=int(self.in_pts[at]),
            out_pts=int(self.out_pts[at]),
            frames=int(self.columns["frames"][at]),
            frames_damaged=int(self.columns["frames_damaged"][at]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSource:
    """A stage whose fields are columns of the table."""

    key: str
    """Key of the stage: "scorer/motion"."""
    prefix: str
    """Start of its columns' names, before the field: "motion"."""
    fields: Sequence[Field]
    fingerprint: str

    def columns(self, catalog: Catalog, numbers: Sequence[int]) -> dict[str, np.ndarray]:
        """Return its columns for these clips, by name; a clip without a row has no value."""
        few = numbers if len(numbers) <= MAX_PICKED else None
        items, *values = catalog.stages.columns(self.key, self.fields, self.fingerprint, few)
        _, at, row_at = np.intersect1d(
            np.array(numbers, np.int64), np.array(items, np.int64), True, return_indices=True
        )
        columns = {}
        for field, column in zip(self.fields, values, strict=True):
            if field.dtype != "vector":
                dtype, missing = (object, None) if field.dtype == "text" else (float, np.nan)
                filled = np.full(len(numbers), missing, dtype)
                filled[at] = np.array(column, dtype)[row_at]
                if field.dtype == "real":
                    filled = shortened(filled)
                columns[f"{self.prefix}.{field.name}"] = filled
        return columns


def column_sources(recipe: Recipe) -> Iterator[ColumnSource]:
    """Yield the stages of a recipe whose fields are columns."""
    for name, scorer in recipe.stages("score").items():
        print_ = recipe.fingerprints.scorers[name]
        yield ColumnSource(
            key=f"scorer/{name}", prefix=name, fields=scorer.fields, fingerprint=print_
        )
    yield ColumnSource(
        key=COPIES, prefix="dedup", fields=OUTCOME, fingerprint=outcome_fingerprint(recipe)
    )
    yield ColumnSource(
        key=CLUSTERS,
        prefix="coverage",
        fields=CLUSTER_FIELDS,
        fingerprint=clusters_fingerprint(recipe),
    )


def clip_columns(context: Context) -> tuple[list[int], dict[str, np.ndarray]]:
    """Return the row numbers of the clips, and their columns by name."""
    table = clip_table(context, context.catalog.verdicts.current())
    return table.numbers, table.columns


def clip_table(context: Context, decided: Mapping[str, Decisions]) -> ClipTable:
    """Return the clips of the recipe with all of their columns.

    Args:
        context: The open project.
        decided: The current decisions of people, by clip id.
    """
    table = _read(context, None, decided)
    table.columns["split"] = split_column(table, context.recipe)
    return table


def reload_videos(
    context: Context,
    table: ClipTable,
    videos: Collection[int],
    decided: Mapping[str, Decisions],
) -> ClipTable:
    """Return the table with the clips of some videos read again; clips may have come or gone.

    Args:
        context: The open project.
        table: The table before.
        videos: Row numbers of the videos.
        decided: The current decisions of people, by clip id.
    """
    new = _read(context, videos, decided)
    stay = ~np.isin(table.video_no, list(videos))
    video_no = np.concatenate([table.video_no[stay], new.video_no])
    order = np.argsort(video_no, kind="stable")
    places, is_kept = order.tolist(), stay.tolist()

    def merged(old: np.ndarray, more: np.ndarray) -> np.ndarray:
        return np.concatenate([old[stay], more])[order]

    numbers = [*compress(table.numbers, is_kept), *new.numbers]
    ids = [*compress(table.ids, is_kept), *new.ids]
    both = ClipTable(
        numbers=[numbers[at] for at in places],
        ids=[ids[at] for at in places],
        videos={**table.videos, **new.videos},
        video_no=video_no[order],
        in_pts=merged(table.in_pts, new.in_pts),
        out_pts=merged(table.out_pts, new.out_pts),
        columns={name: merged(old, new.columns[name]) for name, old in table.columns.items()},
    )
    both.columns["split"] = split_column(both, context.recipe)
    return both


def split_column(table: ClipTable, recipe: Recipe) -> np.ndarray:
    """Return the split of each clip (object): "train" or "validation"; copies share one."""
    group = table.columns["dedup.group"]
    with_copies = np.flatnonzero(group > 0)
    side_of = assign_splits(
        table.videos,
        {at: int(table.video_no[at]) for at in with_copies.tolist()},
        {at: int(group[at]) for at in with_copies.tolist()},
        recipe.own("split").fraction,
    )
    return np.array([side_of[no] for no in table.video_no.tolist()], object)


def decided_columns(decided: Sequence[Decisions | None]) -> dict[str, np.ndarray]:
    """Return the columns `verdict`, `stars` and `tags` of clips with these decisions."""
    return {
        "verdict": np.array([(now and now.verdict) or "undecided" for now in decided], object),
        "stars": np.array([now and now.stars for now in decided], float),
        # No stage makes tags yet, so all tags are those that people added: see `tags_of`.
        "tags": np.fromiter(
            (now.tags_added if now else () for now in decided), object, len(decided)
        ),
    }


def _read(
    context: Context,
    videos: Collection[int] | None,
    decided: Mapping[str, Decisions],
) -> ClipTable:
    """Return the clips of some videos, or of all (None), with all columns; `split` is empty."""
    numbers, ids, *others = context.catalog.clip_columns(context.recipe.fingerprints.cut, videos)
    video_no, in_pts, out_pts, frames, damaged = (np.array(some, np.int64) for some in others)
    known = context.catalog.videos(videos)
    distinct, which = np.unique(video_no, return_inverse=True)
    cut = [known[no] for no in distinct.tolist()]
    base = np.array([video.time_base.as_integer_ratio() for video in cut]).reshape(-1, 2)[which]
    sizes = np.array([video.player_size_px for video in cut], float).reshape(-1, 2)[which]
    for at in np.flatnonzero(np.array([bool(video.sections) for video in cut], bool)[which]):
        sizes[at] = cut[which[at]].at(int(in_pts[at])).player_size_px
    columns: dict[str, np.ndarray] = {
        "duration_s": np.round((out_pts - in_pts) * base[:, 0] / base[:, 1], 6),
        "frames": frames.astype(float),
        "frames_damaged": damaged.astype(float),
        "width_px": sizes[:, 0].copy(),
        "height_px": sizes[:, 1].copy(),
        "fps": shortened(np.array([float(video.rate) for video in cut]))[which],
        "video": np.array([video.given for video in cut], object)[which],
    }
    for stage in column_sources(context.recipe):
        columns |= stage.columns(context.catalog, numbers)
    edited = context.catalog.verdicts.edited_clips()
    columns[EDITED] = np.array(["yes" if clip in edited else "no" for clip in ids], object)
    columns["split"] = np.full(len(ids), None, object)
    columns |= decided_columns([decided.get(clip) for clip in ids])
    return ClipTable(
        numbers=numbers,
        ids=ids,
        videos=known,
        video_no=video_no,
        in_pts=in_pts,
        out_pts=out_pts,
        columns=columns,
    )
