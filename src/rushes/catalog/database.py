"""The connection: SQLite in WAL mode, writers that wait for one another, migrations."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from rushes.catalog import schema
from rushes.errors import ProjectError

BUSY_TIMEOUT_MS = 30_000


def utc_now() -> str:
    """Return the current time in UTC, as ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sqlite_version() -> tuple[int, ...]:
    """Return the version of Python's SQLite library."""
    import sqlite3

    return sqlite3.sqlite_version_info


class Database:
    """One open catalog database."""

    def __init__(self, path: Path) -> None:
        """Open or create `path`, and migrate it.

        Raises:
            ProjectError: The schema is newer than this program, or the file is not a database.
        """
        self.engine = sa.create_engine(f"sqlite:///{path}")
        sa.event.listen(self.engine, "connect", _configure)
        sa.event.listen(self.engine, "begin", _begin)
        try:
            self._migrate(path)
        except sa.exc.DatabaseError as error:
            raise ProjectError(f"{path}: {error.orig}; restore it from a backup") from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one consistent state."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes are committed together, or not at all.

        The write lock is taken at the start: SQLite refuses a reader that turns into a writer after
        another one wrote.
        """
        with self.engine.connect().execution_options(rushes_write=True) as connection:
            try:
                with connection.begin():
                    yield connection
            except sa.exc.OperationalError as error:
                if "disk is full" in str(error.orig):
                    raise ProjectError(
                        "the disk is full: the catalog kept all finished items; "
                        "free some space and run the same command again"
                    ) from error
                raise

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _migrate(self, path: Path) -> None:
        applied_table = schema.migrations_applied
        with self.writing() as connection:
            applied_table.create(connection, checkfirst=True)
            applied = set(connection.execute(sa.select(applied_table.c.name)).scalars())
            known = {migration.__name__ for migration in schema.MIGRATIONS}
            if unknown := applied - known:
                raise ProjectError(
                    f"{path} was made by a newer Rushes (it has {', '.join(sorted(unknown))}); "
                    f"upgrade with: pip install -U rushes"
                )
            for migration in schema.MIGRATIONS:
                if migration.__name__ not in applied:
                    migration(connection)
                    connection.execute(
                        applied_table.insert().values(name=migration.__name__, at=utc_now())
                    )


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; overwrite the other columns where the primary key exists."""
    if not rows:
        return
    statement = _insert_for(connection.dialect.name)(table)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if changes:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    connection.execute(statement, list(rows))


def is_in(
    column: sa.ColumnElement[Any], values: Collection[int] | Collection[str]
) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of the values, of any number."""
    if len(values) <= 500:
        return column.in_(list(values))
    # SQLite limits the values of a statement; a list in JSON is one value.
    listed = sa.func.json_each(json.dumps(list(values), default=int)).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def fetch_columns(connection: sa.Connection, statement: sa.Select[Any]) -> list[list[Any]]:
    """Return the columns of a result as lists of raw values; quick for a million rows."""
    result = connection.execute(statement)
    columns: list[list[Any]] = [[] for _ in statement.selected_columns]
    # A few rows at a time: the garbage collector scans every live row tuple again and again.
    while rows := result.cursor.fetchmany(500):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    return columns


def _insert_for(dialect: str) -> Any:
    """Return the dialect's `insert` with a conflict clause; PostgreSQL's is slow to import."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    return sqlite.insert


def _configure(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # `_begin` starts transactions itself
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged decision survives a power cut
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    is_write = connection.get_execution_options().get("rushes_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
