"""All clips as columns in memory: filters, histograms and orders in milliseconds."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.errors import RecipeError
from rushes.listing import clip_table
from rushes.recipe import Recipe
from rushes.records import Decided, Field
from rushes.registry import nearest
from rushes.rules import Rule
from rushes.select import column_of, is_missing
from rushes.verdicts import standing

BINS = 64
"""Bars of a histogram."""
ORDERS_KEPT = 32
"""So many answers to queries are kept, so that a page can scroll through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """What a set of rules leaves."""

    count: int
    duration_s: float
    alone: tuple[int, ...]
    """For each rule, how many clips it passes whatever the others say."""
    only: tuple[int, ...]
    """For each rule, how many clips it alone takes out; small: the rules overlap."""
    candidates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How a column's values are spread."""

    low: float
    high: float
    """Ends of the bars; the outermost half percent on either side is in the last bars."""
    counts: tuple[int, ...]
    least: float
    most: float
    missing: int
    percentiles: tuple[float, ...]
    """12.5, 25, 50, 75, 87.5 %."""


class Board:
    """The clips of a recipe's cuts, with all that is known about them, one array a column."""

    def __init__(self, catalog: Catalog, recipe: Recipe) -> None:
        """Read everything; see `follow` for keeping in step."""
        self._catalog = catalog
        self._recipe = recipe
        self._lock = threading.RLock()
        self._orders: OrderedDict[str, np.ndarray] = OrderedDict()
        self._histograms: dict[str, Histogram] = {}
        self._queries = 0
        self.revision = 0
        """Counts up whenever anything on the board is not what it was."""
        self.verdict_no = 0
        """Number of the last verdict that is in the columns."""
        self._load()

    def _load(self) -> None:
        catalog, recipe = self._catalog, self._recipe
        self._state = catalog.revisions()
        table = clip_table(catalog, recipe)
        verdicts = catalog.verdicts.since()
        self.verdict_no = verdicts[-1].no if verdicts else 0
        self.clips = table.clips
        self.numbers = table.numbers
        self.ids = [clip.id for clip in table.clips]
        self.index = {clip: at for at, clip in enumerate(self.ids)}
        self.columns: dict[str, np.ndarray] = table.columns
        self.video_no = table.video_no
        self.decided: dict[str, Decided] = {}
        self._put(standing(verdicts))
        self._histograms.clear()
        self.revision += 1

    def _put(self, decided: Mapping[str, Decided]) -> None:
        self.decided.update(decided)
        for clip, now in decided.items():
            at = self.index.get(clip)
            if at is not None:
                self.columns["verdict"][at] = now.verdict or "undecided"
                self.columns["stars"][at] = np.nan if now.stars is None else now.stars

    def follow(self) -> bool:
        """Take in what has changed in the catalog, by whomever; return whether anything has."""
        with self._lock:
            if self._catalog.revisions() != self._state:
                self._load()
                return True
            new = self._catalog.verdicts.since(self.verdict_no)
            if not new:
                return False
            if any(verdict.kind in ("undo", "redo", "span") for verdict in new):
                self._load()
                return True
            clips = sorted({verdict.clip for verdict in new})
            self._put(self._catalog.verdicts.standing(clips))
            self.verdict_no = new[-1].no
            self._histograms.pop("stars", None)
            self.revision += 1
            return True

    def __len__(self) -> int:
        return len(self.ids)

    # ---- filters ------------------------------------------------------------------------------

    def mask(self, rules: Sequence[Rule]) -> np.ndarray:
        """Return which clips pass all rules (bool)."""
        passing = np.ones(len(self), bool)
        for rule in rules:
            passing &= self._passes(rule)
        return passing

    def _passes(self, rule: Rule) -> np.ndarray:
        values = column_of(rule, self.columns)
        return rule.resolved(values).passes(values)

    def filtered(self, rules: Sequence[Rule], within: np.ndarray | None = None) -> Filtered:
        """Return what the rules leave, of all clips or of those in `within` (bool)."""
        start = np.ones(len(self), bool) if within is None else within
        masks = [self._passes(rule) & start for rule in rules]
        fails = np.zeros(len(self), np.uint8)
        for mask in masks:
            fails += ~mask
        left = start & (fails == 0)
        one = start & (fails == 1)
        return Filtered(
            count=int(left.sum()),
            duration_s=round(float(self.columns["duration_s"][left].sum()), 3),
            alone=tuple(int(mask.sum()) for mask in masks),
            only=tuple(int((one & ~mask).sum()) for mask in masks),
            candidates=int(start.sum()),
        )

    def beside(
        self, column: str, threshold: float, rules: Sequence[Rule], count: int = 6
    ) -> tuple[list[str], list[str]]:
        """Return the clips just below and just above a threshold, nearest first, of those left."""
        values = self._numbers_of(column)
        allowed = self.mask(rules) & ~np.isnan(values)
        sides = []
        for side in (allowed & (values < threshold), allowed & (values >= threshold)):
            rows = np.flatnonzero(side)
            distance = np.abs(values[rows] - threshold)
            if len(rows) > count:
                nearest_rows = np.argpartition(distance, count)[:count]
                rows, distance = rows[nearest_rows], distance[nearest_rows]
            sides.append([self.ids[at] for at in rows[np.argsort(distance, kind="stable")]])
        return sides[0], sides[1]

    def histogram(self, column: str) -> Histogram:
        """Return how the values of a column of numbers are spread over all clips."""
        with self._lock:
            if column not in self._histograms:
                self._histograms[column] = histogram(self._numbers_of(column))
            return self._histograms[column]

    def _numbers_of(self, column: str) -> np.ndarray:
        if column not in self.columns or self.columns[column].dtype == object:
            known = [name for name, values in self.columns.items() if values.dtype != object]
            raise RecipeError(f"there is no column of numbers {column!r}{nearest(column, known)}")
        return self.columns[column]

    # ---- orders -------------------------------------------------------------------------------

    def query(
        self,
        rules: Sequence[Rule],
        *,
        sort: str = "",
        group: str = "",
        among: Sequence[str] | None = None,
    ) -> tuple[str, int, list[tuple[str, int]]]:
        """Put the clips that pass the rules in order, and keep that order for `rows`.

        Args:
            rules: Conditions.
            sort: Column, largest first; a leading "-" turns it around. Empty: by video and time.
            group: Column whose equal values stand together: text or whole numbers.
            among: Only these clips, in this order, such as those that a search found.

        Returns:
            A name for the order, how many clips are in it, and each group's label and size.
        """
        with self._lock:
            passing = self.mask(rules)
            if among is None:
                rows = np.flatnonzero(passing)
            else:
                found = np.array([self.index[c] for c in among if c in self.index], np.int64)
                rows = found[passing[found]]
            if sort:
                values = self._sortable(sort.removeprefix("-"))[rows]
                order = np.argsort(values, kind="stable")
                last = is_missing(values) if values.dtype != object else np.zeros(len(rows), bool)
                order = order if sort.startswith("-") else order[::-1]
                rows = rows[np.concatenate([order[~last[order]], order[last[order]]])]
            groups: list[tuple[str, int]] = []
            if group:
                rows, groups = self._grouped(rows, group)
            self._queries += 1
            name = f"{self.revision}.{self._queries}"
            self._orders[name] = rows.astype(np.int32)
            while len(self._orders) > ORDERS_KEPT:
                self._orders.popitem(last=False)
            return name, len(rows), groups

    def _sortable(self, column: str) -> np.ndarray:
        if column not in self.columns:
            raise RecipeError(
                f"--sort {column}: no such column{nearest(column, list(self.columns))}"
            )
        values = self.columns[column]
        if values.dtype == object:
            _, ranks = np.unique([str(v) for v in values], return_inverse=True)
            return np.asarray(ranks, float)
        return values

    def _grouped(self, rows: np.ndarray, column: str) -> tuple[np.ndarray, list[tuple[str, int]]]:
        values = self.columns[column][rows] if column in self.columns else None
        if values is None:
            raise RecipeError(f"there is no column {column!r} to group by")
        labels = np.array([_label(value) for value in values], object)
        names, which, counts = np.unique(
            labels.astype(str), return_inverse=True, return_counts=True
        )
        by_size = np.argsort(-counts, kind="stable")
        place = np.empty(len(names), np.int64)
        place[by_size] = np.arange(len(names))
        ordered = rows[np.argsort(place[which], kind="stable")]
        return ordered, [(str(names[at]), int(counts[at])) for at in by_size]

    def rows(self, query: str, first: int, count: int) -> list[int] | None:
        """Return some clips of an order as their places on the board; None if it is forgotten."""
        order = self._orders.get(query)
        if order is None:
            return None
        self._orders.move_to_end(query)
        return [int(at) for at in order[first : first + count]]

    def place_in(self, query: str, clip: str) -> int | None:
        """Return where a clip stands in an order; None if it is not in it."""
        order = self._orders.get(query)
        at = self.index.get(clip)
        if order is None or at is None:
            return None
        found = np.flatnonzero(order == at)
        return int(found[0]) if len(found) else None

    def measured(self) -> list[dict[str, Any]]:
        """Return what each column is: name, unit, direction, meaning, whether it is a number."""
        fields: dict[str, Field] = {
            f"{name}.{field.name}": field
            for name, scorer in self._recipe.stages("score").items()
            for field in scorer.fields
        }
        known = []
        for name, values in self.columns.items():
            field = fields.get(name, Field(name=name))
            known.append(
                {
                    "name": name,
                    "is_number": values.dtype != object,
                    "unit": field.unit or ("s" if name.endswith("_s") else ""),
                    "higher_is_better": field.higher_is_better,
                    "about": field.about,
                }
            )
        return known


def histogram(values: np.ndarray) -> Histogram:
    """Return how values (float64, NaN where missing) are spread."""
    present = values[~np.isnan(values)]
    if not len(present):
        nothing = (0.0,) * 5
        return Histogram(low=0.0, high=1.0, counts=(0,) * BINS, least=0.0, most=1.0,
                         missing=len(values), percentiles=nothing)  # fmt: skip
    low, *percentiles, high = np.percentile(present, [0.5, 12.5, 25, 50, 75, 87.5, 99.5]).tolist()
    if low == high:
        low, high = float(present.min()), float(present.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(np.clip(present, low, high), BINS, (low, high))
    return Histogram(
        low=low,
        high=high,
        counts=tuple(counts.tolist()),
        least=float(present.min()),
        most=float(present.max()),
        missing=len(values) - len(present),
        percentiles=tuple(percentiles),
    )


def _label(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
