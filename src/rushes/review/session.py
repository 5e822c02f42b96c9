"""One project under review: queries, clips, charts, decisions; the web layer adds only HTTP."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rushes.annotation.score import score_at_once
from rushes.context import Context
from rushes.errors import RecipeError
from rushes.recipe.edit import Plan, RulesFile, plan_rules
from rushes.recipe.rules import Rule, parse_rule
from rushes.records import Clip, Row
from rushes.review import decide
from rushes.review.charts import charts
from rushes.review.clip_detail import ClipDetails, plain
from rushes.review.coverage_map import CoverageMap
from rushes.review.crosstab import crosstab
from rushes.review.decide import SpanEdit
from rushes.review.export_preview import preview_export
from rushes.review.live_clips import LiveClips
from rushes.review.previews import Previews

EDITED_SELECTION = "main"
"""The selection that the page shows and saves."""
REFRESH_SHARE = 0.1
"""Share of a core for reading what scans and scorers bring; see `LiveClips.refresh`."""


class ReviewSession:
    """The clips of a project in memory, for review; safe to call from several threads."""

    def __init__(self, context: Context) -> None:
        """Read the clips; see `LiveClips`."""
        self._context = context
        self._scoring = threading.Lock()
        self.catalog = self._catalog = context.catalog
        self._recipe_file = context.folder / "recipe.toml"
        self.live = LiveClips(context)
        self._previews = Previews(context)
        self._details = ClipDetails(context.catalog, self.live, self._previews)
        self._map = CoverageMap(context)
        self._rules = RulesFile(self._recipe_file, context.recipe.selections)

    def refresh(self) -> None:
        """Read what has changed in the catalog and in the rules of the recipe."""
        if self.live.refresh(share=REFRESH_SHARE):
            self._previews.refresh()
        if self._rules.refresh():
            with self.live.lock:
                self.live.last_by = ()
                self.live.revision += 1

    # ---- queries ------------------------------------------------------------------------------

    def state(self) -> Row:
        """Return the totals, columns and selections that the page starts from."""
        live = self.live
        self.refresh()
        with live.lock:
            return {
                "project": self._context.folder.name,
                "clips": len(live),
                "verdicts": live.columns.counts("verdict"),
                "tags": sorted({tag for now in live.decisions.values() for tag in now.tags_added}),
                "reasons": sorted({now.reason for now in live.decisions.values() if now.reason}),
                "revision": live.revision,
                "clips_revision": live.clips_revision,
                "verdict_no": live.verdict_no,
                "columns": live.describe_columns(),
                "selections": {
                    name: [str(rule) for rule in rules]
                    for name, rules in self._rules.selections.items()
                },
            }

    def query(
        self,
        rules: Sequence[str],
        *,
        sort: str = "",
        group: str = "",
        among: Sequence[str] | None = None,
    ) -> Row:
        """Return the order of the clips that pass, as in `LiveClips.query`, and their totals."""
        live = self.live
        with live.lock:
            name, rows, groups = live.query(parse_rules(rules), sort=sort, group=group, among=among)
            return {
                "query": name,
                "groups": groups,
                "count": len(rows),
                "duration_s": round(float(live.columns["duration_s"][rows].sum()), 3),
                "candidates": len(live),
            }

    def count(self, rules: Sequence[str]) -> Row:
        """Return counts and seconds of clips, as in `Columns.filter_counts`; takes milliseconds."""
        with self.live.lock:
            return asdict(self.live.columns.filter_counts(parse_rules(rules)))

    def preview_export(self, rules: Sequence[str]) -> Row:
        """Return the content of an export by rules, the recipe's quotas, and verdicts."""
        selected = self._rules.selections.get(EDITED_SELECTION, ())
        quotas = [rule for rule in selected if rule.is_quota]
        with self.live.lock:
            return asdict(preview_export(self.live.columns, [*parse_rules(rules), *quotas]))

    def values(self, column: str) -> Row:
        """Return the values of a column, most frequent first."""
        with self.live.lock:
            return asdict(self.live.columns.values_of(column))

    def histogram(self, column: str) -> Row:
        """Return the histogram of a column of numbers over all clips."""
        with self.live.lock:
            return asdict(self.live.columns.histogram(column))

    # ---- clips --------------------------------------------------------------------------------

    def clips(self, query: str, first: int, count: int, show: str = "") -> list[Row] | None:
        """Return cards of a query, each with its value of the column `show`; None if forgotten."""
        with self.live.lock:
            found = self.live.rows(query, first, count)
            if found is None:
                return None
            values = self.live.columns.arrays.get(show)
            rows = self._details.cards(found)
            for row, at in zip(rows, found, strict=True):
                row["shown"] = None if values is None else plain(values[at])
            return rows

    def clip(self, clip_id: str) -> Row:
        """Return everything that is known about one clip; see `ClipDetails.detail`."""
        return self._details.detail(clip_id)

    def ids(self, query: str, first: int = 0, count: int | None = None) -> list[str] | None:
        """Return the ids of some clips of a query, or of all; None if it is forgotten."""
        with self.live.lock:
            found = self.live.rows(query, first, len(self.live) if count is None else count)
            return None if found is None else [self.live.ids[at] for at in found]

    def place(self, query: str, clip_id: str) -> int | None:
        """Return the position of a clip in a query; None if it is not in it."""
        return self.live.position_in(query, clip_id)

    def around_threshold(self, column: str, threshold: float, rules: Sequence[str]) -> Row:
        """Return cards of the clips on either side of a threshold, nearest first."""
        with self.live.lock:
            sides = self.live.columns.around_threshold(column, threshold, parse_rules(rules))
            below, above = (self._details.cards([int(at) for at in side]) for side in sides)
            return {"below": below, "above": above}

    # ---- charts -------------------------------------------------------------------------------

    def charts(self, rules: Sequence[str]) -> Row:
        """Return the figures of the charts over the clips that pass, and the coverage map."""
        captions = self._catalog.captions.current()
        self._map.refresh()
        live = self.live
        with live.lock:
            passing = live.columns.mask(parse_rules(rules))
            shown = [captions.get(live.numbers[at], "") for at in np.flatnonzero(passing).tolist()]
            cluster = live.columns["coverage.cluster"]
            return {
                **charts(live, passing, shown),
                "tiles": self._map.tiles(cluster, passing),
                "unplaced": int(np.count_nonzero(np.isnan(cluster))),
            }

    def crosstab(self, rules: Sequence[str], across: str, down: str) -> Row:
        """Return the number of clips, of all and of those that pass, by two columns."""
        with self.live.lock:
            passing = self.live.columns.mask(parse_rules(rules))
            field = self.live.fields.get(down)
            known = field.values if field else ()
            return crosstab(self.live.columns, across, down, passing, known)

    # ---- stills and video ---------------------------------------------------------------------

    def still(self, clip_id: str, which: int, height_px: int) -> bytes:
        """Return one of a clip's stills as JPEG; see `Previews.still`."""
        return self._previews.still(*self._find(clip_id), which, height_px)

    def source(self, video_id: str) -> Path:
        """Return the path of a source by its video's id; see `Previews.source`."""
        return self._previews.source(video_id)

    def preview(self, clip_id: str) -> Path:
        """Return the path of a clip's preview, which is encoded unless it exists."""
        return self._previews.preview(*self._find(clip_id))

    def _find(self, clip_id: str) -> tuple[Clip, int]:
        """Return a clip and the number of its video."""
        with self.live.lock:
            at = self.live.place_of(clip_id)
            return self.live.clips[at], int(self.live.video_no[at])

    # ---- decisions ----------------------------------------------------------------------------

    def decide(self, clips: Sequence[str], values: Mapping[str, Any], who: str) -> Row:
        """Store verdicts; they are on disk when this returns."""
        return self._done(decide.decide(self._catalog, clips, values, who=who, source="page"))

    def edit_spans(self, edit: SpanEdit, who: str) -> Row:
        """Trim, split or merge clips; return the ids of the new ones; see `decide.edit_spans`.

        The new clips are scored at once where that needs no model; see `score_at_once`.
        """
        new = decide.edit_spans(self._context, edit, who=who, source="page")
        with self._scoring:
            rows = self._catalog.clips_by_id([clip.id for clip in new])
            score_at_once(self._context, [row.no for row in rows.values()])
        self.refresh()
        return {"clips": [clip.id for clip in new], "revision": self.live.revision}

    def undo(self, who: str) -> Row:
        """Undo the latest action of a person."""
        return self._done(decide.undo(self._catalog, who=who, source="page"))

    def redo(self, who: str) -> Row:
        """Redo the action that a person undid last."""
        return self._done(decide.redo(self._catalog, who=who, source="page"))

    def _done(self, action: int) -> Row:
        """Refresh; return the clips and spans that an action changed, and the new revision."""
        self.refresh()
        live = self.live
        done = self._catalog.verdicts.actions(only=[action])
        clips = list(dict.fromkeys(clip for one in done for clip in one.clips))
        spans = [(one.value["from"], live.clips_made_by(one)) for one in done if one.kind == "span"]
        both = [clip for old, new in spans for clip in (*old, *new)]
        return {
            "clips": clips,
            "now": [clip for clip in dict.fromkeys([*both, *clips]) if clip in live.index],
            "kinds": sorted({one.kind for one in done}),
            "spans": spans,
            "revision": live.revision,
            "verdict_no": live.verdict_no,
        }

    def replace(
        self, clips: Sequence[str], find: str, replacement: str, who: str, *, dry_run: bool
    ) -> Row:
        """Replace a text in captions, as one action; return each caption before and after.

        Args:
            clips: Ids.
            find: Text to find; upper and lower case differ.
            replacement: Text to put in its place.
            who: Name of the person.
            dry_run: Store nothing.
        """
        if not find:
            raise RecipeError("enter the text to replace")
        in_force = self._catalog.captions.current()
        changes = []
        with self.live.lock:
            for at in (self.live.place_of(clip) for clip in clips):
                before = in_force.get(self.live.numbers[at], "")
                if find in before:
                    after = before.replace(find, replacement).strip()
                    changes.append({"clip": self.live.ids[at], "before": before, "after": after})
        if changes and not dry_run:
            captions = {change["clip"]: change["after"] or None for change in changes}
            decide.decide_each(self._catalog, "caption", captions, who=who, source="page")
            self.refresh()
        return {"changes": changes}

    # ---- rules of the recipe ------------------------------------------------------------------

    def plan_rules(self, rules: Sequence[str]) -> Plan:
        """Return the changes to the recipe that saving rules as `[select.main]` makes.

        Raises:
            RecipeError: A new rule does not fit the columns, or cannot be written.
        """
        parsed = parse_rules(rules)
        plan = plan_rules(self._recipe_file, EDITED_SELECTION, parsed)
        new = {change.column for change in plan.changes}
        with self.live.lock:  # raises for an unknown column; rules that stay are not checked
            self.live.columns.mask([rule for rule in parsed if rule.column in new])
        return plan

    def save_rules(self, rules: Sequence[str], stamp: str) -> bool:
        """Write rules as `[select.main]`; quotas and the rest of the recipe stay.

        Args:
            rules: All rules; the others of the selection are removed.
            stamp: Stamp of the plan that a person has confirmed.

        Returns:
            False, and nothing is written, if the recipe has changed since that plan.
        """
        is_saved = self._rules.save(self.plan_rules(rules), stamp)
        self.refresh()
        return is_saved


def parse_rules(texts: Sequence[str]) -> list[Rule]:
    """Return rules from texts such as "motion.speed 2..20".

    Raises:
        RecipeError: A text is no rule.
    """
    rules = []
    for text in texts:
        column, _, rest = text.strip().partition(" ")
        rules.append(parse_rule(column, rest.strip()))
    return rules
