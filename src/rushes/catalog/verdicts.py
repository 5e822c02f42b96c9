"""The log of verdicts, append-only, and the clips made by trimming, splitting and merging."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.captions import copy_captions, refresh_current
from rushes.catalog.change_log import log_change
from rushes.catalog.convert import add_clips
from rushes.catalog.database import Database, fetch_columns, is_in, upsert
from rushes.decisions import Action, clips_of_span, fold, undone_actions
from rushes.errors import RecipeError
from rushes.records import Clip, Decisions, Verdict, VerdictKind

MAX_CLIPS_BY_ID = 5000
"""For more clips it is quicker to read the whole log."""
_ADD = sa.text(
    "INSERT INTO verdicts (no, action, at, who, source, kind, clip, value) "
    "SELECT :no + key, :action, :at, :who, :source, :kind, value, :value FROM json_each(:clips)"
)
_LAST_NO = sa.select(sa.func.coalesce(sa.func.max(schema.verdicts.c.no), 0))


class Verdicts:
    """The log of verdicts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        given: Sequence[tuple[VerdictKind, str, Any]],
        *,
        who: str,
        source: str,
        becomes: Mapping[str, Sequence[Clip]] | None = None,
    ) -> int:
        """Store the verdicts of one action, flushed to disk on return.

        Args:
            given: Kind, clip id and value of each verdict, see `Verdict`. If a clip gets two values
                of a kind, the one that first appears later wins.
            who: Name of the person.
            source: "page", "hydrus" or "cli".
            becomes: Clips that replace others in every cut fingerprint: ids joined by spaces → the
                new clips; one entry for each edit.

        Returns:
            The action's number; 0 if `given` is empty.

        Raises:
            RecipeError: A clip to replace is in no cut fingerprint any more.
        """
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        with self._database.writing() as connection:
            for old, new in (becomes or {}).items():
                _replace(connection, old.split(), new)
            if not given:
                return 0
            # The write lock is held, so the numbers are known.
            no = action = 1 + int(connection.execute(_LAST_NO).scalar_one())
            for (kind, _), some in groupby(given, key=lambda one: (one[0], id(one[2]))):
                clips, values = zip(*((clip, value) for _, clip, value in some), strict=True)
                connection.execute(
                    _ADD,
                    {"no": no, "action": action, "at": at, "who": who, "source": source,
                     "kind": kind, "value": json.dumps(values[0]), "clips": json.dumps(clips)},
                )  # fmt: skip
                no += len(clips)
            _refresh_captions(connection, given)
        return action

    def unknown_clip(self, clips: Sequence[str]) -> str | None:
        """Return the first id that no clip has; None if every id is known."""
        listed = sa.func.json_each(json.dumps(list(clips))).table_valued("value")
        is_there = sa.exists().where(schema.clips.c.id == listed.c.value)
        with self._database.reading() as connection:
            return connection.execute(sa.select(listed.c.value).where(~is_there).limit(1)).scalar()

    def last_no(self) -> int:
        """Return the number of the latest verdict; 0 if there is none."""
        with self._database.reading() as connection:
            return int(connection.execute(_LAST_NO).scalar_one())

    def since(self, no: int = 0, *, clips: Sequence[str] = ()) -> list[Verdict]:
        """Return the verdicts after number `no`, in order; only those on `clips` if given."""
        table = schema.verdicts
        is_meant = [is_in(table.c.clip, clips)] if clips else []
        return self._verdicts(table.c.no > no, *is_meant)

    def of_action(self, action: int) -> list[Verdict]:
        """Return the verdicts of one action, in order."""
        return self._verdicts(schema.verdicts.c.action == action)

    def people(self) -> list[str]:
        """Return the names of all who have decided anything, sorted."""
        names = sa.select(schema.verdicts.c.who).distinct().order_by(schema.verdicts.c.who)
        with self._database.reading() as connection:
            return list(connection.execute(names).scalars())

    def actions_of(self, who: str) -> list[Verdict]:
        """Return the first verdict of each action of a person, in order."""
        table = schema.verdicts
        return self._verdicts(table.c.who == who, table.c.no == table.c.action)

    def actions(
        self, after: int = 0, until: int | None = None, *, only: Sequence[int] | None = None
    ) -> list[Action]:
        """Return actions in order.

        Args:
            after: Only verdicts with larger numbers.
            until: Only verdicts with numbers up to this one; all by default.
            only: Numbers of the actions; all by default.
        """
        table = schema.verdicts
        are_meant = [] if only is None else [is_in(table.c.action, only)]
        return self._actions(table.c.no > after, *_up_to(until), *are_meant)

    def current(self, clips: Sequence[str] = (), until: int | None = None) -> dict[str, Decisions]:
        """Return clip id → current decisions, for the clips that have any.

        Args:
            clips: Ids of clips; all by default.
            until: Number of the last verdict to read; all by default.
        """
        if not clips:
            return fold(self._actions(*_up_to(until)))
        if len(clips) <= MAX_CLIPS_BY_ID:
            is_meant = is_in(schema.verdicts.c.clip, [*clips, ""])
            return fold(self._actions(*_up_to(until), is_meant))
        stand = fold(self._actions(*_up_to(until)))
        return {clip: stand[clip] for clip in clips if clip in stand}

    def edited_clips(self) -> set[str]:
        """Return the ids of the clips that people made by trimming, splitting or merging."""
        verdicts = self._verdicts(schema.verdicts.c.kind.in_(("span", "undo", "redo")))
        undone = undone_actions(verdicts)
        spans = [one for one in verdicts if one.kind == "span" and one.action not in undone]
        clips, videos = schema.clips, schema.videos
        statement = (
            sa.select(clips.c.id, videos.c.id)
            .join(videos, videos.c.no == clips.c.video_no)
            .where(is_in(clips.c.id, [one.clip for one in spans]))
        )
        with self._database.reading() as connection:
            video_of = {clip: video for clip, video in connection.execute(statement)}
        return {
            clip.id
            for one in spans
            if one.clip in video_of
            for clip in clips_of_span(video_of[one.clip], one.value)
        }

    def _verdicts(self, *conditions: sa.ColumnElement[bool]) -> list[Verdict]:
        table, names = schema.verdicts, Verdict.__slots__
        statement = sa.select(*(table.c[name] for name in names)).where(*conditions)
        with self._database.reading() as connection:
            found = fetch_columns(connection, statement.order_by(table.c.no))
        values = _Values()
        return [
            Verdict(**dict(zip(names, (*facts, values[held]), strict=True)))
            for *facts, held in zip(*found, strict=True)
        ]

    def _actions(self, *conditions: sa.ColumnElement[bool]) -> list[Action]:
        c = schema.verdicts.c
        statement = (
            sa.select(c.action, c.at, c.who, c.kind, c.value, sa.func.json_group_array(c.clip))
            .where(*conditions)
            .group_by(c.action, c.kind, c.value)
            .order_by(c.action, sa.func.min(c.no))
        )
        with self._database.reading() as connection:
            found = fetch_columns(connection, statement)
        values = _Values()
        return [
            Action(action, at, who, kind, values[held], msgspec.json.decode(clips))
            for action, at, who, kind, held, clips in zip(*found, strict=True)
        ]


