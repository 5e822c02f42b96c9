"""The tables, and the migrations that bring an older catalog up to them.

Keys are small integers; text ids are unique columns. Every stage has one narrow table of its own,
made from its declared fields (`stage_table`), so a new scorer needs no migration.
"""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from rushes.records import Field

metadata = sa.MetaData()

videos = sa.Table(
    "videos",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("given", sa.String, nullable=False),
    sa.Column("facts", sa.String, nullable=False),  # the Video record as JSON, without key_pts
    sa.Column("key_pts", sa.LargeBinary, nullable=False),  # int64, little-endian
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("video_no", sa.ForeignKey("videos.no"), index=True),  # NULL: not a video
)

scans = sa.Table(
    "scans",
    metadata,
    sa.Column("video_no", sa.ForeignKey("videos.no"), primary_key=True),
    sa.Column("passes", sa.Integer, nullable=False),
    sa.Column("frames", sa.Integer, nullable=False),
    sa.Column("damaged_pts", sa.JSON, nullable=False),
    sa.Column("frames_dropped", sa.Integer, nullable=False),
    sa.Column("packets_lost", sa.Integer, nullable=False),
)

cut_sets = sa.Table(
    "cut_sets",
    metadata,
    sa.Column("video_no", sa.ForeignKey("videos.no"), primary_key=True),
    sa.Column("fingerprint", sa.String, primary_key=True),
    sa.Column("shots", sa.Integer, nullable=False),
    sa.Column("shots_too_short", sa.Integer, nullable=False),
)

