import csv
import io
import json
import re
import sys
from dataclasses import replace
from fractions import Fraction

import av
import opentimelineio as otio
import pytest

from rushes.errors import MediaError, MissingDependency
from rushes.exports.timelines import FORMATS, write_beside
from rushes.records import Cut, Video

VIDEO = Video(
    id="0" * 16,
    path="/fo o/größe; a=b #1.mp4",
    given="fo o/größe; a=b #1.mp4",
    size_bytes=1,
    container="mov,mp4",
    codec="h264",
    width_px=160,
    height_px=90,
    time_base=Fraction(1, 90000),
    origin_pts=90000,
    start_pts=90000,
    end_pts=90000 + 40 * 90000,
    missing_s=0.0,
    frames_packets=1000,
    fps_declared=Fraction(25),
    fps_measured=Fraction(25),
    is_vfr=False,
    rotation_deg=0,
    sample_aspect=Fraction(1),
    pix_fmt="yuv420p",
    color_range="unknown",
    color_space="unknown",
    color_primaries="unknown",
    color_transfer="unknown",
    field_order="progressive",
    audio_codec=None,
    audio_rate_hz=None,
    audio_channels=None,
    key_pts=(90000,),
)
CUTS = [
    Cut(kind="hard", start_pts=990000, pts=990000, confidence=0.98765, detector="x"),
    Cut(kind="dissolve", start_pts=1890000, pts=1926000, confidence=0.5, detector="x"),
]
EDGES_S = [0.0, 10.0, 20.4, 40.0]


def test_json_is_the_documented_list():
    assert json.loads(FORMATS["json"].write(VIDEO, CUTS))[1] == {
        "video": VIDEO.given,
        "kind": "dissolve",
        "start_pts": 1890000,
        "pts": 1926000,
        "start_time_s": 20.0,
        "time_s": 20.4,
        "confidence": 0.5,
    }
    assert json.loads(FORMATS["json"].write(VIDEO, [])) == []


def test_csv_has_the_same_columns_and_six_decimals():
    text = FORMATS["csv"].write(replace(VIDEO, given='a,"b".mp4'), CUTS)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["time_s"] for row in rows] == ["10.000000", "20.400000"]
    assert rows[0]["video"] == 'a,"b".mp4'
    assert list(rows[0]) == list(json.loads(FORMATS["json"].write(VIDEO, CUTS))[0])


def test_sidecar_is_one_second_a_line():
    assert FORMATS["sidecar"].write(VIDEO, CUTS) == "10.000000\n20.400000\n"
    assert FORMATS["sidecar"].write(VIDEO, []) == ""


@pytest.mark.parametrize("cuts", [CUTS, []])
def test_ffmpeg_reads_the_chapters(tmp_path, cuts):
    path = tmp_path / "ä b.ffmetadata"
    path.write_text(FORMATS["ffmetadata"].write(VIDEO, cuts), encoding="utf-8")
    with av.open(str(path), format="ffmetadata") as container:
        chapters = container.chapters()
        assert container.metadata["title"] == "größe; a=b #1.mp4"
    edges_s = EDGES_S if cuts else [0.0, 40.0]
    assert [float(c["start"] * c["time_base"]) for c in chapters] == edges_s[:-1]
    assert [float(c["end"] * c["time_base"]) for c in chapters] == edges_s[1:]
    assert chapters[0]["metadata"]["title"] == "shot 1"


def test_ffmetadata_escapes_line_breaks_and_backslashes(tmp_path):
    path = tmp_path / "a.ffmetadata"
    name = "a\\b\n[CHAPTER].mp4"
    path.write_text(FORMATS["ffmetadata"].write(replace(VIDEO, path=f"/{name}"), []))
    with av.open(str(path), format="ffmetadata") as container:
        assert container.metadata["title"] == name
        assert len(container.chapters()) == 1


def events(text):
    code = r"(\d\d:\d\d:\d\d:\d\d)"
    return re.findall(
        rf"^(\d{{3}})  AX       V     C        {code} {code} {code} {code}$", text, re.M
    )


