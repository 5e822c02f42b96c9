"""Failures of items that have not succeeded since."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.database import Database, upsert, utc_now
from rushes.records import Failure


class Failures:
    """The failures of a project."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._new: set[tuple[str, str]] = set()  # stage and item of those since it was opened

    def add(self, failure: Failure) -> None:
        """Store a failure in place of an earlier one of the same stage and item."""
        with self._database.writing() as connection:
            self.put(connection, failure)

    def put(self, connection: sa.Connection, failure: Failure) -> None:
        """Store a failure, in an open transaction, in place of an earlier one of its item."""
        self._new.add((failure.stage, failure.item))
        upsert(connection, schema.failures, [msgspec.to_builtins(failure) | {"at": utc_now()}])

    def remove(self, failures: Sequence[Failure]) -> None:
        """Remove failures that have lost their cause."""
        with self._database.writing() as connection:
            for failure in failures:
                clear_failure(connection, failure.stage, failure.item)

    def clear(self, stage: str, items: Sequence[str]) -> None:
        """Remove the failures of items that succeeded, if they have any."""
        with self._database.writing() as connection:
            for item in items:
                clear_failure(connection, stage, item)

    def all(self) -> list[Failure]:
        """Return all failures, oldest first."""
        table = schema.failures
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.at)).mappings().all()
        return [Failure(**{name: row[name] for name in Failure.__slots__}) for row in rows]

    def new(self) -> list[Failure]:
        """Return the failures since this catalog was opened that have not succeeded since."""
        return [failure for failure in self.all() if (failure.stage, failure.item) in self._new]


def clear_failure(connection: sa.Connection, stage: str, item: str) -> None:
    """Remove the failure of an item that succeeded, if it has one."""
    table = schema.failures
    connection.execute(table.delete().where(table.c.stage == stage, table.c.item == item))
