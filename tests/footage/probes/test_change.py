from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rushes.footage.probes.change import Change
from rushes.stages.items import Planes


def measure(planes, pts=None, ticks=24, **facts):
    change = Change()
    video = {"color_range": "limited", "pix_fmt": "yuv420p", "time_base": Fraction(1, ticks)}
    change.start(SimpleNamespace(**{**video, **facts}), Path())
    for at, picture in zip(pts or range(len(planes)), planes, strict=True):
        change.process(picture, at, True)
    return change.finish()


def flat(luma, height=90, width=160):
    chroma_CHW = np.full((2, height // 2, width // 2), 128, np.uint8)
    return Planes(np.full((height, width), luma, np.uint8), chroma_CHW)


def noise(seed, height=90, width=160):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(16, 236, (3, 9, 16)).astype(np.uint8).repeat(10, 1).repeat(10, 2)
    return Planes(coarse[0], coarse[1:, ::2, ::2])


def test_there_is_one_row_for_each_frame_as_declared():
    found = measure([noise(1), noise(2), noise(3)], pts=[5, 9, 20])

    assert found.pts.tolist() == [5, 9, 20]
    assert list(found.columns) == [f.name for f in Change.fields]
    for field in Change.fields:
        values = found.columns[field.name]
        assert len(values) == 3
        assert np.isfinite(values).all()
        assert values.min() >= field.low and values.max() <= field.high


def test_a_row_is_small():
    found = measure([flat(60)])

    assert sum(values.dtype.itemsize for values in found.columns.values()) <= 22


@pytest.mark.parametrize(
    ("color_range", "pix_fmt", "black", "white"),
    [
        ("limited", "yuv420p", 16, 235),
        ("unknown", "yuv420p", 16, 235),
        ("unknown", "yuvj420p", 0, 255),
        ("full", "yuv420p", 0, 255),
    ],
)
def test_luma_is_full_range_whatever_the_video(color_range, pix_fmt, black, white):
    found = measure([flat(black), flat(white)], color_range=color_range, pix_fmt=pix_fmt)

    assert found.columns["luma"].tolist() == [0, 255]


def test_luma_outside_the_declared_range_is_clipped():
    assert measure([flat(0), flat(255)]).columns["luma"].tolist() == [0, 255]


def test_a_freeze_shows_as_no_step_at_all():
    steps = measure([noise(1), noise(1), noise(1), noise(2)]).columns["step_1"]

    assert steps[:3].tolist() == [0, 0, 0]
    assert steps[3] > 20


def test_a_flash_is_a_step_there_and_back():
    columns = measure([noise(1), noise(1), flat(235), noise(1), noise(1)]).columns

    assert columns["step_1"][2] > 20 and columns["step_1"][3] > 20
    assert columns["step_2"][3] == 0


@pytest.mark.parametrize("ticks", [10, 24, 25, 30, 60])
def test_slow_comparisons_reach_back_in_time_not_in_frames(ticks):
    """A change at 5 s is in reach for as long after it, whatever the frame rate."""
    found = measure([noise(1)] * (5 * ticks) + [noise(2)] * (5 * ticks), ticks=ticks)

    for name, reach_s in (("reach_480ms", 0.48), ("reach_1920ms", 1.92)):
        seen_s = np.count_nonzero(found.columns[name]) / ticks
        assert abs(seen_s - reach_s) <= 0.6 / ticks


def test_slow_comparisons_do_not_mind_gaps():
    pts = [*range(48), *range(48, 144, 6), *range(144, 192)]
    found = measure([noise(1) if at < 90 else noise(2) for at in pts], pts=pts)

    seen = found.pts[found.columns["reach_960ms"] > 0]
    assert seen.min() == 90
    assert 90 + 0.96 * 24 - 6 <= seen.max() <= 90 + 0.96 * 24 + 6


def test_spread_tells_a_part_from_the_whole():
    corner = flat(60)
    corner.luma_HW[:20, :20] = 200
    columns = measure([flat(60)] * 12 + [corner] * 6).columns
    everywhere = measure([flat(60)] * 12 + [flat(100)] * 6).columns

    assert columns["spread_240ms"][-1] < 30 < everywhere["spread_240ms"][-1]


def test_cells_that_change_early_are_told_from_those_that_change_late():
    """Half of the picture changes at frame 10, the other half at 13; half is a look 6 before."""
    early = flat(60)
    early.luma_HW[:45] = 200
    columns = measure([flat(60)] * 10 + [early] * 3 + [flat(200)] * 20).columns

    arrived, leaving = columns["arrived"], columns["leaving"]
    # A third of the cells are luma. Row 18 looks at frame 12: upper half there, lower not yet.
    assert arrived[18] == pytest.approx(100 / 6, abs=2)
    assert leaving[18] == pytest.approx(100 / 6, abs=2)
    assert arrived[10] == leaving[9] == 0
    assert arrived[-1] == leaving[-1] == 0


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (33, 57), (319, 7), (180, 319)])
@pytest.mark.parametrize("is_gray", [True, False])
def test_odd_and_gray_pictures_are_measured(size, is_gray):
    height, width = size
    chroma = (1, 1) if is_gray else ((height + 1) // 2, (width + 1) // 2)
    pictures = [
        Planes(np.full(size, luma, np.uint8), np.full((2, *chroma), 128, np.uint8))
        for luma in (60, 60, 120)
    ]

    columns = measure(pictures).columns

    assert columns["step_1"][1] == 0
    assert columns["step_1"][2] > 0


def test_one_frame_is_enough():
    found = measure([noise(1)])

    assert found.pts.tolist() == [0]
    assert found.columns["step_1"].tolist() == [0]


def test_the_next_video_starts_afresh():
    change = Change()
    video = SimpleNamespace(color_range="full", pix_fmt="yuv420p", time_base=Fraction(1, 24))
    change.start(video, Path())
    change.process(noise(1), 0, True)
    change.abort()
    change.start(video, Path())
    change.process(noise(2), 0, True)

    assert change.finish().columns["step_1"].tolist() == [0]