def test_edl_counts_frames_as_timecode():
    text = FORMATS["edl"].write(VIDEO, CUTS)
    assert [event[:3] for event in events(text)] == [
        ("001", "00:00:00:00", "00:00:10:00"),
        ("002", "00:00:10:00", "00:00:20:10"),
        ("003", "00:00:20:10", "00:00:40:00"),
    ]
    assert all(event[1:3] == event[3:5] for event in events(text))
    assert text.startswith("TITLE: größe; a=b #1\nFCM: NON-DROP FRAME\n")
    assert "AFTER A DISSOLVE" in text
    assert "APPROXIMATE" not in text


@pytest.mark.parametrize("ticks", [1, 1800, 3600, 3600 * 7])
def test_editing_programs_count_frames_from_the_first_picture(ticks):
    late = replace(
        VIDEO, start_pts=VIDEO.start_pts + ticks, end_pts=VIDEO.end_pts + ticks
    )  # B-frames, or sound that begins first
    cuts = [replace(cut, start_pts=cut.start_pts + ticks, pts=cut.pts + ticks) for cut in CUTS]
    assert events(FORMATS["edl"].write(late, cuts)) == events(FORMATS["edl"].write(VIDEO, CUTS))
    text = FORMATS["otio"].write(late, cuts)
    clips = list(otio.adapters.read_from_string(text, "otio_json").find_clips())
    assert [clip.source_range.start_time.value for clip in clips] == [0, 250, 510]
    assert all(clip.media_reference.available_range.start_time.value == 0 for clip in clips)
    times = [row["time_s"] for row in json.loads(FORMATS["json"].write(late, cuts))]
    assert times == [late.seconds(cut.pts) for cut in cuts]  # a player's clock


def test_edl_at_an_ntsc_rate_is_non_drop():
    # An hour by the clock at 29.97 is 107,892 frames: 3.6 s less in non-drop timecode.
    video = replace(
        VIDEO,
        fps_declared=Fraction(30000, 1001),
        fps_measured=Fraction(2997, 100),
        origin_pts=0,
        start_pts=0,
        end_pts=3600 * 90000,
    )
    assert events(FORMATS["edl"].write(video, []))[0][2] == "00:59:56:12"


def test_edl_of_a_variable_rate_says_that_it_is_approximate():
    video = replace(VIDEO, is_vfr=True, fps_declared=None, fps_measured=Fraction(10))
    near = [replace(CUTS[0], start_pts=p, pts=p) for p in (990000, 990900)]
    text = FORMATS["edl"].write(video, near)
    assert "APPROXIMATE" in text
    assert len(events(text)) == 2  # two cuts within one frame of timecode make one


@pytest.mark.parametrize("is_vfr", [False, True])
def test_otio_reads_back(is_vfr):
    text = FORMATS["otio"].write(replace(VIDEO, is_vfr=is_vfr), CUTS)
    timeline = otio.adapters.read_from_string(text, "otio_json")
    clips = list(timeline.find_clips())
    ranges = [clip.source_range for clip in clips]
    assert [r.start_time.to_seconds() for r in ranges] == EDGES_S[:-1]
    assert [r.end_time_exclusive().to_seconds() for r in ranges] == EDGES_S[1:]
    assert ranges[0].start_time.rate == (90000 if is_vfr else 25)
    assert clips[0].media_reference.target_url.startswith("file:///fo%20o/gr")
    assert dict(clips[2].metadata["rushes"]["cut"])["kind"] == "dissolve"
    assert not timeline.video_tracks()[0].name.endswith(".mp4")


def test_otio_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    with pytest.raises(MissingDependency, match=r"pip install 'rushes\[edit\]'"):
        FORMATS["otio"].write(VIDEO, CUTS)


@pytest.mark.parametrize("name", FORMATS)
def test_files_lie_beside_the_video_under_its_whole_name(tmp_path, name):
    video = replace(VIDEO, path=str(tmp_path / "größe a.mkv"))
    path = write_beside(name, video, CUTS)
    assert path == tmp_path / f"größe a.mkv{FORMATS[name].suffix}"
    assert path.read_text("utf-8") == FORMATS[name].write(video, CUTS)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_takes_no_files_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match="file"):
        write_beside("csv", replace(VIDEO, path=str(tmp_path / "file" / "a.mkv")), CUTS)
