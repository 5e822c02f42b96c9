import multiprocessing
import sqlite3
from dataclasses import replace
from fractions import Fraction

import pytest

from rushes.catalog import Catalog, schema
from rushes.errors import ProjectError
from rushes.records import (
    Clip,
    Cut,
    CutResult,
    Failure,
    Field,
    RuleCount,
    Scanned,
    Selection,
    Video,
)

FIELDS = (Field(name="speed"), Field(name="count", dtype="integer"))


def a_video(number=1, **changes):
    video = Video(
        id=f"{number:016d}", path=f"/films/{number}.mp4", given=f"{number}.mp4", size_bytes=1,
        container="mov,mp4", codec="h264", width_px=160, height_px=90,
        time_base=Fraction(1, 90000), origin_pts=0, start_pts=0, end_pts=90000,
        frames_packets=24, fps_declared=Fraction(24000, 1001), fps_measured=None, is_vfr=False,
        rotation_deg=0, sample_aspect=Fraction(4, 3), pix_fmt="yuv420p", color_range="unknown",
        color_space="unknown", color_primaries="unknown", color_transfer="unknown",
        field_order="progressive", audio_codec=None, audio_rate_hz=None, audio_channels=None,
        key_pts=(0, 45000), missing_s=0.0,
    )  # fmt: skip
    return replace(video, **changes)


def a_result(cuts=(), clips=(), shots=1, shots_too_short=0):
    return CutResult(cuts=cuts, clips=clips, shots=shots, shots_too_short=shots_too_short)


def a_failure(item="x", message="what; next", stage="scan"):
    return Failure(stage=stage, item=item, error="MediaError", message=message, retry="rushes scan")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


@pytest.fixture
def catalog(path):
    opened = Catalog(path)
    yield opened
    opened.close()


@pytest.fixture
def with_clips(catalog):
    """A catalog with one video that is cut into three clips."""
    no = catalog.add_file("/films/1.mp4", 1, 1, a_video())
    clips = [
        Clip(video_id=a_video().id, in_pts=at, out_pts=at + 100, frames=1) for at in (0, 100, 200)
    ]
    catalog.commit_cuts(no, "print", a_result(clips=clips, shots=3))
    return catalog


def tables(path):
    connection = sqlite3.connect(path)
    found = {row[0] for row in connection.execute("select name from sqlite_master")}
    connection.close()
    return found


def query(path, statement):
    connection = sqlite3.connect(path)
    found = connection.execute(statement).fetchall()
    connection.commit()
    connection.close()
    return found


def test_it_writes_ahead(catalog, path):
    assert query(path, "pragma journal_mode") == [("wal",)]


def test_each_migration_runs_once(path, monkeypatch):
    Catalog(path).close()
    applied = query(path, "select name from migrations")
    assert applied == [(migration.__name__,) for migration in schema.MIGRATIONS]
    calls = []

    def _m9999_later(connection):
        calls.append(connection)

    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, _m9999_later])
    for _ in range(3):
        Catalog(path).close()
    assert len(calls) == 1
    assert query(path, "select count(*) from migrations") == [(len(schema.MIGRATIONS),)]


def test_a_migration_that_fails_leaves_the_catalog_as_it_was(path, monkeypatch):
    Catalog(path).close()
    before = tables(path)

    def _m9999_broken(connection):
        connection.exec_driver_sql("create table half (x)")
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, _m9999_broken])
        with pytest.raises(RuntimeError, match="no"):
            Catalog(path)
    assert tables(path) == before
    Catalog(path).close()


def test_a_newer_catalog_is_refused(path):
    Catalog(path).close()
    query(path, "insert into migrations values ('_m0099_tomorrow', '2030')")
    with pytest.raises(ProjectError, match=r"newer Rushes.*_m0099_tomorrow.*pip install -U rushes"):
        Catalog(path)


