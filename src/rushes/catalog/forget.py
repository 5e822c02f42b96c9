"""Removal of videos from every table; their numbers are never given to other videos or clips."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.change_log import log_change
from rushes.catalog.database import is_in, utc_now

OF_VIDEOS = ("probe_", "dedup_looked")
"""Begins of the names of stage tables whose items are videos; those of all others are clips."""
BY_COMPARISON = ("dedup_outcome", "coverage_clusters")
"""Tables whose rows compare clips with one another: after a removal, all rows are obsolete."""


def forget_videos(connection: sa.Connection, numbers: Collection[int]) -> list[str]:
    """Remove videos, their clips, results and failures; return the ids of the clips.

    Verdicts stay: they are found again if the same bytes are ever ingested again.
    """
    videos, clips = schema.videos, schema.clips
    gone = connection.execute(
        sa.select(videos.c.no, videos.c.id, videos.c.path).where(is_in(videos.c.no, numbers))
    ).all()
    of_them = connection.execute(
        sa.select(clips.c.no, clips.c.id).where(is_in(clips.c.video_no, numbers))
    ).all()
    clip_numbers = [row.no for row in of_them]
    _log(connection, gone)
    others = set(
        connection.execute(
            sa.select(videos.c.path).where(videos.c.no.not_in([row.no for row in gone]))
        ).scalars()
    )
    items = {row.id for row in of_them} | {row.path for row in gone} - others
    connection.execute(schema.failures.delete().where(is_in(schema.failures.c.item, items)))
    _remove_stage_rows(connection, numbers, clip_numbers)
    for table in (schema.captions, schema.captions_said, schema.selection_clips, schema.clip_sets):
        connection.execute(table.delete().where(is_in(table.c.clip_no, clip_numbers)))
    for table in (clips, schema.cuts, schema.cut_sets, schema.scans, schema.files):
        connection.execute(table.delete().where(is_in(table.c.video_no, numbers)))
    connection.execute(videos.delete().where(is_in(videos.c.no, numbers)))
    for number in numbers:
        connection.exec_driver_sql("DELETE FROM video_words WHERE rowid = ?", (number,))
    log_change(connection, "videos")
    log_change(connection, "cut")
    return [row.id for row in of_them]


def next_number(connection: sa.Connection, table: sa.Table) -> int:
    """Return the number of the next row of `videos` or `clips`: above all that ever were."""
    of_forgotten = schema.forgotten.c["last_clip_no" if table is schema.clips else "video_no"]
    most = (
        connection.execute(sa.select(sa.func.max(column))).scalar()
        for column in (table.c.no, of_forgotten)
    )
    return max(number or 0 for number in most) + 1


def _log(connection: sa.Connection, gone: Collection[Any]) -> None:
    last_clip_no = next_number(connection, schema.clips) - 1
    rows = [
        {"video_no": row.no, "id": row.id, "path": row.path, "last_clip_no": last_clip_no}
        | {"at": utc_now()}
        for row in gone
    ]
    if rows:
        connection.execute(schema.forgotten.insert(), rows)


def _remove_stage_rows(
    connection: sa.Connection, videos: Collection[int], clips: Collection[int]
) -> None:
    inspector = sa.inspect(connection)
    for name in inspector.get_table_names():
        columns = {column["name"] for column in inspector.get_columns(name)}
        if not {"item_no", "fingerprint"} <= columns:
            continue
        table = sa.table(name, sa.column("item_no"))
        statement = sa.delete(table)
        if name not in BY_COMPARISON:
            items = videos if name.startswith(OF_VIDEOS) else clips
            statement = statement.where(is_in(table.c.item_no, items))
        connection.execute(statement)
