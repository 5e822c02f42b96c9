"""Captions in force, and search by their words and by those of file names (SQLite's FTS5)."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.database import Database, among, upsert
from rushes.catalog.rows import changed as note_change


class Captions:
    """The part of the catalog that knows what clips are said to show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self, numbers: Collection[int] | None = None) -> dict[int, str]:
        """Return clip number → its caption, of all clips by default.

        Clips without one are not in it.
        """
        table = schema.captions
        statement = sa.select(table.c.clip_no, table.c.text)
        if numbers is not None:
            statement = statement.where(among(table.c.clip_no, numbers))
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return {row.clip_no: row.text for row in rows}

    def differing(
        self, texts: Mapping[int, tuple[str, str]], among: Collection[int]
    ) -> tuple[list[int], list[int]]:
        """Return which clips would change if these texts were in force: to another, to none.

        Args:
            texts: Clip number → (who says it, what is said).
            among: The clips that this is about.
        """
        table = schema.captions
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table)).all()
        known = {row.clip_no: (row.source, row.text) for row in rows}
        changed = [no for no in among if no in texts and known.get(no) != texts[no]]
        return changed, [no for no in among if no in known and no not in texts]

    def settle(
        self,
        texts: Mapping[int, tuple[str, str]],
        among: Collection[int],
        readers: Sequence[str] = (),
    ) -> int:
        """Put these captions in force; return how many clips changed theirs.

        Args:
            texts: Clip number → (who says it, what is said).
            among: The clips that this is about: those without a text here lose theirs.
            readers: Scorers that read captions, as "scorer/clip_similarity": what they said of the
                clips whose caption changes is forgotten.
        """
        changed, gone = self.differing(texts, among)
        rows = [{"clip_no": n, "source": texts[n][0], "text": texts[n][1]} for n in changed]
        touched = changed + gone
        with self._database.writing() as connection:
            upsert(connection, schema.captions, rows)
            _delete(connection, schema.captions.c.clip_no, gone)
            if touched:
                note_change(connection, "captions")
            inspector = sa.inspect(connection)
            for reader in readers:
                name = schema.stage_table_name(reader)
                if inspector.has_table(name):
                    table = sa.table(name, sa.column("item_no", sa.Integer))
                    _delete(connection, table.c.item_no, touched)
        return len(touched)

    def search(self, query: str, fingerprint: str, limit: int) -> list[int]:
        """Return the numbers of the clips whose captions have the words, best first (bm25).

        Clips with all of the words come before those with some.

        Args:
            query: Words as a person types them; `word*` finds what begins so. Case and accents do
                not count, and no character has another meaning.
            fingerprint: Of the cut whose clips are meant.
            limit: At most so many.
        """
        return self._found(
            "SELECT rowid FROM caption_words AS found WHERE caption_words MATCH :query AND EXISTS "
            "(SELECT 1 FROM clip_sets WHERE fingerprint = :fingerprint AND clip_no = found.rowid) "
            "ORDER BY rank, rowid LIMIT :limit",
            query,
            {"fingerprint": fingerprint, "limit": limit},
        )

    def search_names(self, query: str, fingerprint: str, limit: int) -> list[int]:
        """Return the numbers of the clips whose videos' file names have the words, best first."""
        return self._found(
            "SELECT clips.no FROM video_words "
            "CROSS JOIN clips ON clips.video_no = video_words.rowid "  # in this order: words first
            "WHERE video_words MATCH :query AND EXISTS "
            "(SELECT 1 FROM clip_sets WHERE fingerprint = :fingerprint AND clip_no = clips.no) "
            "ORDER BY video_words.rank, clips.video_no, clips.in_pts LIMIT :limit",
            query,
            {"fingerprint": fingerprint, "limit": limit},
        )

    def _found(self, statement: str, query: str, values: Mapping[str, Any]) -> list[int]:
        terms = _terms(query)
        found: dict[int, None] = {}
        with self._database.reading() as connection:
            for joined in dict.fromkeys((" AND ".join(terms), " OR ".join(terms))):
                if joined:
                    rows = connection.execute(sa.text(statement), {**values, "query": joined})
                    found |= dict.fromkeys(rows.scalars())
        return list(found)[: values["limit"]]


def _terms(query: str) -> list[str]:
    """Return each word as FTS5 takes it: quoted, so that nothing in it is an operator."""
    terms = []
    for word in unicodedata.normalize("NFC", query).split():
        bare = word.replace("\0", "").replace('"', "").rstrip("*")
        if any(character.isalnum() for character in bare):
            terms.append(f'"{bare}"' + ("*" if word.endswith("*") else ""))
    return terms


def _delete(connection: sa.Connection, column: sa.ColumnElement[int], numbers: list[int]) -> None:
    connection.execute(sa.delete(column.table).where(among(column, numbers)))
