"""One method a verb: typed arguments in, a small report out. It neither prints nor asks.

`Project` is the one layer under the command line, the page and a notebook:

    with Project.open("films", create=True) as project:
        project.run(["/media/holiday"])
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rushes.annotation.caption import caption_clips
from rushes.annotation.score import score_clips
from rushes.cuts.run import cut_videos
from rushes.dedup.run import DedupReport, count_pending, find_copies
from rushes.errors import RecipeError, nearest
from rushes.exports import timelines as timeline
from rushes.exports.folder import Export
from rushes.exports.plan import plan_clips
from rushes.exports.run import ExportReport, write_export
from rushes.footage.ingest import IngestReport, ingest
from rushes.footage.scan import scan_videos
from rushes.hydrus.sync import HydrusSync
from rushes.models import store as models
from rushes.models.store import ModelStatus
from rushes.records import Failure, Report, Row, Selection, Verdict
from rushes.reports.cut_report import ReportPage, write_report
from rushes.reports.doctor import examine
from rushes.reports.lists import LISTS, filter_rows
from rushes.reports.status import pending, status
from rushes.review import decide as deciding
from rushes.review.session import ReviewSession
from rushes.selection import choose as selecting
from rushes.selection.clip_table import clip_columns
from rushes.similarity.coverage import cluster_clips, coverage_report, is_current
from rushes.similarity.search import search, text_encoder
from rushes.workspace import Workspace

VERBS = ("ingest", "scan", "cut", "caption", "score", "select", "export")
"""What `run` does, in this order."""


class Project(Workspace):
    """A folder with a catalog, a recipe, and what the stages made; see `Workspace` to open one."""

    def ingest(self, paths: Sequence[Path | str]) -> IngestReport:
        """Find the videos at and below `paths` and know each by its bytes."""
        with self._working():
            return ingest(self.context, [Path(p) for p in paths])

    def scan(self, items: Sequence[str] = (), *, limit: int | None = None) -> Report:
        """Decode each new video once and keep what all later stages need.

        Args:
            items: Paths or ids of videos; all if empty.
            limit: At most so many videos.
        """
        numbers = self._videos(items)[:limit]
        with self._working():
            return scan_videos(self.context, numbers)

    def cut(self, items: Sequence[str] = ()) -> Report:
        """Find the cuts from the signals, and make clips of the shots between them."""
        numbers = self._videos(items)
        with self._working():
            return cut_videos(self.context, numbers)

    def caption(self) -> Report:
        """Say what each clip shows: by now, the texts that lie beside the videos."""
        with self._working():
            return caption_clips(self.context)

    def score(self, *, only: Sequence[str] = (), limit: int | None = None) -> Report:
        """Measure each clip with the recipe's scorers.

        Args:
            only: Names of the scorers to run; all if empty.
            limit: At most so many clips.
        """
        known = list(self.context.recipe.stages("score"))
        for name in only:
            if name not in known:
                raise RecipeError(f"score.use has no {name!r}{nearest(name, known)}")
        numbers = list(self.context.clips())[:limit]
        with self._working():
            return score_clips(self.context, numbers, only)

    def dedup(self) -> DedupReport:
        """Find clips that show the same footage or look alike, and choose which to keep."""
        with self._working():
            return find_copies(self.context)

    def select(self, name: str = "main") -> Selection:
        """Apply the rules of `[select.NAME]` and freeze what passes."""
        rules = self._named(name, self.context.recipe.selections, "select")
        if any(rule.column.startswith("dedup.") for rule in rules) and count_pending(self.context):
            self.dedup()
        if any(rule.column.startswith("coverage.") for rule in rules) and not is_current(
            self.context
        ):
            cluster_clips(self.context)
        numbers, columns = clip_columns(self.context)
        passing, funnel = selecting.choose(rules, columns)
        passing, by_people = selecting.apply_verdicts(passing, columns["verdict"])
        chosen = [no for no, passes in zip(numbers, passing, strict=True) if passes]
        selection = Selection(
            name=name,
            revision=1,
            clips=tuple(self._clip_ids(chosen)),
            funnel=funnel + by_people,
            candidates=len(numbers),
            duration_s=round(float(columns["duration_s"][passing].sum()), 3),
        )
        return self.context.catalog.selections.freeze(selection, chosen, self.context.recipe.digest)

    def export(
        self, name: str = "main", *, to: str | None = None, folder: Path | str | None = None
    ) -> ExportReport:
        """Write the selection of `[export.NAME]` as files that a trainer reads.

        Args:
            name: Which export of the recipe.
            to: Another format than the recipe's.
            folder: Another folder than `exports/NAME` in the project.
        """
        plan = self._named(name, self.context.recipe.exports, "export")
        if to is not None and to != plan.to:
            plan = plan.with_format(to)
        frozen = self.context.catalog.selections.newest(plan.selection)
        if frozen is None:
            raise RecipeError(
                f"there is no selection {plan.selection!r} yet; "
                f"make it with: rushes select {plan.selection}"
            )
        selection, selection_no = frozen
        target = Path(folder).absolute() if folder else self.folder / "exports" / name
        planned = plan_clips(self.context, selection.clips, plan.caption)
        with self._working():
            return write_export(
                self.context,
                Export(target, planned, plan.exporter, plan.encoding),
                name=name,
                selection_no=selection_no,
                about={
                    "format": plan.to,
                    "selection": f"{selection.name}@{selection.revision}",
                    "recipe": self.context.recipe.digest,
                },
            )

    def run(self, paths: Sequence[Path | str], *, only: Sequence[str] = ()) -> dict[str, Any]:
        """Do the main job: ingest, scan, cut, caption, score, then every selection and export.

        Args:
            paths: Files and folders of footage; empty to go on with what is known.
            only: Names of the verbs to do; all if empty.

        Returns:
            The report of each verb by its name; lists for select and export.
        """
        for verb in only:
            if verb not in VERBS:
                raise RecipeError(f"--only {verb}: no such verb{nearest(verb, list(VERBS))}")
        verbs = [verb for verb in VERBS if not only or verb in only]
        reports: dict[str, Any] = {}
        with self._working():
            if "ingest" in verbs and paths:
                reports["ingest"] = self.ingest(paths)
            for verb in ("scan", "cut", "caption", "score"):
                if verb in verbs:
                    reports[verb] = getattr(self, verb)()
            if "select" in verbs:
                reports["select"] = [self.select(name) for name in self.context.recipe.selections]
            if "export" in verbs:
                reports["export"] = [self.export(name) for name in self.context.recipe.exports]
        return reports

    def plan(self, paths: Sequence[Path | str] = ()) -> dict[str, int]:
        """Return how many items each verb of `run` would have to do, doing none.

        Later verbs count what is known now; what earlier ones would find is not in it.
        """
        found = [Path(path) for path in paths]
        return pending(self.context, found)

    def cuts(self, format: str = "json", *, items: Sequence[str] = ()) -> list[Path]:
        """Write the timestamps of the cuts beside each video; return the files.

        Args:
            format: One of `timeline.FORMATS`.
            items: Paths or ids of videos; all if empty.
        """
        if format not in timeline.FORMATS:
            known = list(timeline.FORMATS)
            raise RecipeError(f"--format {format}: no such format{nearest(format, known)}")
        found = self.context.catalog.cuts(self.context.recipe.fingerprints.cut)
        numbers = [no for no in self._videos(items) if no in found]
        videos = self.context.catalog.videos(numbers)
        return [timeline.write_beside(format, video, found[no]) for no, video in videos.items()]

    def report(
        self,
        path: Path | str | None = None,
        *,
        where: str | None = None,
        limit: int | None = None,
    ) -> ReportPage:
        """Write one HTML file that shows the frames on both sides of each cut.

        Args:
            path: The file, ending in .html; None is report.html in the project.
            where: Only cuts that meet it, such as "confidence < 0.9 and kind = hard".
            limit: At most so many cuts of each video, the least sure ones; None shares a thousand
                out among the videos.
        """
        return write_report(
            self.context,
            Path(path).absolute() if path else self.folder / "report.html",
            self.status(),
            where=where,
            limit=limit,
        )

    def hydrus(self) -> HydrusSync:
        """Return the way to a Hydrus client: `push`, `pull` and `status`."""
        return HydrusSync(self.context)

    def ls(
        self,
        what: str,
        *,
        where: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """List videos, cuts, shots, clips or failures as rows.

        Args:
            what: One of those words.
            where: Conditions such as "motion.speed > 3 and duration_s < 5".
            sort: Field to sort by, largest first; a leading "-" turns it around.
            limit: At most so many rows.
        """
        if what not in LISTS:
            raise RecipeError(f"ls {what}: no such list{nearest(what, list(LISTS))}")
        return filter_rows(
            LISTS[what](self.context),
            where=where,
            sort=sort,
            limit=limit,
        )

    def review(self) -> ReviewSession:
        """Lay the clips out for the review page."""
        return ReviewSession(self.context)

    def verdict(self, what: str, clips: Sequence[str], *, who: str) -> list[Verdict]:
        """Keep or drop clips, whatever the rules of a selection say.

        Args:
            what: "keep", "drop", "undecided".
            clips: Ids.
            who: The person.
        """
        if what not in deciding.VERDICTS:
            raise RecipeError(f"verdict {what}: it is one of {', '.join(deciding.VERDICTS)}")
        value = None if what == "undecided" else what
        action = deciding.decide(
            self.context.catalog, clips, {"verdict": value}, who=who, source="cli"
        )
        return self.context.catalog.verdicts.of_action(action)

    def undo(self, *, who: str) -> list[Verdict]:
        """Take back what a person decided last; return what that was."""
        action = deciding.undo(self.context.catalog, who=who, source="cli")
        return self.context.catalog.verdicts.of_action(action)

    def redo(self, *, who: str) -> list[Verdict]:
        """Do again what a person undid last; return what that was."""
        action = deciding.redo(self.context.catalog, who=who, source="cli")
        return self.context.catalog.verdicts.of_action(action)

    def search(
        self, text: str | None = None, *, like: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Find clips by words, or clips that look like another; the best first.

        Args:
            text: Words of captions and file names, and, where the scorer `clip` has been at work,
                of what is to be seen; `word*` finds what begins so.
            like: Id of a clip, or how it begins.
            limit: At most so many; 20 if None.
        """
        encode = text_encoder(self.context)
        return search(
            self.context, text=text, like=like, limit=20 if limit is None else limit, encode=encode
        )

    def coverage(self) -> Row:
        """Put clips that look alike into clusters; say what there is much and little of."""
        return coverage_report(self.context)

    def status(self) -> Row:
        """Return how much there is of everything, what failed, and decode passes per video."""
        return status(self.context)

    def failures(self) -> list[Failure]:
        """Return all that stands as failed."""
        return self.context.catalog.failures.all()

    @staticmethod
    def models(
        get: Sequence[str] = (), *, cache: Path | None = None, offline: bool = False
    ) -> list[ModelStatus]:
        """Return every model: whether it is here, its size, licence and source.

        Args:
            get: Names of models to bring first, unless they are here.
            cache: Folder of all models; None for the user's cache folder.
            offline: Never touch the network.
        """
        for name in get:
            models.get(name, cache or models.CACHE, offline=offline)
        return models.list_models(cache or models.CACHE)

    @staticmethod
    def doctor(folder: Path | str = ".") -> list[Row]:
        """Return what a working machine needs, each with whether it is there."""
        return examine(Path(folder))

    def recipe(self) -> Row:
        """Return every setting in force, defaults included."""
        return self._recipe.resolved()
