"""Spans of sound are exact, read one after another from one opened file."""

import numpy as np
import pytest

from rushes.media.audio import AudioReader
from rushes.media.probe import probe
from rushes.testing import AUDIO_RATE_HZ, BEEP_S, make_video


def read(source, video, from_s, to_s):
    in_pts, out_pts = (video.start_pts + round(at_s / video.time_base) for at_s in (from_s, to_s))
    blocks = list(source.seconds(in_pts, out_pts))
    return np.concatenate(blocks, axis=1) if blocks else None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".mpg", ".ts", ".webm"])
def test_a_beep_is_where_it_was_made_in_any_span_and_order(tmp_path, suffix):
    make_video(tmp_path / f"a{suffix}", (96,), beeps_s=(0.5, 2.5))
    video = probe(tmp_path / f"a{suffix}")
    with AudioReader(video) as source:
        for from_s, to_s, beep_s in ((2, 3, 2.5), (0, 1, 0.5), (0.25, 1.75, 0.5), (2, 4, 2.5)):
            wave_CT = read(source, video, from_s, to_s)
            assert wave_CT.shape[1] == pytest.approx((to_s - from_s) * AUDIO_RATE_HZ, abs=1)
            window = round(BEEP_S * AUDIO_RATE_HZ)
            power = np.convolve(wave_CT[0] ** 2, np.ones(window), "valid")
            assert power.argmax() / AUDIO_RATE_HZ == pytest.approx(beep_s - from_s, abs=0.004)


def test_a_silent_file_gives_nothing(tmp_path):
    make_video(tmp_path / "a.mp4", (24,))
    video = probe(tmp_path / "a.mp4")
    with AudioReader(video) as source:
        assert source.layout == ""
        assert read(source, video, 0, 1) is None
        assert list(source.mono(video.start_pts, video.end_pts, 16_000)) == []


def test_another_rate_is_as_long(tmp_path):
    make_video(tmp_path / "a.mp4", (72,), beeps_s=(1.5,))
    video = probe(tmp_path / "a.mp4")
    with AudioReader(video) as source:
        wave = np.concatenate(list(source.mono(video.start_pts, video.end_pts, 16_000)))
    assert len(wave) == pytest.approx(3 * 16_000, abs=16)
    power = np.convolve(wave**2, np.ones(320), "valid")
    assert power.argmax() / 16_000 == pytest.approx(1.5, abs=0.004)
