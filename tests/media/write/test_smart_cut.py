import itertools
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from rushes.errors import ItemError, MediaError, RecipeError
from rushes.media.probe import probe
from rushes.media.write import smart_cut
from rushes.media.write.clip import write_clip
from rushes.media.write.encode import Encoding
from rushes.media.write.source import ClipSource
from rushes.media.write.stream_copy import copy_clip
from rushes.records import Box, Correction
from rushes.testing import make_video, read_beeps, read_numbers

FAST = Encoding(preset="ultrafast", audio=False)
CLOSED = "keyint=12:min-keyint=12:scenecut=0"
OPEN = f"{CLOSED}:open-gop=1"
QUIET = "log-level=none:pools=none"
H265_OPEN = {"x265-params": f"{QUIET}:{OPEN}:bframes=4:b-adapt=0"}
STEPS = [3 + 2 * (n % 4) for n in range(40)]

SOURCES = {
    "h264": {},
    "h264_no_b": {"b_frames": 0},
    "h264_pyramid": {"b_frames": 4, "options": {"preset": "medium", "x264-params": CLOSED}},
    "h264_mkv": {"suffix": "mkv"},
    "h264_ts": {"suffix": "ts"},
    "h264_vfr": {"suffix": "mkv", "pts": [0, *itertools.accumulate(s * 9 for s in STEPS)]},
    "h265_closed": {"codec": "libx265", "options": {"x265-params": f"{QUIET}:{CLOSED}:open-gop=0"}},
    "h265_open": {"codec": "libx265", "options": H265_OPEN},
    "h265_open_ts": {"codec": "libx265", "suffix": "ts", "options": H265_OPEN},
}  # fmt: skip


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """Return (video, pts of its 40 frames and its end) by a name of SOURCES or by options."""
    folder, made = tmp_path_factory.mktemp("sources"), {}

    def call(name="h264", **more):
        key = (name, repr(more))
        if key not in made:
            options = {"numbered": True, "gop": 12, "suffix": "mp4", **SOURCES[name], **more}
            path = folder / f"{len(made)}.{options.pop('suffix')}"
            make_video(path, (40,), **options)
            with av.open(str(path)) as container:
                pts = [frame.pts for frame in container.decode(video=0)]
            video = probe(path)
            made[key] = video, [*pts, video.end_pts]
        return made[key]

    return call