def test_a_file_that_is_no_database_is_refused(path):
    path.write_text("this is no database at all" * 100)
    with pytest.raises(ProjectError, match=r"catalog\.db.*backup"):
        Catalog(path)


def test_a_video_comes_back_as_it_went_in(catalog, path):
    no = catalog.add_file("/films/1.mp4", 5, 7, a_video())
    assert catalog.videos() == {no: replace(a_video(), key_pts=(), mtime_ns=7)}
    assert list(catalog.key_pts(no)) == [0, 45000]
    assert catalog.files() == {"/films/1.mp4": (5, 7, no)}
    assert catalog.videos([]) == {}
    again = Catalog(path)
    assert again.videos() == catalog.videos()
    again.close()


def test_the_same_bytes_are_one_video(catalog, tmp_path):
    here = tmp_path / "here.mp4"
    here.touch()
    first = catalog.add_file(str(here), 1, 1, a_video(path=str(here)))
    assert catalog.add_file("/copy.mp4", 1, 1, a_video(path="/copy.mp4")) == first
    assert catalog.videos()[first].path == str(here)
    here.unlink()
    assert catalog.add_file("/copy.mp4", 1, 1, a_video(path="/copy.mp4")) == first
    assert catalog.videos()[first].path == "/copy.mp4"


def test_failures_replace_each_other_and_clear(catalog):
    catalog.failures.add(a_failure(message="first"))
    catalog.failures.add(a_failure(message="second"))
    catalog.failures.add(a_failure(item="y"))
    catalog.failures.add(a_failure(stage="cut"))
    assert len(catalog.failures.all()) == 3
    assert [f.message for f in catalog.failures.all() if f == a_failure(message="second")] == [
        "second"
    ]
    catalog.failures.clear("scan", ["x", "never failed"])
    assert {(f.stage, f.item) for f in catalog.failures.all()} == {("scan", "y"), ("cut", "x")}


def test_reading_a_file_clears_its_failure(catalog):
    catalog.failures.add(a_failure(item="/films/1.mp4", stage="ingest"))
    catalog.add_file("/films/1.mp4", 1, 1, a_video())
    assert catalog.failures.all() == []


def test_a_scan_clears_its_failure_or_leaves_a_warning(catalog):
    no = catalog.add_file("/films/1.mp4", 1, 1, a_video())
    scanned = Scanned(frames=24, damaged_pts=(3, 5), frames_dropped=1, packets_lost=2)
    catalog.failures.add(a_failure(item="/films/1.mp4"))
    catalog.commit_scan(no, scanned, {}, "/films/1.mp4", None)
    assert catalog.failures.all() == []
    assert catalog.scans() == {no: (scanned, 1)}
    warning = a_failure(item="/films/1.mp4", message="2 frames are damaged")
    catalog.commit_scan(no, scanned, {}, "/films/1.mp4", warning)
    assert catalog.failures.all() == [warning]
    assert catalog.scans()[no][1] == 2  # decoded twice, and it says so


def test_rows_of_another_fingerprint_are_pending_again(with_clips):
    catalog = with_clips
    numbers = list(catalog.clips("print"))
    assert catalog.stages.pending("scorer/t_motion", FIELDS, "a", "print") == numbers
    catalog.stages.commit("scorer/t_motion", FIELDS, "a", {numbers[0]: {"speed": 1.5, "count": 2}})
    assert catalog.stages.pending("scorer/t_motion", FIELDS, "a", "print") == numbers[1:]
    assert catalog.stages.pending("scorer/t_motion", FIELDS, "b", "print") == numbers
    assert catalog.stages.pending("scorer/t_motion", FIELDS, "a", "other cut") == []
    assert catalog.stages.rows("scorer/t_motion", FIELDS, "a") == {
        numbers[0]: {"speed": 1.5, "count": 2}
    }
    catalog.stages.commit("scorer/t_motion", FIELDS, "a", {numbers[0]: {"speed": 9.0, "count": 2}})
    assert catalog.stages.rows("scorer/t_motion", FIELDS, "a")[numbers[0]]["speed"] == 9.0
    catalog.stages.commit("scorer/t_motion", FIELDS, "a", {})


