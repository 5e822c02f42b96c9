"""Times and sizes that a person reads off a video's record."""

from fractions import Fraction

import pytest

from rushes.records import Clip, Video


def video(**changes) -> Video:
    facts = dict(
        id="0" * 16, path="/v.mp4", given="v.mp4", size_bytes=1, container="mp4", codec="h264",
        width_px=640, height_px=360, time_base=Fraction(1, 90000), origin_pts=0, start_pts=0,
        end_pts=900000, missing_s=0.0,
        frames_packets=250, fps_declared=Fraction(25), fps_measured=Fraction(25),
        is_vfr=False, rotation_deg=0, sample_aspect=Fraction(1), pix_fmt="yuv420p",
        color_range="unknown", color_space="unknown", color_primaries="unknown",
        color_transfer="unknown", field_order="progressive", audio_codec=None, audio_rate_hz=None,
        audio_channels=None, key_pts=(0,),
    )  # fmt: skip
    return Video(**(facts | changes))


def test_seconds_are_those_of_a_players_clock():
    late = video(origin_pts=126000, start_pts=126000)
    assert late.seconds(126000) == 0.0
    assert late.seconds(126000 + 90000 * 10 + 3003) == 10.033367


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (640, 360)),
        ({"rotation_deg": 90}, (360, 640)),
        ({"sample_aspect": Fraction(4, 3)}, (852, 360)),
        ({"sample_aspect": Fraction(8, 9), "width_px": 720, "height_px": 480}, (720, 540)),
        ({"width_px": 641, "height_px": 361}, (640, 360)),
        ({"sample_aspect": Fraction(2), "rotation_deg": 270}, (360, 1280)),
    ],
)
def test_display_size_is_upright_with_square_pixels_and_even(changes, size):
    assert video(**changes).display_size_px == size


def test_the_size_in_a_player_may_be_odd():
    odd = video(width_px=641, height_px=405)
    assert odd.player_size_px == (641, 405)
    assert video(width_px=405, height_px=641, rotation_deg=90).player_size_px == (641, 405)


def test_the_declared_rate_counts_where_timestamps_agree_with_it():
    rounded = video(fps_measured=Fraction(22131, 922), fps_declared=Fraction(24))
    assert rounded.rate == 24
    assert video(fps_measured=Fraction(15), fps_declared=Fraction(30)).rate == 15
    assert video(fps_measured=None, fps_declared=None).rate == 25


def test_a_clips_id_depends_on_bytes_and_span_alone():
    clip = Clip(video_id="a" * 16, in_pts=0, out_pts=100, frames=4)
    same = Clip(video_id="a" * 16, in_pts=0, out_pts=100, frames=4, frames_damaged=1)
    assert clip.id == same.id
    assert clip.id != Clip(video_id="b" * 16, in_pts=0, out_pts=100, frames=4).id
