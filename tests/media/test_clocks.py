"""Files whose clock is odd: edit lists, late pictures, negative and missing times, odd pixels."""

import struct
from fractions import Fraction

import av
import pytest

from rushes.errors import MediaError
from rushes.media.probe import probe
from rushes.media.write.encode import Encoding, encode_clip
from rushes.media.write.source import ClipSource
from rushes.project import Project
from rushes.testing import Take, make_video, read_beeps, read_numbers

TAKES = (Take(frames=48, seed=0), Take(frames=48, seed=5))


def remuxed(source, target, *, shift_s=0, audio_shift_s=0, keep_negative=False):
    """Copy a file's packets with their times moved."""
    options = {"avoid_negative_ts": "disabled"} if keep_negative else {}
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        streams = {s: new.add_stream_from_template(s) for s in old.streams}
        for packet in old.demux():
            if not packet.size:
                continue
            is_video = packet.stream.type == "video"
            ticks = round((shift_s if is_video else audio_shift_s) / packet.time_base)
            packet.pts += ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
            packet.stream = streams[packet.stream]
            new.mux(packet)
    return target


def scanned(folder, path):
    with Project.open(folder / "project", create=True, workers=0) as project:
        project.run([path], only=["ingest", "scan", "cut"])
        return project.ls("cuts"), project.ls("clips"), project.failures()


def exported_numbers(video, clip, out):
    source = ClipSource(video, clip["in_pts"], clip["out_pts"])
    encode_clip(source, out, Encoding(preset="ultrafast"))
    return read_numbers(out)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_what_an_edit_list_hides_is_not_there(tmp_path, b_frames):
    source = tmp_path / "whole.mp4"
    make_video(source, TAKES, numbered=True, gop=24, b_frames=b_frames)
    edited = remuxed(source, tmp_path / "edited.mp4", shift_s=Fraction(-15, 24))
    assert read_numbers(edited)[0] == 15
    video = probe(edited)
    assert (video.frames_packets, video.start_pts, video.origin_pts) == (81, 0, 0)
    cuts, clips, failures = scanned(tmp_path, edited)
    assert not failures  # the hidden frames are no loss
    assert [cut["time_s"] for cut in cuts] == pytest.approx([33 / 24], abs=1e-4)
    assert [clip["frames"] for clip in clips] == [33, 48]
    numbers = exported_numbers(video, clips[0], tmp_path / "out.mp4")
    assert numbers == list(range(15, 48))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_picture_that_starts_after_the_sound(tmp_path, suffix):
    source = tmp_path / f"whole{suffix}"
    make_video(source, TAKES, numbered=True, beeps_s=(1.0, 3.0))
    late = remuxed(source, tmp_path / f"late{suffix}", shift_s=Fraction(3, 2))
    video = probe(late)
    assert video.seconds(video.start_pts) == pytest.approx(1.5, abs=0.03)
    cuts, clips, failures = scanned(tmp_path, late)
    assert not failures
    assert [cut["time_s"] for cut in cuts] == pytest.approx([3.5], abs=0.03)
    assert exported_numbers(video, clips[0], tmp_path / "out.mp4") == list(range(48))
    # The picture from 1.5 s to 3.5 s holds the beep of 3 s, halfway through its second second.
    assert read_beeps(tmp_path / "out.mp4") == pytest.approx([1.5], abs=0.03)


def test_a_sound_that_is_off_stays_off(tmp_path):
    source = tmp_path / "whole.mkv"
    make_video(source, TAKES, beeps_s=(1.0,))
    off = remuxed(source, tmp_path / "off.mkv", audio_shift_s=Fraction(1, 2))
    video = probe(off)
    encode_clip(ClipSource(video, 1000, 3000), tmp_path / "out.mp4", Encoding(preset="ultrafast"))
    assert read_beeps(tmp_path / "out.mp4") == pytest.approx([0.5], abs=0.005)


def test_frames_before_zero_and_frames_without_a_time(tmp_path):
    source = tmp_path / "whole.mp4"
    make_video(source, TAKES, numbered=True, gop=24)
    # Matroska drops what lies before zero, and FFmpeg gives the frames of the broken group behind
    # it no time of their own.
    early = remuxed(source, tmp_path / "early.mkv", shift_s=Fraction(-3, 5), keep_negative=True)
    video = probe(early)
    cuts, clips, _ = scanned(tmp_path, early)
    # Frame 15 comes first, 25 ms after zero; a player begins with it.
    assert cuts[0]["time_s"] == pytest.approx(33 / 24, abs=0.001)
    assert exported_numbers(video, clips[1], tmp_path / "out.mp4") == list(range(48, 96))


def test_raw_video_has_no_times_at_all(tmp_path):
    make_video(tmp_path / "raw.h264", TAKES, b_frames=0)
    with pytest.raises(MediaError, match=r"timestamp.*ffmpeg -r 25"):
        probe(tmp_path / "raw.h264")


@pytest.mark.parametrize("rotation_deg", [0, 90, 270])
def test_turned_and_stretched_at_once(tmp_path, rotation_deg):
    path = tmp_path / "a.mp4"
    make_video(path, TAKES, numbered=True, size=(160, 120), sample_aspect=Fraction(4, 3),
               rotation_deg=rotation_deg)  # fmt: skip
    cuts, clips, failures = scanned(tmp_path, path)
    assert not failures
    assert [cut["time_s"] for cut in cuts] == [2.0]
    assert exported_numbers(probe(path), clips[1], tmp_path / "out.mp4") == list(range(48, 96))
    with av.open(str(tmp_path / "out.mp4")) as container:
        size = (container.streams.video[0].width, container.streams.video[0].height)
    # 160 pixels of 4:3 are 213⅓ square ones.
    assert size in ({(212, 120), (213, 120), (214, 120)} if not rotation_deg else {(120, 212)})


@pytest.mark.parametrize("first", [0, 30])
def test_a_video_trimmed_by_its_edit_list_misses_nothing(tmp_path, first):
    path = tmp_path / "a.mp4"
    make_video(path, (Take(frames=240, seed=0),), numbered=True, gop=24, b_frames=0)
    with av.open(str(path)) as container:
        ticks = int(1 / container.streams.video[0].time_base) // 24
    data = bytearray(path.read_bytes())
    at = data.find(b"elst") + 4
    struct.pack_into(">II", data, at + 8, 2500, first * ticks)
    for box, place in ((b"mvhd", 16), (b"tkhd", 20)):
        struct.pack_into(">I", data, data.index(box) + 4 + place, 2500)
    path.write_bytes(data)
    _, clips, failures = scanned(tmp_path, path)
    assert not failures
    assert [clip["frames"] for clip in clips] == [60]
    assert exported_numbers(probe(path), clips[0], tmp_path / "out.mp4") == [
        *range(first, first + 60)
    ]


def test_a_clock_that_passes_its_largest_number_misses_nothing(tmp_path):
    make_video(tmp_path / "a.ts", TAKES, numbered=True, beeps_s=(1.0,))
    ticks = Fraction(2**33 - 3 * 90000 // 2, 90000)
    path = remuxed(tmp_path / "a.ts", tmp_path / "b.ts", shift_s=ticks, audio_shift_s=ticks)
    _, clips, failures = scanned(tmp_path, path)
    assert not failures
    assert [clip["frames"] for clip in clips] == [48, 48]
    assert exported_numbers(probe(path), clips[1], tmp_path / "out.mp4") == list(range(48, 96))