def test_a_table_is_widened_when_its_stage_declares_another_field(path):
    first = Catalog(path)
    first.stages.commit("scorer/t_wide", FIELDS[:1], "a", {1: {"speed": 2.0}})
    first.close()
    schema.metadata.remove(schema.metadata.tables["scorer_t_wide"])  # as in another process
    second = Catalog(path)
    second.stages.commit("scorer/t_wide", FIELDS, "b", {1: {"speed": 3.0, "count": 4}})
    assert second.stages.rows("scorer/t_wide", FIELDS, "b") == {1: {"speed": 3.0, "count": 4}}
    assert second.stages.rows("scorer/t_wide", FIELDS, "a") == {1: {"speed": 2.0, "count": None}}
    second.close()
    schema.metadata.remove(schema.metadata.tables["scorer_t_wide"])


def test_cuts_replace_those_of_the_same_fingerprint(with_clips):
    catalog = with_clips
    (no,) = catalog.videos()
    cut = Cut(kind="dissolve", start_pts=90, pts=110, confidence=0.5, detector="content")
    for _ in range(2):
        catalog.commit_cuts(no, "other", a_result(cuts=[cut], shots=2, shots_too_short=1))
    assert catalog.cuts("other") == {no: [cut]}
    assert catalog.cuts("print") == {no: []}
    assert catalog.shot_counts("other") == (2, 1)
    assert catalog.shot_counts("never") == (0, 0)
    assert catalog.uncut("other") == []
    assert catalog.uncut("never") == [no]
    assert len(catalog.clips("print")) == 3
    assert catalog.clips("other") == {}


def test_a_clip_that_two_settings_make_is_one_clip(with_clips):
    catalog = with_clips
    (no,) = catalog.videos()
    first = next(row.clip for row in catalog.clips("print").values())
    longer = replace(first, out_pts=500)
    catalog.commit_cuts(no, "other", a_result(clips=[first, longer]))
    assert len(set(catalog.clips("print")) & set(catalog.clips("other"))) == 1
    assert set(catalog.clips_by_id([first.id, longer.id])) == {first.id, longer.id}


def a_selection(catalog, count, **changes):
    numbers = list(catalog.clips("print"))[:count]
    ids = tuple(catalog.clips("print")[no].clip.id for no in numbers)
    line = RuleCount(rule="r", threshold="r >= 1", alone=3, left=count, missing=0)
    selection = Selection(
        name="main", revision=1, clips=ids, funnel=(line,), candidates=3, duration_s=1.5
    )
    return replace(selection, **changes), numbers


def test_the_same_selection_is_no_new_revision(with_clips):
    catalog = with_clips
    assert catalog.selections.newest("main") is None
    assert catalog.selections.freeze(*a_selection(catalog, 3), "digest").revision == 1
    assert catalog.selections.freeze(*a_selection(catalog, 3), "digest").revision == 1
    assert catalog.selections.freeze(*a_selection(catalog, 2), "digest").revision == 2
    assert catalog.selections.freeze(*a_selection(catalog, 2), "another digest").revision == 2
    assert catalog.selections.freeze(*a_selection(catalog, 3), "digest").revision == 3
    newest, _ = catalog.selections.newest("main")
    assert newest == a_selection(catalog, 3, revision=3)[0]
    other = a_selection(catalog, 1, name="other")
    assert catalog.selections.freeze(*other, "digest").revision == 1


def test_a_selection_may_be_empty(with_clips):
    frozen = with_clips.selections.freeze(*a_selection(with_clips, 0), "digest")
    assert frozen.clips == ()
    assert with_clips.selections.newest("main")[0] == frozen


