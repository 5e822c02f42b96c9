import errno
import os
from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.errors import MediaError, RecipeError
from rushes.files import PART
from rushes.media.probe import probe
from rushes.media.write import encode
from rushes.media.write.encode import Encoding, encode_clip, exact_rate
from rushes.media.write.source import ClipSource
from rushes.testing import Take, make_video, read_beeps, read_numbers

FAST = {"preset": "ultrafast"}


def frame_pts(path):
    """pts of every frame, as the container has them."""
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def frame_times(path):
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def clip_of(path, first, last, out, **encoding):
    """Encode frames `first` to `last` (exclusive) and return source, facts."""
    video = probe(path)
    pts = [*frame_pts(path), video.end_pts]
    facts = encode_clip(ClipSource(video, pts[first], pts[last]), out, Encoding(**FAST | encoding))
    return video, facts


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "mpg", "ts", "webm"])
def test_clip_holds_exactly_its_frames_and_sound(tmp_path, suffix):
    source, out = tmp_path / f"ä b.{suffix}", tmp_path / "out" / "clip.mp4"
    make_video(source, (24, 24, 24), fps=25, numbered=True, beeps_s=(1.0, 2.5))
    _, facts = clip_of(source, 19, 53, out)
    assert read_numbers(out) == list(range(19, 53))
    assert frame_times(out)[0] == 0
    assert facts["frames"] == 34
    assert facts["fps"] == 25
    assert facts["duration_s"] == pytest.approx(34 / 25, abs=0.0011)
    assert facts["has_audio"]
    # AVI knows no display times: there B-frames delay the picture by a frame.
    delay_s = 0.04 if suffix == "avi" else 0
    assert read_beeps(out) == pytest.approx([1.0 - 19 / 25 - delay_s], abs=0.003)
    with av.open(str(out)) as container:
        lengths = [float(stream.duration * stream.time_base) for stream in container.streams]
    assert lengths == pytest.approx([facts["duration_s"]] * 2, abs=1e-4)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p", "yuv422p"])
def test_pixels_match_the_source(tmp_path, pix_fmt):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (8,), pix_fmt=pix_fmt)
    clip_of(source, 2, 5, out, crf=4)
    assert probe(out).pix_fmt == "yuv420p"
    with av.open(str(source)) as a, av.open(str(out)) as b:
        meant = [f.to_ndarray(format="rgb24") for f in a.decode()][2:5]
        got = [f.to_ndarray(format="rgb24") for f in b.decode()]
    assert np.abs(np.stack(meant).astype(int) - np.stack(got)).mean() < 4


def test_variable_frame_times_are_kept_to_the_tick(tmp_path):
    pts = [0, 33, 67, 100, 500, 517, 533, 550, 1000, 1001, 1100, 1177]
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (11,), pts=pts, numbered=True)
    _, facts = clip_of(source, 2, 10, out)
    assert read_numbers(out) == list(range(2, 10))
    assert frame_times(out) == [Fraction(p - 67, 1000) for p in pts[2:10]]
    assert facts["fps"] is None
    assert facts["duration_s"] == 1.033
    made = probe(out)
    assert made.duration_s == 1.033
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert stream.duration * stream.time_base == Fraction(1033, 1000)


def test_a_clip_that_begins_between_frames_shows_its_first_frame_at_zero(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (10,), fps=10, numbered=True)
    encode_clip(ClipSource(probe(source), 150, 470), out, Encoding(**FAST))
    assert read_numbers(out) == [2, 3, 4]
    assert frame_times(out) == [0, Fraction(150, 1000), Fraction(250, 1000)]
    assert probe(out).duration_s == 0.32


@pytest.mark.parametrize(
    ("fps", "rate"), [(12, Fraction(12)), (60, Fraction(60)), (23.976, Fraction(24000, 1001))]
)
def test_constant_rate_shows_what_was_on_display(tmp_path, fps, rate):
    pts = [0, 40, 80, 400, 440, 480, 490, 500, 1000, 1040, 1080]
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (10,), pts=pts, numbered=True)
    _, facts = clip_of(source, 1, 9, out, fps=fps)
    count = round(rate)  # the clip lasts a second
    moments = [40 + k * 1000 / rate for k in range(count)]
    assert read_numbers(out) == [sum(p <= moment for p in pts[:-1]) - 1 for moment in moments]
    assert frame_times(out) == [k / rate for k in range(count)]
    assert (facts["frames"], facts["fps"]) == (count, round(float(rate), 6))
    assert probe(out).fps_declared == rate


