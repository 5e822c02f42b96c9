"""Cuts from curves: peaks are hard cuts, stretches are gradual ones, with kind and extent."""

import numpy as np
import pytest

from rushes.cuts.network.decide import Boundary, Curves, Thresholds, decide


def curves(frames=60, **values):
    """Curves that are nearly 0 but where told: name → {frame or (first, end): value}."""
    made = {name: np.full(frames, 0.01, np.float32) for name in ("begins", "mixed", "fade", "wipe")}
    for name, told in values.items():
        for place, value in told.items():
            first, end = place if isinstance(place, tuple) else (place, place + 1)
            made[name][first:end] = value
    return Curves(**made)


def spans(found):
    return [(one.start, one.end, one.kind) for one in found]


def test_a_peak_is_a_hard_cut():
    found = decide(curves(begins={29: 0.3, 30: 0.9, 31: 0.2}))
    assert found == [Boundary(start=30, end=30, kind="hard", confidence=pytest.approx(0.9))]


def test_cuts_two_frames_apart_are_two():
    assert spans(decide(curves(begins={30: 0.9, 32: 0.8}))) == [(30, 30, "hard"), (32, 32, "hard")]


def test_the_first_frame_begins_no_shot():
    assert decide(curves(begins={0: 0.9})) == []


@pytest.mark.parametrize(
    ("which", "kind"),
    [({}, "dissolve"), ({"fade": {(20, 32): 0.9}}, "fade"), ({"wipe": {(20, 32): 0.9}}, "wipe")],
)
def test_a_stretch_of_mixed_frames_is_gradual(which, kind):
    found = decide(curves(mixed={(20, 32): 0.9}, **which))
    assert spans(found) == [(20, 32, kind)]


def test_a_short_dip_does_not_divide_a_transition():
    found = decide(curves(mixed={(20, 26): 0.9, (27, 34): 0.9}))
    assert spans(found) == [(20, 34, "dissolve")]


def test_a_cut_to_black_belongs_to_the_fade_that_follows():
    found = decide(curves(begins={20: 0.9}, mixed={(20, 40): 0.95}, fade={(20, 40): 0.9}))
    assert spans(found) == [(20, 40, "fade")]


def test_mixed_frames_beside_a_peak_are_the_hard_cut():
    found = decide(curves(begins={30: 0.9}, mixed={29: 0.75}))
    assert spans(found) == [(30, 30, "hard")]


def test_higher_thresholds_report_fewer():
    made = curves(begins={10: 0.6}, mixed={(30, 40): 0.8})
    assert len(decide(made)) == 2
    assert decide(made, Thresholds(hard=0.7, gradual=0.9)) == []


def test_an_empty_video_has_no_cuts():
    assert decide(curves(frames=0)) == []
