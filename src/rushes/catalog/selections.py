"""Frozen selections, and the contents of export folders."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.convert import inserted_no
from rushes.catalog.database import Database, upsert, utc_now
from rushes.records import Row, RuleCount, Selection


class Selections:
    """The selections and exports of a project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, name: str) -> tuple[Selection, int] | None:
        """Return the newest selection of a name and its number; None if there is none."""
        table = schema.selections
        newest = sa.select(table).where(table.c.name == name).order_by(table.c.revision.desc())
        with self._database.reading() as connection:
            row = connection.execute(newest.limit(1)).mappings().first()
            if row is None:
                return None
            members = schema.selection_clips
            statement = (
                sa.select(schema.clips.c.id)
                .join(members, members.c.clip_no == schema.clips.c.no)
                .where(members.c.selection_no == row["no"])
                .order_by(schema.clips.c.video_no, schema.clips.c.in_pts)
            )
            ids = tuple(connection.execute(statement).scalars())
        selection = Selection(
            name=name,
            revision=row["revision"],
            clips=ids,
            funnel=tuple(RuleCount(**line) for line in row["funnel"]),
            candidates=row["candidates"],
            duration_s=row["duration_s"],
        )
        return selection, row["no"]

    def freeze(self, selection: Selection, clip_numbers: Sequence[int], recipe: str) -> Selection:
        """Store a selection and return it with its revision.

        The same clips under the same rules make no new revision.

        Args:
            selection: Its `revision` is ignored.
            clip_numbers: The clips in it.
            recipe: Digest of the recipe.
        """
        newest = self.newest(selection.name)
        if newest is not None:
            latest = newest[0]
            if replace(selection, revision=latest.revision) == latest:
                return latest
            selection = replace(selection, revision=latest.revision + 1)
        with self._database.writing() as connection:
            result = connection.execute(
                schema.selections.insert().values(
                    name=selection.name,
                    revision=selection.revision,
                    funnel=[msgspec.to_builtins(line) for line in selection.funnel],
                    candidates=selection.candidates,
                    duration_s=selection.duration_s,
                    recipe=recipe,
                    at=utc_now(),
                )
            )
            no = inserted_no(result)
            if clip_numbers:
                rows = [{"selection_no": no, "clip_no": number} for number in clip_numbers]
                connection.execute(schema.selection_clips.insert(), rows)
        return selection

    def commit_export(self, row: Row) -> None:
        """Store the contents of an export folder, in place of its earlier ones."""
        with self._database.writing() as connection:
            upsert(connection, schema.exports, [row | {"at": utc_now()}])

    def exports(self) -> dict[str, Row]:
        """Return export folder → its row."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.exports)).mappings().all()
        return {row["folder"]: dict(row) for row in rows}
