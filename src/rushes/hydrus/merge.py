"""Three-way merge of one file's state: ours, the client's, and the last common one.

Pure functions. A text or tag in the client that Rushes did not put there is a person's. One that
Rushes put there and that is missing was removed by a person, provided that the client ever got it.
Tags are sent last, and the project's tag last of all: a file that has this tag, or a record of its
removal, got everything.

Texts that differ only in line endings or in white space at their ends are equal, since editors
change both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from rushes.catalog.hydrus import Base, Note
from rushes.exports.hydrus_names import CAPTION_NOTE, NAMESPACE, new_facts, project_tag
from rushes.hydrus.client import Remote

Presence = Literal["new", "there", "rejected", "gone"]
Decision = Literal["keep", "drop"] | None
NO_NOTE = Note()
_ANY_PROJECT = project_tag("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """State of a clip in the project, with tags in the client's spelling."""

    clip: str
    marker: str
    """The tag of the project."""
    facts: tuple[str, ...]
    """Tags under `rushes:`, without the marker."""
    tags: Mapping[str, Sequence[str]]
    """Tag in the client's spelling → all of its spellings in the project."""
    notes: Mapping[str, str]

    @property
    def caption(self) -> str:
        """The clip's caption; empty for none."""
        return self.notes.get(CAPTION_NOTE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushChanges:
    """Tags and notes that a file in the client lacks."""

    tags: tuple[str, ...] = ()
    """In order, the marker last."""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullChanges:
    """Edits by people in the client since the last pull; tags in the project's spelling."""

    caption: str | None = None
    """None for no change; empty for a removed caption."""
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()
    has_verdict: bool = False
    """Whether `verdict` of the new base differs from the old one."""
    has_stars: bool = False
    """Whether `stars` of the new base differ from the old ones."""
    overruled_caption: str = ""
    """The project's caption, where it changed on both sides; the client's wins."""
    decided_at: float | None = None
    """Time of the verdict by the client's clock, in seconds since 1970; None if unknown."""


def presence(remote: Remote, marker: str, base: Base | None) -> Presence:
    """Return whether a client has a file, had it, or never got it.

    "rejected" is deleted with a record; "gone" is deleted without one, and its tags remain. Neither
    is imported again.
    """
    if remote.is_deleted:
        return "rejected"
    if remote.is_there:
        return "there"
    return "gone" if has_arrived(remote, marker, base) else "new"


def has_arrived(remote: Remote, marker: str, base: Base | None) -> bool:
    """Return whether a client got everything that was sent; a crash loses up to 30 seconds.

    The project's tag proves it, also the tag that the project had before it was renamed.
    """
    known = remote.tags | remote.removed
    sent = base.tags | base.removed if base is not None else frozenset()
    return marker in known or any(tag.startswith(_ANY_PROJECT) for tag in sent & known)


def first_base(remote: Remote) -> Base:
    """Return the base of a file that is seen in a client for the first time."""
    return Base(
        sha256=remote.sha256,
        was_inbox=remote.is_inbox and not remote.is_deleted,
        archived_at=remote.archived_at,
    )


def changes_to_push(local: Local, remote: Remote, base: Base) -> PushChanges:
    """Return what a file in the client lacks, except what a person removed or changed there."""
    known = remote.tags | remote.removed
    arrived = has_arrived(remote, local.marker, base)
    marker = () if local.marker in known else (local.marker,)
    tags = new_facts(local.facts, known) + [tag for tag in local.tags if tag not in known]
    notes = {
        name: text
        for name, text in local.notes.items()
        if _is_note_due(text, remote.notes.get(name), base.notes.get(name, NO_NOTE), arrived)
    }
    return PushChanges(tags=(*tags, *marker), notes=notes)


def _is_note_due(text: str, now: str | None, note: Note, arrived: bool) -> bool:
    if not text or _is_same(text, now):
        return False
    if now is not None:
        return _is_own_text(now, note)
    if note.there is not None:
        return not arrived  # a person removed it, or a crash did
    return not _is_same(text, note.gone)


def normalized(text: str) -> str:
    """Return a text with Unix line endings and no white space at its ends."""
    return text.replace("\r\n", "\n").strip()


def _is_same(text: str, other: str | None) -> bool:
    return other is not None and normalized(text) == normalized(other)


def _is_own_text(now: str, note: Note) -> bool:
    """Return whether a note's text is one that Rushes wrote or has read already."""
    return any(_is_same(now, text) for text in (note.there, note.sent, note.before))


def intended(base: Base, changes: PushChanges) -> Base:
    """Return the base to store before sending: a kill may leave either state in the client."""
    notes = {
        name: replace(base.notes.get(name, NO_NOTE), sent=text)
        for name, text in changes.notes.items()
    }
    return replace(base, tags=base.tags | set(changes.tags), notes=base.notes | notes)


def acknowledged(base: Base, changes: PushChanges, remote: Remote) -> Base:
    """Return the base to store once the client has answered; it may not be on its disk yet."""
    notes = {
        name: Note(there=text, sent=text, before=remote.notes.get(name))
        for name, text in changes.notes.items()
    }
    return replace(base, notes=base.notes | notes)


def committed(base: Base) -> Base:
    """Return the base to store once the client has written everything to its disk."""
    return replace(base, notes={name: replace(n, before=None) for name, n in base.notes.items()})


def with_own_notes(base: Base, remote: Remote, names: Collection[str]) -> Base:
    """Return the base after the client was seen to hold the notes that Rushes wrote."""
    notes = {}
    for name in names:
        now, note = remote.notes.get(name), base.notes.get(name, NO_NOTE)
        if now is not None and (_is_same(now, note.there) or _is_same(now, note.sent)):
            notes[name] = Note(there=now, sent=now)
    return replace(base, notes=base.notes | notes)


def changes_to_pull(local: Local, remote: Remote, base: Base) -> tuple[PullChanges, Base]:
    """Return the edits by people in a client since the last pull, and the new base."""
    arrived = has_arrived(remote, local.marker, base)
    verdict, decided_at = _decision(remote, base)
    stars = base.stars if remote.rated_in == base.rated_in else None
    changes = PullChanges(
        has_verdict=verdict != base.verdict,
        has_stars=bool(remote.rated_in) and remote.stars != stars,  # no service, no change
        decided_at=decided_at,
    )
    base = replace(base, verdict=verdict)
    if remote.rated_in:
        base = replace(base, stars=remote.stars, rated_in=remote.rated_in)
    if remote.is_inbox and not remote.is_deleted:
        base = replace(base, was_inbox=True)  # whoever archives it from here is a person
    if not arrived:
        return changes, base
    removed = remote.removed - base.removed
    added = sorted(
        tag for tag in remote.tags - base.tags - set(local.tags) if not tag.startswith(NAMESPACE)
    )
    changes = replace(
        changes,
        tags_added=tuple(added),
        tags_removed=tuple(
            tag for kept, spellings in local.tags.items() if kept in removed for tag in spellings
        ),
    )
    # The base forgets a removed tag: if it comes back, a person added it.
    base = replace(base, tags=(base.tags | remote.tags) - remote.removed, removed=remote.removed)
    note, now = base.notes.get(CAPTION_NOTE, NO_NOTE), remote.notes.get(CAPTION_NOTE)
    is_new_here = not (_is_own_text(local.caption, note) or _is_same(local.caption, now))
    overruled = local.caption if is_new_here else ""
    if now is None and note.there is not None:
        caption = "" if local.caption else None
        changes = replace(changes, caption=caption, overruled_caption=overruled)
        base = replace(base, notes=base.notes | {CAPTION_NOTE: Note(gone=note.there)})
    elif now is not None and not _is_own_text(now, note):
        caption = None if _is_same(now, local.caption) else normalized(now)
        changes = replace(changes, caption=caption, overruled_caption=overruled)
        base = replace(base, notes=base.notes | {CAPTION_NOTE: Note(there=now, sent=now)})
    return changes, with_own_notes(base, remote, local.notes)


def _decision(remote: Remote, base: Base) -> tuple[Decision, float | None]:
    """Return the decision in a client, and its time if known.

    A file in the trash can still be in the inbox, so deletion is checked first.
    """
    if remote.is_deleted:
        return "drop", remote.deleted_at
    if not remote.is_there:
        return base.verdict, None  # gone without a record: nothing new is known
    if remote.like is not None:
        return ("keep" if remote.like else "drop"), None
    was_archived_anew = None not in (remote.archived_at, base.archived_at) and (
        remote.archived_at != base.archived_at  # older clients do not say when
    )
    if not remote.is_inbox and (base.was_inbox or was_archived_anew):
        return "keep", remote.archived_at
    return None, None
