"""What is known about a project, and what is still pending."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.captions import Captions
from rushes.catalog.changes import Changes, changed
from rushes.catalog.database import Database, among, columns_of, upsert
from rushes.catalog.hydrus import HydrusLedger
from rushes.catalog.rows import (
    CLIPS,
    add_clips,
    add_video,
    clear_failure,
    clip_of,
    clips_of,
    numbered_clips,
    put_failure,
    video_of,
)
from rushes.catalog.selections import Selections
from rushes.catalog.vectors import Shards
from rushes.catalog.verdicts import Verdicts, restore_spans
from rushes.records import Clip, Cut, Failure, Field, Row, Scanned, Video


class Catalog:
    """The project's memory."""

    def __init__(self, path: Path) -> None:
        """Open or create the catalog at `path`; see `Database` for what can go wrong."""
        self._database = Database(path)
        self._vectors = path.parent / "vectors"
        self.selections = Selections(self._database)
        self.captions = Captions(self._database)
        self.verdicts = Verdicts(self._database)
        self.hydrus = HydrusLedger(self._database)
        self.changes = Changes(self._database)
        self._ready: set[str] = set()  # stage tables known to be there with all their columns

    def close(self) -> None:
        """Close the catalog."""
        self._database.close()

    # ---- files and videos ---------------------------------------------------------------------

    def files(self) -> dict[str, tuple[int, int, int | None]]:
        """Return path → (size_bytes, mtime_ns, number of the video or None) of all files seen."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.files)).all()
        return {row.path: (row.size_bytes, row.mtime_ns, row.video_no) for row in rows}

    def add_file(
        self, path: str, size_bytes: int, mtime_ns: int, video: Video | None
    ) -> int | None:
        """Note a file and, if it is one, its video; return the video's number.

        An earlier failure to read the file is cleared.
        """
        with self._database.writing() as connection:
            no = None if video is None else add_video(connection, video)
            row = {"path": path, "size_bytes": size_bytes, "mtime_ns": mtime_ns, "video_no": no}
            upsert(connection, schema.files, [row])
            clear_failure(connection, "ingest", path)
        return no

    def call_videos(self, given: Mapping[int, str]) -> None:
        """Note what a person calls the videos now: number → path as given."""
        self._note_of_videos("given", given)

    def move_videos(self, paths: Mapping[int, str]) -> None:
        """Note where the bytes of videos are now: number → absolute path."""
        self._note_of_videos("path", paths)

    def _note_of_videos(self, column: str, values: Mapping[int, str]) -> None:
        table = schema.videos
        with self._database.writing() as connection:
            for number, text in values.items():
                statement = table.update().where(table.c.no == number).values({column: text})
                connection.execute(statement)
            if values:
                changed(connection, "videos", values)

    def forget_file(self, path: str) -> None:
        """Note that there is no file at `path` any more; its video stays."""
        with self._database.writing() as connection:
            connection.execute(schema.files.delete().where(schema.files.c.path == path))
            clear_failure(connection, "ingest", path)
            clear_failure(connection, "scan", path)

    def videos(self, numbers: Iterable[int] | None = None) -> dict[int, Video]:
        """Return the videos by number, without their key frames; all of them by default."""
        table = schema.videos
        statement = sa.select(table.c.no, table.c.path, table.c.given, table.c.facts)
        statement = statement.order_by(table.c.no)
        if numbers is not None:
            statement = statement.where(table.c.no.in_(list(numbers)))
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return {row.no: video_of(row.facts, row.path, row.given) for row in rows}

    def key_pts(self, video_no: int) -> np.ndarray:
        """Return the pts of a video's key frames: int64, ascending."""
        column = schema.videos.c.key_pts
        with self._database.reading() as connection:
            packed = connection.execute(sa.select(column).where(schema.videos.c.no == video_no))
            return np.frombuffer(packed.scalar_one(), "<i8")

    # ---- scans and stages ---------------------------------------------------------------------

    def pending(self, key: str, fields: Sequence[Field], fingerprint: str, of: str) -> list[int]:
        """Return the numbers of the items of `of` without a row of this fingerprint.

        Args:
            key: The stage, "scorer/motion".
            fields: Its declared fields.
            fingerprint: Rows of other fingerprints do not count.
            of: "videos", or the fingerprint of the cut whose clips are meant.
        """
        table = self._stage_table(key, fields)
        items = schema.videos.c.no if of == "videos" else schema.clip_sets.c.clip_no
        done = sa.select(table.c.item_no).where(table.c.fingerprint == fingerprint)
        statement = sa.select(items).where(items.not_in(done)).order_by(items)
        if of != "videos":
            statement = statement.where(schema.clip_sets.c.fingerprint == of)
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())

    def commit_rows(
        self, key: str, fields: Sequence[Field], fingerprint: str, rows: Mapping[int, Row]
    ) -> None:
        """Store rows of one stage by item number, all or none."""
        with self._database.writing() as connection:
            self._put_rows(connection, key, fields, fingerprint, rows)

    def commit_scan(
        self,
        video_no: int,
        scanned: Scanned,
        rows: Mapping[str, tuple[Sequence[Field], str, Row]],
        path: str,
        complaint: Failure | None,
    ) -> None:
        """Store one decode of a video and what the probes found in it, all or none.

        Args:
            video_no: The video.
            scanned: Counts of the decode.
            rows: For each probe's key its fields, fingerprint and row.
            path: The file; an earlier failure to scan it is cleared.
            complaint: What is wrong with it although it could be read.
        """
        table = schema.scans
        facts = msgspec.to_builtins(scanned)
        with self._database.writing() as connection:
            passes = connection.execute(
                sa.select(table.c.passes).where(table.c.video_no == video_no)
            ).scalar()
            row = {"video_no": video_no, "passes": (passes or 0) + 1, **facts}
            upsert(connection, table, [row])
            for key, (fields, fingerprint, stage_row) in rows.items():
                self._put_rows(connection, key, fields, fingerprint, {video_no: stage_row})
            clear_failure(connection, "scan", path)
            if complaint is not None:
                put_failure(connection, complaint)

    def scans(self) -> dict[int, tuple[Scanned, int]]:
        """Return video number → (its decode, how often it was decoded)."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.scans)).mappings().all()
        names = Scanned.__slots__
        return {
            row["video_no"]: (
                msgspec.convert({name: row[name] for name in names}, Scanned),
                row["passes"],
            )
            for row in rows
        }

    def rows(
        self,
        key: str,
        fields: Sequence[Field],
        fingerprint: str,
        numbers: Collection[int] | None = None,
    ) -> dict[int, Row]:
        """Return a stage's rows of one fingerprint by item number; of all items by default."""
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
        """Return the same as columns, for very many rows: the numbers, and each field's values."""
        table = self._stage_table(key, fields)
        statement = sa.select(table.c.item_no, *(table.c[field.name] for field in fields))
        statement = statement.where(table.c.fingerprint == fingerprint)
        if numbers is not None:
            statement = statement.where(among(table.c.item_no, numbers))
        with self._database.reading() as connection:
            return columns_of(connection, statement)

    def vector_rows(
        self, key: str, fields: Sequence[Field], name: str, fingerprint: str, cut: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return which clips have a vector, and which row of its shards that is, ascending.

        Args:
            key: The stage, "scorer/embedding".
            fields: Its declared fields.
            name: The one that is a vector.
            fingerprint: Rows of other fingerprints do not count.
            cut: Fingerprint of the cut whose clips are meant.
        """
        table, sets = self._stage_table(key, fields), schema.clip_sets
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

    def replace_rows(
        self, key: str, fields: Sequence[Field], fingerprint: str, rows: Mapping[int, Row]
    ) -> None:
        """Store rows of one stage by item number in place of all that it had."""
        table = self._stage_table(key, fields)
        with self._database.writing() as connection:
            connection.execute(table.delete())
            changed(connection, key)
            self._put_rows(connection, key, fields, fingerprint, rows)

    def _put_rows(
        self,
        connection: sa.Connection,
        key: str,
        fields: Sequence[Field],
        fingerprint: str,
        rows: Mapping[int, Row],
    ) -> None:
        table = self._stage_table(key, fields, connection)
        full = [{"item_no": no, "fingerprint": fingerprint, **row} for no, row in rows.items()]
        for field in fields:
            if field.dtype == "vector" and full:
                shards = self.shards(key, field, fingerprint)
                numbers = shards.append(np.stack([row[field.name] for row in full]))
                for row, number in zip(full, numbers, strict=True):
                    row[field.name] = number
        upsert(connection, table, full)
        if full:
            changed(connection, key, rows)

    def shards(self, key: str, field: Field, fingerprint: str) -> Shards:
        """Return where the vectors of a stage are, whose rows hold only their numbers."""
        name = f"{key.replace('/', '_')}.{field.name}.{fingerprint}"
        return Shards(self._vectors / name, field.shape)

    def _stage_table(
        self, key: str, fields: Sequence[Field], connection: sa.Connection | None = None
    ) -> sa.Table:
        """Return a stage's table, made or widened to its declared fields if need be."""
        table = schema.stage_table(key, fields)
        if table.name in self._ready:
            return table
        if connection is None:
            with self._database.writing() as own:
                return self._stage_table(key, fields, own)
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

    # ---- cuts and clips -----------------------------------------------------------------------

    def uncut(self, fingerprint: str) -> list[int]:
        """Return the numbers of the videos without cuts of this fingerprint."""
        done = sa.select(schema.cut_sets.c.video_no).where(
            schema.cut_sets.c.fingerprint == fingerprint
        )
        statement = sa.select(schema.videos.c.no).where(schema.videos.c.no.not_in(done))
        with self._database.reading() as connection:
            return list(connection.execute(statement.order_by(schema.videos.c.no)).scalars())

    def commit_cuts(
        self,
        video_no: int,
        fingerprint: str,
        cuts: Sequence[Cut],
        clips: Sequence[Clip],
        *,
        shots: int,
        shots_too_short: int,
    ) -> None:
        """Store a video's cuts and the clips they make, in place of any of this fingerprint."""
        key = {"video_no": video_no, "fingerprint": fingerprint}
        with self._database.writing() as connection:
            table = schema.cuts
            connection.execute(
                table.delete().where(
                    table.c.video_no == video_no, table.c.fingerprint == fingerprint
                )
            )
            if cuts:
                rows = [key | {name: getattr(cut, name) for name in Cut.__slots__} for cut in cuts]
                connection.execute(table.insert(), rows)
            numbers = add_clips(connection, video_no, clips)
            sets = [{"fingerprint": fingerprint, "clip_no": number} for number in numbers]
            upsert(connection, schema.clip_sets, sets)
            restore_spans(connection, video_no, fingerprint)
            changed(connection, "cut", [video_no])
            counts = {"shots": shots, "shots_too_short": shots_too_short}
            upsert(connection, schema.cut_sets, [key | counts])

    def shot_counts(self, fingerprint: str) -> tuple[int, int]:
        """Return how many shots there are, and how many were too short to make a clip."""
        table = schema.cut_sets
        statement = sa.select(
            sa.func.coalesce(sa.func.sum(table.c.shots), 0),
            sa.func.coalesce(sa.func.sum(table.c.shots_too_short), 0),
        ).where(table.c.fingerprint == fingerprint)
        with self._database.reading() as connection:
            shots, too_short = connection.execute(statement).one()
        return shots, too_short

    def cuts(self, fingerprint: str) -> dict[int, list[Cut]]:
        """Return video number → its cuts, ascending; videos without a cut have an empty list."""
        table = schema.cuts
        sets = sa.select(schema.cut_sets.c.video_no).where(
            schema.cut_sets.c.fingerprint == fingerprint
        )
        statement = sa.select(table).where(table.c.fingerprint == fingerprint)
        with self._database.reading() as connection:
            found: dict[int, list[Cut]] = {no: [] for no in connection.execute(sets).scalars()}
            for row in connection.execute(statement.order_by(table.c.pts)).mappings():
                cut = Cut(**{name: row[name] for name in Cut.__slots__})
                found[row["video_no"]].append(cut)
        return found

    def clips(
        self, fingerprint: str, numbers: Collection[int] | None = None
    ) -> dict[int, tuple[int, Clip]]:
        """Return clip number → (video number, clip) of one setting of cut; all by default."""
        members = schema.clip_sets
        statement = CLIPS.join(members, members.c.clip_no == schema.clips.c.no).where(
            members.c.fingerprint == fingerprint
        )
        if numbers is not None:
            statement = statement.where(among(schema.clips.c.no, numbers))
        with self._database.reading() as connection:
            return numbered_clips(connection, statement)

    def clip_facts(
        self, fingerprint: str, videos: Collection[int] | None = None
    ) -> list[list[Any]]:
        """Return the clips of one setting of cut as columns, for very many.

        Args:
            fingerprint: Of the cut.
            videos: Numbers of the videos that are meant; all by default.

        Returns:
            Numbers, ids, their videos' numbers, in_pts, out_pts, frames, frames_damaged; by video
            and time.
        """
        with self._database.reading() as connection:
            return columns_of(connection, clips_of(fingerprint, videos))

    def clip_numbers(self, prefix: str, fingerprint: str) -> dict[str, int]:
        """Return clip id → number of the clips of one setting of cut whose ids begin so."""
        table, members = schema.clips, schema.clip_sets
        statement = (
            sa.select(table.c.id, table.c.no)
            .join(members, members.c.clip_no == table.c.no)
            .where(members.c.fingerprint == fingerprint)
            .where(table.c.id >= prefix, table.c.id < prefix + "\uffff")
        )
        with self._database.reading() as connection:
            return {row.id: row.no for row in connection.execute(statement)}

    def clips_by_id(self, ids: Sequence[str]) -> dict[str, tuple[int, int, Clip]]:
        """Return clip id → (number, video number, clip), whatever setting of cut made it."""
        found = {}
        with self._database.reading() as connection:
            for at in range(0, len(ids), 500):  # SQLite takes so many values in one statement
                statement = CLIPS.where(schema.clips.c.id.in_(ids[at : at + 500]))
                for row in connection.execute(statement).mappings():
                    found[row["id"]] = (row["no"], row["video_no"], clip_of(row))
        return found

    def revisions(self) -> dict[str, int]:
        """Return how often each part has changed: stages by their key, "cut", "captions"."""
        return self.changes.revisions()

    # ---- failures -----------------------------------------------------------------------------

    def commit_failure(self, failure: Failure) -> None:
        """Store a failure in place of an earlier one of the same stage and item."""
        with self._database.writing() as connection:
            put_failure(connection, failure)

    def clear_failures(self, stage: str, items: Sequence[str]) -> None:
        """Note that all of these went well, whether or not they failed before."""
        with self._database.writing() as connection:
            for item in items:
                clear_failure(connection, stage, item)

    def failures(self) -> list[Failure]:
        """Return all that stands as failed, oldest first."""
        table = schema.failures
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.at)).mappings().all()
        return [Failure(**{name: row[name] for name in Failure.__slots__}) for row in rows]
