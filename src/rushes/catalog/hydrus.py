"""What Hydrus clients were given, and what was seen there last: both sides' common ground."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.database import Database, upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What we know of one note of a file in a client."""

    there: str | None = None
    """What stands there, so far as we know: what we wrote, or read."""
    sent: str | None = None
    """What we were about to write; stored before it is sent."""
    before: str | None = None
    """What stood there before that, until the client has surely kept the new text."""
    gone: str | None = None
    """What a person removed there; the same text is never written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What one client was given of one file, and what it said last."""

    sha256: str
    was_inbox: bool
    """Whether it lay in the inbox when it was first, or last, seen there."""
    archived_at: float | None
    """When it had been archived before a person could decide about it; None if it had not been, or
    the client does not say."""
    tags: frozenset[str] = frozenset()
    """Those we added, and all that were seen there."""
    removed: frozenset[str] = frozenset()
    """Removals of tags that were seen there."""
    notes: dict[str, Note] = field(default_factory=dict)
    verdict: Literal["keep", "drop"] | None = None
    """What the client was seen to say."""
    stars: int | None = None
    rated_in: str = ""
    """Key of the service that the stars were read from; another one's are no change of these."""


class HydrusLedger:
    """The part of the catalog that knows what was pushed where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def files(self) -> dict[str, str]:
        """Return clip id → sha256 of the file that was cut of it."""
        table = schema.hydrus_clips
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table.c.clip, table.c.sha256)).all()
        return {row.clip: row.sha256 for row in rows}

    def add_file(self, clip: str, sha256: str, facts: dict[str, Any]) -> None:
        """Note which file was cut of a clip, and what it holds."""
        with self._database.writing() as connection:
            row = {"clip": clip, "sha256": sha256, "facts": facts}
            upsert(connection, schema.hydrus_clips, [row])

    def bases(self, client: str) -> dict[str, Base]:
        """Return sha256 → what a client was given of it."""
        table = schema.hydrus_files
        statement = sa.select(table).where(table.c.client == client).order_by(table.c.sha256)
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
        return {row["sha256"]: msgspec.convert(row["state"], Base) for row in rows}

    def put(self, client: str, rows: Sequence[Base]) -> None:
        """Store what a client was given, all or none."""
        full = [{"client": client, "sha256": row.sha256, "state": _as_json(row)} for row in rows]
        with self._database.writing() as connection:
            upsert(connection, schema.hydrus_files, full)


def _as_json(row: Base) -> dict[str, Any]:
    state: dict[str, Any] = msgspec.to_builtins(row, order="sorted")
    state["notes"] = {
        name: {key: text for key, text in note.items() if text is not None}
        for name, note in state["notes"].items()
    }
    return state
