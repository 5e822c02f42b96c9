"""One table for each stage: its rows by item number, and the files of its vectors."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.change_log import log_change
from rushes.catalog.database import Database, fetch_columns, is_in, upsert
from rushes.catalog.vectors import Shards
from rushes.records import Field, Row


class StageTables:
    """The rows of all stages; an item is a video or a clip."""

    def __init__(self, database: Database, vectors: Path) -> None:
        self._database = database
        self._vectors = vectors
        self._ready: set[str] = set()  # tables that exist with all their columns

    def pending(self, key: str, fields: Sequence[Field], fingerprint: str, items: str) -> list[int]:
        """Return the numbers of the items without a row of this fingerprint.

        Args:
            key: The stage, such as "scorer/motion".
            fields: Its declared fields.
            fingerprint: Rows of other fingerprints do not count.
            items: "videos", or the fingerprint of the cut that made the clips.
        """
        table = self._table(key, fields)
        number = schema.videos.c.no if items == "videos" else schema.clip_sets.c.clip_no
        done = sa.select(table.c.item_no).where(table.c.fingerprint == fingerprint)
        statement = sa.select(number).where(number.not_in(done)).order_by(number)
        if items != "videos":
            statement = statement.where(schema.clip_sets.c.fingerprint == items)
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())

    def commit(
        self, key: str, fields: Sequence[Field], fingerprint: str, rows: Mapping[int, Row]
    ) -> None:
        """Store rows of one stage by item number, all or none."""
        with self._database.writing() as connection:
            self.put(connection, key, fields, fingerprint, rows)

    def rows(
        self,
        key: str,
        fields: Sequence[Field],
        fingerprint: str,
        numbers: Collection[int] | None = None,
    ) -> dict[int, Row]:
        """Return item number → row of a stage under one fingerprint; all items by default."""
        found = self.columns(key, fields, fingerprint, numbers)
        names = [field.name for field in fields]
        rows = zip(*found, strict=True)
        return {no: dict(zip(names, values, strict=True)) for no, *values in rows}

    def columns(
        self,
        key: str,
        fields: Sequence[Field],
        fingerprint: str,
        numbers: Collection[int] | None = None,
    ) -> list[list[Any]]:
        """Return `rows` as columns, quicker for 100,000: the item numbers, then each field."""
        table = self._table(key, fields)
        statement = sa.select(table.c.item_no, *(table.c[field.name] for field in fields))
        statement = statement.where(table.c.fingerprint == fingerprint)
        if numbers is not None:
            statement = statement.where(is_in(table.c.item_no, numbers))
        with self._database.reading() as connection:
            return fetch_columns(connection, statement)

    def vector_rows(
        self, key: str, fields: Sequence[Field], name: str, fingerprint: str, cut: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the clips with a vector, and its row in the shards, by row.

        Args:
            key: The stage, such as "scorer/embedding".
            fields: Its declared fields.
            name: Name of the vector field.
            fingerprint: Rows of other fingerprints do not count.
            cut: Fingerprint of the cut that made the clips.
        """
        table, sets = self._table(key, fields), schema.clip_sets
        column = table.c[name]
        statement = (
            sa.select(table.c.item_no, column)
            .join(sets, sets.c.clip_no == table.c.item_no)
            .where(table.c.fingerprint == fingerprint, sets.c.fingerprint == cut)
            .order_by(column)
        )
        with self._database.reading() as connection:
            found = connection.execute(statement).all()
        numbers, rows = np.array([tuple(row) for row in found], np.int64).reshape(-1, 2).T
        return numbers, rows

    def replace(
        self, key: str, fields: Sequence[Field], fingerprint: str, rows: Mapping[int, Row]
    ) -> None:
        """Store rows of one stage by item number in place of all its rows."""
        table = self._table(key, fields)
        with self._database.writing() as connection:
            connection.execute(table.delete())
            log_change(connection, key)
            self.put(connection, key, fields, fingerprint, rows)

    def put(
        self,
        connection: sa.Connection,
        key: str,
        fields: Sequence[Field],
        fingerprint: str,
        rows: Mapping[int, Row],
    ) -> None:
        """Store rows of one stage by item number, in an open transaction."""
        table = self._table(key, fields, connection)
        full = [{"item_no": no, "fingerprint": fingerprint, **row} for no, row in rows.items()]
        for field in fields:
            if field.dtype == "vector" and full:
                shards = self.shards(key, field, fingerprint)
                numbers = shards.append(np.stack([row[field.name] for row in full]))
                for row, number in zip(full, numbers, strict=True):
                    row[field.name] = number
        upsert(connection, table, full)
        if full:
            log_change(connection, key, rows)

    def shards(self, key: str, field: Field, fingerprint: str) -> Shards:
        """Return the files of a stage's vectors; its rows have only their numbers."""
        name = f"{key.replace('/', '_')}.{field.name}.{fingerprint}"
        return Shards(self._vectors / name, field.shape)

    def _table(
        self, key: str, fields: Sequence[Field], connection: sa.Connection | None = None
    ) -> sa.Table:
        """Return a stage's table; create it, or add the columns of new fields, if needed."""
        table = schema.stage_table(key, fields)
        if table.name in self._ready:
            return table
        if connection is None:
            with self._database.writing() as own:
                return self._table(key, fields, own)
        table.create(connection, checkfirst=True)
        inspector = sa.inspect(connection)
        present = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                kind = column.type.compile(connection.dialect)
                connection.execute(
                    sa.text(f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}')
                )
        self._ready.add(table.name)
        return table
