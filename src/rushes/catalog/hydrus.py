"""The ledger of Hydrus clients: the state of each file at the last push or pull."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.database import Database, upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The last known states of one note of a file in a client."""

    there: str | None = None
    """Text in the client, as last written or read."""
    sent: str | None = None
    """Text of the latest write; stored before it is sent."""
    before: str | None = None
    """Text before the latest write, until that is on the client's disk."""
    gone: str | None = None
    """Text that a person removed there; it is never written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The state of one file that the project and one client had in common last."""

    sha256: str
    was_inbox: bool
    """Whether the file was in the inbox when it was first read, or at any later pull."""
    archived_at: float | None
    """Time at which it was archived before a person could decide on it, in seconds since 1970; None
    if it was not, or if the client does not tell."""
    tags: frozenset[str] = frozenset()
    """Tags that Rushes added, and all that were read there."""
    removed: frozenset[str] = frozenset()
    """Removed tags that were read there."""
    notes: dict[str, Note] = field(default_factory=dict)
    verdict: Literal["keep", "drop"] | None = None
    """Decision of the client at the last pull."""
    stars: int | None = None
    rated_in: str = ""
    """Key of the service that the stars were read from; stars of another one are no change."""


class HydrusLedger:
    """The part of the catalog that stores which files were pushed to which client."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def files(self) -> dict[str, str]:
        """Return clip id → sha256 of the file that was cut of it."""
        table = schema.hydrus_clips
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table.c.clip, table.c.sha256)).all()
        return {row.clip: row.sha256 for row in rows}

    def add_file(self, clip: str, sha256: str, facts: dict[str, Any]) -> None:
        """Store the file of a clip, and its metadata."""
        with self._database.writing() as connection:
            row = {"clip": clip, "sha256": sha256, "facts": facts}
            upsert(connection, schema.hydrus_clips, [row])

    def bases(self, client: str) -> dict[str, Base]:
        """Return sha256 → base of each file that was pushed to a client."""
        table = schema.hydrus_files
        statement = sa.select(table).where(table.c.client == client).order_by(table.c.sha256)
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
        return {row["sha256"]: msgspec.convert(row["state"], Base) for row in rows}

    def put(self, client: str, rows: Sequence[Base]) -> None:
        """Store bases of a client, all or none."""
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
