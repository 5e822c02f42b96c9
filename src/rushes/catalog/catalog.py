"""The catalog of a project: files, videos, scans, cuts and clips; the other parts by name."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sqlalchemy as sa

from rushes.catalog import schema
from rushes.catalog.captions import Captions
from rushes.catalog.change_log import Changes, log_change
from rushes.catalog.convert import (
    CLIPS,
    add_clips,
    add_video,
    clip_from_row,
    clips_statement,
    fetch_clips,
    set_sections,
    video_from_row,
)
from rushes.catalog.database import Database, fetch_columns, is_in, upsert
from rushes.catalog.failures import Failures, clear_failure
from rushes.catalog.forget import forget_videos
from rushes.catalog.hydrus import HydrusLedger
from rushes.catalog.selections import Selections
from rushes.catalog.stages import StageTables
from rushes.catalog.verdicts import Verdicts, restore_spans
from rushes.records import ClipRow, Cut, CutResult, Failure, Field, Row, Scanned, Video


class Catalog:
    """The database of a project; `stages`, `captions`, `verdicts` and others are its parts."""

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
        """Return path → (size_bytes, mtime_ns, video number or None) of all ingested files."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.files)).all()
        return {row.path: (row.size_bytes, row.mtime_ns, row.video_no) for row in rows}

    def add_file(
        self, path: str, size_bytes: int, mtime_ns: int, video: Video | None
    ) -> int | None:
        """Store a file, and its video if it is one; return the video's number.

        An earlier failure of the file is cleared.
        """
        with self._database.writing() as connection:
            no = None if video is None else add_video(connection, video)
            row = {"path": path, "size_bytes": size_bytes, "mtime_ns": mtime_ns, "video_no": no}
            upsert(connection, schema.files, [row])
            clear_failure(connection, "ingest", path)
        return no

    def set_given(self, given: Mapping[int, str]) -> None:
        """Store the paths of videos as a person gave them: number → path."""
        self._update_videos("given", given)

    def set_paths(self, paths: Mapping[int, str]) -> None:
        """Store the paths where videos lie now: number → absolute path."""
        self._update_videos("path", paths)

    def _update_videos(self, column: str, values: Mapping[int, str]) -> None:
        table = schema.videos
        with self._database.writing() as connection:
            for number, text in values.items():
                statement = table.update().where(table.c.no == number).values({column: text})
                connection.execute(statement)
            if values:
                log_change(connection, "videos", values)

    def forget_file(self, path: str) -> None:
        """Remove a file that is gone, and its failures; its video stays."""
        with self._database.writing() as connection:
            connection.execute(schema.files.delete().where(schema.files.c.path == path))
            clear_failure(connection, "ingest", path)
            clear_failure(connection, "scan", path)

    def forget(self, numbers: Collection[int]) -> list[str]:
        """Remove videos, their clips, results and failures; return the ids of the clips.

        Verdicts stay: they are found again if the same bytes are ever ingested again.
        """
        with self._database.writing() as connection:
            return forget_videos(connection, numbers)

    def videos(self, numbers: Iterable[int] | None = None) -> dict[int, Video]:
        """Return number → video, without its key frames; all videos by default."""
        table, files = schema.videos, schema.files
        is_its_file = (files.c.path == table.c.path) & (files.c.video_no == table.c.no)
        statement = (
            sa.select(table.c.no, table.c.path, table.c.given, table.c.facts, files.c.mtime_ns)
            .outerjoin(files, is_its_file)
            .order_by(table.c.no)
        )
        if numbers is not None:
            statement = statement.where(table.c.no.in_(list(numbers)))
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return {row.no: video_from_row(*row[1:]) for row in rows}

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
        warning: Failure | None,
    ) -> None:
        """Store one decode of a video and the rows of its probes, all or none.

        Args:
            video_no: The video.
            scanned: Counts of the decode.
            rows: Key of a probe → its fields, fingerprint and row.
            path: The file; an earlier failure of its scan is cleared.
            warning: Damage in a file that could be decoded; None for a whole file.
        """
        table = schema.scans
        facts = msgspec.to_builtins(replace(scanned, sections=()))
        del facts["sections"]  # stored with the video
        with self._database.writing() as connection:
            passes = connection.execute(
                sa.select(table.c.passes).where(table.c.video_no == video_no)
            ).scalar()
            row = {"video_no": video_no, "passes": (passes or 0) + 1, **facts}
            upsert(connection, table, [row])
            set_sections(connection, video_no, scanned.sections)
            for key, (fields, fingerprint, stage_row) in rows.items():
                self.stages.put(connection, key, fields, fingerprint, {video_no: stage_row})
            clear_failure(connection, "scan", path)
            if warning is not None:
                self.failures.put(connection, warning)

    def scans(self) -> dict[int, tuple[Scanned, int]]:
        """Return video number → (counts of its last decode, number of decodes)."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(schema.scans)).mappings().all()
        names = [name for name in Scanned.__slots__ if name != "sections"]
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
        found: CutResult,
    ) -> None:
        """Store the cuts and clips of a video in place of those of this fingerprint."""
        key = {"video_no": video_no, "fingerprint": fingerprint}
        with self._database.writing() as connection:
            table = schema.cuts
            connection.execute(
                table.delete().where(
                    table.c.video_no == video_no, table.c.fingerprint == fingerprint
                )
            )
            if found.cuts:
                rows = [
                    key | {name: getattr(cut, name) for name in Cut.__slots__} for cut in found.cuts
                ]
                connection.execute(table.insert(), rows)
            numbers = add_clips(connection, video_no, found.clips)
            sets = [{"fingerprint": fingerprint, "clip_no": number} for number in numbers]
            upsert(connection, schema.clip_sets, sets)
            restore_spans(connection, video_no, fingerprint)
            log_change(connection, "cut", [video_no])
            counts = {"shots": found.shots, "shots_too_short": found.shots_too_short}
            upsert(connection, schema.cut_sets, [key | counts])

    def shot_counts(self, fingerprint: str) -> tuple[int, int]:
        """Return the number of shots, and of those too short for a clip."""
        table = schema.cut_sets
        statement = sa.select(
            sa.func.coalesce(sa.func.sum(table.c.shots), 0),
            sa.func.coalesce(sa.func.sum(table.c.shots_too_short), 0),
        ).where(table.c.fingerprint == fingerprint)
        with self._database.reading() as connection:
            shots, too_short = connection.execute(statement).one()
        return shots, too_short

    def cuts(self, fingerprint: str) -> dict[int, list[Cut]]:
        """Return video number → cuts in order of time, for each video that is cut."""
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
        """Return clip number → clip of one cut fingerprint; all its clips by default."""
        members = schema.clip_sets
        statement = CLIPS.join(members, members.c.clip_no == schema.clips.c.no).where(
            members.c.fingerprint == fingerprint
        )
        if numbers is not None:
            statement = statement.where(is_in(schema.clips.c.no, numbers))
        with self._database.reading() as connection:
            return fetch_clips(connection, statement)

    def clip_columns(
        self, fingerprint: str, videos: Collection[int] | None = None
    ) -> list[list[Any]]:
        """Return the clips of one cut fingerprint as columns: quicker than `clips` for 100,000.

        Args:
            fingerprint: Of the cut.
            videos: Numbers of videos; all by default.

        Returns:
            Clip numbers, ids, video numbers, in_pts, out_pts, frames, frames_damaged, in order of
            video and time.
        """
        with self._database.reading() as connection:
            return fetch_columns(connection, clips_statement(fingerprint, videos))

    def clip_numbers(self, prefix: str, fingerprint: str) -> dict[str, int]:
        """Return clip id → clip number of one cut fingerprint, for ids that begin with `prefix`."""
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
        """Return clip id → clip, of any cut fingerprint."""
        found = {}
        with self._database.reading() as connection:
            for at in range(0, len(ids), 500):  # SQLite limits the values of a statement
                statement = CLIPS.where(schema.clips.c.id.in_(ids[at : at + 500]))
                for row in connection.execute(statement).mappings():
                    found[row["id"]] = ClipRow(row["no"], row["video_no"], clip_from_row(row))
        return found
