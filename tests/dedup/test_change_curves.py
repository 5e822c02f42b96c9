import numpy as np
import pytest

from rushes.dedup.change_curves import ChangeCurves, match_curves
from tests.dedup.synthetic import made_up_curves


def test_curves_find_the_offset_to_the_frame():
    times_s = np.arange(240) / 24
    late = ChangeCurves(times_s[:120], made_up_curves(1, times_s + 2.0).curves)
    late = ChangeCurves(times_s[:120], {name: c[:120] for name, c in late.curves.items()})
    found = match_curves(made_up_curves(1, times_s), late, 1.8, 1.0)
    assert found.offset_s == pytest.approx(2.0, abs=0.03)
    assert found.agreement > 0.9
    assert match_curves(made_up_curves(2, times_s), late, 1.8, 1.0).agreement < 0.6
