import re
from pathlib import Path

import pytest

import rushes
from rushes.annotation.motion_units import MEASURES, NO_SPEED, Source, known
from rushes.errors import RecipeError

SOURCES = (Source(), Source(width_px=1080, height_px=1920, fps=60),
           Source(width_px=640, height_px=480, fps=12.5))  # fmt: skip


@pytest.mark.parametrize("name", MEASURES)
def test_there_and_back_is_the_same(name):
    for source in SOURCES:
        for speed in (0.0, 0.5, 40.0):
            value = known(name).from_speed(speed, source)
            assert known(name).to_speed(value, source) == pytest.approx(speed)


def test_pixels_are_counted_as_their_pipelines_do():
    source = Source(width_px=1200, height_px=500, fps=25)  # a diagonal of 1300
    # 10 %diag/s: 130 px a second, 65 in half a second, 5.2 in a frame, 52 in ten frames.
    assert known("data-juicer").from_speed(10, source) == pytest.approx(65)
    assert known("easyanimate").from_speed(10, source) == pytest.approx(65)
    assert known("video2dataset").from_speed(10, source) == pytest.approx(65)
    assert known("svd").from_speed(10, source) == pytest.approx(65 * 16 / 500)
    assert known("cosmos-curator").from_speed(10, source) == pytest.approx(5.2 / 1700)
    # Averaged over all directions, a component is 0.637 of its vector.
    stretched = 52 * (576 / 1200 + 320 / 500) / 2
    assert known("open-sora").from_speed(10, source) == pytest.approx(0.6366 * stretched, rel=1e-3)


def test_a_standing_picture_is_measured_like_a_lying_one():
    lying, standing = Source(), Source(width_px=720, height_px=1280)
    for name in MEASURES:
        one, other = (known(name).from_speed(7, source) for source in (lying, standing))
        assert one == pytest.approx(other), name


def test_what_is_no_speed_says_why():
    assert list(NO_SPEED) == ["open-sora-plan"]
    with pytest.raises(RecipeError, match="LPIPS"):
        known("open-sora-plan")
    with pytest.raises(RecipeError, match="did you mean 'easyanimate'"):
        known("easyanimat")


def test_the_page_has_the_numbers_that_the_converters_give():
    page = (Path(rushes.__file__).parents[2] / "docs" / "motion.md").read_text()
    rows = re.findall(
        r"^\| (\S+) \| ([^|]+?) \| ([\d.]+) [^|]*\| ([\d.]+) \| ([\d.]+) \|", page, re.M
    )
    expected = {(m.name, what): value for m in MEASURES.values()
                for what, value in m.thresholds.items()}  # fmt: skip
    assert {(name, what): float(value) for name, what, value, _, _ in rows} == expected
    for name, what, value, *speeds in rows:
        for fps, speed in zip((24, 60), speeds, strict=True):
            found = known(name).to_speed(float(value), Source(fps=fps))
            assert float(speed) == pytest.approx(found, rel=0.02), (name, what)
