import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.watermark import Watermark
from rushes.errors import ItemError

HEIGHT, WIDTH = 320, 569


@pytest.fixture
def score(item):
    scorer = Watermark(Watermark.Params())
    return lambda stills: scorer.annotate([item(*stills)])[0]


def pictures(count=9, step=40, seed=0):
    """Stills of a pan over a texture, so many pixels from one to the next."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 170, (20, 70, 3), np.uint8)
    wide = cv2.resize(coarse, (70 * 16, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return [np.ascontiguousarray(wide[:, n * step : n * step + WIDTH]) for n in range(count)]


def marked(stills, scale=0.9, opacity=1.0, at=(0.05, 0.95)):
    """Write a mark into each still at the same place."""
    found = []
    for still in stills:
        height, width = still.shape[:2]
        with_mark = still.copy()
        size = scale * height / 320
        where = (round(at[0] * width), round(at[1] * height))
        stroke = max(1, round(2 * size))
        cv2.putText(with_mark, "STOCK TV", where, 0, size, (255, 255, 255), stroke, cv2.LINE_AA)
        found.append(cv2.addWeighted(with_mark, opacity, still, 1 - opacity, 0))
    return found


def test_a_larger_mark_is_more_of_the_frame(score):
    rows = [score(pictures())] + [score(marked(pictures(), scale)) for scale in (0.7, 1, 1.4)]
    fractions = [row["overlay_fraction"] for row in rows]
    assert fractions[0] == 0 < fractions[1] < fractions[2] < fractions[3] < 0.12
    assert all(row["evidence"] > 0.95 for row in rows)
    assert [row["place"] for row in rows] == ["", *["bottom left"] * 3]


def test_a_transparent_mark_is_seen_too(score):
    row = score(marked(pictures(), opacity=0.4, at=(0.35, 0.55)))
    assert row["overlay_fraction"] > 0
    assert row["place"] == "middle centre"


def test_its_size_does_not_depend_on_how_fast_the_picture_moves(score):
    slow, fast = (score(marked(pictures(step=step))) for step in (25, 60))
    assert fast["overlay_fraction"] == pytest.approx(slow["overlay_fraction"], rel=0.1) != 0


def test_where_the_camera_stands_nothing_can_be_told(score):
    row = score(marked(pictures(step=0)))
    assert row["overlay_fraction"] == 0
    assert row["evidence"] < 0.2


def test_two_stills_are_too_few(score):
    assert score(marked(pictures(2))) == {"overlay_fraction": 0, "evidence": 0, "place": ""}


def test_a_horizon_that_a_pan_leaves_in_its_place_is_no_mark(score):
    stills = pictures()
    for still in stills:
        still[150:] //= 3
    assert score(stills)["overlay_fraction"] == 0


def test_even_pictures_have_no_evidence(score):
    assert score([np.full((HEIGHT, WIDTH, 3), 90, np.uint8)] * 3)["evidence"] == 0


def test_a_clip_without_a_still_has_no_value(score):
    with pytest.raises(ItemError, match="no still"):
        score([])
