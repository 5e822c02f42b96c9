"""Bars are found per clip, and everything that is shown or written is without them."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.media.defects.bars import SIDES, picture_box
from rushes.project import Project
from rushes.records import Box
from rushes.stages.items import Signals
from tests.footage_faults import texture, with_bars, write

SIZE = (320, 240)


def signals(*stills):
    """Stills as {side: (width, edge)}; sides left out have no bar."""
    columns = {side: np.array([s.get(side, (0, 0))[0] for s in stills]) for side in SIDES}
    columns |= {
        f"{side}_edge": np.array([s.get(side, (0, 0))[1] for s in stills]) for side in SIDES
    }
    pts = np.arange(len(stills), dtype=np.int64)
    return Signals(time_base=Fraction(1, 2), pts=pts, end_pts=len(stills), columns=columns)


def box_of(*stills, video=()):
    return picture_box(signals(*stills), signals(*video, *stills))


LETTER = {"top": (0.125, 0.9), "bottom": (0.125, 0.9)}


def test_a_straight_edge_makes_a_bar_and_a_ragged_one_does_not():
    assert box_of(LETTER) == Box(top=0.125, bottom=0.125)
    assert box_of({"top": (0.125, 0.2), "bottom": (0.3, 0.1)}) == Box()


def test_a_side_too_dark_to_show_its_edge_follows_the_opposite_one():
    night = {"top": (0.3, 0.1), "bottom": (0.125, 0.9)}
    assert box_of(night) == Box(top=0.125, bottom=0.125)


def test_a_bar_is_there_in_every_still():
    assert box_of(LETTER, {}, LETTER) == Box()
    many = [LETTER] * 19
    assert box_of(*many, {}) == Box(top=0.125, bottom=0.125)  # one still in twenty: a glitch


def test_a_clip_in_the_dark_goes_by_its_video_if_that_fits():
    dark = {side: (0.45, 0.0) for side in SIDES}
    box = Box(top=0.125, bottom=0.125)
    assert box_of(dark, video=[LETTER] * 5) == box
    assert box_of(dark) == Box()
    glow = dark | {"top": (0.05, 0.1)}  # something is lit where the video has its bar
    assert box_of(glow, video=[LETTER] * 20) == Box()


def test_thin_wide_and_lonely_ones_stay():
    assert box_of({"top": (0.005, 1), "bottom": (0.005, 1)}) == Box()
    assert box_of({"bottom": (0.3, 1)}) == Box()  # a dark floor
    assert box_of({"bottom": (0.03, 1)}) == Box(bottom=0.03)
    title = {side: (0.3, 1) for side in SIDES}
    assert box_of(title) == Box()


def test_no_still_no_bar():
    assert box_of() == Box()


@pytest.mark.parametrize(("box", "inside"), [
    (Box(), (0, 0, 320, 240)),
    (Box(top=30 / 240, bottom=31 / 240), (0, 30, 320, 178)),
    (Box(left=7 / 320, right=np.float32(40 / 320)), (8, 0, 272, 240)),
])  # fmt: skip
def test_boxes_are_even_and_rounded_inward(box, inside):
    assert box.inside(*SIZE) == inside


@pytest.fixture(scope="module")
def barred(tmp_path_factory):
    """A project that knows four shots with different bars, and a turned video with some."""
    folder = tmp_path_factory.mktemp("barred")
    footage = folder / "footage"
    footage.mkdir()
    letter = with_bars(texture((320, 180), 1), SIZE, left=0, top=30)
    subtitled = with_bars(texture((320, 136), 2), SIZE, left=0, top=52, text=True)
    window = with_bars(texture((300, 200), 4), SIZE, left=8, top=20)
    shots = [letter, subtitled, texture(SIZE, 3), window]
    write(footage / "a.mp4", [(shot, 30) for shot in shots])
    turned = with_bars(texture((240, 250), 6), (240, 320), left=0, top=30)
    write(footage / "turned.mp4", [(turned, 30)], rotation_deg=90)
    with Project.open(folder / "project", create=True, workers=0) as project:
        project.run([footage])
        assert not project.failures(), project.failures()
        yield project


def test_bars_are_found_shot_by_shot(barred):
    boxes = [clip["picture.content_box"] for clip in barred.ls("clips")]
    assert boxes == ["320x180+0+30", "320x136+0+52", "320x240+0+0", "300x200+8+20", "240x250+0+30"]
    assert "4 clips with bars, cropped" in barred.status()["pictures"]


def test_scores_do_not_see_them(barred):
    assert all(clip["exposure.black_fraction"] < 0.01 for clip in barred.ls("clips"))


def test_exports_are_without_them(barred):
    files = sorted((barred.folder / "exports" / "main").glob("*.mp4"))
    shapes = []
    for file in files:
        with av.open(str(file)) as container:
            frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
        shapes.append(frame.shape[1::-1])
        edges = [frame[0], frame[-1], frame[:, 0], frame[:, -1]]
        assert min(edge.mean() for edge in edges) > 60
    assert sorted(shapes) == [(240, 250), (300, 200), (320, 136), (320, 180), (320, 240)]


def test_a_size_is_filled_by_the_picture_alone(barred, tmp_path):
    recipe = barred.context.recipe.exports["main"]
    small = replace(recipe, encoding=replace(recipe.encoding, width_px=64, height_px=64))
    barred.context.recipe.exports["small"] = replace(small, name="small")
    barred.export("small", folder=tmp_path / "small")
    for file in (tmp_path / "small").glob("*.mp4"):
        with av.open(str(file)) as container:
            frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
        assert frame.shape == (64, 64, 3)
        assert min(edge.mean() for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1])) > 60
