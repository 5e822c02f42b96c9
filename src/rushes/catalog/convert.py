"""Records to rows and back: videos and clips read from their tables and written to them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.change_log import log_change
from rushes.catalog.database import is_in
from rushes.catalog.forget import next_number
from rushes.records import Clip, ClipRow, Section, Video

CLIPS = (
    sa.select(schema.clips, schema.videos.c.id.label("video_id"))
    .join(schema.videos, schema.videos.c.no == schema.clips.c.video_no)
    .order_by(schema.clips.c.video_no, schema.clips.c.in_pts, schema.clips.c.out_pts)
)
"""Clips with their video's id, by video and time."""


def clip_from_row(row: Any) -> Clip:
    """Return the clip of a row of `CLIPS`."""
    names = ("video_id", "in_pts", "out_pts", "frames", "frames_damaged")
    return Clip(**{name: row[name] for name in names})


def fetch_clips(connection: sa.Connection, statement: sa.Select[Any]) -> dict[int, ClipRow]:
    """Return clip number → clip of a statement on `CLIPS`, of any size."""
    c, video_id = schema.clips.c, schema.videos.c.id
    columns = (c.no, c.video_no, video_id, c.in_pts, c.out_pts, c.frames, c.frames_damaged)
    return {
        no: ClipRow(
            no,
            video_no,
            Clip(video_id=video, in_pts=a, out_pts=b, frames=f, frames_damaged=d),
        )
        for no, video_no, video, a, b, f, d in connection.execute(
            statement.with_only_columns(*columns)
        ).all()
    }


def clips_statement(fingerprint: str, videos: Collection[int] | None) -> sa.Select[Any]:
    """Return the statement of `Catalog.clip_columns`."""
    c, members = schema.clips.c, schema.clip_sets
    is_member = sa.exists().where(members.c.fingerprint == fingerprint, members.c.clip_no == c.no)
    statement = (  # not joined: SQLite would begin with all clips of the cut, even for one video
        sa.select(c.no, c.id, c.video_no, c.in_pts, c.out_pts, c.frames, c.frames_damaged)
        .where(is_member)
        .order_by(c.video_no, c.in_pts, c.out_pts)
    )
    return statement if videos is None else statement.where(is_in(c.video_no, videos))


def _fraction(kind: type, value: Any) -> Any:
    return Fraction(value) if kind is Fraction else value


_DECODER = msgspec.json.Decoder(Video, dec_hook=_fraction)


@lru_cache(maxsize=10_000)
def video_from_row(path: str, given: str, facts: str, mtime_ns: int | None) -> Video:
    """Return a video from its stored JSON and its present file, without key frames."""
    return replace(_DECODER.decode(facts), path=path, given=given, mtime_ns=mtime_ns)


def add_video(connection: sa.Connection, video: Video) -> int:
    """Insert a video if it is new, or its path if it moved; return its number."""
    table = schema.videos
    facts = msgspec.json.encode(replace(video, key_pts=()), enc_hook=str).decode()
    no = connection.execute(sa.select(table.c.no).where(table.c.id == video.id)).scalar()
    if no is None:
        names = {"path": video.path, "given": video.given}
        values = {"no": next_number(connection, table), "id": video.id, "facts": facts, **names}
        packed = np.array(video.key_pts, "<i8").tobytes()
        return inserted_no(connection.execute(table.insert().values(key_pts=packed, **values)))
    known = connection.execute(sa.select(table.c.path).where(table.c.no == no)).scalar_one()
    if not Path(known).exists():  # the file was moved or renamed
        connection.execute(
            table.update().where(table.c.no == no).values(path=video.path, given=video.given)
        )
        log_change(connection, "videos", [no])
    return int(no)


def set_sections(connection: sa.Connection, video_no: int, sections: Sequence[Section]) -> None:
    """Store the stretches of different geometry that a scan found in a video."""
    table = schema.videos
    stored = connection.execute(sa.select(table.c.facts).where(table.c.no == video_no)).scalar_one()
    video = _DECODER.decode(stored)
    if video.sections == tuple(sections):
        return
    facts = msgspec.json.encode(replace(video, sections=tuple(sections)), enc_hook=str).decode()
    connection.execute(table.update().where(table.c.no == video_no).values(facts=facts))
    log_change(connection, "videos", [video_no])


def add_clips(connection: sa.Connection, video_no: int, clips: Sequence[Clip]) -> list[int]:
    """Insert the new ones of some clips; return the numbers of all, in order."""
    names = ("in_pts", "out_pts", "frames", "frames_damaged")
    table = schema.clips
    found = connection.execute(
        sa.select(table.c.id, table.c.no).where(table.c.video_no == video_no)
    )
    numbers = {row.id: row.no for row in found}
    new_no = next_number(connection, table)
    for clip in clips:
        if clip.id not in numbers:
            values = {name: getattr(clip, name) for name in names}
            connection.execute(
                table.insert().values(no=new_no, id=clip.id, video_no=video_no, **values)
            )
            numbers[clip.id] = new_no
            new_no += 1
    return [numbers[clip.id] for clip in clips]


def inserted_no(result: sa.CursorResult[Any]) -> int:
    """Return the integer key of a row just inserted."""
    return int(result.inserted_primary_key[0])  # type: ignore[index]
