"""All clips as columns in memory, kept in step with the catalog; orders that a page scrolls."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.listing import clip_table
from rushes.recipe import Recipe
from rushes.records import Clip, Decided, Field, Verdict
from rushes.reviewing.columns import Columns
from rushes.rules import Rule
from rushes.verdicts import standing

ORDERS_KEPT = 32
"""So many answers to queries are kept, so that a page can scroll through them."""
WORDS = "captions"
"""The part of the catalog that is in no column."""
MOST_ASKED = 5000
"""Of so many clips at once it is asked what stands; of more, of all."""


class Board:
    """The clips of a recipe's cuts, with all that is known about them.

    Whoever asks more than one thing about a clip's place holds `lock` meanwhile: another thread
    may take in a change, after which the places are others.
    """

    def __init__(self, catalog: Catalog, recipe: Recipe) -> None:
        """Read everything; see `follow` for keeping in step."""
        self._catalog = catalog
        self._recipe = recipe
        self.lock = threading.RLock()
        self._following = threading.Lock()
        self._orders: OrderedDict[str, np.ndarray] = OrderedDict()
        self._queries = 0
        self.revision = 0
        """Counts up whenever anything on the board is not what it was."""
        self.clips_revision = 0
        """Counts up when there are other clips, or other columns."""
        self.verdict_no = 0
        """Number of the last verdict that is in the columns."""
        self.last_by: tuple[str, ...] = ()
        """Who decided what was taken in last."""
        self.ids: list[str] = []
        self.columns = Columns({})
        self._load()

    def _load(self) -> None:
        catalog, recipe = self._catalog, self._recipe
        state = catalog.revisions()
        table = clip_table(catalog, recipe)
        verdicts = catalog.verdicts.since()
        decided = standing(verdicts)
        ids = [clip.id for clip in table.clips]
        columns = Columns(table.columns)
        with self.lock:
            are_others = ids != self.ids or list(columns.arrays) != list(self.columns.arrays)
            self.last_by = _people(verdicts, self.verdict_no)
            self._state = state
            self.clips, self.numbers, self.video_no = table.clips, table.numbers, table.video_no
            self.ids = ids
            self.index = {clip: at for at, clip in enumerate(ids)}
            self.columns = columns
            self.decided: dict[str, Decided] = {}
            self._put(decided)
            self.verdict_no = verdicts[-1].no if verdicts else 0
            if are_others:
                self._orders.clear()  # they say places, and the places are others
                self.clips_revision += 1
            self.revision += 1

    def _put(self, decided: Mapping[str, Decided]) -> None:
        self.decided.update(decided)
        here = {self.index[clip]: now for clip, now in decided.items() if clip in self.index}
        stars = [np.nan if now.stars is None else now.stars for now in here.values()]
        self.columns.put("verdict", list(here), [n.verdict or "undecided" for n in here.values()])
        self.columns.put("stars", list(here), stars)

    def follow(self) -> bool:
        """Take in what has changed in the catalog, by whomever; return whether anything has."""
        with self._following:
            now = self._catalog.revisions()
            before, self._state = self._state, now
            new = self._catalog.verdicts.since(self.verdict_no)
            parts = {part for part in now | before if now.get(part) != before.get(part)} - {WORDS}
            if parts == {"cut"} and self._splice(new, now["cut"] - before.get("cut", 0)):
                return True
            if parts:
                self._load()
                return True
            if not new:
                if now == before:
                    return False
                with self.lock:  # only what is said of clips, which is no column
                    self.last_by = ()
                    self.revision += 1
                return True
            touched = list(new)
            for verdict in new:
                if verdict.kind in ("undo", "redo"):
                    touched += self._catalog.verdicts.of_action(verdict.value)
            clips = {verdict.clip for verdict in touched if verdict.clip}
            few = sorted(clips) if len(clips) <= MOST_ASKED else ()
            stand = self._catalog.verdicts.standing(few)
            with self.lock:
                # Where everything was taken back, nothing stands, and nothing is told.
                self._put({clip: stand.get(clip, Decided()) for clip in clips})
                self.last_by = _people(new, 0)
                self.verdict_no = new[-1].no
                self.revision += 1
            return True

    def _splice(self, new: Sequence[Verdict], changes: int) -> bool:
        """Put clips that people trimmed, divided or joined in the place of those they were.

        Returns:
            False if that is not all that has happened to the cut; then everything is to be read.
        """
        gone: set[str] = set()
        made: dict[str, None] = {}
        for verdict in new:
            is_back = verdict.kind == "undo"
            spans = [verdict]
            if verdict.kind in ("undo", "redo"):
                spans = self._catalog.verdicts.of_action(verdict.value)
            for span in (one for one in spans if one.kind == "span"):
                old, others = list(span.value["from"]), self.made_by(span)
                if is_back:
                    old, others = others, old
                changes -= 1
                gone.update(old)
                for clip in old:
                    made.pop(clip, None)
                made |= dict.fromkeys(others)
        known = self._catalog.clips_by_id(list(made))
        table = clip_table(self._catalog, self._recipe, [no for no, _, _ in known.values()])
        mine = self.columns.arrays
        if changes or len(table.numbers) != len(made) or list(table.columns) != list(mine):
            return False
        stay = np.array([clip not in gone and clip not in made for clip in self.ids], bool)
        video_no = np.concatenate([self.video_no[stay], table.video_no])
        clips = [clip for clip, stays in zip(self.clips, stay, strict=True) if stays] + table.clips
        numbers = np.concatenate([np.array(self.numbers, np.int64)[stay], table.numbers])
        in_pts = np.array([clip.in_pts for clip in clips], np.int64)
        order = np.lexsort((in_pts, video_no))
        with self.lock:
            self.columns = Columns(
                {
                    name: np.concatenate([values[stay], table.columns[name]])[order]
                    for name, values in mine.items()
                }
            )
            self.video_no, self.numbers = video_no[order], numbers[order].tolist()
            self.clips = [clips[at] for at in order]
            ids = [clip for clip, stays in zip(self.ids, stay, strict=True) if stays]
            ids += [clip.id for clip in table.clips]
            self.ids = [ids[at] for at in order]
            self.index = {clip: at for at, clip in enumerate(self.ids)}
            touched = [*made, *(verdict.clip for verdict in new if verdict.clip)]
            self._put(self._catalog.verdicts.standing(touched))
            self._orders.clear()
            self.last_by = _people(new, 0)
            self.verdict_no = new[-1].no
            self.clips_revision += 1
            self.revision += 1
        return True

    def made_by(self, span: Verdict) -> list[str]:
        """Return the ids of the clips that a trim, a split or a merge makes."""
        (_, _, clip), *_ = self._catalog.clips_by_id(span.value["from"][:1]).values()
        return [
            Clip(video_id=clip.video_id, in_pts=in_pts, out_pts=out_pts, frames=1).id
            for in_pts, out_pts in span.value["to"]
        ]

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
            while len(self._orders) > ORDERS_KEPT:
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
        """What is declared of the columns of scorers, by the column's name."""
        return {
            f"{name}.{field.name}": field
            for name, scorer in self._recipe.stages("score").items()
            for field in scorer.fields
        }

    def measured(self) -> list[dict[str, Any]]:
        """Return what each column is: name, unit, direction, meaning, whether it is a number."""
        fields = self.fields
        known = []
        for name, values in self.columns.arrays.items():
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


def _people(verdicts: Sequence[Verdict], after: int) -> tuple[str, ...]:
    return tuple(sorted({verdict.who for verdict in verdicts if verdict.no > after}))