def test_a_clip_of_one_short_frame_still_has_a_frame(tmp_path):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(source, (10,), fps=50, numbered=True)
    _, facts = clip_of(source, 3, 4, out, fps=8)
    assert read_numbers(out) == [3]
    assert facts["frames"] == 1


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_rotation_goes_into_the_pixels(tmp_path, rotation_deg):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(source, (6,), size=(176, 144), rotation_deg=rotation_deg, numbered=True)
    _, facts = clip_of(source, 1, 4, out)
    upright = (176, 144) if rotation_deg == 180 else (144, 176)
    assert read_numbers(out) == [1, 2, 3]
    made = probe(out)
    assert made.rotation_deg == 0
    assert (made.width_px, made.height_px) == upright == (facts["width_px"], facts["height_px"])


@pytest.mark.parametrize(
    ("source", "wish", "size"),
    [
        ({"sample_aspect": Fraction(4, 3)}, {}, (212, 90)),
        ({"sample_aspect": Fraction(1, 2)}, {}, (160, 180)),
        ({}, {"width_px": 100}, (100, 56)),
        ({}, {"height_px": 180}, (320, 180)),
        ({}, {"width_px": 64, "height_px": 64}, (64, 64)),
        ({"rotation_deg": 90}, {"width_px": 64, "height_px": 64}, (64, 64)),
        ({"rotation_deg": 270, "sample_aspect": Fraction(4, 3)}, {"height_px": 100}, (42, 100)),
        ({"size": (161, 91), "pix_fmt": "yuv444p"}, {}, (160, 90)),
    ],
)
def test_output_size(tmp_path, source, wish, size):
    path, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(path, (4,), **source)
    _, facts = clip_of(path, 0, 3, out, **wish)
    made = probe(out)
    assert (made.width_px, made.height_px) == size == (facts["width_px"], facts["height_px"])
    assert made.sample_aspect == 1


def test_both_sides_crop_the_centre(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (3,), size=(180, 90), codec="ffv1")
    clip_of(source, 0, 3, out, width_px=90, height_px=90, crf=1)
    with av.open(str(source)) as a, av.open(str(out)) as b:
        meant = next(a.decode(video=0)).to_ndarray(format="gray").astype(int)
        got = next(b.decode(video=0)).to_ndarray(format="gray").astype(int)
    errors = {x: np.abs(meant[:, x : x + 90] - got).mean() for x in range(36, 54)}
    assert min(errors, key=errors.get) == 44  # 45, brought to an even offset


@pytest.mark.parametrize("pix_fmt", ["yuvj420p", "yuv420p"])
def test_full_range_becomes_limited(tmp_path, pix_fmt):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    codec = "mjpeg" if pix_fmt == "yuvj420p" else "libx264"
    options = {"qmin": "1", "qmax": "2"} if codec == "mjpeg" else {}
    takes = (Take(frames=3, contrast=0, luma=250),)
    make_video(
        source, takes, pix_fmt=pix_fmt, full_range=True, codec=codec, options=options, b_frames=0
    )
    clip_of(source, 0, 3, out, crf=1)
    with av.open(str(source)) as a, av.open(str(out)) as b:
        full = np.frombuffer(next(a.decode(video=0)).planes[0], np.uint8).max().item()
        limited = np.frombuffer(next(b.decode(video=0)).planes[0], np.uint8).max().item()
    assert full > 235
    assert limited == pytest.approx(16 + full * 219 / 255, abs=2)
    assert probe(out).color_range != "full"


