import numpy as np
import pytest

from rushes.review.histogram import BINS, QUANTILES, histogram

NAN = float("nan")


def test_histograms_of_nothing_one_value_and_outliers():
    empty = histogram(np.array([NAN, NAN]))
    assert (sum(empty.counts), empty.missing) == (0, 2)
    one = histogram(np.array([3.0, 3.0]))
    assert (sum(one.counts), one.axis.low, one.axis.high, one.least) == (2, 2.5, 3.5, 3.0)
    values = np.append(np.linspace(0, 1, 1000), 1e9)
    found = histogram(values)
    assert sum(found.counts) == 1001
    assert found.axis.high < 2 and found.most == 1e9
    assert found.quantiles[100] == pytest.approx(np.median(values))


def test_skewed_numbers_are_told_apart_and_others_stay_as_they_are():
    rng = np.random.default_rng(0)
    speeds = histogram(rng.lognormal(1, 1.5, 5000))
    assert speeds.axis.is_log
    assert max(speeds.counts) < 0.1 * sum(speeds.counts)  # not all in the first bar
    assert not histogram(rng.normal(50, 5, 5000)).axis.is_log
    assert not histogram(rng.normal(0, 5, 5000)).axis.is_log


def test_some_zeros_do_not_keep_numbers_from_a_logarithm():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.zeros(50), rng.lognormal(1, 1.5, 4950)])
    found = histogram(values)
    assert found.axis.is_log and found.axis.low > 0
    assert found.counts[0] >= 50 and sum(found.counts) == 5000
    assert len(found.counts) == BINS and len(found.quantiles) == QUANTILES + 1
    assert found.least == 0