def written(path, video):
    """Return the numbers of a file's frames, their starts and its end in ticks of the source."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        length = stream.duration * stream.time_base / video.time_base
        ticks = [f.pts * f.time_base / video.time_base for f in container.decode(stream)]
    return read_numbers(path), ticks, length


def pixels(path, numbers):
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(video=0)]
    return [frames[number] for number in numbers]


def check(video, pts, first, last, out, encoding=FAST):
    """Write frames `first` to `last` (exclusive), see that it is they, and return the facts."""
    facts = write_clip(ClipSource(video, pts[first], pts[last]), out, encoding)
    numbers, starts, length = written(out, video)
    assert numbers == list(range(first, last))
    assert starts == [p - pts[first] for p in pts[first:last]]
    assert length == pytest.approx(pts[last] - pts[first], abs=1)
    assert facts["frames"] == last - first
    return facts


@pytest.mark.parametrize("name", SOURCES)
def test_every_begin_and_end_in_a_group_is_exact(source, tmp_path, name):
    video, pts = source(name)
    for first, last in zip([*range(12), 0, 7, 11], range(26, 41), strict=True):
        facts = check(video, pts, first, last, tmp_path / "out.mp4")
        assert facts["mode"] == "smart"
        assert facts["frames_copied"] >= 8


def test_a_whole_file_is_copied_as_it_is(source, tmp_path):
    video, pts = source()
    facts = check(video, pts, 0, 40, tmp_path / "out.mp4")
    assert facts["frames_copied"] == 40
    assert all((a == b).all() for a, b in zip(
        pixels(video.path, range(40)), pixels(tmp_path / "out.mp4", range(40)), strict=True
    ))  # fmt: skip


@pytest.mark.parametrize("name", ["h264", "h265_open"])
def test_what_is_copied_equals_the_source_to_the_bit(source, tmp_path, name):
    video, pts = source(name)
    out = tmp_path / "out.mp4"
    facts = check(video, pts, 5, 33, out)
    theirs, ours = pixels(video.path, range(5, 33)), pixels(out, range(28))
    same = [bool((a == b).all()) for a, b in zip(theirs, ours, strict=True)]
    assert sum(same) >= facts["frames_copied"]
    assert all(same[same.index(True) : same.index(True) + facts["frames_copied"]])


def test_an_open_group_of_h264_is_encoded_until_a_clean_key_frame(source, tmp_path):
    options = {"x264-params": f"{OPEN}:bframes=3:b-adapt=0", "preset": "medium"}
    video, pts = source(options=options)
    assert len(video.key_pts) > 2
    facts = check(video, pts, 0, 30, tmp_path / "out.mp4")
    assert (facts["mode"], facts["frames_copied"] > 24) == ("smart", True)
    facts = check(video, pts, 3, 30, tmp_path / "out.mp4")
    assert facts["mode"] == "exact"
    assert "no clean key frame" in facts["mode_reason"]


def test_a_clip_without_a_key_frame_is_encoded(source, tmp_path):
    video, pts = source()
    facts = check(video, pts, 13, 22, tmp_path / "out.mp4")
    assert (facts["mode"], facts["frames_copied"]) == ("exact", 0)
    assert "no clean key frame lies within the clip" in facts["mode_reason"]


def test_a_clip_that_begins_between_frames_shows_its_first_frame_at_zero(source, tmp_path):
    video, pts = source()
    write_clip(ClipSource(video, pts[12] - 5, pts[30] - 7), tmp_path / "out.mp4", FAST)
    numbers, starts, length = written(tmp_path / "out.mp4", video)
    assert numbers == list(range(12, 30))
    assert starts == [0, *(p - pts[12] + 5 for p in pts[13:30])]
    assert length == pytest.approx(pts[30] - pts[12] - 2, abs=1)


@pytest.mark.parametrize("mode", ["smart", "copy"])
def test_sound_is_aligned(source, tmp_path, mode):
    video, pts = source(beeps_s=(0.8, 1.2))
    out = tmp_path / "out.mp4"
    facts = write_clip(
        ClipSource(video, pts[7], pts[38]), out, Encoding(mode=mode, preset="ultrafast")
    )
    begin = {"smart": 7, "copy": 12}[mode]
    assert facts["has_audio"]
    assert facts["mode"] == mode
    assert read_beeps(out) == pytest.approx([0.8 - begin / 24, 1.2 - begin / 24], abs=0.003)
    with av.open(str(out)) as container:
        lengths = [float(stream.duration * stream.time_base) for stream in container.streams]
    assert lengths == pytest.approx([facts["duration_s"]] * 2, abs=1e-3)


def test_a_rate_that_the_source_has_anyway_is_not_in_the_way(source, tmp_path):
    video, pts = source()
    fps24 = Encoding(fps=24, preset="ultrafast")
    assert check(video, pts, 5, 30, tmp_path / "a.mp4", fps24)["mode"] == "smart"
    rounded, pts = source("h264_mkv")
    facts = write_clip(ClipSource(rounded, pts[5], pts[30]), tmp_path / "b.mp4", fps24)
    assert facts["mode"] == "exact"
    assert "do not come at exactly 24" in facts["mode_reason"]


@pytest.mark.parametrize(
    ("made", "encoding", "reason"),
    [
        ({}, {"width_px": 80}, "another size"),
        ({}, {"fps": 12}, "exactly 12"),
        ({"rotation_deg": 90}, {}, "upright"),
        ({"sample_aspect": Fraction(4, 3)}, {}, "square"),
        ({"pix_fmt": "yuv420p10le"}, {}, "yuv420p10le"),
        ({"full_range": True}, {}, "full range"),
        ({"codec": "mpeg4"}, {}, "mpeg4, not H.264"),
        ({"suffix": "avi", "codec": "libx264"}, {}, "container"),
    ],
)
def test_what_cannot_be_copied_is_encoded_and_says_why(source, tmp_path, made, encoding, reason):
    video, pts = source(**made)
    wish = Encoding(preset="ultrafast", **encoding)
    facts = write_clip(ClipSource(video, pts[0], pts[24]), tmp_path / "out.mp4", wish)
    assert facts["mode"] == "exact"
    assert reason in facts["mode_reason"]
    assert read_numbers(tmp_path / "out.mp4")[0] == 0


def test_a_corrected_picture_is_encoded(source, tmp_path):
    video, pts = source()
    bars = Correction(box=Box(top=0.1, bottom=0.1))
    facts = write_clip(ClipSource(video, pts[0], pts[24], bars), tmp_path / "out.mp4", FAST)
    assert facts["mode"] == "exact"
    assert facts["height_px"] < 90
    assert facts["mode_reason"] == "its bars are cropped"
    fields = replace(video, field_order="interlaced")
    facts = write_clip(ClipSource(fields, pts[0], pts[24]), tmp_path / "out.mp4", FAST)
    assert (facts["mode"], facts["mode_reason"]) == ("exact", "it is interlaced")


def test_exact_copies_nothing(source, tmp_path):
    video, pts = source()
    exact = Encoding(mode="exact", preset="ultrafast")
    facts = check(video, pts, 0, 24, tmp_path / "out.mp4", exact)
    assert (facts["mode"], facts["mode_reason"], facts["frames_copied"]) == ("exact", "", 0)


def test_a_copy_that_does_not_equal_the_source_is_encoded_instead(source, tmp_path, monkeypatch):
    video, pts = source()
    real = smart_cut.digest
    monkeypatch.setattr(smart_cut, "digest", lambda frame: real(frame)[::-1])
    facts = check(video, pts, 5, 30, tmp_path / "out.mp4")
    assert facts["mode"] == "exact"
    assert "does not equal the source's" in facts["mode_reason"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_equal_input_gives_equal_bytes(source, tmp_path):
    video, pts = source()
    outs = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for out in outs:
        check(video, pts, 5, 33, out)
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "ends"),
    [("h264", (12, 36)), ("h264_ts", (12, 36)), ("h265_open", (12, 35)), ("h264_vfr", (12, 36))],
)
def test_a_copy_snaps_inward_to_whole_groups(source, tmp_path, name, ends):
    video, pts = source(name)
    out = tmp_path / "out.mp4"
    facts = copy_clip(ClipSource(video, pts[5], pts[39]), out, FAST)
    first, last = pts.index(facts["in_pts"]), pts.index(facts["out_pts"])
    assert (first, last) == ends
    numbers, starts, _ = written(out, video)
    assert numbers == list(range(first, last))
    assert starts == [p - pts[first] for p in pts[first:last]]
    theirs, ours = pixels(video.path, (first, last - 1)), pixels(out, (0, -1))
    assert all((a == b).all() for a, b in zip(theirs, ours, strict=True))
    assert (facts["mode"], facts["in_s"]) == ("copy", video.seconds(pts[first]))


def test_a_copy_may_begin_at_an_open_group_without_what_leads_it(source, tmp_path):
    options = {"x264-params": f"{OPEN}:bframes=3:b-adapt=0", "preset": "medium"}
    video, pts = source(options=options)
    facts = copy_clip(ClipSource(video, pts[5], pts[39]), tmp_path / "out.mp4", FAST)
    first, last = pts.index(facts["in_pts"]), pts.index(facts["out_pts"])
    assert 5 <= first < last <= 39
    assert read_numbers(tmp_path / "out.mp4") == list(range(first, last))


def test_a_copy_of_another_codec(source, tmp_path):
    video, pts = source(codec="mpeg4", b_frames=0)
    facts = copy_clip(ClipSource(video, pts[5], pts[39]), tmp_path / "out.mp4", FAST)
    assert read_numbers(tmp_path / "out.mp4") == list(range(12, 36))
    assert probe(tmp_path / "out.mp4").codec == "mpeg4"
    assert facts["frames"] == 24


@pytest.mark.parametrize(("first", "last"), [(1, 12), (5, 23), (13, 24)])
def test_a_clip_without_a_whole_group_cannot_be_copied(source, tmp_path, first, last):
    video, pts = source()
    with pytest.raises(ItemError, match=r"\.mp4 \[.* s\]: no .*; set mode to smart"):
        copy_clip(ClipSource(video, pts[first], pts[last]), tmp_path / "out.mp4", FAST)
    assert not list(tmp_path.iterdir())


def test_a_copy_that_went_wrong_is_an_error_that_names_the_clip(source, tmp_path, monkeypatch):
    video, pts = source()
    real = copy_clip.__globals__["mux"]

    def broken(path, tracks):
        real(path, tracks)
        data = bytearray(path.read_bytes())
        data[-200] ^= 0x55
        path.write_bytes(data)

    monkeypatch.setitem(copy_clip.__globals__, "mux", broken)
    with pytest.raises(MediaError, match=r"\.mp4 .*does not equal the source's pictures"):
        copy_clip(ClipSource(video, pts[0], pts[24]), tmp_path / "out.mp4", FAST)
    assert not list(tmp_path.iterdir())


def test_wrong_modes_are_refused():
    with pytest.raises(RecipeError, match="mode is one of auto, smart, exact, copy"):
        Encoding(mode="quick")
    with pytest.raises(RecipeError, match="mode copy keeps frame rate and size"):
        Encoding(mode="copy", fps=24)
