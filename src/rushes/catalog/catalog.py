"""What is known about a project, and what is still pending."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.captions import Captions
from rushes.catalog.change_log import Changes, changed
from rushes.catalog.convert import (
    CLIPS,
    add_clips,
    add_video,
    clip_of,
    clips_of,
    numbered_clips,
    video_of,
)
from rushes.catalog.database import Database, among, columns_of, upsert
from rushes.catalog.failures import Failures, clear_failure, put_failure
from rushes.catalog.hydrus import HydrusLedger
from rushes.catalog.selections import Selections
from rushes.catalog.stages import StageTables
from rushes.catalog.verdicts import Verdicts, restore_spans
from rushes.records import Clip, ClipRow, Cut, Failure, Field, Row, Scanned, Video


class Catalog:
    """The project's memory."""

    def __init__(self, path: Path) -> None:
        """Open or create the catalog at `path`; see `Database` for what can go wrong."""
        self._database = Database(path)
        self.stages = StageTables(self._database, path.parent / "vectors")
        self.failures = Failures(self._database)
        self.selections = Selections(self._database)
        self.captions = Captions(self._database)
        self.verdicts = Verdicts(self._database)
        self.hydrus = HydrusLedger(self._database)
        self.changes = Changes(self._database)

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

    # ---- scans --------------------------------------------------------------------------------

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
                self.stages.put(connection, key, fields, fingerprint, {video_no: stage_row})
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

    def clips(self, fingerprint: str, numbers: Collection[int] | None = None) -> dict[int, ClipRow]:
        """Return clip number → clip of one setting of cut; all by default."""
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

    def clips_by_id(self, ids: Sequence[str]) -> dict[str, ClipRow]:
        """Return clip id → clip, whatever setting of cut made it."""
        found = {}
        with self._database.reading() as connection:
            for at in range(0, len(ids), 500):  # SQLite takes so many values in one statement
                statement = CLIPS.where(schema.clips.c.id.in_(ids[at : at + 500]))
                for row in connection.execute(statement).mappings():
                    found[row["id"]] = ClipRow(row["no"], row["video_no"], clip_of(row))
        return found
