"""Sound is drawn sample by sample, so its loudness and its gaps are known."""

from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.annotation.scorers.loudness import Loudness
from rushes.errors import ItemError
from rushes.media.audio import AudioReader
from rushes.media.probe import probe
from rushes.project import Project
from rushes.records import Clip
from rushes.stages.items import ClipInput
from rushes.testing import make_video

RATE_HZ = 48_000


def tone(level_dbfs, length_s, hz=1000):
    """A sine whose root mean square is `level_dbfs` under that of a full-scale sine."""
    t = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    return 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * t)


def write(path, wave_CT, *, layout="stereo", codec="pcm_s16le", later_s=0, fps=25):
    """Write a gray video as long as its sound, which begins `later_s` after the picture."""
    length_s = later_s + wave_CT.shape[1] / RATE_HZ
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream(codec, rate=RATE_HZ, layout=layout)
        for number in range(round(length_s * fps)):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        packed = np.rint(wave_CT.T.reshape(1, -1) * 32767).astype(np.int16)
        step = 1024 * wave_CT.shape[0]
        for first in range(0, packed.shape[1], step):
            piece = np.ascontiguousarray(packed[:, first : first + step])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout=layout)
            frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = round(later_s * RATE_HZ) + first // wave_CT.shape[0]
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return probe(path)


def clip(video, from_s=0, to_s=None):
    in_pts = video.start_pts + round(from_s / video.time_base)
    out_pts = video.end_pts if to_s is None else video.start_pts + round(to_s / video.time_base)
    made = Clip(video_id=video.id, in_pts=in_pts, out_pts=out_pts, frames=1)
    return ClipInput(
        clip=made, video=video, stills_THWC=np.zeros((0, 2, 2, 3), np.uint8), signals={}
    )


def measure(video, *span, **params):
    return Loudness(Loudness.Params(**params)).annotate([clip(video, *span)])[0]


def test_a_tone_has_the_loudness_that_r128_says(tmp_path):
    # BS.1770: a 1 kHz sine of both channels at -23 dBFS peak reads -23 LUFS.
    for level in (-40, -23, -6):
        video = write(tmp_path / f"{-level}.mkv", np.stack([tone(level, 2)] * 2))
        row = measure(video)
        assert row["integrated_lufs"] == pytest.approx(level, abs=0.2)
        assert row["peak"] == pytest.approx(10 ** (level / 20), rel=0.01)
        assert (row["has_sound"], row["silent_fraction"]) == (1, 0)


def test_only_what_lies_inside_the_clip_counts(tmp_path):
    wave = np.concatenate([tone(-40, 2), tone(-10, 2), 0 * tone(0, 2)])
    video = write(tmp_path / "a.mov", np.stack([wave, wave]))  # Matroska rounds times to 1 ms
    quiet, loud, none = (measure(video, from_s, from_s + 2) for from_s in (0, 2, 4))
    assert quiet["peak"] == pytest.approx(0.01, rel=0.02)
    assert quiet["integrated_lufs"] == pytest.approx(-40, abs=0.2)
    assert loud["integrated_lufs"] == pytest.approx(-10, abs=0.2)
    assert none == {"has_sound": 1, "silent_fraction": 1, "integrated_lufs": -70, "peak": 0}
    assert measure(video, 1, 6)["silent_fraction"] == pytest.approx(0.4)


def test_a_silent_film_is_no_failure(tmp_path):
    make_video(tmp_path / "a.mp4", (48,))
    make_video(tmp_path / "b.mp4", (48,), beeps_s=(0.5,))
    changes = ["score.use=['loudness']", "cut.use=[]", "cut.min_s=0"]
    with Project.open(tmp_path / "p", create=True, workers=0, changes=changes) as project:
        project.run([tmp_path], only=["ingest", "scan", "cut", "score"])
        assert project.failures() == []
        rows = {row["video"].rpartition("/")[2]: row for row in project.ls("clips")}
    assert rows["a.mp4"]["loudness.has_sound"] == 0
    assert rows["a.mp4"]["loudness.silent_fraction"] == 1
    assert rows["a.mp4"]["loudness.integrated_lufs"] == -70
    assert rows["b.mp4"]["loudness.has_sound"] == 1
    assert rows["b.mp4"]["loudness.integrated_lufs"] > -50


def test_sound_that_begins_later_is_met_where_it_is(tmp_path):
    video = write(tmp_path / "a.mkv", np.stack([tone(-10, 2)] * 2), later_s=1)
    assert measure(video)["silent_fraction"] == pytest.approx(1 / 3, abs=0.04)
    assert measure(video, 0, 0.9)["has_sound"] == 0
    with AudioReader(video) as source:
        item = clip(video, 0.5, 2.5).clip
        wave_CT = np.concatenate(list(source.seconds(item.in_pts, item.out_pts)), axis=1)
    assert wave_CT.shape == (2, 2 * RATE_HZ)
    assert int(np.abs(wave_CT[0]).argmax() > 0)
    assert np.flatnonzero(np.abs(wave_CT[0]) > 0.01)[0] == pytest.approx(RATE_HZ / 2, abs=20)


def test_surround_is_weighed_and_the_low_channel_left_out(tmp_path):
    silence = 0 * tone(0, 2)
    low = np.stack([silence, silence, silence, tone(-10, 2), silence, silence])
    front = np.stack([tone(-20, 2), tone(-20, 2), *[silence] * 4])
    rows = {
        name: measure(write(tmp_path / f"{name}.mkv", wave_CT, layout="5.1"))
        for name, wave_CT in (("low", low), ("front", front))
    }
    assert rows["low"]["integrated_lufs"] == -70
    assert rows["low"]["silent_fraction"] == 0  # it can be heard all the same
    assert rows["front"]["integrated_lufs"] == pytest.approx(-20, abs=0.2)


def test_a_very_short_clip_still_has_a_loudness(tmp_path):
    video = write(tmp_path / "a.mkv", np.stack([tone(-20, 2)] * 2))
    assert measure(video, 0.2, 0.3)["integrated_lufs"] == pytest.approx(-20, abs=1)
    with pytest.raises(ItemError, match="no length"):
        measure(video, 1, 1)


def test_what_counts_as_silence_can_be_set(tmp_path):
    video = write(tmp_path / "a.mkv", np.stack([tone(-50, 1)] * 2))
    assert measure(video)["silent_fraction"] == 0
    assert measure(video, silent_below_dbfs=-40.0)["silent_fraction"] == 1


def test_one_channel_is_sound_too(tmp_path):
    video = write(tmp_path / "a.mkv", tone(-20, 2)[None], layout="mono")
    assert measure(video)["integrated_lufs"] == pytest.approx(-23, abs=0.2)  # one speaker of two


def test_a_batch_over_files_gives_what_each_clip_gives_alone(tmp_path):
    one = write(tmp_path / "a.mkv", np.stack([tone(-30, 2)] * 2))
    two = write(tmp_path / "b.mkv", np.stack([tone(-10, 2)] * 2))
    spans = [(one, 0, 1), (one, 1, 2), (two, 0.5, 1.5), (one, 0, 2)]
    together = Loudness(Loudness.Params()).annotate([clip(*span) for span in spans])
    assert list(together) == [measure(*span) for span in spans]