def test_exports_are_known_by_their_folder(with_clips):
    with_clips.selections.freeze(*a_selection(with_clips, 3), "digest")
    row = {"folder": "/out", "name": "main", "format": "folder", "selection_no": 1, "clips": 3,
           "size_bytes": 9}  # fmt: skip
    with_clips.selections.commit_export(row)
    with_clips.selections.commit_export(row | {"clips": 2})
    (found,) = with_clips.selections.exports().values()
    assert (found["clips"], found["format"]) == (2, "folder")


def _write(path, first):
    catalog = Catalog(path)
    for at in range(first, first + 60):
        catalog.add_file(f"/films/{at}.mp4", 1, 1, a_video(at, path=f"/films/{at}.mp4"))
        catalog.videos()
    catalog.close()


def test_two_writers_at_once_wait_for_each_other(path):
    context = multiprocessing.get_context("forkserver")
    writers = [context.Process(target=_write, args=(path, first)) for first in (0, 1000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    catalog = Catalog(path)
    assert len(catalog.videos()) == 120
    catalog.close()


def test_a_reader_sees_one_state_while_another_writes(catalog, path):
    other = Catalog(path)
    catalog.add_file("/films/1.mp4", 1, 1, a_video())
    with other._database.reading() as connection:
        before = connection.exec_driver_sql("select count(*) from videos").scalar()
        catalog.add_file("/films/2.mp4", 1, 1, a_video(2))
        assert connection.exec_driver_sql("select count(*) from videos").scalar() == before
    assert len(other.videos()) == 2
    other.close()


def test_captions_are_found_by_their_words_whatever_is_asked(with_clips):
    texts = {
        1: [("sidecar", "a red fox")],
        2: [("sidecar", "Café, a red car")],
        3: [("image", "fog")],
    }
    assert with_clips.captions.store(texts, [1, 2, 3]) == {1, 2, 3}

    def found(query):
        return with_clips.captions.search(query, "print", 10)

    assert found("RED fox") == [1, 2], "all words first, then some"
    assert found("cafe") == found("cafe\u0301") == found("CAFÉ") == [2]
    assert sorted(found("fo*")) == [1, 3]
    assert found("fo") == []
    for rude in (
        '"',
        "'",
        '"fox',
        "AND",
        "NEAR(",
        "fox OR",
        "text:fox",
        "*",
        "-fox",
        "(",
        "\0",
        "",
    ):
        assert set(found(rude)) <= {1}, rude
    assert with_clips.captions.search("fox", "another cut", 10) == []


def test_the_words_of_captions_stay_in_step(with_clips):
    store, search = with_clips.captions.store, with_clips.captions.search
    fox, dog = [("sidecar", "a fox")], [("sidecar", "a dog")]
    store({1: fox, 2: fox}, [1, 2])
    assert store({1: dog, 2: fox}, [1, 2]) == {1}
    assert (search("fox", "print", 10), search("dog", "print", 10)) == ([2], [1])
    assert store({}, [1, 2]) == {1, 2}
    assert search("fox dog", "print", 10) == []
    assert with_clips.captions.current() == {}


def test_clips_are_asked_for_by_number_however_many_they_are(with_clips):
    assert list(with_clips.clips("print", [2])) == [2]
    assert list(with_clips.clips("print", range(2, 100_000))) == [2, 3]
    assert with_clips.clips("print", []) == {}


def test_clips_are_found_by_the_file_names_of_their_videos(with_clips):
    def found(query):
        return with_clips.captions.search_names(query, "print", 10)

    with_clips.set_given({1: "/old films/Grand Café_12.mkv"})
    assert found("cafe") == found("12") == [1, 2, 3]
    assert found("films") == [], "folders are no names"
    with_clips.set_given({1: r"C:\films\sea.mp4"})
    assert (found("cafe"), found("sea"), found("films")) == ([], [1, 2, 3], [])
