from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.cuts.clips import ClipLengths, clips_of
from rushes.errors import RecipeError
from rushes.media.probe import probe
from rushes.records import Shot
from rushes.testing import make_video


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A video whose times are given in milliseconds."""
    path = tmp_path_factory.mktemp("video") / "a.mkv"
    make_video(path, (3,))
    return replace(probe(path), time_base=Fraction(1, 1000))


def spans(shots, video, pts, damaged=(), **settings):
    clips = clips_of([Shot(in_pts=a, out_pts=b) for a, b in shots], video, np.array(pts, np.int64),
                     ClipLengths(**settings), damaged)  # fmt: skip
    return [(clip.in_pts, clip.out_pts, clip.frames, clip.frames_damaged) for clip in clips]


EVEN = list(range(0, 100_000, 40))  # 25 frames a second


def test_a_shot_that_fits_is_one_clip(video):
    assert spans([(0, 5000)], video, EVEN) == [(0, 5000, 125, 0)]
    assert spans([(40, 20_040)], video, EVEN) == [(40, 20_040, 500, 0)]  # exactly the longest


def test_a_short_shot_makes_none(video):
    assert spans([(0, 960)], video, EVEN) == []
    assert spans([(0, 1000)], video, EVEN) == [(0, 1000, 25, 0)]  # exactly the shortest
    assert spans([(0, 80)], video, EVEN, min_s=0) == [(0, 80, 2, 0)]


def test_a_long_shot_is_divided_evenly(video):
    assert spans([(0, 50_000)], video, EVEN) == [
        (0, 16_640, 416, 0),
        (16_640, 33_320, 417, 0),
        (33_320, 50_000, 417, 0),
    ]


def test_clips_begin_and_end_where_frames_do(video):
    pts = [0, 700, 1500, 2900, 3000, 3100, 4900, 6000]
    found = spans([(0, 7000)], video, pts, min_s=0, max_s=2)
    edges = {edge for first, last, _, _ in found for edge in (first, last)}
    assert edges <= {*pts, 7000}
    assert [a for a, _, _, _ in found[1:]] == [b for _, b, _, _ in found[:-1]]


def test_damaged_frames_are_counted_where_they_are(video):
    found = spans([(0, 2000), (2000, 4000)], video, EVEN, damaged=(3960, 0, 1960, 2000))
    assert [damaged for _, _, _, damaged in found] == [2, 2]


@pytest.mark.parametrize(
    "settings", [{"min_s": -1}, {"max_s": 0}, {"min_s": 5, "max_s": 4}, {"max_s": -3}]
)
def test_lengths_that_make_no_sense_are_refused(settings):
    with pytest.raises(RecipeError, match="min_s"):
        ClipLengths(**settings)


@given(
    gaps=st.lists(st.integers(1, 3000), min_size=1, max_size=120),
    first=st.integers(-5000, 5000),
    edges=st.lists(st.integers(0, 119), max_size=6, unique=True),
    min_s=st.sampled_from([0, 0.1, 1, 3]),
    longer_s=st.sampled_from([0.05, 1, 2, 10]),
)
def test_clips_of_any_shots(video, gaps, first, edges, min_s, longer_s):
    frames = [first + sum(gaps[:at]) for at in range(len(gaps))]
    end = frames[-1] + gaps[-1]
    inner = sorted({frames[e] for e in edges if e < len(frames)} | {first, end})
    shots = list(pairwise(inner))
    max_s = min_s + longer_s
    found = spans(shots, video, frames, min_s=min_s, max_s=max_s)
    times = {*frames, end}
    for in_pts, out_pts, count, _ in found:
        assert {in_pts, out_pts} <= times
        assert count == sum(in_pts <= pts < out_pts for pts in frames) >= 1
        assert any(a <= in_pts and out_pts <= b for a, b in shots)
        assert out_pts - in_pts >= 1000 * min_s - 1e-6
        # Only a single frame that lasts longer than a clip may make one too long.
        if out_pts - in_pts > 1000 * max_s + 1e-3:
            assert count == 1
    for (_, left, _, _), (right, _, _, _) in pairwise(found):
        assert left <= right
    if min_s == 0:  # nothing is lost
        assert sum(count for _, _, count, _ in found) == len(frames)
