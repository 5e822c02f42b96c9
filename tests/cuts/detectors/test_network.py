"""Cuts of the network detector: times, kinds and confidence from its curves."""

from fractions import Fraction

import numpy as np
import pytest

from rushes.cuts.detectors.network import Network
from rushes.stages.items import Signals

PTS = [0, 10, 500, 501, 800, 1500, 1510, *range(2500, 5800, 100)]
"""Times of 40 frames of variable rate."""


def signals(**peaks):
    """Signals of 40 frames: curve → {(first, end): value}; all else is nearly 0."""
    columns = {name: np.full(40, 0.01, np.float16) for name in ("begins", "mixed", "fade", "wipe")}
    for name, spans in peaks.items():
        for (first, end), value in spans.items():
            columns[name][first:end] = value
    return {
        "network": Signals(
            time_base=Fraction(1, 1000), pts=np.array(PTS), end_pts=5800, columns=columns
        )
    }


def found(detector=None, **peaks):
    cuts = (detector or Network()).detect(signals(**peaks))
    return [(cut.kind, cut.start_pts, cut.pts) for cut in cuts]


def test_a_hard_cut_is_at_the_time_of_its_frame():
    assert found(begins={(6, 7): 0.9}) == [("hard", 1510, 1510)]
    (cut,) = Network().detect(signals(begins={(6, 7): 0.75}))
    assert (cut.confidence, cut.detector) == (0.75, "network")


@pytest.mark.parametrize(
    ("which", "kind"),
    [({}, "dissolve"), ({"fade": {(8, 20): 0.9}}, "fade"), ({"wipe": {(8, 20): 0.9}}, "wipe")],
)
def test_a_gradual_cut_has_the_times_of_its_first_and_of_the_next_clean_frame(which, kind):
    assert found(mixed={(8, 20): 0.9}, **which) == [(kind, PTS[8], PTS[20])]


def test_a_fade_at_either_end_is_a_cut_from_or_to_nothing():
    fade = {(0, 8): 0.95, (32, 40): 0.95}
    assert found(mixed=fade, fade=fade) == [("fade", 0, PTS[8]), ("fade", PTS[32], 5800)]


def test_a_video_that_is_mixed_throughout_has_no_cut():
    assert found(mixed={(0, 40): 0.95}) == []


def test_the_recipe_sets_the_thresholds():
    strict = Network(Network.Params(hard=0.95, gradual=0.95))
    assert found(strict, begins={(6, 7): 0.9}, mixed={(20, 30): 0.9}) == []
