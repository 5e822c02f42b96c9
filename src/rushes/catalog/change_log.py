"""The log of changes, by which a page with a copy in memory reads only the changed rows again."""

import json
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from rushes.catalog import schema
from rushes.catalog.database import Database

KEPT = 1000
"""Changes of each part that stay in the log."""
MOST_ITEMS = 5000
"""A change of more items lists none of them: reading all rows is as quick."""


def log_change(connection: sa.Connection, part: str, items: Collection[int] | None = None) -> None:
    """Log a change of a part of the catalog.

    Args:
        connection: The transaction of the change.
        part: A stage's key, such as "scorer/motion"; "cut", "videos", "captions".
        items: Numbers of the changed clips, or videos for the parts "cut", "videos" and probes;
            None for all.
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
    """The revisions of all parts of the catalog, and the changed items of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def revisions(self) -> dict[str, int]:
        """Return part → number of its changes; see `log_change`."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.revisions)).all()
        return {row.part: row.revision for row in rows}

    def since(self, part: str, before: int, now: int) -> set[int] | None:
        """Return the items of a part that changed after one revision, up to another.

        Returns:
            Numbers of clips or videos; None if the log does not list them all any more.
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
