"""Clips → a Hydrus client: files, notes, tags, in this order; a killed push can be repeated.

The catalog stores a change before it is sent and again once the client has answered. So the next
run can tell its own texts from a person's.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from rushes.catalog.hydrus import Base
from rushes.context import Context
from rushes.errors import ItemError, ProjectError
from rushes.exports.plan import PlannedClip
from rushes.files import sha256_of
from rushes.hydrus import merge
from rushes.hydrus.client import Client, ImportOutcome, Remote, batches
from rushes.hydrus.clip_files import RETRY, cut_files, path_of
from rushes.hydrus.merge import Local, PushChanges
from rushes.runner.base import progress_bar

PARALLEL_IMPORTS = 2
"""Imports at once; more gained nothing on a client of two cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """Counts of what a push did, or would do."""

    client: str
    selection: str
    clips: int
    cut: int = 0
    """Clips that were cut to files."""
    imported: int = 0
    known: int = 0
    """Files that the client had before anything was pushed to it."""
    rejected: int = 0
    """Files that were deleted there, and are left alone."""
    gone: int = 0
    """Files that were removed there without a record, and are left alone."""
    vetoed: int = 0
    """Files that the client's import options kept out."""
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
        self._reporter = context.runner.reporter
        self._stage = f"hydrus/{name}"
        self._bases = self._catalog.hydrus.bases(name)
        failures = self._catalog.failures.all()
        self._failed = {failure.item for failure in failures if failure.stage == self._stage}
        self._touched: set[str] = set()
        self._imported = 0
        """Files that the progress bar counts already; importing takes most of the time."""
        self.counts: Counter[str] = Counter()

    def run(self, planned: Sequence[PlannedClip], local: Mapping[str, Local]) -> Counter[str]:
        """Push clips; return the counts of `PushReport`.

        Args:
            planned: The clips.
            local: Clip id → its state in the project.
        """
        by_clip = {clip.clip.id: clip for clip in planned}
        held = self._catalog.hydrus.files()
        held |= self._cut([clip for clip in planned if clip.clip.id not in held])
        # Two clips can be one file, as of a frozen picture; the first one counts.
        clip_of = {held[clip]: clip for clip in reversed(by_clip) if clip in held}
        clip_of = dict(reversed(clip_of.items()))
        if lost := self._push_batches(clip_of, local):
            again = self._cut([by_clip[clip] for clip in lost])
            self._push_batches({sha256: clip for clip, sha256 in again.items()}, local)
        if self._touched and self._client.commit():
            self._store([merge.committed(self._bases[sha256]) for sha256 in sorted(self._touched)])
        return self.counts

    def _cut(self, clips: Sequence[PlannedClip]) -> dict[str, str]:
        made = cut_files(self._context, clips, self._stage)
        self.counts["cut"] += len(made)
        self.counts["failed"] += len(clips) - len(made)
        return made

    def _push_batches(self, clip_of: Mapping[str, str], local: Mapping[str, Local]) -> list[str]:
        """Push files, sha256 → clip; return the clips whose file is needed and is missing here."""
        lost: list[str] = []
        with progress_bar(self._reporter, "hydrus: push", len(clip_of), "clips"):
            for sha256s in batches(list(clip_of)):
                imported_before = self._imported
                lost += self._push_batch({sha256: local[clip_of[sha256]] for sha256 in sha256s})
                self._reporter.advance(len(sha256s) - (self._imported - imported_before))
        return lost

    def _push_batch(self, local: Mapping[str, Local]) -> list[str]:
        remote = self._client.files(list(local))
        presence = {
            sha256: merge.presence(remote[sha256], ours.marker, self._bases.get(sha256))
            for sha256, ours in local.items()
        }
        new = [sha256 for sha256, where in presence.items() if where == "new"]
        here = [sha256 for sha256 in new if path_of(self._folder, sha256).exists()]
        for sha256, outcome, now in self._import_files(here, local):
            if outcome in ("imported", "known"):
                remote[sha256], presence[sha256] = now, "there"
            elif outcome == "deleted":
                presence[sha256] = "rejected"
        for sha256, where in presence.items():
            self.counts[where] += where in ("rejected", "gone")
            if sha256 not in self._bases and where in ("there", "rejected"):
                self.counts["known"] += where == "there"
                self._store([merge.first_base(remote[sha256])])
        self._send({s: local[s] for s, where in presence.items() if where == "there"}, remote)
        return [local[sha256].clip for sha256 in new if sha256 not in here]

    def _import_files(
        self, sha256s: Sequence[str], local: Mapping[str, Local]
    ) -> Iterator[tuple[str, ImportOutcome, Remote]]:
        """Import files and store each at once; yield the outcome and the state of each."""
        if not sha256s:
            return
        pool = ThreadPoolExecutor(PARALLEL_IMPORTS)
        try:
            waiting = {pool.submit(self._import, sha256): sha256 for sha256 in sha256s}
            for done in as_completed(waiting):
                self._imported += 1
                self._reporter.advance(1)
                sha256, (outcome, message, now) = waiting[done], done.result()
                clip = local[sha256].clip
                if outcome == "failed":
                    self._note_failure(clip, ItemError(message))
                    continue
                self._note_success(clip)
                if outcome == "vetoed":
                    self.counts["vetoed"] += 1
                elif outcome in ("imported", "known"):
                    self.counts["imported"] += 1
                    self._store([merge.first_base(now)])
                yield sha256, outcome, now
        except BaseException as error:
            if not isinstance(error, Exception):
                self._client.stop()  # Ctrl-C does not wait for a client that is gone
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _import(self, sha256: str) -> tuple[ImportOutcome, str, Remote]:
        """Import one file, in a thread of its own."""
        path = path_of(self._folder, sha256)
        now = Remote(sha256=sha256)
        try:
            if sha256_of(path) != sha256:  # or Hydrus would have a file that nobody knows
                return "failed", f"{path} is damaged; remove it, and it is cut again", now
            outcome, found, message = self._client.add_file(path)
            if outcome in ("imported", "known"):
                if found != sha256:
                    message = f"{path} is another file on the client's machine; see hydrus.paths"
                    return "failed", message, now
                # Its import options may archive at once: this is the state before any person's.
                now = self._client.files([sha256])[sha256]
            return outcome, f"{path}: the Hydrus client could not import it: {message}", now
        except ItemError as error:
            return "failed", str(error), now
        except OSError as error:
            raise ProjectError(f"{path}: {error.strerror or error}") from error
        finally:
            self._client.close()

    def _send(self, local: Mapping[str, Local], remote: Mapping[str, Remote]) -> None:
        """Send notes and then tags to files that are there."""
        pending: dict[str, PushChanges] = {}
        for sha256, ours in local.items():
            base = merge.with_own_notes(self._bases[sha256], remote[sha256], ours.notes)
            changes = merge.changes_to_push(ours, remote[sha256], base)
            if changes.tags or changes.notes or base != self._bases[sha256]:
                pending[sha256] = changes
                self._bases[sha256] = base
        self._store([merge.intended(self._bases[s], changes) for s, changes in pending.items()])
        files_of: dict[str, list[str]] = {}
        markers = {ours.marker for ours in local.values()}
        for sha256, changes in pending.items():
            if changes.notes and not self._send_notes(sha256, changes, local[sha256].clip):
                pending[sha256] = replace(changes, notes={})
            for tag in changes.tags:
                files_of.setdefault(tag, []).append(sha256)
        last = {tag: files_of.pop(tag) for tag in markers if tag in files_of}
        self._client.add_tags({**files_of, **last})
        self._store(
            [
                merge.acknowledged(self._bases[sha256], changes, remote[sha256])
                for sha256, changes in pending.items()
            ]
        )
        self.counts["notes"] += sum(bool(changes.notes) for changes in pending.values())
        self.counts["tags"] += sum(bool(changes.tags) for changes in pending.values())
        self._touched |= {s for s, changes in pending.items() if changes.notes or changes.tags}

    def _send_notes(self, sha256: str, changes: PushChanges, clip: str) -> bool:
        """Write the notes of one file; a refusal is a failure of that file alone."""
        try:
            self._client.set_notes(sha256, changes.notes)
        except ItemError as error:
            self._note_failure(clip, error)
            return False
        self._note_success(clip)
        return True

    def _note_failure(self, clip: str, error: ItemError) -> None:
        self._context.fail(self._stage, clip, error, retry=RETRY)
        self._failed.add(clip)
        self.counts["failed"] += 1

    def _note_success(self, clip: str) -> None:
        if clip in self._failed:
            self._catalog.failures.clear(self._stage, [clip])
            self._failed.discard(clip)

    def _store(self, bases: Sequence[Base]) -> None:
        if bases:
            self._catalog.hydrus.put(self._name, bases)
            self._bases |= {base.sha256: base for base in bases}


