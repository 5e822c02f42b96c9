"""The library's front: `Project`, one method a verb. It neither prints nor asks.

The command line, the review page and notebooks all call it; `docs/python.md` has an example.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rushes.annotation.caption import caption_clips
from rushes.annotation.score import score_clips
from rushes.cuts.run import cut_videos
from rushes.decisions import VERDICTS
from rushes.dedup.run import DedupReport, count_pending, find_copies
from rushes.errors import MediaError, RecipeError, nearest
from rushes.exports import timelines
from rushes.exports.run import ExportReport, export_selection
from rushes.footage.forget import ForgetReport, forget
from rushes.footage.ingest import IngestReport, ingest
from rushes.footage.scan import scan_videos
from rushes.hydrus.sync import HydrusSync
from rushes.media.source_file import check_source
from rushes.models import store
from rushes.models.store import ModelStatus
from rushes.records import Failure, Report, Row, Selection, Verdict
from rushes.reports.cut_report import ReportPage, write_report
from rushes.reports.doctor import examine
from rushes.reports.failures import current_failures, remove_obsolete
from rushes.reports.lists import LISTS, filter_rows
from rushes.reports.status import pending, status
from rushes.review import decide
from rushes.review.session import ReviewSession
from rushes.selection.run import select_clips
from rushes.similarity.coverage import cluster_clips, coverage_report, is_current
from rushes.similarity.search import search, text_encoder
from rushes.workspace import Workspace

VERBS = ("ingest", "scan", "cut", "caption", "score", "select", "export")
"""The verbs of `run`, in their order."""


class Project(Workspace):
    """A project folder: footage in, frozen selections and exports out.

    `Project.open("my-dataset", create=True)` opens or makes one; use it in a `with` statement.
    """

    def ingest(self, paths: Sequence[Path | str]) -> IngestReport:
        """Find the videos at and below `paths`; identify each by its bytes."""
        with self._working():
            return ingest(self.context, paths)

    def forget(self, items: Sequence[str]) -> ForgetReport:
        """Take videos and failed files out of the project; the footage itself stays as it is.

        Args:
            items: Paths or ids of videos, paths of files that failed, or folders of them.
        """
        with self._working():
            return forget(self.context, items)

    def scan(self, items: Sequence[str] = (), *, limit: int | None = None) -> Report:
        """Decode each new video once; keep signals, stills and motion for all later stages.

        Args:
            items: Paths or ids of videos; all if empty.
            limit: At most this many videos.
        """
        numbers = self._videos(items)[:limit]
        with self._working():
            return scan_videos(self.context, numbers)

    def cut(self, items: Sequence[str] = ()) -> Report:
        """Find the cuts in the signals; make clips of the shots between them."""
        numbers = self._videos(items)
        with self._working():
            return cut_videos(self.context, numbers)

    def caption(self) -> Report:
        """Caption each clip with the recipe's captioners."""
        with self._working():
            return caption_clips(self.context)

    def score(self, *, only: Sequence[str] = (), limit: int | None = None) -> Report:
        """Measure each clip with the recipe's scorers.

        Args:
            only: Names of the scorers to run; all if empty.
            limit: At most this many clips.
        """
        known = list(self.context.recipe.stages("score"))
        for name in only:
            if name not in known:
                raise RecipeError(f"score.use has no {name!r}{nearest(name, known)}")
        numbers = list(self.context.clips())[:limit]
        with self._working():
            return score_clips(self.context, numbers, only)

    def dedup(self) -> DedupReport:
        """Find clips that show the same footage or look alike; choose which to keep."""
        with self._working():
            return find_copies(self.context)

    def select(self, name: str = "main") -> Selection:
        """Apply the rules of `[select.NAME]`; freeze the clips that pass.

        Duplicates and clusters are brought up to date first if a rule asks for them.
        """
        rules = self._named(name, self.context.recipe.selections, "select")
        tables = {rule.column.partition(".")[0] for rule in rules}
        if "dedup" in tables and count_pending(self.context):
            self.dedup()
        if "coverage" in tables and not is_current(self.context):
            cluster_clips(self.context)
        return select_clips(self.context, name, rules)

    def export(
        self, name: str = "main", *, to: str | None = None, folder: Path | str | None = None
    ) -> ExportReport:
        """Write the selection of `[export.NAME]` as files that a trainer reads.

        Args:
            name: Name of the export in the recipe.
            to: Another format than the recipe's.
            folder: Another folder than `exports/NAME` in the project.
        """
        plan = self._named(name, self.context.recipe.exports, "export")
        if to is not None and to != plan.to:
            plan = plan.with_format(to)
        target = Path(folder).absolute() if folder else self.folder / "exports" / name
        with self._working():
            return export_selection(self.context, plan, target)

    def run(self, paths: Sequence[Path | str], *, only: Sequence[str] = ()) -> dict[str, Any]:
        """Run the pipeline: ingest, scan, cut, caption, score, then every selection and export.

        Args:
            paths: Files and folders of footage; empty for the videos already in the project.
            only: Names of the verbs to run; all if empty. `paths` are ingested in any case.

        Returns:
            The report of each verb by its name; lists for select and export. Where a selection or
            an export could not be made, `refused` lists why; the others are made.
        """
        for verb in only:
            if verb not in VERBS:
                raise RecipeError(f"--only {verb}: no such verb{nearest(verb, list(VERBS))}")
        if "ingest" in only and not paths:
            raise RecipeError("--only ingest: name the footage, as in rushes run PATH…")
        verbs = [verb for verb in VERBS if not only or verb in only]
        reports: dict[str, Any] = {}
        with self._working():
            remove_obsolete(self.context)
            if paths:
                reports["ingest"] = self.ingest(paths)
            for verb in ("scan", "cut", "caption", "score"):
                if verb in verbs:
                    reports[verb] = getattr(self, verb)()
            refused: dict[str, str] = {}
            if "select" in verbs:
                names = list(self.context.recipe.selections)
                reports["select"] = _each(self.select, "select", names, refused)
            if "export" in verbs:
                names = [
                    name
                    for name, plan in self.context.recipe.exports.items()
                    if f"select.{plan.selection}" not in refused
                ]
                reports["export"] = _each(self.export, "export", names, refused)
        if refused:
            reports["refused"] = list(refused.values())
        return reports

    def plan(self, paths: Sequence[Path | str] = ()) -> dict[str, int]:
        """Return the number of pending items of each verb of `run`; change nothing.

        Items that earlier verbs would still find are not counted.
        """
        return pending(self.context, paths)

    def cuts(self, format: str = "json", *, items: Sequence[str] = ()) -> list[Path]:
        """Write the timestamps of the cuts beside each video; return the files.

        Args:
            format: "json", "csv", "sidecar", "ffmetadata", "edl" or "otio".
            items: Paths or ids of videos; all if empty.
        """
        if format not in timelines.FORMATS:
            known = list(timelines.FORMATS)
            raise RecipeError(f"--format {format}: no such format{nearest(format, known)}")
        found = self.context.catalog.cuts(self.context.recipe.fingerprints.cut)
        numbers = [no for no in self._videos(items) if no in found]
        written = []
        for no, video in self.context.catalog.videos(numbers).items():
            try:
                check_source(video)
            except MediaError as error:  # another video may lie there by now
                self.context.runner.reporter.line(f"left out: {error}")
                continue
            written.append(timelines.write_beside(format, video, found[no]))
        return written

    def report(
        self,
        path: Path | str | None = None,
        *,
        where: str | None = None,
        limit: int | None = None,
    ) -> ReportPage:
        """Write one HTML file with the frames on both sides of each cut.

        Args:
            path: The file, ending in .html; None is report.html in the project.
            where: Condition on the cuts, such as "confidence < 0.9 and kind = hard".
            limit: At most this many cuts of each video, the least confident; None divides 1000
                among the videos.
        """
        return write_report(
            self.context,
            Path(path).absolute() if path else self.folder / "report.html",
            self.status(),
            where=where,
            limit=limit,
        )

    def hydrus(self) -> HydrusSync:
        """Return the connection to a Hydrus client: `push`, `pull` and `status`."""
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
            what: "videos", "cuts", "shots", "clips" or "failures".
            where: Conditions such as "motion.speed > 3 and duration_s < 5".
            sort: Field to sort by, largest first; smallest first with a leading "-".
            limit: At most this many rows.
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
        """Return the session behind the review page: filter, group, play and decide on clips."""
        return ReviewSession(self.context)

    def verdict(self, what: str, clips: Sequence[str], *, who: str) -> list[Verdict]:
        """Keep or drop clips; a verdict overrides every rule.

        Args:
            what: "keep", "drop" or "undecided".
            clips: Ids of clips.
            who: Name of the person.
        """
        if what not in VERDICTS:
            raise RecipeError(f"verdict {what}: it is one of {', '.join(VERDICTS)}")
        value = None if what == "undecided" else what
        action = decide.decide(
            self.context.catalog, clips, {"verdict": value}, who=who, source="cli"
        )
        return self.context.catalog.verdicts.of_action(action)

    def undo(self, *, who: str) -> list[Verdict]:
        """Undo a person's last decision; return its verdicts."""
        action = decide.undo(self.context.catalog, who=who, source="cli")
        return self.context.catalog.verdicts.of_action(action)

    def redo(self, *, who: str) -> list[Verdict]:
        """Redo a person's last undone decision; return its verdicts."""
        action = decide.redo(self.context.catalog, who=who, source="cli")
        return self.context.catalog.verdicts.of_action(action)

    def steps(self, *, redo: bool = False) -> dict[str, int]:
        """Return person → number of decisions that this person can undo, or redo."""
        return decide.steps_of_all(self.context.catalog, redo=redo)

    def search(
        self, text: str | None = None, *, like: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Find clips by words, or clips that look like another; best first.

        Args:
            text: Words of captions, tags and file names, and of the pictures if the scorer `clip`
                has run. `word*` matches every word that begins with "word".
            like: Id of a clip, or the start of one.
            limit: At most this many rows; None for 20.
        """
        encode = text_encoder(self.context)
        return search(
            self.context, text=text, like=like, limit=20 if limit is None else limit, encode=encode
        )

    def coverage(self) -> Row:
        """Cluster the clips that look alike; return the clusters, gaps marked."""
        return coverage_report(self.context)

    def status(self) -> Row:
        """Return the project's totals, selections, exports, anomalies and number of failures."""
        return status(self.context)

    def failures(self, *, only_new: bool = False) -> list[Failure]:
        """Return the items that failed and have not succeeded since, oldest first.

        Args:
            only_new: Leave out those from before the project was opened.
        """
        if only_new:
            return self.context.catalog.failures.new()
        return current_failures(self.context)

    @staticmethod
    def models(
        get: Sequence[str] = (), *, cache: Path | None = None, offline: bool = False
    ) -> list[ModelStatus]:
        """Return every model with its path, size, licence and source.

        Args:
            get: Names of models to download first if they are missing.
            cache: Folder of all models; None for the user's cache folder.
            offline: Never use the network.
        """
        for name in get:
            store.get(name, cache or store.CACHE, offline=offline)
        return store.list_models(cache or store.CACHE)

    @staticmethod
    def doctor(folder: Path | str = ".") -> list[Row]:
        """Return checks of this machine: name, whether it is ok, and the finding.

        Args:
            folder: The folder of the project.
        """
        return examine(Path(folder))

    def recipe(self) -> Row:
        """Return every setting in force, defaults included, as nested tables."""
        return self._recipe.resolved()


def _each(
    make: Callable[[str], Any], verb: str, names: Sequence[str], refused: dict[str, str]
) -> list[Any]:
    """Return the results of a verb for each name; put the errors of others into `refused`."""
    made = []
    for name in names:
        try:
            made.append(make(name))
        except RecipeError as error:
            refused[f"{verb}.{name}"] = str(error)
    return made
