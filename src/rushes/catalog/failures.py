"""What went wrong, as far as it still stands."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.database import Database, now, upsert
from rushes.records import Failure


class Failures:
    """The part of the catalog that says what is to be mended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, failure: Failure) -> None:
        """Store a failure in place of an earlier one of the same stage and item."""
        with self._database.writing() as connection:
            put_failure(connection, failure)

    def clear(self, stage: str, items: Sequence[str]) -> None:
        """Note that all of these went well, whether or not they failed before."""
        with self._database.writing() as connection:
            for item in items:
                clear_failure(connection, stage, item)

    def all(self) -> list[Failure]:
        """Return all that stands as failed, oldest first."""
        table = schema.failures
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.at)).mappings().all()
        return [Failure(**{name: row[name] for name in Failure.__slots__}) for row in rows]


def put_failure(connection: sa.Connection, failure: Failure) -> None:
    """Store a failure in place of an earlier one of the same stage and item."""
    upsert(connection, schema.failures, [msgspec.to_builtins(failure) | {"at": now()}])


def clear_failure(connection: sa.Connection, stage: str, item: str) -> None:
    """Note that what may have failed before went well."""
    table = schema.failures
    connection.execute(table.delete().where(table.c.stage == stage, table.c.item == item))
