import numpy as np
import pytest

from rushes.cuts.detectors.content import Content


def found(film, **kwargs):
    return Content().detect({"change": film.signals(**kwargs)})


def test_hard_cuts_are_found_to_the_frame(takes):
    film = takes.shot(1, 40) + takes.shot(2, 31) + takes.shot(3, 50)

    cuts = found(film)

    assert [(c.kind, c.start_pts, c.pts) for c in cuts] == [("hard", 40, 40), ("hard", 71, 71)]
    assert all(0.5 < c.confidence <= 1 for c in cuts)


def test_one_shot_has_no_cut(takes):
    assert not found(takes.shot(1, 120))
    assert not found(takes.shot(2, 120, speed=1))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_very_short_video_has_no_cut(takes, frames):
    assert not found(takes.shot(1, frames))


def test_black_and_still_videos_have_no_cut(takes):
    assert not found(takes.flat(16, 60))
    assert not found(takes.shot(1, 60, speed=0))


@pytest.mark.parametrize("white_frames", [1, 2, 4])
def test_a_flash_is_no_cut(takes, white_frames):
    film = takes.shot(1, 120)
    film.frames[60 : 60 + white_frames, 0] = 235
    film.frames[60 : 60 + white_frames, 1:] = 128

    assert not found(film)


def test_a_caption_that_pops_on_is_no_cut(takes):
    film = takes.shot(1, 120)
    film.frames[40:80, 0, 17:20, 6:34] = 30
    film.frames[40:80, 0, 18, 8:32:2] = 235

    assert not found(film)


def test_a_freeze_is_no_cut(takes):
    film = takes.shot(1, 120, speed=0.1)
    film.frames[50:70] = film.frames[50]

    assert not found(film)


@pytest.mark.parametrize("frames", [8, 16, 30, 44])
@pytest.mark.parametrize("kind", ["dissolve", "wipe"])
def test_gradual_transitions_are_found_with_kind_and_extent(takes, kind, frames):
    old, new = takes.shot(11, 100 + frames), takes.shot(12, 100 + frames)
    mixed = getattr(takes, kind)(old[100:], new[:frames])

    (cut,) = found(old[:100] + mixed + new[frames:])

    assert cut.kind == kind
    # Every mixed frame is inside; few clean ones are.
    assert 100 - 3 - 0.2 * frames <= cut.start_pts <= 100
    assert 100 + frames <= cut.pts <= 100 + frames + 3 + 0.2 * frames


@pytest.mark.parametrize("kind", ["dissolve", "wipe"])
@pytest.mark.parametrize("frames", [3, 5])
def test_a_transition_of_a_few_frames_leaves_none_of_them_in_the_shots(takes, kind, frames):
    old, new = takes.shot(11, 60 + frames), takes.shot(12, 60)
    mixed = getattr(takes, kind)(old[60:], new[:frames])

    (cut,) = found(old[:60] + mixed + new[frames:])

    assert 57 <= cut.start_pts <= 60
    assert 60 + frames <= cut.pts <= 60 + frames + 3


def test_a_wipe_with_a_soft_edge_is_a_wipe_from_its_first_visible_frame(takes):
    old, new = takes.shot(11, 130), takes.shot(12, 130)
    share = np.linspace(0, 1, 30)[:, None, None, None]
    across = np.arange(old.frames.shape[-1]) / (old.frames.shape[-1] - 1)
    weight = np.clip(2 * share - across, 0, 1)
    weight = weight**2 * (3 - 2 * weight)
    mixed = type(old)(old.frames[100:] * (1 - weight) + new.frames[:30] * weight)

    (cut,) = found(old[:100] + mixed + new[30:])

    assert cut.kind == "wipe"
    assert 90 <= cut.start_pts <= 103
    assert 127 <= cut.pts <= 140


def test_a_transition_leaves_something_of_the_shots_beside_it(takes):
    old, new = takes.shot(11, 60), takes.shot(12, 140)
    film = takes.shot(5, 60) + old[:10] + takes.wipe(old[10:40], new[:30]) + new[30:]

    hard, wipe = found(film)

    assert (hard.kind, hard.pts) == ("hard", 60)
    assert 60 < wipe.start_pts <= 70


def test_the_margin_is_a_setting(takes):
    old, new = takes.shot(11, 130), takes.shot(12, 130)
    film = old[:100] + takes.wipe(old[100:], new[:30]) + new[30:]
    signals = {"change": film.signals()}

    (narrow,) = Content(Content.Params(margin=0)).detect(signals)
    (wide,) = Content(Content.Params(margin=2)).detect(signals)

    assert wide.start_pts < narrow.start_pts <= 100
    assert 130 <= narrow.pts < wide.pts


def test_time_counts_not_frames(takes):
    """Half the frames are dropped in the middle; the cut stays where it is."""
    film = takes.shot(1, 150) + takes.shot(2, 100)
    pts = [at for at in range(250) if at < 100 or at > 200 or at % 2 == 0]
    dropped = type(film)(film.frames[pts])

    assert [c.pts for c in found(dropped, pts=pts)] == [150]


@pytest.mark.parametrize("ticks", [10, 60])
def test_a_dissolve_of_one_second_is_found_at_any_frame_rate(takes, ticks):
    speed = 2.4 / ticks
    old, new = takes.shot(11, 4 * ticks, speed), takes.shot(12, 4 * ticks, speed)
    mixed = takes.dissolve(old[3 * ticks :], new[:ticks])

    (cut,) = found(old[: 3 * ticks] + mixed + new[ticks:], ticks=ticks)

    assert cut.kind == "dissolve"
    assert abs(cut.start_pts / ticks - 3) < 0.2
    assert abs(cut.pts / ticks - 4) < 0.2


def test_a_higher_threshold_reports_fewer(takes):
    film = takes.shot(1, 40) + takes.shot(2, 40)
    strict = Content(Content.Params(hard_evidence=50, gradual_evidence=50))

    assert not strict.detect({"change": film.signals()})
