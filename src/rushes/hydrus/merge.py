"""Three states of a file (ours, the client's, what both knew last) → what to send, what to take.

Pure functions. Which text or tag is a person's is told by what we know of our own: whatever stands
in the client and is not what we put there was put there by a person, and what we put there and is
gone was taken away by one, if the client got it at all. Tags are sent last, and that of the project
as the last of all: a file that has it (or a record that it was removed) got everything.

Texts that differ only in kinds of line breaks, or in space at their ends, are the same: editors
leave such things behind.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from rushes.catalog.hydrus import Note, Pushed
from rushes.exports.hydrus_names import CAPTION_NOTE, NAMESPACE, new_facts, project_tag
from rushes.hydrus.client import Seen

Place = Literal["new", "there", "rejected", "gone"]
Word = Literal["keep", "drop"] | None
NOTHING = Note()
_ANY_PROJECT = project_tag("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What our side says of a clip, in the client's spelling of tags."""

    clip: str
    marker: str
    """The tag of the project."""
    facts: tuple[str, ...]
    """Tags under `rushes:`, the marker not among them."""
    tags: Mapping[str, Sequence[str]]
    """Tag as the client spells it → all the ways in which we do."""
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


def place(seen: Seen, marker: str, row: Pushed | None) -> Place:
    """Return where a file stands in a client.

    "rejected" is deleted with a record, "gone" without one: its tags outlast it. Neither is ever
    imported again.
    """
    if seen.is_deleted:
        return "rejected"
    if seen.is_there:
        return "there"
    return "gone" if has_arrived(seen, marker, row) else "new"


def has_arrived(seen: Seen, marker: str, row: Pushed | None) -> bool:
    """Whether a client got all that was sent; one that crashes loses up to 30 seconds.

    The tag of the project tells, also one that the project had before it got another name.
    """
    known = seen.tags | seen.removed
    ours = row.tags | row.removed if row is not None else frozenset()
    return marker in known or any(tag.startswith(_ANY_PROJECT) for tag in ours & known)


def first_row(seen: Seen) -> Pushed:
    """Return what is known of a file at its first sight in a client."""
    return Pushed(
        sha256=seen.sha256, was_inbox=seen.is_inbox and not seen.is_deleted,
        archived_at=seen.archived_at,
    )  # fmt: skip


def to_send(ours: Ours, seen: Seen, row: Pushed) -> Sending:
    """Return what is still to be sent, never what a person removed or changed there."""
    known = seen.tags | seen.removed
    arrived = has_arrived(seen, ours.marker, row)
    marker = () if ours.marker in known else (ours.marker,)
    tags = new_facts(ours.facts, known) + [tag for tag in ours.tags if tag not in known]
    notes = {
        name: text
        for name, text in ours.notes.items()
        if _is_note_due(text, seen.notes.get(name), row.notes.get(name, NOTHING), arrived)
    }
    return Sending(tags=(*tags, *marker), notes=notes)


def _is_note_due(text: str, now: str | None, note: Note, arrived: bool) -> bool:
    if not text or _is_same(text, now):
        return False
    if now is not None:
        return _is_ours(now, note)
    if note.there is not None:
        return not arrived  # a person removed it, or a crash did
    return not _is_same(text, note.gone)


def words(text: str) -> str:
    """Return a text without what an editor does to line breaks and ends."""
    return text.replace("\r\n", "\n").strip()


def _is_same(text: str, other: str | None) -> bool:
    return other is not None and words(text) == words(other)


def _is_ours(now: str, note: Note) -> bool:
    """Whether nobody but us wrote what stands in a client."""
    return any(_is_same(now, text) for text in (note.there, note.sent, note.before))


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
        if now is not None and (_is_same(now, note.there) or _is_same(now, note.sent)):
            notes[name] = Note(there=now, sent=now)
    return replace(row, notes=row.notes | notes)


def to_take(ours: Ours, seen: Seen, row: Pushed) -> tuple[Taking, Pushed]:
    """Return what people did in a client since it was last read, and what is known from now on."""
    arrived = has_arrived(seen, ours.marker, row)
    verdict, at = _verdict(seen, row)
    stars = row.stars if seen.rated_in == row.rated_in else None
    has_stars = bool(seen.rated_in) and seen.stars != stars  # where no service is read, none change
    taking = Taking(verdict=verdict != row.verdict, stars=has_stars, at=at)
    row = replace(row, verdict=verdict)
    if seen.rated_in:
        row = replace(row, stars=seen.stars, rated_in=seen.rated_in)
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
        removed=tuple(tag for kept, mine in ours.tags.items() if kept in removed for tag in mine),
    )
    # A tag that was removed is forgotten as seen: if it comes back, a person brought it back.
    row = replace(row, tags=(row.tags | seen.tags) - seen.removed, removed=seen.removed)
    note, now = row.notes.get(CAPTION_NOTE, NOTHING), seen.notes.get(CAPTION_NOTE)
    is_new_here = not (_is_ours(ours.caption, note) or _is_same(ours.caption, now))
    over = ours.caption if is_new_here else ""
    if now is None and note.there is not None:
        taking = replace(taking, caption="" if ours.caption else None, over=over)
        row = replace(row, notes=row.notes | {CAPTION_NOTE: Note(gone=note.there)})
    elif now is not None and not _is_ours(now, note):
        caption = None if _is_same(now, ours.caption) else words(now)
        taking = replace(taking, caption=caption, over=over)
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
