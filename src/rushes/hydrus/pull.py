"""Decisions of people in a Hydrus client → verdicts, each once.

The ledger holds the client's state at the last pull. A state that has not changed since decides
nothing, whatever was decided here in between.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rushes.catalog.hydrus import Base
from rushes.context import Context
from rushes.decisions import undone_actions
from rushes.hydrus import merge
from rushes.hydrus.client import Client, Remote, batches
from rushes.hydrus.merge import Local, PullChanges
from rushes.hydrus.settings import Hydrus
from rushes.records import Decisions, Verdict, VerdictKind
from rushes.runner.base import progress_bar

SOURCE = "hydrus"
Given = list[tuple[VerdictKind, str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """Counts of the decisions that a pull stored, or would store."""

    client: str
    read: int
    """Files that were read."""
    keep: int = 0
    """Clips whose file was archived there."""
    drop: int = 0
    """Clips whose file was deleted there."""
    undecided: int = 0
    """Clips whose file is back in the inbox after a verdict that came from there."""
    stars: int = 0
    captions: int = 0
    tags: int = 0
    """Clips whose tags people changed there."""
    newer_here: int = 0
    """Verdicts left out because a later decision was made here."""
    replaced: int = 0
    """Clips among them that do not exist any more: trimmed, split, merged or cut anew since."""
    overruled: tuple[str, ...] = ()
    """Clips whose caption changed on both sides; the client's wins, ours stays in the history."""
    gone: int = 0
    """Files that were removed there without a record."""
    lost: int = 0
    """Files that the client lacks, in whole or in part: push again."""


_COUNTED = ("keep", "drop", "undecided", "stars", "captions", "tags", "newer_here",
            "replaced", "gone", "lost")  # fmt: skip


class Pull:
    """One reading of a client; `is_dry` counts and stores nothing."""

    def __init__(
        self, context: Context, client: Client, *, current: Collection[str], is_dry: bool
    ) -> None:
        """Prepare.

        Args:
            context: The open project.
            client: The client to read.
            current: Ids of the clips of the recipe's cuts.
            is_dry: Count, and store nothing.
        """
        settings: Hydrus = context.recipe.own("hydrus")
        self._catalog, self._client, self._current = context.catalog, client, current
        self._reporter = context.runner.reporter
        self._name, self._who, self._is_dry = settings.name, settings.who, is_dry
        self._bases = self._catalog.hydrus.bases(settings.name)
        self._decisions = self._catalog.verdicts.current()
        self._verdicts = _latest_verdicts(self._catalog.verdicts.since())
        self.counts: Counter[str] = Counter()
        self.overruled: list[str] = []

    def run(self, local: Mapping[str, Local], clips_of: Mapping[str, Sequence[str]]) -> PullReport:
        """Read all files that were pushed.

        Args:
            local: Clip id → its state in the project.
            clips_of: sha256 → ids of the clips whose file it is.
        """
        sha256s = [sha256 for sha256 in self._bases if sha256 in clips_of]
        label = "hydrus: look" if self._is_dry else "hydrus: pull"
        with progress_bar(self._reporter, label, len(sha256s), "clips"):
            for some in batches(sha256s):
                given: Given = []
                changed: list[Base] = []
                for sha256, remote in self._client.files(some).items():
                    clips = clips_of[sha256]
                    base = self._merge(remote, local[clips[0]], clips, given)
                    if base != self._bases[sha256]:
                        changed.append(base)
                self._store(given, changed)
                self._reporter.advance(len(some))
        return PullReport(
            client=self._name,
            read=len(sha256s),
            overruled=tuple(self.overruled),
            **{name: self.counts[name] for name in _COUNTED},
        )

    def _merge(self, remote: Remote, local: Local, clips: Sequence[str], given: Given) -> Base:
        """Append the new verdicts on the clips of one file to `given`; return its new base."""
        before = self._bases[remote.sha256]
        presence = merge.presence(remote, local.marker, before)
        self.counts["gone"] += presence == "gone"
        if presence == "there" and not merge.has_arrived(remote, local.marker, before):
            self.counts["lost"] += 1
        self.counts["lost"] += presence == "new"
        if presence == "new":
            return before
        changes, base = merge.changes_to_pull(local, remote, before)
        for clip in clips:
            new = [*self._verdict(clip, changes, base), *self._edits(clip, changes, base)]
            self.counts["replaced"] += bool(new) and clip not in self._current
            given += new
        return base

    def _verdict(self, clip: str, changes: PullChanges, base: Base) -> Given:
        if not changes.has_verdict:
            return []
        here = self._verdicts.get(clip)
        if base.verdict == (here.value if here else None):
            return []
        is_ours = here is not None and here.source != SOURCE
        if is_ours and (base.verdict is None or _is_later(here, changes.decided_at)):
            self.counts["newer_here"] += 1
            return []
        self.counts[base.verdict or "undecided"] += 1
        return [("verdict", clip, base.verdict)]

    def _edits(self, clip: str, changes: PullChanges, base: Base) -> Given:
        """Return the new stars, caption and tags of a clip."""
        now = self._decisions.get(clip, Decisions())
        given: Given = []
        if changes.has_stars and base.stars != now.stars:
            given.append(("stars", clip, base.stars))
            self.counts["stars"] += 1
        if changes.caption is not None and changes.caption != now.caption:
            given.append(("caption", clip, changes.caption))
            self.counts["captions"] += 1
            if changes.overruled_caption:
                self.overruled.append(clip)
        add = [tag for tag in changes.tags_added if tag not in now.tags_added]
        remove = [tag for tag in changes.tags_removed if tag not in now.tags_removed]
        if add or remove:
            given.append(("tags", clip, {"add": add, "remove": remove}))
            self.counts["tags"] += 1
        return given

    def _store(self, given: Given, changed: Sequence[Base]) -> None:
        """Store verdicts before the bases: killed between, the next pull finds them stored."""
        if self._is_dry:
            return
        if given:
            self._catalog.verdicts.add(given, who=self._who, source=SOURCE)
        if changed:
            self._catalog.hydrus.put(self._name, changed)


def _latest_verdicts(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """Return clip id → its latest verdict that nobody undid."""
    gone = undone_actions(verdicts)
    return {v.clip: v for v in verdicts if v.kind == "verdict" and v.action not in gone}


def _is_later(here: Verdict | None, at: float | None) -> bool:
    """Return whether a verdict here is later than a time by the client's clock."""
    if here is None or at is None:
        return False
    return datetime.fromisoformat(here.at) > datetime.fromtimestamp(at, UTC)