cuts = sa.Table(
    "cuts",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("video_no", sa.ForeignKey("videos.no"), nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("start_pts", sa.BigInteger, nullable=False),
    sa.Column("pts", sa.BigInteger, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("detector", sa.String, nullable=False),
    sa.Index("cuts_by_video", "video_no", "fingerprint"),
)

clips = sa.Table(
    "clips",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("video_no", sa.ForeignKey("videos.no"), nullable=False, index=True),
    sa.Column("in_pts", sa.BigInteger, nullable=False),
    sa.Column("out_pts", sa.BigInteger, nullable=False),
    sa.Column("frames", sa.Integer, nullable=False),
    sa.Column("frames_damaged", sa.Integer, nullable=False),
)

clip_sets = sa.Table(  # the clips of one cut fingerprint; a clip may be in many
    "clip_sets",
    metadata,
    sa.Column("fingerprint", sa.String, primary_key=True),
    sa.Column("clip_no", sa.ForeignKey("clips.no"), primary_key=True),
)

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("stage", sa.String, primary_key=True),
    sa.Column("item", sa.String, primary_key=True),
    sa.Column("error", sa.String, nullable=False),
    sa.Column("message", sa.String, nullable=False),
    sa.Column("retry", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

selections = sa.Table(
    "selections",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("funnel", sa.JSON, nullable=False),
    sa.Column("candidates", sa.Integer, nullable=False),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("recipe", sa.String, nullable=False),  # digest of the whole recipe
    sa.Column("at", sa.String, nullable=False),
    sa.UniqueConstraint("name", "revision"),
)

selection_clips = sa.Table(
    "selection_clips",
    metadata,
    sa.Column("selection_no", sa.ForeignKey("selections.no"), primary_key=True),
    sa.Column("clip_no", sa.ForeignKey("clips.no"), primary_key=True),
)

exports = sa.Table(
    "exports",
    metadata,
    sa.Column("folder", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("format", sa.String, nullable=False),
    sa.Column("selection_no", sa.ForeignKey("selections.no"), nullable=False),
    sa.Column("clips", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

verdicts = sa.Table(  # append-only: no row is ever changed or removed
    "verdicts",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("action", sa.Integer, nullable=False, index=True),  # number of its first row
    sa.Column("at", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column(
        "clip", sa.String, nullable=False, index=True
    ),  # its id, since a clip may be removed and made again
    sa.Column("value", sa.JSON, nullable=False),
)

captions = sa.Table(  # the current one of each clip; triggers update `caption_words`
    "captions",
    metadata,
    sa.Column("clip_no", sa.ForeignKey("clips.no"), primary_key=True),
    sa.Column("source", sa.String, nullable=False),  # a captioner, or "person"
    sa.Column("text", sa.String, nullable=False),
)

captions_said = sa.Table(  # texts of captioners; those of people are in `verdicts`
    "captions_said",
    metadata,
    sa.Column("clip_no", sa.ForeignKey("clips.no"), primary_key=True),
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("rank", sa.Integer, nullable=False),  # 0 for the first captioner of the recipe
    sa.Column("text", sa.String, nullable=False),
)

revisions = sa.Table(  # number of changes of each part of the catalog
    "revisions",
    metadata,
    sa.Column("part", sa.String, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
)

changes = sa.Table(  # items of the latest changes, see `catalog/change_log.py`
    "changes",
    metadata,
    sa.Column("part", sa.String, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("numbers", sa.String),  # of items, as JSON; NULL: too many, or all
)

hydrus_clips = sa.Table(  # the file of each clip: Hydrus knows files by their bytes
    "hydrus_clips",
    metadata,
    sa.Column("clip", sa.String, primary_key=True),  # its id
    sa.Column("sha256", sa.String, nullable=False, index=True),
    sa.Column("facts", sa.JSON, nullable=False),
)

hydrus_files = sa.Table(
    "hydrus_files",
    metadata,
    sa.Column("client", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("state", sa.JSON, nullable=False),  # what both sides knew last: `hydrus.Base`
)

forgotten = sa.Table(  # a row for each removal; numbers up to these are never given again
    "forgotten",
    metadata,
    sa.Column("video_no", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("last_clip_no", sa.Integer, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

migrations_applied = sa.Table(
    "migrations",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("at", sa.String, nullable=False),
)


def _m0001_initial(connection: sa.Connection) -> None:
    metadata.create_all(connection)


def _m0002_verdicts(connection: sa.Connection) -> None:
    verdicts.create(connection, checkfirst=True)


_WORDS = "tokenize = 'unicode61 remove_diacritics 2'"
_PATH = r"replace({0}.given, '\', '/')"
_FILE_NAME = f"substr({_PATH}, length(rtrim({_PATH}, replace({_PATH}, '/', ''))) + 1)"
_OLD_WORDS = (
    "INSERT INTO caption_words (caption_words, rowid, text) "
    "VALUES ('delete', old.clip_no, old.text)"
)
_NEW_WORDS = "INSERT INTO caption_words (rowid, text) VALUES (new.clip_no, new.text)"


def _m0003_captions(connection: sa.Connection) -> None:
    captions.create(connection, checkfirst=True)
    for statement in (
        "CREATE VIRTUAL TABLE caption_words USING fts5"
        f"(text, content = 'captions', content_rowid = 'clip_no', {_WORDS})",
        f"CREATE TRIGGER captions_added AFTER INSERT ON captions BEGIN {_NEW_WORDS}; END",
        f"CREATE TRIGGER captions_removed AFTER DELETE ON captions BEGIN {_OLD_WORDS}; END",
        "CREATE TRIGGER captions_changed AFTER UPDATE ON captions "
        f"BEGIN {_OLD_WORDS}; {_NEW_WORDS}; END",
        f"CREATE VIRTUAL TABLE video_words USING fts5(name, {_WORDS})",
        f"INSERT INTO video_words (rowid, name) SELECT no, {_FILE_NAME.format('videos')} "
        "FROM videos",
        "CREATE TRIGGER videos_added AFTER INSERT ON videos BEGIN "
        f"INSERT INTO video_words (rowid, name) VALUES (new.no, {_FILE_NAME.format('new')}); END",
        "CREATE TRIGGER videos_called AFTER UPDATE OF given ON videos BEGIN "
        f"UPDATE video_words SET name = {_FILE_NAME.format('new')} WHERE rowid = new.no; END",
    ):
        connection.exec_driver_sql(statement)


def _m0004_revisions(connection: sa.Connection) -> None:
    revisions.create(connection, checkfirst=True)


def _m0005_hydrus(connection: sa.Connection) -> None:
    hydrus_clips.create(connection, checkfirst=True)
    hydrus_files.create(connection, checkfirst=True)


def _m0006_captions_said(connection: sa.Connection) -> None:
    captions_said.create(connection, checkfirst=True)
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO captions_said (clip_no, source, rank, text) "
        "SELECT clip_no, source, 0, text FROM captions"
    )


def _m0007_changes(connection: sa.Connection) -> None:
    changes.create(connection, checkfirst=True)


def _m0008_forgotten(connection: sa.Connection) -> None:
    forgotten.create(connection, checkfirst=True)


MIGRATIONS: list[Callable[[sa.Connection], None]] = [
    _m0001_initial,
    _m0002_verdicts,
    _m0003_captions,
    _m0004_revisions,
    _m0005_hydrus,
    _m0006_captions_said,
    _m0007_changes,
    _m0008_forgotten,
]
"""In order; each runs once, in one transaction with the row that records it."""

_TYPES = {
    "real": sa.Float,
    "integer": sa.BigInteger,
    "text": sa.String,
    "vector": sa.BigInteger,  # row in its shards, see `vectors.py`
}


def stage_table_name(key: str) -> str:
    """Return the name of a stage's table: "scorer/motion" → "scorer_motion"."""
    return key.replace("/", "_").replace("-", "_")


def stage_table(key: str, fields: Sequence[Field]) -> sa.Table:
    """Return the table of one stage: "scorer/motion" → scorer_motion(item_no, fingerprint, …)."""
    name = stage_table_name(key)
    if name in metadata.tables:
        return metadata.tables[name]
    return sa.Table(
        name,
        metadata,
        sa.Column("item_no", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.String, primary_key=True),
        *(sa.Column(f.name, _TYPES[f.dtype]) for f in fields),
        sqlite_with_rowid=False,
    )
