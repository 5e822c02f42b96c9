"""The numbers of docs/motion.md, by the formulas that it gives."""

import math
import re
from pathlib import Path

import pytest

import rushes

PAGE = (Path(rushes.__file__).parents[2] / "docs" / "motion.md").read_text()
FORMULAS = dict(re.findall(r"^\| ([\w-]+) \| `([^`]+)` \|", PAGE, re.M))
THRESHOLDS = re.findall(
    r"^\| (\S+) \| ([^|]+?) \| ([\d.]+) [^|]*\| ([\d.]+) \| ([\d.]+) \|", PAGE, re.M
)


def value(pipeline, width, height, fps):
    """Return a pipeline's value of 1 %diag/s."""
    names = {
        "width": width,
        "height": height,
        "diagonal": math.hypot(width, height),
        "long": max(width, height),
        "short": min(width, height),
        "fps": fps,
        "pi": math.pi,
    }
    return eval(FORMULAS[pipeline], {"__builtins__": {}}, names)


def test_the_formulas_count_pixels_as_their_pipelines_do():
    source = (1200, 500, 25)  # a diagonal of 1300
    # 10 %diag/s: 130 px a second, 65 in half a second, 5.2 in a frame, 52 in ten frames.
    assert 10 * value("data-juicer", *source) == pytest.approx(65)
    assert 10 * value("easyanimate", *source) == pytest.approx(65)
    assert 10 * value("video2dataset", *source) == pytest.approx(65)
    assert 10 * value("svd", *source) == pytest.approx(65 * 16 / 500)
    assert 10 * value("cosmos-curator", *source) == pytest.approx(5.2 / 1700)
    # Averaged over all directions, a component is 0.637 of its vector.
    stretched = 52 * (576 / 1200 + 320 / 500) / 2
    assert 10 * value("open-sora", *source) == pytest.approx(0.6366 * stretched, rel=1e-3)


@pytest.mark.parametrize("pipeline", FORMULAS)
def test_an_upright_picture_is_measured_like_a_wide_one(pipeline):
    upright = value(pipeline, 720, 1280, 24)
    assert value(pipeline, 1280, 720, 24) == pytest.approx(upright)


@pytest.mark.parametrize(("pipeline", "meaning", "threshold", "at_24", "at_60"), THRESHOLDS)
def test_a_threshold_is_the_speed_that_its_formula_gives(
    pipeline, meaning, threshold, at_24, at_60
):
    for fps, speed in ((24, at_24), (60, at_60)):
        found = float(threshold) / value(pipeline, 1280, 720, fps)
        assert float(speed) == pytest.approx(found, rel=0.02), meaning


def test_every_published_threshold_is_in_the_table():
    assert len(THRESHOLDS) == 8
    assert {row[0] for row in THRESHOLDS} <= set(FORMULAS)


def test_the_worked_example_is_right():
    assert "2 / 22.0 = 0.09" in PAGE
    assert value("easyanimate", 3840, 2160, 24) == pytest.approx(22.0, abs=0.05)
