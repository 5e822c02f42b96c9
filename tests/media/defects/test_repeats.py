"""Repeated frames and freezes are counted, and do not read as stillness."""

from fractions import Fraction

import numpy as np
import pytest

from rushes.media.defects.repeats import measure_repeats, repeat_mask
from rushes.project import Project
from rushes.stages.items import Signals
from tests.footage_faults import texture, write

SIZE = (160, 90)


def found(steps, fps=24):
    pts = np.arange(len(steps), dtype=np.int64)
    columns = {"step_1": np.array(steps, np.float16)}
    return measure_repeats(
        Signals(time_base=Fraction(1, fps), pts=pts, end_pts=len(steps), columns=columns)
    )


def test_patterns():
    assert found([4, 5] * 24).fraction == 0
    twos = found([0.2, 5] * 24)
    assert (twos.fraction, twos.distinct_fps) == (
        pytest.approx(0.5, abs=0.03),
        pytest.approx(12, abs=0.6),
    )
    assert twos.frozen_s == 0
    film = found([3, 3, 3, 3, 0.1] * 12, fps=30)
    assert film.distinct_fps == pytest.approx(24, abs=0.1)


def test_a_freeze_has_a_length_and_does_not_change_the_rate():
    frozen = found([3] * 24 + [0] * 23 + [3] * 24)
    assert frozen.frozen_s == pytest.approx(1.0)
    assert frozen.distinct_fps == pytest.approx(24)
    assert found([3] * 24 + [0] * 5 + [3] * 24).frozen_s == 0


def test_a_flash_or_a_short_clip_makes_no_repeats():
    assert found([3] * 12 + [90, 90] + [3] * 12).fraction == 0
    assert found([0]).fraction == 0
    assert found([]).distinct_fps == 0
    assert found([0, 3]).fraction == 0
    assert not repeat_mask(np.zeros(1)).any()


@pytest.fixture(scope="module")
def paced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paced")
    footage = folder / "footage"
    footage.mkdir()
    scene = texture(SIZE, 3, speed=2)
    for name, hold in (("ones", 1), ("twos", 2), ("threes", 3)):
        write(footage / f"{name}.mp4", [(scene, 120)], fps=24, hold=hold)
    last = scene(23)
    write(footage / "still.mp4", [(scene, 24), (lambda _: last, 36)], fps=24)
    with Project.open(folder / "project", create=True, workers=0) as project:
        project.run([footage], only=["ingest", "scan", "cut", "score"])
        assert not project.failures()
        yield {clip["video"].split("/")[-1][:-4]: clip for clip in project.ls("clips")}


def test_they_are_listed(paced):
    rates = {name: clip["picture.distinct_fps"] for name, clip in paced.items()}
    assert rates == pytest.approx({"ones": 24, "twos": 12, "threes": 8, "still": 24}, abs=0.7)
    assert paced["still"]["picture.frozen_s"] == pytest.approx(37 / 24, abs=0.05)
    assert paced["twos"]["picture.duplicate_fraction"] == pytest.approx(0.5, abs=0.02)


def test_animation_on_twos_moves_as_fast_as_on_ones(paced):
    speeds = {name: paced[name]["motion.camera"] for name in ("ones", "twos", "threes")}
    assert speeds["twos"] == pytest.approx(speeds["ones"], rel=0.15), speeds
    assert speeds["threes"] == pytest.approx(speeds["ones"], rel=0.2), speeds