def count_changes(
    context: Context,
    client: Client,
    name: str,
    planned: Sequence[PlannedClip],
    local: Mapping[str, Local],
) -> Counter[str]:
    """Return the counts that a push would have, and change nothing.

    Args:
        context: The open project.
        client: The client to read.
        name: Its name in the ledger.
        planned: The clips.
        local: Clip id → its state in the project.
    """
    held, bases = context.catalog.hydrus.files(), context.catalog.hydrus.bases(name)
    clip_of = {held[p.clip.id]: p.clip.id for p in reversed(planned) if p.clip.id in held}
    uncut = sum(p.clip.id not in held for p in planned)
    counts: Counter[str] = Counter(cut=uncut, imported=uncut, notes=uncut, tags=uncut)
    with progress_bar(context.runner.reporter, "hydrus: look", len(clip_of), "clips"):
        for sha256s in batches(list(clip_of)):
            for sha256, remote in client.files(sha256s).items():
                _count(counts, local[clip_of[sha256]], remote, bases.get(sha256))
            context.runner.reporter.advance(len(sha256s))
    return counts


def _count(counts: Counter[str], local: Local, remote: Remote, base: Base | None) -> None:
    presence = merge.presence(remote, local.marker, base)
    if presence in ("rejected", "gone"):
        counts[presence] += 1
        return
    counts["imported"] += presence == "new"
    counts["known"] += presence == "there" and base is None
    if base is None or presence == "new":
        base = merge.first_base(remote)
    changes = merge.changes_to_push(local, remote, base)
    counts["notes"] += bool(changes.notes)
    counts["tags"] += bool(changes.tags)


def report(client: str, selection: str, clips: int, counts: Counter[str]) -> PushReport:
    """Return counts as a report."""
    values = {name: counts[name] for name in PushReport.__slots__ if name in counts}
    return PushReport(client=client, selection=selection, clips=clips, **values)
