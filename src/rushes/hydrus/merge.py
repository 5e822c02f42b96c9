"""Three states of a file (ours, the client's, what both knew last) → what to send, what to take.

Pure functions. Which text or tag is a person's is told by what we know of our own: whatever stands
in the client and is not what we put there was put there by a person, and what we put there and is
gone was taken away by one, if the client got it at all. Tags are sent last, and that of the project
as the last of all: a file that has it (or a record that it was removed) got everything.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rushes.catalog.hydrus import Note, Pushed
from rushes.hydrus.client import Seen
from rushes.hydrus_names import CAPTION_NOTE, NAMESPACE, new_facts

Place = Literal["new", "there", "rejected", "gone"]
Word = Literal["keep", "drop"] | None
NOTHING = Note()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What our side says of a clip, in the client's spelling of tags."""

    clip: str
    marker: str
    """The tag of the project."""
    facts: tuple[str, ...]
    """Tags under `rushes:`, the marker not among them."""
    tags: Mapping[str, str]
    """Tag as the client spells it → as we do."""
    notes: Mapping[str, str]

    @property
    def caption(self) -> str:
        """The clip's caption; empty for none."""
        return self.notes.get(CAPTION_NOTE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a client lacks of a file that it has."""

    tags: tuple[str, ...] = ()
    """In order, the marker last."""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What people changed in a client; the sides' spelling of tags is ours where we had them."""

    caption: str | None = None
    """None where it did not change; empty where it was removed."""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    verdict: bool = False
    """Whether `row.verdict` is new."""
    stars: bool = False
    """Whether `row.stars` is new."""
    over: str = ""
    """Caption of ours that the client's goes over although it changed, too."""
    at: float | None = None
    """When the verdict was given, by the client's clock; None where it does not say."""


def place(seen: Seen, marker: str) -> Place:
    """Return where a file stands in a client.

    "rejected" is deleted with a record, "gone" without one: its tags outlast it. Neither is ever
    imported again.
    """
    if seen.is_deleted:
        return "rejected"
    if seen.is_there:
        return "there"
    return "gone" if has_arrived(seen, marker) else "new"


def has_arrived(seen: Seen, marker: str) -> bool:
    """Whether a client got all that was sent; one that crashes loses up to 30 seconds."""
    return marker in seen.tags or marker in seen.removed


def first_row(seen: Seen) -> Pushed:
    """Return what is known of a file at its first sight in a client."""
    return Pushed(
        sha256=seen.sha256, was_inbox=seen.is_inbox and not seen.is_deleted,
        archived_at=seen.archived_at,
    )  # fmt: skip


def to_send(ours: Ours, seen: Seen, row: Pushed) -> Sending:
    """Return what is still to be sent, never what a person removed or changed there."""
    known = seen.tags | seen.removed
    arrived = has_arrived(seen, ours.marker)
    tags = new_facts(ours.facts, known) + [tag for tag in ours.tags if tag not in known]
    notes = {
        name: text
        for name, text in ours.notes.items()
        if _is_note_due(text, seen.notes.get(name), row.notes.get(name, NOTHING), arrived)
    }
    return Sending(tags=(*tags, *(() if arrived else (ours.marker,))), notes=notes)


def _is_note_due(text: str, now: str | None, note: Note, arrived: bool) -> bool:
    if not text or text == now:
        return False
    if now is not None:
        return now in (note.there, note.sent, note.before)  # nobody but us wrote it
    if note.there is not None:
        return not arrived  # a person removed it, or a crash did
    return text != note.gone


def intended(row: Pushed, sending: Sending) -> Pushed:
    """Return what is stored before anything is sent: what may be found there if we are killed."""
    notes = {
        name: replace(row.notes.get(name, NOTHING), sent=text)
        for name, text in sending.notes.items()
    }
    return replace(row, tags=row.tags | set(sending.tags), notes=row.notes | notes)


def acknowledged(row: Pushed, sending: Sending, seen: Seen) -> Pushed:
    """Return what is stored once the client has taken it, though perhaps not to its disk yet."""
    notes = {
        name: Note(there=text, sent=text, before=seen.notes.get(name))
        for name, text in sending.notes.items()
    }
    return replace(row, notes=row.notes | notes)


def settled(row: Pushed) -> Pushed:
    """Return the same once the client has surely kept it."""
    return replace(row, notes={name: replace(n, before=None) for name, n in row.notes.items()})


def read_back(row: Pushed, seen: Seen, names: Collection[str]) -> Pushed:
    """Return what is known after notes were seen as we meant them."""
    notes = {}
    for name in names:
        now, note = seen.notes.get(name), row.notes.get(name, NOTHING)
        if now is not None and now in (note.there, note.sent):
            notes[name] = Note(there=now, sent=now)
    return replace(row, notes=row.notes | notes)


def to_take(ours: Ours, seen: Seen, row: Pushed) -> tuple[Taking, Pushed]:
    """Return what people did in a client since it was last read, and what is known from now on."""
    arrived = has_arrived(seen, ours.marker)
    verdict, at = _verdict(seen, row)
    taking = Taking(verdict=verdict != row.verdict, stars=seen.stars != row.stars, at=at)
    row = replace(row, verdict=verdict, stars=seen.stars)
    if seen.is_inbox and not seen.is_deleted:
        row = replace(row, was_inbox=True)  # whoever archives it from here is a person
    if not arrived:
        return taking, row
    removed = seen.removed - row.removed
    added = sorted(
        tag for tag in seen.tags - row.tags - set(ours.tags) if not tag.startswith(NAMESPACE)
    )
    taking = replace(
        taking,
        added=tuple(added),
        removed=tuple(mine for kept, mine in ours.tags.items() if kept in removed),
    )
    # A tag that was removed is forgotten as seen: if it comes back, a person brought it back.
    row = replace(row, tags=(row.tags | seen.tags) - seen.removed, removed=seen.removed)
    note, now = row.notes.get(CAPTION_NOTE, NOTHING), seen.notes.get(CAPTION_NOTE)
    over = ours.caption if ours.caption not in (note.there, note.sent, note.before, now) else ""
    if now is None and note.there is not None:
        taking = replace(taking, caption="" if ours.caption else None, over=over)
        row = replace(row, notes=row.notes | {CAPTION_NOTE: Note(gone=note.there)})
    elif now is not None and now not in (note.there, note.sent, note.before):
        taking = replace(taking, caption=now if now != ours.caption else None, over=over)
        row = replace(row, notes=row.notes | {CAPTION_NOTE: Note(there=now, sent=now)})
    return taking, read_back(row, seen, ours.notes)


def _verdict(seen: Seen, row: Pushed) -> tuple[Word, float | None]:
    """Return what a client says of a file, and when that was said.

    A file in the trash can still be in the inbox, so deletion is asked first.
    """
    if seen.is_deleted:
        return "drop", seen.deleted_at
    if not seen.is_there:
        return row.verdict, None  # gone without a record: nothing new is known
    if seen.like is not None:
        return ("keep" if seen.like else "drop"), None
    was_archived_anew = None not in (seen.archived_at, row.archived_at) and (
        seen.archived_at != row.archived_at  # older clients do not say when
    )
    if not seen.is_inbox and (row.was_inbox or was_archived_anew):
        return "keep", seen.archived_at
    return None, None
