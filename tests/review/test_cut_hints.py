import numpy as np

from rushes.review.cut_hints import MAX_HINTS, likely_cuts, likely_cuts_by_network


def test_likely_cuts_stand_out_and_are_the_first_frame_after():
    change = np.array([90.0, *[1.0] * 9, 40.0, 30.0, *[1.0] * 9, 20.0, *[1.0] * 5])
    assert likely_cuts(change) == [10, 21]  # the first value is ignored
    assert likely_cuts(change * 0.1) == [10]
    assert likely_cuts(np.full(30, 50.0)) == []  # everything moves
    assert likely_cuts(np.zeros(1)) == []
    many = np.ones(400)
    many[8::10] = np.linspace(50, 20, 40)
    assert likely_cuts(many) == list(range(8, 8 + 10 * MAX_HINTS, 10))


def test_likely_cuts_by_the_network_are_its_uncertain_peaks():
    begins = np.full(200, 0.01)
    begins[[0, 50, 90, 92]] = 0.9, 0.3, 0.15, 0.4
    assert likely_cuts_by_network(begins) == [50, 92]  # the first value is ignored, near ones join
    assert likely_cuts_by_network(np.full(30, 0.05)) == []
    assert likely_cuts_by_network(np.zeros(0)) == []
