import numpy as np
import pytest

from rushes.cuts.shots import check_cuts, merged, shots, with_breaks
from rushes.errors import ItemError
from rushes.records import Cut, Shot


def cut(kind, start_pts, pts, confidence=0.9, detector="content"):
    return Cut(kind=kind, start_pts=start_pts, pts=pts, confidence=confidence, detector=detector)


def spans(cuts):
    return [(c.kind, c.start_pts, c.pts) for c in cuts]


def test_cuts_apart_stay_apart_and_in_order():
    cuts = [cut("hard", 90, 90), cut("dissolve", 20, 40), cut("hard", 10, 10)]

    assert spans(merged(cuts)) == [("hard", 10, 10), ("dissolve", 20, 40), ("hard", 90, 90)]


def test_a_hard_cut_inside_a_fade_is_part_of_it():
    cuts = [cut("fade", 20, 40), cut("hard", 20, 20), cut("hard", 33, 33), cut("hard", 40, 40)]

    assert spans(merged(cuts)) == [("fade", 20, 40)]


def test_two_views_of_one_transition_become_one():
    cuts = [cut("wipe", 20, 38, 0.99), cut("fade", 25, 45, 0.7, "fade")]

    (one,) = merged(cuts)

    assert (one.kind, one.start_pts, one.pts) == ("fade", 20, 45)
    assert (one.confidence, one.detector) == (0.99, "fade")


def test_transitions_back_to_back_stay_two():
    cuts = [cut("fade", 20, 40), cut("dissolve", 40, 60)]

    assert spans(merged(cuts)) == [("fade", 20, 40), ("dissolve", 40, 60)]


def test_the_same_hard_cut_twice_is_one():
    assert len(merged([cut("hard", 20, 20), cut("hard", 20, 20, detector="other")])) == 1


def test_shots_leave_out_mixed_frames():
    cuts = [cut("hard", 100, 100), cut("dissolve", 200, 230)]

    assert shots(cuts, np.arange(0, 400, 10), 400) == [
        Shot(in_pts=0, out_pts=100),
        Shot(in_pts=100, out_pts=200),
        Shot(in_pts=230, out_pts=400),
    ]


def test_fades_at_the_ends_leave_no_empty_shots():
    cuts = [cut("fade", 5, 30), cut("fade", 370, 400)]

    assert shots(cuts, np.arange(5, 400, 5), 400) == [Shot(in_pts=30, out_pts=370)]


def test_without_cuts_the_whole_video_is_one_shot():
    assert shots([], np.arange(7, 100), 100) == [Shot(in_pts=7, out_pts=100)]


def test_without_frames_there_is_no_shot():
    assert shots([], np.array([], np.int64), 0) == []


def test_a_break_of_the_clock_divides_shots_once():
    cuts = [cut("hard", 50, 50), cut("fade", 80, 100)]
    found = with_breaks(cuts, (20, 50, 90))
    assert spans(found) == [("hard", 20, 20), ("hard", 50, 50), ("fade", 80, 100)]
    pts = np.arange(120)
    edges = {edge for shot in shots(found, pts, 120) for edge in (shot.in_pts, shot.out_pts)}
    assert edges == {0, 20, 50, 80, 100, 120}


@pytest.mark.parametrize("wrong", [{"confidence": float("nan")}, {"confidence": 1.5}, {"pts": 3}])
def test_a_cut_that_cannot_be_is_an_error_of_its_video(wrong):
    good = {"kind": "fade", "start_pts": 5, "pts": 9, "confidence": 0.5}
    check_cuts([cut(**good)], "a.mp4")
    with pytest.raises(ItemError, match=r"a\.mp4: detector content found a fade cut with"):
        check_cuts([cut(**{**good, **wrong})], "a.mp4")
