"""Clips → a Hydrus client: files, notes, tags, in this order; killed anywhere, it goes on there.

What is about to be sent is stored before it is, and what was taken after it was, so that the next
run knows its own words from a person's.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from rushes.catalog import Catalog
from rushes.catalog.hydrus import Pushed
from rushes.context import Context
from rushes.errors import ItemError, ProjectError
from rushes.exports.plan import Planned
from rushes.hydrus import merge
from rushes.hydrus.client import Client, Outcome, Seen, batches
from rushes.hydrus.clip_files import cut_files, failed, path_of
from rushes.hydrus.merge import Ours, Sending
from rushes.runner.base import Reporter

AT_ONCE = 2
"""Imports side by side; more gained nothing on a client of two cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """What a push did, or would do."""

    client: str
    selection: str
    clips: int
    cut: int = 0
    """Clips that were cut to files."""
    imported: int = 0
    known: int = 0
    """Files that the client had, though nothing had been pushed to it."""
    rejected: int = 0
    """Deleted there; left alone."""
    gone: int = 0
    """Removed there without a record; left alone."""
    vetoed: int = 0
    """Kept out by the client's own import options."""
    failed: int = 0
    notes: int = 0
    """Files that got a note."""
    tags: int = 0
    """Files that got a tag."""


class Push:
    """One push of some clips to one client."""

    def __init__(self, context: Context, client: Client, name: str) -> None:
        self._context, self._client, self._name = context, client, name
        self._catalog, self._folder = context.catalog, context.folder
        self._stage = f"hydrus/{name}"
        self._rows = self._catalog.hydrus.pushed(name)
        failures = self._catalog.failures.all()
        self._failed = {failure.item for failure in failures if failure.stage == self._stage}
        self._touched: set[str] = set()
        self._imported = 0
        """Files that the bar counts already: importing is what takes long."""
        self.counts: Counter[str] = Counter()

    def run(self, planned: Sequence[Planned], ours: Mapping[str, Ours]) -> Counter[str]:
        """Push clips; return what was done, counted as in `PushReport`.

        Args:
            planned: The clips.
            ours: Clip id → what is to be said of it.
        """
        by_clip = {clip.clip.id: clip for clip in planned}
        held = self._catalog.hydrus.files()
        held |= self._cut([clip for clip in planned if clip.clip.id not in held])
        # Two clips can be one file, as of a frozen picture; the first one speaks for it.
        clip_of = {held[clip]: clip for clip in reversed(by_clip) if clip in held}
        clip_of = dict(reversed(clip_of.items()))
        if lost := self._batches(clip_of, ours):
            again = self._cut([by_clip[clip] for clip in lost])
            self._batches({sha256: clip for clip, sha256 in again.items()}, ours)
        if self._touched and self._client.commit():
            self._put([merge.settled(self._rows[sha256]) for sha256 in sorted(self._touched)])
        return self.counts

    def _cut(self, clips: Sequence[Planned]) -> dict[str, str]:
        made = cut_files(self._context, clips, self._stage)
        self.counts["cut"] += len(made)
        self.counts["failed"] += len(clips) - len(made)
        return made

    def _batches(self, clip_of: Mapping[str, str], ours: Mapping[str, Ours]) -> list[str]:
        """Push files, sha256 → clip; return the clips whose file is needed and is not here."""
        lost: list[str] = []
        reporter: Reporter = self._context.runner.reporter
        if not clip_of:
            return lost
        reporter.begin("hydrus: push", len(clip_of), "clips")
        try:
            for sha256s in batches(list(clip_of)):
                said = {sha256: ours[clip_of[sha256]] for sha256 in sha256s}
                before = self._imported
                lost += self._batch(said)
                reporter.advance(len(sha256s) - (self._imported - before))
        finally:
            reporter.end()
        return lost

    def _batch(self, ours: Mapping[str, Ours]) -> list[str]:
        seen = self._client.files(list(ours))
        places = {
            sha256: merge.place(seen[sha256], said.marker, self._rows.get(sha256))
            for sha256, said in ours.items()
        }
        new = [sha256 for sha256, where in places.items() if where == "new"]
        here = [sha256 for sha256 in new if path_of(self._folder, sha256).exists()]
        for sha256, outcome, now in self._imports(here, ours):
            if outcome in ("imported", "known"):
                seen[sha256], places[sha256] = now, "there"
            elif outcome == "deleted":
                places[sha256] = "rejected"
        for sha256, where in places.items():
            self.counts[where] += where in ("rejected", "gone")
            if sha256 not in self._rows and where in ("there", "rejected"):
                self.counts["known"] += where == "there"
                self._put([merge.first_row(seen[sha256])])
        self._send({s: ours[s] for s, where in places.items() if where == "there"}, seen)
        return [ours[sha256].clip for sha256 in new if sha256 not in here]

    def _imports(
        self, sha256s: Sequence[str], ours: Mapping[str, Ours]
    ) -> Iterator[tuple[str, Outcome, Seen]]:
        """Import files and note each as soon as it is in; yield what came of it."""
        if not sha256s:
            return
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            waiting = {pool.submit(self._import, sha256): sha256 for sha256 in sha256s}
            for done in as_completed(waiting):
                self._imported += 1
                self._context.runner.reporter.advance(1)
                sha256, (outcome, said, now) = waiting[done], done.result()
                clip = ours[sha256].clip
                if outcome == "failed":
                    self._note_failure(clip, ItemError(said))
                    continue
                self._note_success(clip)
                if outcome == "vetoed":
                    self.counts["vetoed"] += 1
                elif outcome in ("imported", "known"):
                    self.counts["imported"] += 1
                    self._put([merge.first_row(now)])
                yield sha256, outcome, now
        except BaseException as error:
            if not isinstance(error, Exception):
                self._client.stop()  # Ctrl-C does not wait for a client that is not there
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _import(self, sha256: str) -> tuple[Outcome, str, Seen]:
        """Import one file, in a thread of its own."""
        path = path_of(self._folder, sha256)
        now = Seen(sha256=sha256)
        try:
            with path.open("rb") as stream:
                is_right = hashlib.file_digest(stream, "sha256").hexdigest() == sha256
            if not is_right:  # or Hydrus would have a file that nobody knows
                return "failed", f"{path} is damaged; remove it, and it is cut again", now
            outcome, found, said = self._client.add_file(path)
            if outcome in ("imported", "known"):
                if found != sha256:
                    message = f"{path} is another file on the client's machine; see hydrus.paths"
                    return "failed", message, now
                # Its import options may archive at once: this is how it was from the first.
                now = self._client.files([sha256])[sha256]
            return outcome, f"{path}: the Hydrus client could not import it: {said}", now
        except ItemError as error:
            return "failed", str(error), now
        except OSError as error:
            raise ProjectError(f"{path}: {error.strerror or error}") from error
        finally:
            self._client.close()

    def _send(self, ours: Mapping[str, Ours], seen: Mapping[str, Seen]) -> None:
        """Send notes and then tags to files that are there."""
        sending: dict[str, Sending] = {}
        for sha256, said in ours.items():
            row = merge.read_back(self._rows[sha256], seen[sha256], said.notes)
            found = merge.to_send(said, seen[sha256], row)
            if found.tags or found.notes or row != self._rows[sha256]:
                sending[sha256] = found
                self._rows[sha256] = row
        self._put([merge.intended(self._rows[s], found) for s, found in sending.items()])
        files_of: dict[str, list[str]] = {}
        markers = {said.marker for said in ours.values()}
        for sha256, found in sending.items():
            if found.notes and not self._send_notes(sha256, found, ours[sha256].clip):
                sending[sha256] = replace(found, notes={})
            for tag in found.tags:
                files_of.setdefault(tag, []).append(sha256)
        last = {tag: files_of.pop(tag) for tag in markers if tag in files_of}
        self._client.add_tags({**files_of, **last})
        self._put(
            [merge.acknowledged(self._rows[s], found, seen[s]) for s, found in sending.items()]
        )
        self.counts["notes"] += sum(bool(found.notes) for found in sending.values())
        self.counts["tags"] += sum(bool(found.tags) for found in sending.values())
        self._touched |= {s for s, found in sending.items() if found.notes or found.tags}

    def _send_notes(self, sha256: str, found: Sending, clip: str) -> bool:
        """Write the notes of one file; one that is refused is a failure of that file alone."""
        try:
            self._client.set_notes(sha256, found.notes)
        except ItemError as error:
            self._note_failure(clip, error)
            return False
        self._note_success(clip)
        return True

    def _note_failure(self, clip: str, error: ItemError) -> None:
        self._catalog.failures.add(failed(self._stage, clip, error))
        self._failed.add(clip)
        self.counts["failed"] += 1

    def _note_success(self, clip: str) -> None:
        if clip in self._failed:
            self._catalog.failures.clear(self._stage, [clip])
            self._failed.discard(clip)

    def _put(self, rows: Sequence[Pushed]) -> None:
        if rows:
            self._catalog.hydrus.put(self._name, rows)
            self._rows |= {row.sha256: row for row in rows}


