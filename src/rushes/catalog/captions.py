"""Captions of clips, by captioners and people, and full-text search in them and in file names.

A clip has one current caption: a person's if there is one, else that of the first captioner.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.change_log import log_change
from rushes.catalog.database import Database, is_in, upsert
from rushes.decisions import Action, fold
from rushes.stages import registry

PERSON = "person"
"""Source of a current caption that a person wrote."""


class Captions:
    """The captions of all clips."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, numbers: Collection[int] | None = None) -> dict[int, str]:
        """Return clip number → current caption, for the clips that have one; all by default."""
        table = schema.captions
        statement = sa.select(table.c.clip_no, table.c.text)
        if numbers is not None:
            statement = statement.where(is_in(table.c.clip_no, numbers))
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return {row.clip_no: row.text for row in rows}

    def by_captioner(self, numbers: Collection[int]) -> dict[int, list[tuple[str, str]]]:
        """Return clip number → (captioner, text) of each captioner with a text, in recipe order."""
        table = schema.captions_said
        statement = sa.select(table).where(is_in(table.c.clip_no, numbers))
        found: dict[int, list[tuple[str, str]]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(statement.order_by(table.c.clip_no, table.c.rank)):
                found.setdefault(row.clip_no, []).append((row.source, row.text))
        return found

    def store(
        self, texts: Mapping[int, Sequence[tuple[str, str]]], numbers: Collection[int]
    ) -> set[int]:
        """Store the texts of captioners; return the clips whose texts changed.

        A person's caption stays the current one. Where the current caption changes, the rows of
        scorers that read captions are removed.

        Args:
            texts: Clip number → (captioner, text), in recipe order.
            numbers: All clips that were captioned; those not in `texts` have no text.
        """
        before = self.by_captioner(numbers)
        changed = {no for no in numbers if list(texts.get(no, ())) != before.get(no, [])}
        rows = [
            {"clip_no": no, "source": source, "rank": rank, "text": text}
            for no in numbers
            if no in changed
            for rank, (source, text) in enumerate(texts.get(no, ()))
        ]
        with self._database.writing() as connection:
            _delete(connection, schema.captions_said.c.clip_no, list(changed))
            upsert(connection, schema.captions_said, rows)
            refresh_current(connection, numbers)
        return changed

    def search(self, query: str, fingerprint: str, limit: int) -> list[int]:
        """Return the numbers of the clips whose captions have the words, best first (bm25).

        Clips with all words come before those with some.

        Args:
            query: Words as a person types them; `word*` matches every word that begins with
                "word". Case and accents do not count, and no other character has a meaning.
            fingerprint: Of the cut that made the clips.
            limit: At most this many.
        """
        return self._search(
            "SELECT rowid FROM caption_words AS found WHERE caption_words MATCH :query AND EXISTS "
            "(SELECT 1 FROM clip_sets WHERE fingerprint = :fingerprint AND clip_no = found.rowid) "
            "ORDER BY rank, rowid LIMIT :limit",
            query,
            {"fingerprint": fingerprint, "limit": limit},
        )

    def search_names(self, query: str, fingerprint: str, limit: int) -> list[int]:
        """Return the numbers of the clips whose video's file name has the words, best first."""
        return self._search(
            "SELECT clips.no FROM video_words "
            "CROSS JOIN clips ON clips.video_no = video_words.rowid "  # in this order: words first
            "WHERE video_words MATCH :query AND EXISTS "
            "(SELECT 1 FROM clip_sets WHERE fingerprint = :fingerprint AND clip_no = clips.no) "
            "ORDER BY video_words.rank, clips.video_no, clips.in_pts LIMIT :limit",
            query,
            {"fingerprint": fingerprint, "limit": limit},
        )

    def _search(self, statement: str, query: str, values: Mapping[str, Any]) -> list[int]:
        terms = _terms(query)
        found: dict[int, None] = {}
        with self._database.reading() as connection:
            for joined in dict.fromkeys((" AND ".join(terms), " OR ".join(terms))):
                if joined:
                    rows = connection.execute(sa.text(statement), {**values, "query": joined})
                    found |= dict.fromkeys(rows.scalars())
        return list(found)[: values["limit"]]


def _terms(query: str) -> list[str]:
    """Return the words quoted for FTS5, so that none is read as an operator."""
    terms = []
    for word in unicodedata.normalize("NFC", query).split():
        bare = word.replace("\0", "").replace('"', "").rstrip("*")
        if any(character.isalnum() for character in bare):
            terms.append(f'"{bare}"' + ("*" if word.endswith("*") else ""))
    return terms


def _delete(connection: sa.Connection, column: sa.ColumnElement[int], numbers: list[int]) -> None:
    connection.execute(sa.delete(column.table).where(is_in(column, numbers)))


def copy_captions(connection: sa.Connection, old: int, new: Sequence[int]) -> None:
    """Copy the captioners' texts of a clip to its replacements that are not captioned yet."""
    table = schema.captions_said
    rows = connection.execute(sa.select(table).where(table.c.clip_no == old)).mappings().all()
    known = connection.execute(sa.select(table.c.clip_no).where(is_in(table.c.clip_no, new)))
    uncaptioned = set(new) - set(known.scalars())
    upsert(connection, table, [{**row, "clip_no": no} for row in rows for no in uncaptioned])
    refresh_current(connection, new)


def refresh_current(connection: sa.Connection, numbers: Collection[int]) -> None:
    """Choose the current caption of each clip: a person's, or else the first captioner's."""
    said, table = schema.captions_said, schema.captions
    wanted: dict[int, tuple[str, str]] = {}
    statement = sa.select(said).where(said.c.rank == 0, is_in(said.c.clip_no, numbers))
    for row in connection.execute(statement):
        wanted[row.clip_no] = row.source, row.text
    for no, text in _captions_by_people(connection, numbers).items():
        wanted[no] = PERSON, text
    known = {
        row.clip_no: (row.source, row.text)
        for row in connection.execute(sa.select(table).where(is_in(table.c.clip_no, numbers)))
    }
    new = [no for no in numbers if no in wanted and known.get(no) != wanted[no]]
    gone = [no for no in numbers if no in known and no not in wanted]
    if not new and not gone:
        return
    rows = [{"clip_no": no, "source": wanted[no][0], "text": wanted[no][1]} for no in new]
    upsert(connection, table, rows)
    _delete(connection, table.c.clip_no, gone)
    log_change(connection, "captions", new + gone)
    inspector = sa.inspect(connection)
    for reader in _caption_scorers():
        name = schema.stage_table_name(reader)
        if inspector.has_table(name):
            _delete(
                connection, sa.table(name, sa.column("item_no", sa.Integer)).c.item_no, new + gone
            )
            log_change(connection, reader, new + gone)


def _captions_by_people(connection: sa.Connection, numbers: Collection[int]) -> dict[int, str]:
    """Return clip number → caption by a person."""
    table, clips = schema.verdicts, schema.clips
    number_of = {
        row.id: row.no
        for row in connection.execute(
            sa.select(clips.c.id, clips.c.no)
            .where(is_in(clips.c.no, numbers))
            .where(sa.exists().where(table.c.clip == clips.c.id, table.c.kind == "caption"))
        )
    }
    if not number_of:
        return {}
    c = table.c
    statement = (
        sa.select(c.action, c.at, c.who, c.kind, c.value, c.clip)
        .where((is_in(c.clip, list(number_of)) & (c.kind == "caption")) | (c.clip == ""))
        .order_by(c.no)
    )
    rows = connection.execute(statement)
    decided = fold([Action._make((*row[:-1], row[-1:])) for row in rows])
    return {
        number_of[clip]: now.caption
        for clip, now in decided.items()
        if clip in number_of and now.caption
    }


def _caption_scorers() -> list[str]:
    """Return the keys of all scorers that read captions, those outside the recipe included."""
    keys = [f"scorer/{name}" for name in registry.names("scorer")]
    return [key for key in keys if registry.load(key).inputs.caption]
