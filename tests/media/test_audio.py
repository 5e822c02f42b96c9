"""Spans of sound are exact, read one after another from one opened file."""

from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.media.audio import AudioReader
from rushes.media.probe import probe
from rushes.media.write.clip import write_clip
from rushes.media.write.encode import Encoding
from rushes.media.write.source import ClipSource
from rushes.testing import AUDIO_RATE_HZ, BEEP_S, make_video, read_beeps


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


def export(path, out):
    video = probe(path)
    source = ClipSource(video, video.start_pts, video.end_pts)
    write_clip(source, out, Encoding(preset="ultrafast", mode="exact"))
    return out


@pytest.mark.parametrize(
    ("first", "second", "beep_s"),
    [("comment", "default", 2.0), ("", "default", 2.0), ("", "", 1.0), ("comment", "", 2.0),
     ("default", "comment", 1.0), ("default", "default", 1.0), ("visual_impaired", "", 2.0)],
)  # fmt: skip
def test_the_sound_is_the_one_that_a_player_chooses(tmp_path, first, second, beep_s):
    mark = av.stream.Disposition
    make_video(tmp_path / "a.mkv", (72,), beeps_s=(1.0,))
    make_video(tmp_path / "b.mkv", (72,), beeps_s=(2.0,))
    with (
        av.open(str(tmp_path / "a.mkv")) as one,
        av.open(str(tmp_path / "b.mkv")) as two,
        av.open(str(tmp_path / "both.mkv"), "w") as both,
    ):
        picture = both.add_stream_from_template(one.streams.video[0])
        sounds = [both.add_stream_from_template(each.streams.audio[0]) for each in (one, two)]
        for sound, name in zip(sounds, (first, second), strict=True):
            sound.disposition = mark[name] if name else mark(0)
        targets = [(one, {"video": picture, "audio": sounds[0]}), (two, {"audio": sounds[1]})]
        for source, streams in targets:
            for packet in source.demux():
                if packet.size and packet.stream.type in streams:
                    packet.stream = streams[packet.stream.type]
                    both.mux(packet)
    exported = export(tmp_path / "both.mkv", tmp_path / "out.mp4")
    assert read_beeps(exported) == pytest.approx([beep_s], abs=0.01)


def surround(path, layout, channels):
    """Write a film with a tone of 0.7 of full scale in some channels (all if empty)."""
    make_video(path.with_suffix(".silent.mkv"), (48,))
    count = av.AudioLayout(layout).nb_channels
    tone = 0.7 * np.sin(2 * np.pi * 500 * np.arange(2 * AUDIO_RATE_HZ) / AUDIO_RATE_HZ)
    wave_CT = np.stack([tone * (not channels or at in channels) for at in range(count)])
    with (
        av.open(str(path.with_suffix(".silent.mkv"))) as silent,
        av.open(str(path), "w") as film,
    ):
        picture = film.add_stream_from_template(silent.streams.video[0])
        sound = film.add_stream("pcm_f32le", rate=AUDIO_RATE_HZ, layout=layout)
        for packet in silent.demux(video=0):
            if packet.size:
                packet.stream = picture
                film.mux(packet)
        samples = np.ascontiguousarray(wave_CT.T.reshape(1, -1).astype(np.float32))
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE_HZ, 0, Fraction(1, AUDIO_RATE_HZ)
        film.mux(sound.encode(frame))
        film.mux(sound.encode(None))
    return path


def peak(path):
    with av.open(str(path)) as film:
        return max(float(np.abs(frame.to_ndarray()).max()) for frame in film.decode(audio=0))


@pytest.mark.parametrize("layout", ["5.1", "7.1", "4.0"])
def test_a_mix_of_many_channels_does_not_clip_and_keeps_its_level(tmp_path, layout):
    loud = export(surround(tmp_path / "loud.mkv", layout, ()), tmp_path / "loud.mp4")
    assert 0.8 < peak(loud) < 1.0
    voice = export(surround(tmp_path / "voice.mkv", layout, (2,)), tmp_path / "voice.mp4")
    assert peak(voice) == pytest.approx(0.7 / 2**0.5, rel=0.1)  # 3 dB less on either side
