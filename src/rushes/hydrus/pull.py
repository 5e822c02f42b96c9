"""What people did in a Hydrus client → verdicts, each once.

The ledger holds what was seen there last: what has not changed since says nothing new, however old
or new what was decided here is.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rushes.catalog import Catalog
from rushes.catalog.hydrus import Pushed
from rushes.decisions import undone_actions
from rushes.hydrus import merge
from rushes.hydrus.client import Client, Seen, batches
from rushes.hydrus.merge import Ours, Taking
from rushes.hydrus.settings import Hydrus
from rushes.records import Decisions, Verdict, VerdictKind
from rushes.runner.base import Reporter

SOURCE = "hydrus"
Given = list[tuple[VerdictKind, str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull took over, or would."""

    client: str
    read: int
    """Files that were looked at."""
    keep: int = 0
    """Archived there."""
    drop: int = 0
    """Deleted there."""
    undecided: int = 0
    """Back in the inbox, where an earlier verdict came from there."""
    stars: int = 0
    captions: int = 0
    tags: int = 0
    """Clips whose tags people changed there."""
    newer_here: int = 0
    """Verdicts left out because somebody decided otherwise here since."""
    replaced: int = 0
    """Clips among them that are no more: trimmed, divided or cut anew here since the push."""
    overruled: tuple[str, ...] = ()
    """Clips whose caption people changed on both sides: the client's stands, ours is kept below."""
    gone: int = 0
    """Files that were removed there without a record: ask whoever did."""
    lost: int = 0
    """Files that the client has not got, or not all of: push again."""


_COUNTED = ("keep", "drop", "undecided", "stars", "captions", "tags", "newer_here",
            "replaced", "gone", "lost")  # fmt: skip


class Pull:
    """One reading of a client; `is_dry` only counts."""

    def __init__(
        self,
        catalog: Catalog,
        client: Client,
        settings: Hydrus,
        reporter: Reporter,
        *,
        current: Collection[str],
        is_dry: bool,
    ) -> None:
        """Prepare.

        Args:
            catalog: Where verdicts and the ledger are.
            client: What is read.
            settings: What the client is called, and who its person is.
            reporter: Shows how far it is.
            current: Ids of the clips that there are now.
            is_dry: Count, and store nothing.
        """
        self._current = current
        self._catalog, self._client, self._reporter = catalog, client, reporter
        self._name, self._who, self._is_dry = settings.name, settings.who, is_dry
        self._rows = catalog.hydrus.pushed(settings.name)
        self._decided = catalog.verdicts.current()
        self._verdicts = _latest_verdicts(catalog.verdicts.since())
        self.counts: Counter[str] = Counter()
        self.overruled: list[str] = []

    def run(self, ours: Mapping[str, Ours], clips_of: Mapping[str, Sequence[str]]) -> PullReport:
        """Read all files that were pushed.

        Args:
            ours: Clip id → what we say of it.
            clips_of: sha256 → ids of the clips whose file it is.
        """
        sha256s = [sha256 for sha256 in self._rows if sha256 in clips_of]
        if sha256s:
            self._read(sha256s, ours, clips_of)
        return PullReport(
            client=self._name,
            read=len(sha256s),
            overruled=tuple(self.overruled),
            **{name: self.counts[name] for name in _COUNTED},
        )

    def _read(
        self,
        sha256s: Sequence[str],
        ours: Mapping[str, Ours],
        clips_of: Mapping[str, Sequence[str]],
    ) -> None:
        label = "hydrus: look" if self._is_dry else "hydrus: pull"
        self._reporter.begin(label, len(sha256s), "clips")
        try:
            for some in batches(sha256s):
                seen = self._client.files(some)
                given: Given = []
                changed: list[Pushed] = []
                for sha256 in some:
                    clips = clips_of[sha256]
                    given += self._file(seen[sha256], ours[clips[0]], clips, changed)
                self._store(given, changed)
                self._reporter.advance(len(some))
        finally:
            self._reporter.end()

    def _file(self, seen: Seen, ours: Ours, clips: Sequence[str], changed: list[Pushed]) -> Given:
        """Return what is new about one file; what is known of it from now on goes to `changed`."""
        before = self._rows[seen.sha256]
        where = merge.place(seen, ours.marker, before)
        self.counts["gone"] += where == "gone"
        if where == "there" and not merge.has_arrived(seen, ours.marker, before):
            self.counts["lost"] += 1
        self.counts["lost"] += where == "new"
        if where == "new":
            return []
        taking, row = merge.to_take(ours, seen, before)
        if row != before:
            changed.append(row)
        given: Given = []
        for clip in clips:
            news = [*self._verdict(clip, taking, row), *self._others(clip, taking, row)]
            self.counts["replaced"] += bool(news) and clip not in self._current
            given += news
        return given

    def _verdict(self, clip: str, taking: Taking, row: Pushed) -> Given:
        if not taking.verdict:
            return []
        here = self._verdicts.get(clip)
        if row.verdict == (here.value if here else None):
            return []
        is_ours = here is not None and here.source != SOURCE
        if is_ours and (row.verdict is None or _is_later(here, taking.at)):
            self.counts["newer_here"] += 1
            return []
        self.counts[row.verdict or "undecided"] += 1
        return [("verdict", clip, row.verdict)]

    def _others(self, clip: str, taking: Taking, row: Pushed) -> Given:
        now = self._decided.get(clip, Decisions())
        given: Given = []
        if taking.stars and row.stars != now.stars:
            given.append(("stars", clip, row.stars))
            self.counts["stars"] += 1
        if taking.caption is not None and taking.caption != now.caption:
            given.append(("caption", clip, taking.caption))
            self.counts["captions"] += 1
            if taking.over:
                self.overruled.append(clip)
        add = [tag for tag in taking.added if tag not in now.tags_added]
        remove = [tag for tag in taking.removed if tag not in now.tags_removed]
        if add or remove:
            given.append(("tags", clip, {"add": add, "remove": remove}))
            self.counts["tags"] += 1
        return given

    def _store(self, given: Given, changed: Sequence[Pushed]) -> None:
        """Store verdicts and then what was seen: killed between, the next pull finds them given."""
        if self._is_dry:
            return
        if given:
            self._catalog.verdicts.add(given, who=self._who, source=SOURCE)
        if changed:
            self._catalog.hydrus.put(self._name, changed)


def _latest_verdicts(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """Return clip id → the last keep, drop or undecided about it that nobody took back."""
    gone = undone_actions(verdicts)
    return {v.clip: v for v in verdicts if v.kind == "verdict" and v.action not in gone}


def _is_later(here: Verdict | None, at: float | None) -> bool:
    """Whether something was decided here after the client's person decided."""
    if here is None or at is None:
        return False
    return datetime.fromisoformat(here.at) > datetime.fromtimestamp(at, UTC)
