"""What people decided, append-only; and the clips that they made by trimming and dividing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.captions import enforce, inherit
from rushes.catalog.database import Database, upsert
from rushes.catalog.rows import add_clips, changed, new_no
from rushes.errors import RecipeError
from rushes.records import Clip, Decided, Verdict, VerdictKind
from rushes.verdicts import standing, undone


class Verdicts:
    """The part of the catalog that only ever grows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        given: Sequence[tuple[VerdictKind, str, Any]],
        *,
        who: str,
        source: str,
        becomes: Mapping[str, Sequence[Clip]] | None = None,
    ) -> list[Verdict]:
        """Store what was decided at once, safely on disk when this returns.

        Args:
            given: Kind, clip id and value of each verdict; see `Verdict`.
            who: The person.
            source: "page", "hydrus", "cli".
            becomes: Clips that stand in for others from now on, in every setting of cut that has
                those: ids joined by spaces → the new clips; one entry for each change.

        Raises:
            RecipeError: A clip that is to be replaced is in no setting of cut any more.
        """
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        table = schema.verdicts
        with self._database.writing() as connection:
            for old, new in (becomes or {}).items():
                _replace(connection, old.split(), new)
            if not given:
                return []
            rows = [
                {"action": 0, "at": at, "who": who, "source": source,
                 "kind": kind, "clip": clip, "value": value}
                for kind, clip, value in given
            ]  # fmt: skip
            # Nobody else writes meanwhile, so the numbers after the first are known.
            action = new_no(connection.execute(table.insert().values(**rows[0])))
            connection.execute(table.update().where(table.c.no == action).values(action=action))
            numbered = [{**row, "no": no, "action": action} for no, row in enumerate(rows, action)]
            if len(numbered) > 1:
                connection.execute(table.insert(), numbered[1:])
            stored = [msgspec.convert(row, Verdict) for row in numbered]
            _say(connection, stored)
        return stored

    def since(self, no: int = 0, *, clips: Sequence[str] = ()) -> list[Verdict]:
        """Return the verdicts after number `no`, in order; only those about `clips` if given."""
        table = schema.verdicts
        statement = sa.select(table).where(table.c.no > no).order_by(table.c.no)
        if clips:
            statement = statement.where(table.c.clip.in_(list(clips)))
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
        return [Verdict(**row) for row in rows]

    def of_action(self, action: int) -> list[Verdict]:
        """Return the verdicts of one action, in order."""
        table = schema.verdicts
        statement = sa.select(table).where(table.c.action == action).order_by(table.c.no)
        with self._database.reading() as connection:
            return [Verdict(**row) for row in connection.execute(statement).mappings()]

    def standing(self, clips: Sequence[str] = ()) -> dict[str, Decided]:
        """Return clip id → what stands of all that was decided; only of `clips` if given."""
        everything = self.since() if not clips else self.since(clips=[*clips, ""])
        return standing(everything)


def _say(connection: sa.Connection, given: Sequence[Verdict]) -> None:
    """Put in force the captions that verdicts give, take back or give again."""
    table, clips = schema.verdicts, schema.clips
    actions = [verdict.value for verdict in given if verdict.kind in ("undo", "redo")]
    touched = [verdict.clip for verdict in given if verdict.kind == "caption"]
    if actions:
        again = sa.select(table.c.clip).where(
            table.c.action.in_(actions), table.c.kind == "caption"
        )
        touched += connection.execute(again).scalars()
    for at in range(0, len(touched), 500):
        numbers = sa.select(clips.c.no).where(clips.c.id.in_(touched[at : at + 500]))
        enforce(connection, list(connection.execute(numbers).scalars()))


def restore_spans(connection: sa.Connection, video_no: int, fingerprint: str) -> None:
    """Do again in a new setting of cut what people did to clips that it has, too."""
    table, clips, sets = schema.verdicts, schema.clips, schema.clip_sets
    ids = sa.select(clips.c.id).where(clips.c.video_no == video_no)
    statement = sa.select(table).where(
        table.c.kind.in_(("undo", "redo")) | ((table.c.kind == "span") & table.c.clip.in_(ids))
    )
    rows = connection.execute(statement.order_by(table.c.no)).mappings().all()
    verdicts = [Verdict(**row) for row in rows]
    gone = undone(verdicts)
    for verdict in verdicts:
        if verdict.kind != "span" or verdict.action in gone:
            continue
        members = sa.select(clips.c.id, clips.c.no).where(clips.c.id.in_(verdict.value["from"]))
        members = members.join(sets, sets.c.clip_no == clips.c.no)
        old = connection.execute(members.where(sets.c.fingerprint == fingerprint)).all()
        if len(old) != len(verdict.value["from"]):
            continue
        video_id = connection.execute(
            sa.select(schema.videos.c.id).where(schema.videos.c.no == video_no)
        ).scalar_one()
        new = [  # the catalog knows them, and how many frames they have
            Clip(video_id=video_id, in_pts=in_pts, out_pts=out_pts, frames=1)
            for in_pts, out_pts in verdict.value["to"]
        ]
        _swap(
            connection, fingerprint, [row.no for row in old], add_clips(connection, video_no, new)
        )


def _replace(connection: sa.Connection, old: Sequence[str], new: Sequence[Clip]) -> None:
    """Put `new` in the place of the clips `old` in each setting of cut that has all of these."""
    clips, sets = schema.clips, schema.clip_sets
    rows = connection.execute(
        sa.select(clips.c.no, clips.c.video_no).where(clips.c.id.in_(list(old)))
    ).all()
    numbers = [row.no for row in rows]
    members = (
        sa.select(sets.c.fingerprint)
        .where(sets.c.clip_no.in_(numbers))
        .group_by(sets.c.fingerprint)
        .having(sa.func.count() == len(old))
    )
    prints = list(connection.execute(members).scalars()) if len(numbers) == len(old) else []
    if not prints:
        raise RecipeError(f"clip {', '.join(old)} is not there any more; look again")
    made = add_clips(connection, rows[0].video_no, new)
    for fingerprint in prints:
        _swap(connection, fingerprint, numbers, made)
    changed(connection, "cut")


def _swap(
    connection: sa.Connection, fingerprint: str, old: Sequence[int], new: Sequence[int]
) -> None:
    sets = schema.clip_sets
    connection.execute(
        sets.delete().where(sets.c.fingerprint == fingerprint, sets.c.clip_no.in_(old))
    )
    upsert(connection, sets, [{"fingerprint": fingerprint, "clip_no": no} for no in new])
    inherit(connection, old[0], new)