def _up_to(no: int | None) -> list[sa.ColumnElement[bool]]:
    return [] if no is None else [schema.verdicts.c.no <= no]


class _Values(dict[Any, Any]):
    """Stored JSON or number → its value, decoded once: many verdicts share few values."""

    def __missing__(self, held: Any) -> Any:
        self[held] = json.loads(held) if isinstance(held, str) else held
        return self[held]


def _refresh_captions(
    connection: sa.Connection, given: Sequence[tuple[VerdictKind, str, Any]]
) -> None:
    """Update the current captions that new verdicts set, undo or redo."""
    table, clips = schema.verdicts, schema.clips
    actions = [value for kind, _, value in given if kind in ("undo", "redo")]
    touched = [clip for kind, clip, _ in given if kind == "caption"]
    if actions:
        again = sa.select(table.c.clip).where(
            table.c.action.in_(actions), table.c.kind == "caption"
        )
        touched += connection.execute(again).scalars()
    if touched:
        numbers = sa.select(clips.c.no).where(is_in(clips.c.id, touched))
        refresh_current(connection, list(connection.execute(numbers).scalars()))


def restore_spans(connection: sa.Connection, video_no: int, fingerprint: str) -> None:
    """Repeat people's edits of spans in a new cut fingerprint that has the edited clips."""
    found = -1
    # An edit can be of a clip that an earlier edit makes here again.
    while (edits := _repeat_edits(connection, video_no, fingerprint)) > found:
        found = edits


def _repeat_edits(connection: sa.Connection, video_no: int, fingerprint: str) -> int:
    """Repeat the edits of a video's clips; return the number of edits of all its known clips."""
    table, clips, sets = schema.verdicts, schema.clips, schema.clip_sets
    ids = sa.select(clips.c.id).where(clips.c.video_no == video_no)
    statement = sa.select(table).where(
        table.c.kind.in_(("undo", "redo")) | ((table.c.kind == "span") & table.c.clip.in_(ids))
    )
    rows = connection.execute(statement.order_by(table.c.no)).mappings().all()
    verdicts = [Verdict(**row) for row in rows]
    gone = undone_actions(verdicts)
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
        new = add_clips(connection, video_no, clips_of_span(video_id, verdict.value))
        _replace_in_set(connection, fingerprint, [row.no for row in old], new)
    return len(rows)


def _replace(connection: sa.Connection, old: Sequence[str], new: Sequence[Clip]) -> None:
    """Replace the clips `old` by `new` in each cut fingerprint that has all of the old ones."""
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
        raise RecipeError(f"clip {', '.join(old)} is not there any more; reload the page")
    made = add_clips(connection, rows[0].video_no, new)
    for fingerprint in prints:
        _replace_in_set(connection, fingerprint, numbers, made)
    log_change(connection, "cut", [rows[0].video_no])


def _replace_in_set(
    connection: sa.Connection, fingerprint: str, old: Sequence[int], new: Sequence[int]
) -> None:
    sets = schema.clip_sets
    connection.execute(
        sets.delete().where(sets.c.fingerprint == fingerprint, sets.c.clip_no.in_(old))
    )
    upsert(connection, sets, [{"fingerprint": fingerprint, "clip_no": no} for no in new])
    copy_captions(connection, old[0], new)
