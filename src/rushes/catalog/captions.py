"""What captioners and people say of clips, and search by words: theirs, and of file names (FTS5).

One caption of a clip is in force: a person's, where there is one, or else the first captioner's.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.change_log import changed as note_change
from rushes.catalog.database import Database, among, upsert
from rushes.decisions import Action, fold
from rushes.stages import registry

PERSON = "person"
"""The source of a caption in force that a person gave."""


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

    def said(self, numbers: Collection[int]) -> dict[int, list[tuple[str, str]]]:
        """Return clip number → (captioner, text) of all that say something, the first heard first.

        Args:
            numbers: The clips that are meant.
        """
        table = schema.captions_said
        statement = sa.select(table).where(among(table.c.clip_no, numbers))
        found: dict[int, list[tuple[str, str]]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(statement.order_by(table.c.clip_no, table.c.rank)):
                found.setdefault(row.clip_no, []).append((row.source, row.text))
        return found

    def settle(
        self, said: Mapping[int, Sequence[tuple[str, str]]], among: Collection[int]
    ) -> set[int]:
        """Note what captioners say; return the clips of which that is new.

        A person's words stay in force. Where the caption in force is another one now, the rows of
        scorers that read captions are removed.

        Args:
            said: Clip number → (captioner, text), the first one that says something first.
            among: The clips that this is about: of those without a text here nothing is said.
        """
        numbers = list(among)
        before = self.said(numbers)
        changed = {no for no in numbers if list(said.get(no, ())) != before.get(no, [])}
        rows = [
            {"clip_no": no, "source": source, "rank": rank, "text": text}
            for no in numbers
            if no in changed
            for rank, (source, text) in enumerate(said.get(no, ()))
        ]
        with self._database.writing() as connection:
            _delete(connection, schema.captions_said.c.clip_no, list(changed))
            upsert(connection, schema.captions_said, rows)
            enforce(connection, numbers)
        return changed

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


def inherit(connection: sa.Connection, old: int, new: Sequence[int]) -> None:
    """Say of new clips what is said of the one that they were made of, until they are asked for."""
    table = schema.captions_said
    rows = connection.execute(sa.select(table).where(table.c.clip_no == old)).mappings().all()
    known = connection.execute(sa.select(table.c.clip_no).where(among(table.c.clip_no, new)))
    silent = set(new) - set(known.scalars())
    upsert(connection, table, [{**row, "clip_no": no} for row in rows for no in silent])
    enforce(connection, new)


def enforce(connection: sa.Connection, numbers: Collection[int]) -> None:
    """Put in force what is to be said of clips: what a person says, or else the first captioner."""
    said, table = schema.captions_said, schema.captions
    wanted: dict[int, tuple[str, str]] = {}
    statement = sa.select(said).where(said.c.rank == 0, among(said.c.clip_no, numbers))
    for row in connection.execute(statement):
        wanted[row.clip_no] = row.source, row.text
    for no, text in _by_people(connection, numbers).items():
        wanted[no] = PERSON, text
    known = {
        row.clip_no: (row.source, row.text)
        for row in connection.execute(sa.select(table).where(among(table.c.clip_no, numbers)))
    }
    new = [no for no in numbers if no in wanted and known.get(no) != wanted[no]]
    gone = [no for no in numbers if no in known and no not in wanted]
    if not new and not gone:
        return
    rows = [{"clip_no": no, "source": wanted[no][0], "text": wanted[no][1]} for no in new]
    upsert(connection, table, rows)
    _delete(connection, table.c.clip_no, gone)
    note_change(connection, "captions", new + gone)
    inspector = sa.inspect(connection)
    for reader in _readers():
        name = schema.stage_table_name(reader)
        if inspector.has_table(name):
            _delete(
                connection, sa.table(name, sa.column("item_no", sa.Integer)).c.item_no, new + gone
            )
            note_change(connection, reader, new + gone)


def _by_people(connection: sa.Connection, numbers: Collection[int]) -> dict[int, str]:
    """Return clip number → what a person says it shows."""
    table, clips = schema.verdicts, schema.clips
    number_of = {
        row.id: row.no
        for row in connection.execute(
            sa.select(clips.c.id, clips.c.no)
            .where(among(clips.c.no, numbers))
            .where(sa.exists().where(table.c.clip == clips.c.id, table.c.kind == "caption"))
        )
    }
    if not number_of:
        return {}
    c = table.c
    statement = (
        sa.select(c.action, c.at, c.who, c.kind, c.value, c.clip)
        .where((among(c.clip, list(number_of)) & (c.kind == "caption")) | (c.clip == ""))
        .order_by(c.no)
    )
    rows = connection.execute(statement)
    decided = fold([Action._make((*row[:-1], row[-1:])) for row in rows])
    return {
        number_of[clip]: now.caption
        for clip, now in decided.items()
        if clip in number_of and now.caption
    }


def _readers() -> list[str]:
    """Return the scorers, of this recipe or not, whose rows a changed caption makes stale."""
    keys = [f"scorer/{name}" for name in registry.names("scorer")]
    return [key for key in keys if registry.load(key).inputs.caption]
