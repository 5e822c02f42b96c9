import numpy as np
import pytest

from rushes.footage.probes.border import Border, bar
from rushes.media.frames import Luma, luma_columns
from rushes.media.probe import probe
from rushes.testing import make_video

DARKEST = 30


def lines(*bands, columns=200):
    """A picture of bands of lines: (how many, luma); a luma of None is noise."""
    rng = np.random.default_rng(0)
    parts = [
        rng.integers(60, 200, (count, columns)) if luma is None else np.full((count, columns), luma)
        for count, luma in bands
    ]
    return np.concatenate(parts).astype(np.uint8)


@pytest.mark.parametrize("level", [16, 22, 0])
def test_a_bar_ends_where_the_picture_begins(level):
    width, edge = bar(lines((30, level), (170, None)), DARKEST)
    assert (width, edge) == (pytest.approx(0.15), pytest.approx(1.0, abs=0.02))


def test_no_bar():
    assert bar(lines((200, None)), DARKEST) == (0, 0)
    assert bar(lines((30, 60), (170, None)), DARKEST) == (0, 0)  # even, but gray
    width, edge = bar(lines((200, 16)), DARKEST)  # black all over
    assert (width, edge) == (pytest.approx(0.45), 0)


def test_a_soft_edge_belongs_to_the_bar():
    picture = lines((30, 16), (1, 40), (169, None))
    assert bar(picture, DARKEST)[0] == pytest.approx(31 / 200)


def test_a_subtitle_in_the_bar_is_not_picture():
    picture = lines((40, 16), (160, None))
    picture[15:25, 60:140:2] = 230
    assert bar(picture, DARKEST)[0] == pytest.approx(0.2)
    picture[15:25, :] = 230  # a whole bright line is
    assert bar(picture, DARKEST)[0] == pytest.approx(15 / 200)


def test_a_night_sky_has_no_straight_edge():
    picture = lines((60, 16), (140, None))
    for column in range(200):  # a ridge
        picture[60 : 60 + abs(column - 100), column] = 16
    assert bar(picture, DARKEST)[1] < 0.5


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "yuv444p", "yuv422p10le"])
def test_deep_and_full_luma_read_alike(tmp_path, pix_fmt):
    import av

    make_video(tmp_path / "a.mkv", (2,), pix_fmt=pix_fmt, options={"crf": "1"})
    with av.open(str(tmp_path / "a.mkv")) as container:
        frame = next(container.decode(video=0))
    gray = frame.to_ndarray(format="gray").astype(int)
    limited = 16 + gray * 219 / 255
    part = Luma(frame)[::2, 3:50]
    assert np.abs(part - limited[::2, 3:50]).max() <= 2
    assert luma_columns(frame).shape[0] == frame.height


def test_a_picture_without_bars_costs_no_rows(tmp_path):
    truth = make_video(tmp_path / "a.mp4", (24,))
    video = probe(truth.path)
    probe_ = Border(Border.Params())
    probe_.start(video, tmp_path / "x")
    found = probe_.finish()
    assert len(found.pts) == 0
    assert set(found.columns) == {field.name for field in Border.fields}
