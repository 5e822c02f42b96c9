"""What has changed lately: whoever holds a copy in memory reads only that again."""

import json
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from rushes.catalog import schema
from rushes.catalog.database import Database

KEPT = 1000
"""So many of the latest changes of each part are known in detail."""
MOST_ITEMS = 5000
"""Of a change of more items it is not kept which these were: reading all is as quick."""


def changed(connection: sa.Connection, part: str, items: Collection[int] | None = None) -> None:
    """Note that a part of the catalog is not what it was.

    Args:
        connection: Of the transaction that changes it.
        part: A stage's key, such as "scorer/motion"; "cut", "videos", "captions".
        items: Numbers of the clips that are not what they were; of the videos where the part is
            "cut", "videos" or a probe. None: all.
    """
    table, log = schema.revisions, schema.changes
    insert = sqlite.insert(table).values(part=part, revision=1)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["part"], set_={"revision": table.c.revision + 1}
        )
    )
    revision = connection.execute(
        sa.select(table.c.revision).where(table.c.part == part)
    ).scalar_one()
    is_listed = items is not None and len(items) <= MOST_ITEMS
    listed = json.dumps([int(no) for no in items]) if items is not None and is_listed else None
    connection.execute(log.insert().values(part=part, revision=revision, numbers=listed))
    connection.execute(log.delete().where(log.c.part == part, log.c.revision <= revision - KEPT))


class Changes:
    """The part of the catalog that knows what is new in the others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def revisions(self) -> dict[str, int]:
        """Return how often each part has changed; see `changed`."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.revisions)).all()
        return {row.part: row.revision for row in rows}

    def since(self, part: str, before: int, now: int) -> set[int] | None:
        """Return which items of a part changed after one revision, up to another.

        Returns:
            Their numbers; None if that is not known any more, or too many to list.
        """
        log = schema.changes
        statement = sa.select(log.c.numbers).where(
            log.c.part == part, log.c.revision > before, log.c.revision <= now
        )
        with self._database.reading() as connection:
            listed = list(connection.execute(statement).scalars())
        if len(listed) != now - before or None in listed:
            return None
        return {no for numbers in listed for no in json.loads(numbers)}
