"""Files whose clock steps back or jumps ahead, and frames that stand for long."""

from fractions import Fraction

import numpy as np
import pytest

from rushes.media.decode import Decoder, frames_between
from rushes.media.probe import probe
from rushes.media.write.encode import Encoding, encode_clip
from rushes.media.write.source import ClipSource
from rushes.project import Project
from rushes.testing import Take, make_video, read_beeps, read_number, read_numbers

SMALL = {"size": (320, 180), "numbered": True}


def cut(folder, path, **lengths):
    """Return a project's video, cuts, clips and failures of one file."""
    with Project.open(folder / "project", create=True, workers=0) as project:
        limits = {"min_s": 0.2, **lengths}
        text = "[cut]\n" + "".join(f"{name} = {value}\n" for name, value in limits.items())
        (folder / "project" / "recipe.toml").write_text(text)
    with Project.open(folder / "project", workers=0) as project:
        project.run([path], only=["ingest", "scan", "cut"])
        video = project.ls("videos")[0]
        return video, project.ls("cuts"), project.ls("clips"), project.failures()


def export(path, clip, out):
    span = ClipSource(probe(path), clip["in_pts"], clip["out_pts"])
    encode_clip(span, out, Encoding(preset="ultrafast"))
    return read_numbers(out)


def joined(folder, suffix=".ts", seconds=2.5):
    """Write two recordings one after the other; both clocks begin at the same time."""
    frames = round(seconds * 12)
    parts = [folder / f"a{suffix}", folder / f"b{suffix}"]
    make_video(parts[0], (Take(frames=frames, seed=0), Take(frames=frames, seed=5)), **SMALL,
               beeps_s=(1.0,))  # fmt: skip
    make_video(parts[1], (Take(frames=frames, seed=2), Take(frames=frames, seed=9)), **SMALL,
               beeps_s=(1.5,))  # fmt: skip
    path = folder / f"joined{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_a_clock_that_steps_back_loses_no_frame(tmp_path, suffix):
    path = joined(tmp_path, suffix)
    video, cuts, clips, failures = cut(tmp_path, path)
    assert (video["frames"], video["fps_measured"]) == (120, 24.0)
    assert video["duration_s"] == pytest.approx(5.0, abs=0.001)
    begin = clips[0]["in_s"]
    assert [c["time_s"] - begin for c in cuts] == pytest.approx([1.25, 2.5, 3.75], abs=0.002)
    assert [c["frames"] for c in clips] == [30, 30, 30, 30]
    assert [c["frames_damaged"] for c in clips] == [0, 0, 0, 0]
    assert not failures
    for clip, first in zip(clips, (0, 30, 0, 30), strict=True):
        numbers = export(path, clip, tmp_path / "out.mp4")
        assert numbers == list(range(first, first + 30))
    # The second recording beeps 0.25 s into the last clip.
    assert read_beeps(tmp_path / "out.mp4") == pytest.approx([0.25], abs=0.03)


def test_any_span_of_a_broken_clock_comes_out_exactly(tmp_path):
    path = joined(tmp_path, seconds=8)
    video = probe(path)
    known = [one.pts for one in Decoder(video)]
    assert len(known) == 384
    assert known == sorted(set(known))
    for first in (0, 100, 191, 192, 193, 300, 380):
        span = list(frames_between(video, known[first], known[first + 3]))
        assert [one.pts for one in span] == known[first : first + 3]
        numbers = [read_number(one.frame.to_ndarray(format="rgb24")) for one in span]
        assert numbers == [(first + n) % 192 for n in range(3)]


def test_a_clock_that_jumps_ahead_makes_no_frame_stand_for_an_hour(tmp_path):
    path = tmp_path / "a.ts"
    ticks = [*range(60), *range(60 + 24 * 3600, 121 + 24 * 3600)]
    take = Take(frames=60, seed=0, pan_px=(1, 0))
    make_video(path, (take, take), **SMALL, pts=ticks, time_base=Fraction(1, 24), b_frames=0)
    video, cuts, clips, failures = cut(tmp_path, path)
    assert (video["duration_s"], video["fps_measured"]) == (pytest.approx(5.0, abs=0.001), 24.0)
    assert len(cuts) == 1
    assert [clip["frames"] for clip in clips] == [60, 60]
    assert not failures
    assert export(path, clips[0], tmp_path / "out.mp4") == list(range(60))
    assert export(path, clips[1], tmp_path / "out.mp4") == list(range(60, 120))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_frame_that_stands_for_a_minute_is_divided(tmp_path, suffix):
    ticks = [round(i * 1000 / 30) for i in range(40)]
    ticks += [66333 + tick for tick in ticks] + [66333 + 1333 + 30000]
    path = tmp_path / f"a{suffix}"
    takes = (Take(frames=40, seed=0, pan_px=(1, 0)), Take(frames=40, seed=5, pan_px=(1, 0)))
    make_video(path, takes, **SMALL, pts=ticks, beeps_s=(0.5, 30.0, 67.0), b_frames=0)
    video, cuts, clips, failures = cut(tmp_path, path, max_s=20.0)
    assert not failures
    assert video["frames"] == 80  # the repeats of a still are none of the file's frames
    assert video["fps_measured"] == pytest.approx(30, rel=0.02)
    assert [c["time_s"] for c in cuts] == pytest.approx([66.333], abs=0.01)
    lengths = [clip["out_s"] - clip["in_s"] for clip in clips]
    assert max(lengths) <= 20
    assert sum(lengths) == pytest.approx(97.666, abs=0.01)
    still = clips[1]
    numbers = export(path, still, tmp_path / "out.mp4")
    assert set(numbers) == {39}
    assert len(numbers) == still["frames"]
    at = 30.0 - still["in_s"]
    assert read_beeps(tmp_path / "out.mp4") == pytest.approx([at], abs=0.03)


def test_a_slow_video_is_not_taken_for_stills(tmp_path):
    path = tmp_path / "a.mkv"
    make_video(path, (6,), fps=Fraction(1, 4), numbered=True)
    video = probe(path)
    assert np.isclose(float(video.rate), 0.25)
    assert len(list(Decoder(video))) == 6
