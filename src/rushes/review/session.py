"""What one person at the review page can see and do; the web layer only carries it over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from rushes.context import Context
from rushes.decisions import tags_of, undone_actions
from rushes.errors import ItemError, RecipeError
from rushes.recipe.edit import Plan, RulesFile, plan_rules
from rushes.recipe.rules import Rule, parse_rule
from rushes.records import Clip, Decisions, Row
from rushes.review import decide as deciding
from rushes.review.charts import charts
from rushes.review.coverage_map import CoverageMap
from rushes.review.crosstab import crosstab
from rushes.review.cut_hints import likely_cuts
from rushes.review.decide import SpanEdit
from rushes.review.export_preview import preview_export
from rushes.review.live_clips import LiveClips
from rushes.review.percentiles import is_measured, percentile_ranks
from rushes.review.previews import Previews, plays

EDITED_SELECTION = "main"
"""The selection that the page shows and saves."""
CONTEXT_S = 5.0
"""So much of the source around a clip is shown with it, so that it can be made longer."""
REFRESH_SHARE = 0.1
"""So much of a core may go into taking in what a scan or new scores bring; see `LiveClips`."""


class ReviewSession:
    """A project's clips, laid out for reviewing. Its methods may be called from several threads."""

    def __init__(self, context: Context) -> None:
        """Read the clips; see `LiveClips`."""
        self._context = context
        self.catalog = self._catalog = context.catalog
        self._recipe_file = context.folder / "recipe.toml"
        self.live = LiveClips(context)
        self._previews = Previews(context)
        self._map = CoverageMap(context)
        self._rules = RulesFile(self._recipe_file, context.recipe.selections)

    # ---- looking ------------------------------------------------------------------------------

    def state(self) -> Row:
        """Return what the page needs before it shows anything."""
        live = self.live
        self.refresh()
        with live.lock:
            return {
                "project": self._context.folder.name,
                "clips": len(live),
                "verdicts": live.columns.counted("verdict"),
                "tags": sorted({tag for now in live.decided.values() for tag in now.tags_added}),
                "reasons": sorted({now.reason for now in live.decided.values() if now.reason}),
                "revision": live.revision,
                "clips_revision": live.clips_revision,
                "verdict_no": live.verdict_no,
                "columns": live.measured(),
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
        """Return an order of the clips that pass, and what each rule does to the count."""
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
        """Return how many clips and hours some rules leave; quick, for a slider that moves."""
        with self.live.lock:
            return asdict(self.live.columns.filtered(parse_rules(rules)))

    def preview_export(self, rules: Sequence[str]) -> Row:
        """Return what an export would hold by rules, the recipe's quotas, and verdicts."""
        quotas = [
            rule for rule in self._rules.selections.get(EDITED_SELECTION, ()) if rule.is_quota
        ]
        with self.live.lock:
            return asdict(preview_export(self.live.columns, [*parse_rules(rules), *quotas]))

    def values(self, column: str) -> Row:
        """Return the values of a column, most frequent first."""
        with self.live.lock:
            return asdict(self.live.columns.values_of(column))

    def histogram(self, column: str) -> Row:
        """Return how the values of a column are spread."""
        with self.live.lock:
            return asdict(self.live.columns.histogram(column))

    def clips(self, query: str, first: int, count: int, show: str = "") -> list[Row] | None:
        """Return rows of a grid, with the value of a column to show; None if it is too long ago."""
        with self.live.lock:
            found = self.live.rows(query, first, count)
            if found is None:
                return None
            values = self.live.columns.arrays.get(show)
            rows = self._rows(found)
            for row, at in zip(rows, found, strict=True):
                row["shown"] = None if values is None else _plain(values[at])
            return rows

    def ids(self, query: str, first: int = 0, count: int | None = None) -> list[str] | None:
        """Return the ids of some clips of a query, or of all; None if it is too long ago."""
        with self.live.lock:
            found = self.live.rows(query, first, len(self.live) if count is None else count)
            return None if found is None else [self.live.ids[at] for at in found]

    def around_threshold(self, column: str, threshold: float, rules: Sequence[str]) -> Row:
        """Return the clips on either side of a threshold, nearest first."""
        with self.live.lock:
            sides = self.live.columns.around_threshold(column, threshold, parse_rules(rules))
            below, above = (self._rows([int(at) for at in side]) for side in sides)
            return {"below": below, "above": above}

    def place(self, query: str, clip_id: str) -> int | None:
        """Return where a clip stands in a query; None if it is not in it."""
        return self.live.place_in(query, clip_id)

    def _rows(self, places: Sequence[int]) -> list[Row]:
        """Return rows of a grid: what a card shows."""
        numbers = self.live.numbers
        said = self._catalog.captions.in_force([numbers[at] for at in places])
        return [self._row(at) | {"caption": said.get(numbers[at])} for at in places]

    def _row(self, at: int) -> Row:
        live = self.live
        clip, video_no = live.clips[at], int(live.video_no[at])
        video = self._previews.video(video_no)
        decided = live.decided.get(clip.id, Decisions())
        return {
            "clip": clip.id,
            "video": video.given,
            "in_s": video.seconds(clip.in_pts),
            "out_s": video.seconds(clip.out_pts),
            "duration_s": float(live.columns["duration_s"][at]),
            "stills": len(self._previews.stills_of(clip, video_no)),
            "verdict": decided.verdict,
            "stars": decided.stars,
            "reason": decided.reason,
            "is_measured": is_measured(live.columns, at),
        }

    def clip(self, clip_id: str) -> Row:
        """Return all that is known about one clip.

        Raises:
            ItemError: There is none of that id, or its video is not scanned any more.
        """
        history = self._catalog.verdicts.since(clips=[clip_id, ""])
        gone = undone_actions(history)
        with self.live.lock:
            at = self._place(clip_id)
            live = self.live
            clip, video_no = live.clips[at], int(live.video_no[at])
            video = self._previews.video(video_no)
            around = round(CONTEXT_S / video.time_base)
            signals = self._previews.signals("change", video_no)
            shown = signals.span(clip.in_pts - around, clip.out_pts + around)
            first, last = np.searchsorted(shown.pts, (clip.in_pts, clip.out_pts)).tolist()
            after = np.searchsorted(signals.pts, clip.out_pts + around)
            end_pts = int(signals.pts[after]) if after < len(signals.pts) else signals.end_pts
            return self._row(at) | {
                "in_pts": clip.in_pts,
                "out_pts": clip.out_pts,
                "frames": clip.frames,
                "frames_damaged": clip.frames_damaged,
                "frame_times_s": [video.seconds(int(pts)) for pts in shown.pts],
                "frame_pts": shown.pts.tolist(),
                "frame_in": first,
                "frame_out": last,
                "peaks": [first + at for at in likely_cuts(shown.columns["step_1"][first:last])],
                "end_pts": end_pts,
                "end_s": video.seconds(end_pts),
                "video_id": video.id,
                "width_px": video.display_size_px[0],
                "height_px": video.display_size_px[1],
                "plays": plays(video),
                "tags": tags_of((), live.decided.get(clip_id, Decisions())),
                "caption": live.decided.get(clip_id, Decisions()).caption,
                "captions": self._captions(at),
                "scores": {
                    name: _plain(values[at])
                    for name, values in live.columns.arrays.items()
                    if "." in name
                },
                "ranks": percentile_ranks(live.columns, at),
                "before": self._neighbour(at, -1),
                "after": self._neighbour(at, 1),
                "history": [
                    {"who": v.who, "at": v.at, "source": v.source, "kind": v.kind,
                     "value": v.value, "is_undone": v.action in gone}
                    for v in history
                    if v.clip == clip_id
                ],
            }  # fmt: skip

    def _captions(self, at: int) -> list[Row]:
        no = self.live.numbers[at]
        said = self._catalog.captions.said([no]).get(no, [])
        return [{"source": source, "text": text} for source, text in said]

    def _caption(self, at: int, in_force: Mapping[int, str]) -> str:
        return in_force.get(self.live.numbers[at], "")

    def _neighbour(self, at: int, step: int) -> str | None:
        live, other = self.live, at + step
        is_there = 0 <= other < len(live) and live.video_no[other] == live.video_no[at]
        return live.ids[other] if is_there else None

    def _place(self, clip_id: str) -> int:
        at = self.live.index.get(clip_id)
        if at is None:
            raise ItemError(f"there is no clip {clip_id} any more; it may have been divided")
        return at

    def charts(self, rules: Sequence[str]) -> Row:
        """Return the figures of the charts over the clips that pass, and the coverage map."""
        in_force = self._catalog.captions.in_force()
        self._map.renew()
        live = self.live
        with live.lock:
            passing = live.columns.mask(parse_rules(rules))
            said = [self._caption(at, in_force) for at in np.flatnonzero(passing).tolist()]
            cluster = live.columns["coverage.cluster"]
            return {
                **charts(live, passing, said),
                "tiles": self._map.tiles(cluster, passing),
                "unplaced": int(np.count_nonzero(np.isnan(cluster))),
            }

    def crosstab(self, rules: Sequence[str], across: str, down: str) -> Row:
        """Return how many clips there are, and how many pass, of each pair of two columns."""
        with self.live.lock:
            passing = self.live.columns.mask(parse_rules(rules))
            field = self.live.fields.get(down)
            known = field.values if field else ()
            return crosstab(self.live.columns, across, down, passing, known)

    # ---- footage ------------------------------------------------------------------------------

    def still(self, clip_id: str, which: int, height_px: int) -> bytes:
        """Return one of a clip's stills as JPEG; see `Previews.still`."""
        return self._previews.still(*self._found(clip_id), which, height_px)

    def source(self, video_id: str) -> Path:
        """Return a source file of the project by its video's id; nothing else is ever served."""
        return self._previews.source(video_id)

    def preview(self, clip_id: str) -> Path:
        """Return a small MP4 of a clip that every browser plays, made now unless it is there."""
        return self._previews.preview(*self._found(clip_id))

    def _found(self, clip_id: str) -> tuple[Clip, int]:
        with self.live.lock:
            at = self._place(clip_id)
            return self.live.clips[at], int(self.live.video_no[at])

    def refresh(self) -> None:
        """Take in what has changed in the catalog and in the recipe's rules, by whomever."""
        if self.live.refresh(share=REFRESH_SHARE):
            self._previews.renew()
        if self._rules.refresh():
            with self.live.lock:
                self.live.last_by = ()
                self.live.revision += 1

    # ---- doing --------------------------------------------------------------------------------

    def decide(self, clips: Sequence[str], values: Mapping[str, Any], who: str) -> Row:
        """Store verdicts; they are safely on disk when this returns."""
        action = deciding.decide(self._catalog, clips, values, who=who, source="page")
        self.refresh()
        return self._done(action)

    def edit_spans(self, edit: SpanEdit, who: str) -> Row:
        """Trim, split or merge clips; return the ids of the new ones; see `decide.edit_spans`."""
        new = deciding.edit_spans(self._context, edit, who=who, source="page")
        self.refresh()
        return {"clips": [clip.id for clip in new], "revision": self.live.revision}

    def undo(self, who: str) -> Row:
        """Undo the latest action of a person."""
        action = deciding.undo(self._catalog, who=who, source="page")
        self.refresh()
        return self._done(action)

    def redo(self, who: str) -> Row:
        """Redo the action that a person undid last."""
        action = deciding.redo(self._catalog, who=who, source="page")
        self.refresh()
        return self._done(action)

    def _done(self, action: int) -> Row:
        said = self._catalog.verdicts.actions(only=[action])
        clips = list(dict.fromkeys(clip for one in said for clip in one.clips))
        spans = [(one.value["from"], self.live.made_by(one)) for one in said if one.kind == "span"]
        both = [clip for old, new in spans for clip in (*old, *new)]
        return {
            "clips": clips,
            "now": [clip for clip in dict.fromkeys([*both, *clips]) if clip in self.live.index],
            "kinds": sorted({one.kind for one in said}),
            "spans": spans,
            "revision": self.live.revision,
            "verdict_no": self.live.verdict_no,
        }

    def replace(
        self, clips: Sequence[str], find: str, replacement: str, who: str, *, dry_run: bool
    ) -> Row:
        """Replace words in captions, as one action; return what each was and is.

        Args:
            clips: Ids.
            find: What to replace: plain text, case counts.
            replacement: What stands there then.
            who: The person.
            dry_run: Only say what would change.
        """
        if not find:
            raise RecipeError("say what to replace")
        in_force = self._catalog.captions.in_force()
        changes = []
        with self.live.lock:
            for at in (self._place(clip) for clip in clips):
                before = self._caption(at, in_force)
                if find in before:
                    after = before.replace(find, replacement).strip()
                    changes.append({"clip": self.live.ids[at], "before": before, "after": after})
        if changes and not dry_run:
            captions = {change["clip"]: change["after"] or None for change in changes}
            deciding.decide_each(self._catalog, "caption", captions, who=who, source="page")
            self.refresh()
        return {"changes": changes}

    def planned(self, rules: Sequence[str]) -> Plan:
        """Return what saving rules as `[select.main]` would change in the recipe as it is now.

        Raises:
            RecipeError: A rule that is new says nothing about these clips, or cannot be written.
        """
        parsed = parse_rules(rules)
        plan = plan_rules(self._recipe_file, EDITED_SELECTION, parsed)
        new = {change.column for change in plan.changes}
        with self.live.lock:  # names a column that is not there; what stays was not ours
            self.live.columns.mask([rule for rule in parsed if rule.column in new])
        return plan

    def save_rules(self, rules: Sequence[str], stamp: str) -> bool:
        """Make rules those of `[select.main]`, but for quotas; all else there stays.

        Args:
            rules: All of them; what is not among them is taken out.
            stamp: Of the plan that a person agreed to.

        Returns:
            False, and nothing is written, if the recipe has been changed since that plan.
        """
        is_saved = self._rules.save(self.planned(rules), stamp)
        self.refresh()
        return is_saved


def parse_rules(texts: Sequence[str]) -> list[Rule]:
    """Return rules from lines such as "motion.speed 2..20".

    Raises:
        RecipeError: One is no rule.
    """
    rules = []
    for text in texts:
        column, _, rest = text.strip().partition(" ")
        rules.append(parse_rule(column, rest.strip()))
    return rules


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if np.isnan(value) else round(float(value), 5)
    return value
