from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from rushes.annotation.scorers.text_area import TextArea
from rushes.errors import ItemError
from rushes.models import store
from tests.tiny_vision import write_tiny_text_detector, write_tiny_text_reader

HEIGHT, WIDTH = 320, 576


def ready(detector, reader):
    scorer = TextArea(TextArea.Params())
    scorer.setup("cpu", {"ppocr-det": detector, "ppocr-rec": reader})
    return scorer


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("tiny")
    return ready(
        write_tiny_text_detector(folder / "d.onnx"), write_tiny_text_reader(folder / "r.onnx")
    )


@pytest.fixture
def score(tiny, item):
    return lambda *stills: tiny.annotate([item(*stills)])[0]


def scene(shift=0, seed=0):
    """A dark texture, the same one shifted to the left by so many pixels."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 130, (40, 200, 3), np.uint8)
    wide = cv2.resize(coarse, (200 * 9, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(np.clip(wide, 0, 140)[:, shift : shift + WIDTH])


def block(picture, x, y, wide=160, high=24):
    """Paint stripes that the stand-in takes for a line of text."""
    picture = picture.copy()
    picture[y : y + high, x : x + wide] = 255
    picture[y + 4 : y + high - 4 : 6, x : x + wide : 8] = 140
    return picture


def test_more_text_is_more_area(score):
    rows = [score(*[blocks(scene(), n)] * 3) for n in range(4)]
    areas = [row["area_fraction"] for row in rows]
    assert areas[0] == 0 < areas[1] < areas[2] < areas[3]
    assert [row["lines"] for row in rows] == [0, 1, 2, 3]


def blocks(picture, count):
    for n in range(count):
        picture = block(picture, 100, 40 + 80 * n)
    return picture


def test_area_depends_on_no_size(tiny, item):
    large = cv2.resize(blocks(scene(), 2), (WIDTH * 2, HEIGHT * 2))
    one, other = (tiny.annotate([item(p)])[0] for p in (blocks(scene(), 2), large))
    assert other["area_fraction"] == pytest.approx(one["area_fraction"], rel=0.1)


def test_the_mean_and_the_most_of_the_stills(score):
    row = score(scene(), blocks(scene(200), 1), scene(400))
    assert row["area_fraction"] == pytest.approx(row["peak_fraction"] / 3)


def test_what_cannot_be_read_is_no_text(tmp_path, item):
    pytest.importorskip("onnxruntime")
    scorer = ready(
        write_tiny_text_detector(tmp_path / "d.onnx"),
        write_tiny_text_reader(tmp_path / "r.onnx", letters=1),
    )
    assert scorer.annotate([item(blocks(scene(), 3))])[0]["area_fraction"] == 0


def test_text_that_stays_while_the_picture_moves_is_burnt_in(score):
    row = score(*(block(scene(shift), 30, 30) for shift in (0, 150, 300)))
    assert row["overlay_fraction"] == pytest.approx(row["area_fraction"]) != 0
    assert row["subtitle_fraction"] == 0


def test_text_that_moves_with_the_picture_belongs_to_the_scene(score):
    row = score(*(block(scene(shift), 330 - shift, 120) for shift in (0, 100, 200)))
    assert row["area_fraction"] > 0
    assert row["overlay_fraction"] == 0


def test_nothing_can_be_told_where_nothing_moves(score):
    row = score(*[block(scene(), 30, 30)] * 3)
    assert row["area_fraction"] > 0
    assert row["overlay_fraction"] == 0


def test_subtitles_come_and_go_in_the_middle_of_the_lower_third(score):
    low = (WIDTH // 2 - 80, 270)
    over_a_pan = score(scene(0), block(scene(150), *low), scene(300))
    over_a_standing_picture = score(scene(), block(scene(), *low), scene())
    for row in (over_a_pan, over_a_standing_picture):
        assert row["subtitle_fraction"] == row["overlay_fraction"] == row["area_fraction"] != 0


def test_a_title_that_appears_over_a_standing_picture_is_burnt_in(score):
    row = score(scene(), block(scene(), 200, 100), scene())
    assert row["overlay_fraction"] == row["area_fraction"] != 0
    assert row["subtitle_fraction"] == 0


def test_a_long_clip_is_looked_at_more_often(tiny, item):
    brief = [scene(shift) for shift in range(0, 450, 50)]
    brief[1] = block(brief[1], 100, 100)
    short = item(*brief)
    ticks = int(40 / short.video.time_base)
    long = replace(short, clip=replace(short.clip, out_pts=ticks))
    rows = tiny.annotate([short, long])
    assert [row["area_fraction"] > 0 for row in rows] == [False, True]


def test_a_clip_without_a_still_has_no_value(score):
    with pytest.raises(ItemError, match="no still"):
        score()


@pytest.mark.weights
def test_the_real_networks_find_text_and_nothing_else(item):
    pytest.importorskip("onnxruntime")
    cache = Path.home() / ".cache" / "rushes" / "models"  # tests have an empty one of their own
    try:
        scorer = ready(*(store.get(name, cache) for name in TextArea.inputs.models))
    except ItemError as error:
        pytest.skip(str(error))

    def written(lines):
        picture = scene(seed=3)
        for n in range(lines):
            at = (60, 60 + 55 * n)
            cv2.putText(picture, "He never came back", at, 0, 1.2, (240, 240, 240), 2, cv2.LINE_AA)
        return picture

    rows = [scorer.annotate([item(written(n))])[0] for n in range(5)]
    areas = [row["area_fraction"] for row in rows]
    assert areas[0] == 0
    assert areas == sorted(areas)
    assert [row["lines"] for row in rows] == [0, 1, 2, 3, 4]
    assert areas[4] == pytest.approx(4 * 380 * 34 / (HEIGHT * WIDTH), rel=0.5)
    # What the detector alone takes for text: bars, windows, a net.
    for step in (8, 16, 32):
        grid = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        for y in range(20, 300, step):
            for x in range(20, 500, 2 * step):
                grid[y : y + step // 2, x : x + step] = 220
        assert scorer.annotate([item(grid)])[0]["area_fraction"] < 0.01