def test_colours_keep_their_matrix_and_say_so(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    x264 = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
    make_video(source, (3,), options={"x264-params": x264})
    clip_of(source, 0, 3, out)
    made = probe(out)
    assert (made.color_space, made.color_primaries, made.color_transfer, made.color_range) == (
        "bt709", "bt709", "bt709", "limited",
    )  # fmt: skip


def test_rgb_becomes_tagged_bt709(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (3,), codec="ffv1", pix_fmt="bgr0")
    clip_of(source, 0, 3, out, crf=4)
    assert probe(out).color_space == "bt709"
    with av.open(str(source)) as a, av.open(str(out)) as b:
        meant = next(a.decode(video=0)).to_ndarray(format="rgb24").astype(int)
        got = next(b.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(meant.mean((0, 1)) - got.mean((0, 1))).max() < 2


def test_sound_that_ends_early_or_starts_late_is_padded(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (75,), fps=25, beeps_s=(1.2,), audio_from_s=1.0, audio_to_s=1.5)
    clip_of(source, 10, 60, out)
    assert read_beeps(out) == pytest.approx([1.2 - 0.4], abs=0.003)
    with av.open(str(out)) as container:
        lengths = [float(stream.duration * stream.time_base) for stream in container.streams]
    assert lengths == pytest.approx([2.0, 2.0], abs=1e-4)


def test_no_sound_where_the_source_has_none_in_the_clip(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (50,), fps=25, beeps_s=(0.2,), audio_to_s=0.8)
    _, facts = clip_of(source, 25, 50, out)
    assert not facts["has_audio"]
    assert probe(out).audio_codec is None
    _, facts = clip_of(source, 0, 10, out, audio=False)
    assert not facts["has_audio"]


def test_sound_without_a_decoder_is_left_out(tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mp4"
    make_video(source, (12,), beeps_s=(0.1,))
    source.write_bytes(source.read_bytes().replace(b"A_FLAC", b"A_NONE"))
    _, facts = clip_of(source, 0, 8, out)
    assert not facts["has_audio"]


def test_a_picture_without_a_decoder_is_an_error_that_says_so(tmp_path):
    source = tmp_path / "a.mkv"
    make_video(source, (12,))
    source.write_bytes(source.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_NONE4/ISO/AVC"))
    with pytest.raises(MediaError, match=r"a\.mkv: FFmpeg has no decoder"):
        probe(source)


def test_equal_input_gives_equal_bytes(tmp_path):
    source = tmp_path / "a.mp4"
    make_video(source, (20,), beeps_s=(0.1,))
    outs = [tmp_path / "b.mp4", tmp_path / "c.mp4"]
    for out in outs:
        clip_of(source, 3, 15, out)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_the_index_comes_first(tmp_path):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(source, (8,))
    clip_of(source, 0, 8, out)
    data = out.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_no_frames_there_is_an_error_that_names_the_clip(tmp_path):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(source, (8,), fps=8)
    video = probe(source)
    with pytest.raises(MediaError, match=r"a\.mp4 \[5\.0–6\.0 s\]: no frame"):
        second = int(1 / video.time_base)
        encode_clip(ClipSource(video, 5 * second, 6 * second), out, Encoding(**FAST))
    assert list(tmp_path.iterdir()) == [source]


def test_a_missing_source_is_an_error_that_names_it(tmp_path):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(source, (8,))
    video = probe(source)
    source.unlink()
    with pytest.raises(MediaError, match=r"a\.mp4"):
        encode_clip(ClipSource(video, video.start_pts, video.end_pts), out, Encoding(**FAST))


@pytest.mark.parametrize("frames", [8, 400])
def test_a_full_disk_says_so_and_leaves_nothing(tmp_path, frames):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    make_video(source, (frames,))
    # What is written under the temporary name goes to the device that is always full.
    temporary = tmp_path / f".{os.getpid()}{PART}.b.mp4"
    temporary.symlink_to("/dev/full")
    with pytest.raises(MediaError, match=r"a\.mp4 .*: no space left .*free some") as caught:
        clip_of(source, 0, frames, out)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("frames", "message"),
    [(8, r"a\.mp4 .*the first frame is .* off"), (7, r"a\.mp4 .*8 frames written, 7 read back")],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, monkeypatch, frames, message):
    source, other, out = tmp_path / "a.mp4", tmp_path / "other.mp4", tmp_path / "b.mp4"
    make_video(source, (8,))
    make_video(other, (Take(frames=frames, seed=2),))
    write = encode._write

    def write_other(path, *args):
        written = write(path, *args)
        path.write_bytes(other.read_bytes())
        return written

    monkeypatch.setattr(encode, "_write", write_other)
    with pytest.raises(MediaError, match=message):
        clip_of(source, 0, 8, out)
    assert sorted(tmp_path.iterdir()) == [source, other]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"width_px": 101}, "width_px"),
        ({"height_px": 0}, "height_px"),
        ({"crf": 60}, "crf"),
        ({"preset": "quick"}, "preset"),
    ],
)
def test_wrong_values_are_refused(wrong, word):
    with pytest.raises(RecipeError, match=word):
        Encoding(**wrong)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (24, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (8.0, Fraction(8)),
    ],
)
def test_rounded_rates_stand_for_exact_ones(fps, rate):
    assert exact_rate(fps) == rate
