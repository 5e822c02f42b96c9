"""All clips as columns in memory, kept in step with the catalog; orders that a page scrolls."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rushes.context import Context
from rushes.decisions import Action, clips_of_span, fold
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
"""So many answers to queries are kept, so that a page can scroll through them."""
CAPTIONS = "captions"
"""The part of the catalog that is in no column."""
MAX_PAUSE_S = 5.0
"""What scans and scores bring waits no longer than this."""


class LiveClips:
    """The clips of a recipe's cuts, with all that is known about them.

    Whoever asks more than one thing about a clip's place holds `lock` meanwhile: another thread
    may take in a change, after which the places are others.
    """

    def __init__(self, context: Context) -> None:
        """Read everything; see `refresh` for keeping in step."""
        self._context = context
        self._catalog = catalog = context.catalog
        self._recipe = context.recipe
        self.lock = threading.RLock()
        self._refresh_lock = threading.Lock()
        self._orders: OrderedDict[str, np.ndarray] = OrderedDict()
        self._queries = 0
        self.revision = 0
        """Counts up whenever anything on the board is not what it was."""
        self.clips_revision = 0
        """Counts up when there are other clips, or other columns."""
        self.last_by: tuple[str, ...] = ()
        """Who decided what was taken in last."""
        self.ids: list[str] = []
        self.columns = Columns({})
        self._paused_until = 0.0
        self._state = catalog.changes.revisions()
        # Number of the last verdict that is in the columns.
        self.verdict_no = catalog.verdicts.last_no()
        self.decided = catalog.verdicts.current(until=self.verdict_no)
        self._replace_all(clip_table(context, self.decided))

    def _replace_all(self, clips: ClipTable) -> None:
        """Put these clips on the board in place of those that are there."""
        columns = Columns(clips.columns)
        index = dict(zip(clips.ids, range(len(clips)), strict=True))
        with self.lock:
            are_others = clips.ids != self.ids or list(columns.arrays) != list(self.columns.arrays)
            self.clips, self.columns, self.index = clips, columns, index
            self.ids, self.numbers, self.video_no = clips.ids, clips.numbers, clips.video_no
            if are_others:
                self._orders.clear()  # they say places, and the places are others
                self.clips_revision += 1
            self.revision += 1

    # ---- what is new --------------------------------------------------------------------------

    def refresh(self, *, share: float = 1.0) -> bool:
        """Take in what has changed in the catalog, by whomever; return whether anything has.

        Args:
            share: At most this share of a core goes into taking in what scans and scores bring:
                there may be more to come after this. What people decide is taken in always.
        """
        with self._refresh_lock:
            now = self._catalog.changes.revisions()
            kinds = self._apply_verdicts()
            parts = {part for part in now if now[part] != self._state.get(part, 0)}
            are_others = bool(kinds & {"span", "undo", "redo"})
            if share < 1 and time.monotonic() < self._paused_until and not are_others:
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
        """Take in what people decided; return what kinds of verdicts they gave."""
        verdicts = self._catalog.verdicts
        last = verdicts.last_no()
        if last == self.verdict_no:
            return set()
        said = verdicts.actions(self.verdict_no, last)
        kinds = {one.kind for one in said}
        stand: dict[str, Decisions | None]
        if kinds & {"undo", "redo"}:
            back = [one.value for one in said if one.kind in ("undo", "redo")]
            touched = set().union(*(one.clips for one in said)) - {""}
            touched.update(*(one.clips for one in verdicts.actions(until=last, only=back)))
            found = verdicts.current(list(touched), last)
            stand = {clip: found.get(clip) for clip in touched}
        else:
            stand = dict(fold(said, self.decided))
        with self.lock:
            for clip, now in stand.items():
                if now is None:
                    self.decided.pop(clip, None)
                else:
                    self.decided[clip] = now
            here = [clip for clip in stand if clip in self.index]
            places = [self.index[clip] for clip in here]
            values = decided_columns([stand[clip] for clip in here])
            for name, column in values.items():
                self.columns.update(name, places, column.tolist())
            self.last_by = tuple(sorted({one.who for one in said}))
            self.verdict_no = last
            self.revision += 1
        return kinds

    def _apply(self, parts: set[str], now: Mapping[str, int]) -> None:
        """Take in parts of the catalog that have changed, up to these revisions."""
        changes = self._catalog.changes

        def changed(part: str) -> set[int] | None:
            return changes.since(part, self._state.get(part, 0), now[part])

        videos: set[int] = set()
        for part in sorted(parts & {"cut", "videos"}):
            some = changed(part)
            if some is None:
                self._replace_all(clip_table(self._context, self.decided))
                return
            videos |= some
        if videos:
            self._replace_all(reload_videos(self._context, self.clips, videos, self.decided))
        for stage in column_sources(self._recipe):
            if stage.key in parts:
                self._put(stage, changed(stage.key))

    def _put(self, stage: ColumnSource, items: set[int] | None) -> None:
        """Read again what a stage says of some clips, or of all (None)."""
        places = [at for at, no in enumerate(self.numbers) if items is None or no in items]
        if not places:
            return
        columns = stage.columns(self._catalog, [self.numbers[at] for at in places])
        with self.lock:
            for name, values in columns.items():
                self.columns.update(name, places, values.tolist())
            if stage.key == COPIES:  # the arrays of the columns are those of the table
                sides = split_column(self.clips, self._recipe).tolist()
                self.columns.update("split", range(len(sides)), sides)
            self.revision += 1

    def made_by(self, span: Action) -> list[str]:
        """Return the ids of the clips that a trim, a split or a merge makes."""
        (row,) = self._catalog.clips_by_id(span.value["from"][:1]).values()
        return [clip.id for clip in clips_of_span(row.clip.video_id, span.value)]

    def __len__(self) -> int:
        return len(self.ids)

    # ---- orders -------------------------------------------------------------------------------

    def query(
        self,
        rules: Sequence[Rule],
        *,
        sort: str = "",
        group: str = "",
        among: Sequence[str] | None = None,
    ) -> tuple[str, np.ndarray, list[tuple[str, int]]]:
        """Put the clips that pass the rules in order, and keep that order for `rows`.

        Args:
            rules: Conditions.
            sort: Column, largest first; a leading "-" turns it around. Empty: by video and time.
            group: Column whose equal values stand together.
            among: Only these clips, in this order, such as those that a search found.

        Returns:
            A name for the order, the places in it, and each group's label and size.
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
        """Return some clips of an order as their places on the board; None if it is forgotten."""
        with self.lock:
            order = self._orders.get(query)
            if order is None:
                return None
            self._orders.move_to_end(query)
            return [int(at) for at in order[first : first + count]]

    def place_in(self, query: str, clip: str) -> int | None:
        """Return where a clip stands in an order; None if it is not in it."""
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

    def measured(self) -> list[dict[str, Any]]:
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
