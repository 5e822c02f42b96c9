"""All clips in memory, refreshed from the catalog; query results that a page scrolls."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rushes.context import Context
from rushes.decisions import Action, clips_of_span, fold
from rushes.errors import ItemError
from rushes.recipe.rules import Rule
from rushes.records import Decisions, Field
from rushes.review.columns import Columns
from rushes.selection.clip_table import (
    COPIES,
    ClipTable,
    ColumnSource,
    clip_table,
    column_sources,
    decided_columns,
    reload_videos,
    split_column,
)
from rushes.selection.column_fields import column_fields

MAX_ORDERS = 32
"""Query results that are kept, for pages that scroll through them."""
CAPTIONS = "captions"
"""The part of the catalog that is in no column; the page reads captions by clip."""
MAX_PAUSE_S = 5.0
"""Longest delay of results of scans and scorers."""


class LiveClips:
    """The clips of a recipe's cuts, in memory, with all of their columns.

    A *place* is the index of a clip in `ids` and in the columns. A caller that uses a place twice
    holds `lock` in between, since a refresh by another thread can change the places.
    """

    def __init__(self, context: Context) -> None:
        """Read everything; `refresh` reads later changes."""
        self._context = context
        self._catalog = catalog = context.catalog
        self._recipe = context.recipe
        self.lock = threading.RLock()
        self._refresh_lock = threading.Lock()
        self._orders: OrderedDict[str, np.ndarray] = OrderedDict()
        self._queries = 0
        self.revision = 0
        """Grows with every change."""
        self.clips_revision = 0
        """Grows when the set of clips or of columns changes."""
        self.last_by: tuple[str, ...] = ()
        """Names of the people whose verdicts were read last; empty after other changes."""
        self.ids: list[str] = []
        self.columns = Columns({})
        self._paused_until = 0.0
        self._state = catalog.changes.revisions()
        self.verdict_no = catalog.verdicts.last_no()
        """Number of the last verdict that is in the columns."""
        self.decisions = catalog.verdicts.current(until=self.verdict_no)
        self._replace_all(clip_table(context, self.decisions))

    def _replace_all(self, clips: ClipTable) -> None:
        """Replace all clips and columns."""
        columns = Columns(clips.columns)
        index = dict(zip(clips.ids, range(len(clips)), strict=True))
        with self.lock:
            is_other = clips.ids != self.ids or list(columns.arrays) != list(self.columns.arrays)
            self.clips, self.columns, self.index = clips, columns, index
            self.ids, self.numbers, self.video_no = clips.ids, clips.numbers, clips.video_no
            if is_other:
                self._orders.clear()  # they hold places, which have changed
                self.clips_revision += 1
            self.revision += 1

    # ---- refresh ------------------------------------------------------------------------------

    def refresh(self, *, share: float = 1.0) -> bool:
        """Read what has changed in the catalog; return whether anything has.

        Args:
            share: Largest share of a core for reading results of scans and scorers, which may come
                in quick succession. Decisions of people are read at once.
        """
        with self._refresh_lock:
            now = self._catalog.changes.revisions()
            kinds = self._apply_verdicts()
            parts = {part for part in now if now[part] != self._state.get(part, 0)}
            is_new_set = bool(kinds & {"span", "undo", "redo"})
            if share < 1 and time.monotonic() < self._paused_until and not is_new_set:
                return bool(kinds)
            if parts:
                began_s = time.thread_time()
                self._apply(parts, now)
                pause_s = (time.thread_time() - began_s) * (1 / share - 1)
                self._paused_until = time.monotonic() + min(pause_s, MAX_PAUSE_S)
            if parts & {CAPTIONS}:
                with self.lock:
                    self.revision += 1
            if parts and not kinds:
                self.last_by = ()
            self._state = now
            return bool(kinds or parts)

    def _apply_verdicts(self) -> set[str]:
        """Apply the new verdicts of people; return their kinds."""
        verdicts = self._catalog.verdicts
        last = verdicts.last_no()
        if last == self.verdict_no:
            return set()
        actions = verdicts.actions(self.verdict_no, last)
        kinds = {one.kind for one in actions}
        current: dict[str, Decisions | None]
        if kinds & {"undo", "redo"}:
            back = [one.value for one in actions if one.kind in ("undo", "redo")]
            touched = set().union(*(one.clips for one in actions)) - {""}
            touched.update(*(one.clips for one in verdicts.actions(until=last, only=back)))
            found = verdicts.current(list(touched), last)
            current = {clip: found.get(clip) for clip in touched}
        else:
            current = dict(fold(actions, self.decisions))
        with self.lock:
            for clip, now in current.items():
                if now is None:
                    self.decisions.pop(clip, None)
                else:
                    self.decisions[clip] = now
            here = [clip for clip in current if clip in self.index]
            places = [self.index[clip] for clip in here]
            values = decided_columns([current[clip] for clip in here])
            for name, column in values.items():
                self.columns.update(name, places, column.tolist())
            self.last_by = tuple(sorted({one.who for one in actions}))
            self.verdict_no = last
            self.revision += 1
        return kinds

    def _apply(self, parts: set[str], now: Mapping[str, int]) -> None:
        """Read the parts of the catalog that have changed, up to these revisions."""
        changes = self._catalog.changes

        def changed(part: str) -> set[int] | None:
            return changes.since(part, self._state.get(part, 0), now[part])

        videos: set[int] = set()
        for part in sorted(parts & {"cut", "videos"}):
            some = changed(part)
            if some is None:
                self._replace_all(clip_table(self._context, self.decisions))
                return
            videos |= some
        if videos:
            self._replace_all(reload_videos(self._context, self.clips, videos, self.decisions))
        for stage in column_sources(self._recipe):
            if stage.key in parts:
                self._put(stage, changed(stage.key))

    def _put(self, stage: ColumnSource, items: set[int] | None) -> None:
        """Read the columns of a stage again, for some clips or for all (None)."""
        places = [at for at, no in enumerate(self.numbers) if items is None or no in items]
        if not places:
            return
        columns = stage.columns(self._catalog, [self.numbers[at] for at in places])
        with self.lock:
            for name, values in columns.items():
                self.columns.update(name, places, values.tolist())
            if stage.key == COPIES:  # a clip's split depends on its duplicates
                splits = split_column(self.clips, self._recipe).tolist()
                self.columns.update("split", range(len(splits)), splits)
            self.revision += 1

    def clips_made_by(self, span: Action) -> list[str]:
        """Return the ids of the clips that a trim, a split or a merge made; none if forgotten."""
        return [
            clip.id
            for row in self._catalog.clips_by_id(span.value["from"][:1]).values()
            for clip in clips_of_span(row.clip.video_id, span.value)
        ]

    def __len__(self) -> int:
        return len(self.ids)

    # ---- queries ------------------------------------------------------------------------------

    def query(
        self,
        rules: Sequence[Rule],
        *,
        sort: str = "",
        group: str = "",
        among: Sequence[str] | None = None,
    ) -> tuple[str, np.ndarray, list[tuple[str, int]]]:
        """Order the clips that pass the rules, and keep the result for `rows`.

        Args:
            rules: Conditions.
            sort: Column, descending; ascending with a leading "-"; empty for video and time.
            group: Column to group by.
            among: Ids to choose from, in order, such as the results of a search.

        Returns:
            The name of the query, the places in order, and each group's label and size.
        """
        with self.lock:
            passing = self.columns.mask(rules)
            if among is None:
                rows = np.flatnonzero(passing)
            else:
                found = np.array([self.index[c] for c in among if c in self.index], np.int64)
                rows = found[passing[found]]
            if sort:
                rows = self.columns.sorted_rows(rows, sort)
            groups: list[tuple[str, int]] = []
            if group:
                rows, groups = self.columns.grouped_rows(rows, group)
            self._queries += 1
            name = f"{self.clips_revision}.{self._queries}"
            self._orders[name] = rows.astype(np.int32)
            while len(self._orders) > MAX_ORDERS:
                self._orders.popitem(last=False)
            return name, rows, groups

    def rows(self, query: str, first: int, count: int) -> list[int] | None:
        """Return places from a query's result; None if the query is forgotten."""
        with self.lock:
            order = self._orders.get(query)
            if order is None:
                return None
            self._orders.move_to_end(query)
            return [int(at) for at in order[first : first + count]]

    def place_of(self, clip: str) -> int:
        """Return the place of a clip.

        Raises:
            ItemError: The recipe's cuts have no such clip.
        """
        place = self.index.get(clip)
        if place is None:
            raise ItemError(f"there is no clip {clip} any more; it may be trimmed, split or merged")
        return place

    def position_in(self, query: str, clip: str) -> int | None:
        """Return the position of a clip in a query's result; None if it is not in it."""
        with self.lock:
            order = self._orders.get(query)
            at = self.index.get(clip)
            if order is None or at is None:
                return None
            found = np.flatnonzero(order == at)
            return int(found[0]) if len(found) else None

    @property
    def fields(self) -> dict[str, Field]:
        """Declarations of the columns, by the column's name."""
        return column_fields(self._recipe)

    def describe_columns(self) -> list[dict[str, Any]]:
        """Return each column's name, label, unit, direction, meaning and kind of values."""
        fields = self.fields
        return [
            {
                "name": name,
                "label": fields[name].label,
                "is_number": values.dtype != object,
                "has_many": name == "tags",
                "unit": fields[name].unit_shown,
                "higher_is_better": fields[name].higher_is_better,
                "about": fields[name].about,
            }
            for name, values in self.columns.arrays.items()
        ]
