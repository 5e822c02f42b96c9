from itertools import pairwise

import pytest

from rushes.cuts.detectors.fade import Fade


def found(film):
    return [(c.kind, c.start_pts, c.pts) for c in Fade().detect({"change": film.signals()})]


@pytest.mark.parametrize("luma", [16, 235])
def test_a_fade_through_black_or_white_covers_all_its_frames(takes, luma):
    old, new = takes.shot(1, 80), takes.shot(2, 80)
    film = (
        old[:60]
        + takes.fade(old[60:], luma, out=True)
        + takes.flat(luma, 6)
        + takes.fade(new[:20], luma, out=False)
        + new[20:]
    )

    ((kind, start, end),) = found(film)

    assert kind == "fade"
    assert 57 <= start <= 60
    assert 106 <= end <= 109


def test_a_fade_that_stays_black_is_one_fade(takes):
    old, new = takes.shot(1, 80), takes.shot(2, 80)
    film = (
        old[:60]
        + takes.fade(old[60:], 16, out=True)
        + takes.flat(16, 70)
        + takes.fade(new[:20], 16, out=False)
        + new[20:]
    )

    ((_, start, end),) = found(film)

    assert 58 <= start <= 61
    assert 169 <= end <= 172


def test_a_fade_to_black_then_a_cut_ends_with_the_black(takes):
    old = takes.shot(1, 80)
    film = old[:60] + takes.fade(old[60:], 16, out=True) + takes.flat(16, 10) + takes.shot(2, 60)

    ((_, start, end),) = found(film)

    assert 58 <= start <= 61
    assert end == 90


def test_a_fade_in_at_the_start_begins_with_the_first_frame(takes):
    shot = takes.shot(1, 100)
    film = takes.flat(16, 5) + takes.fade(shot[:20], 16, out=False) + shot[20:]

    ((_, start, end),) = found(film)

    assert start == 0
    assert 24 <= end <= 27


def test_a_fade_out_at_the_end_lasts_to_the_end(takes):
    shot = takes.shot(1, 100)
    film = shot[:80] + takes.fade(shot[80:], 16, out=True) + takes.flat(16, 5)

    ((_, start, end),) = found(film)

    assert 78 <= start <= 81
    assert end == len(film)


@pytest.mark.parametrize("luma", [16, 235])
def test_what_has_no_slope_is_no_fade(takes, luma):
    shot = takes.shot(1, 120)
    shot.frames[60:62, 0] = luma
    shot.frames[60:62, 1:] = 128

    assert not found(shot)
    assert not found(takes.shot(1, 60) + takes.flat(luma, 40) + takes.shot(2, 60))


def test_a_video_without_a_picture_has_no_fade(takes):
    assert not found(takes.flat(16, 60))
    assert not found(takes.flat(235, 1))


def test_a_dim_shot_is_no_fade(takes):
    dim = takes.shot(1, 100)
    dim.frames[:, 0] = 16 + (dim.frames[:, 0] - 16) * 0.12

    assert not found(takes.shot(2, 60) + dim + takes.shot(3, 60))


def test_an_end_in_white_and_then_in_black_keeps_its_cuts(takes):
    old = takes.shot(1, 80)
    film = (
        old[:60]
        + takes.fade(old[60:], 235, out=True)
        + takes.flat(235, 6)
        + takes.fade(takes.flat(235, 12), 16, out=True)
        + takes.flat(16, 20)
    )

    cuts = found(film)

    assert cuts
    assert 57 <= cuts[0][1] <= 60
    assert all(a[2] <= b[1] for a, b in pairwise(cuts))