def preview(
    catalog: Catalog,
    client: Client,
    name: str,
    planned: Sequence[Planned],
    ours: Mapping[str, Ours],
    reporter: Reporter,
) -> Counter[str]:
    """Count what a push would do, doing nothing."""
    held, rows = catalog.hydrus.files(), catalog.hydrus.pushed(name)
    clip_of = {held[p.clip.id]: p.clip.id for p in reversed(planned) if p.clip.id in held}
    uncut = sum(p.clip.id not in held for p in planned)
    counts: Counter[str] = Counter(cut=uncut, imported=uncut, notes=uncut, tags=uncut)
    for sha256, seen in looked_at(client, list(clip_of), reporter):
        said = ours[clip_of[sha256]]
        row = rows.get(sha256)
        where = merge.place(seen, said.marker, row)
        if where in ("rejected", "gone"):
            counts[where] += 1
            continue
        counts["imported"] += where == "new"
        counts["known"] += where == "there" and row is None
        if row is None or where == "new":
            row = merge.first_row(seen)
        found = merge.to_send(said, seen, row)
        counts["notes"] += bool(found.notes)
        counts["tags"] += bool(found.tags)
    return counts


def looked_at(
    client: Client, sha256s: Sequence[str], reporter: Reporter
) -> Iterator[tuple[str, Seen]]:
    """Yield what a client says of files, with a bar."""
    if not sha256s:
        return
    reporter.begin("hydrus: look", len(sha256s), "clips")
    try:
        for some in batches(sha256s):
            yield from client.files(some).items()
            reporter.advance(len(some))
    finally:
        reporter.end()


def report(client: str, selection: str, clips: int, counts: Counter[str]) -> PushReport:
    """Return counts as a report."""
    values = {name: counts[name] for name in PushReport.__slots__ if name in counts}
    return PushReport(client=client, selection=selection, clips=clips, **values)
