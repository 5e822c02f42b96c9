from fractions import Fraction

import numpy as np
import pytest

from rushes.catalog.signals import read_signals
from rushes.footage.probes.still import Still
from rushes.footage.scan import ScanTask, scan
from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.media.stills import read_stills
from rushes.testing import make_video, read_number


@pytest.fixture
def kept(tmp_path):
    """Scan a file for stills; returns their pts and the pictures."""

    def call(path, **params):
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        stage = Still(Still.Params(**params))
        task = ScanTask(video=probe(path), probes=((stage, "print"),), folder=folder, threads=1)
        row = scan(task, lambda _: None).rows["still"]
        pts = read_signals(folder / row["signals"]).pts
        return pts, list(read_stills(folder / row["file"], np.arange(len(pts))))

    return call


def frame_numbers(path, pts):
    """Which frame, by counting, has each pts."""
    times = [decoded.pts for decoded in Decoder(probe(path))]
    return [times.index(one) for one in pts]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi", "webm", "mov"])
def test_each_still_is_the_frame_of_its_pts(tmp_path, kept, suffix):
    path = tmp_path / f"a.{suffix}"
    b_frames = 0 if suffix == "avi" else 2
    make_video(path, (60,), fps=25, numbered=True, b_frames=b_frames)
    pts, pictures = kept(path)
    assert [read_number(picture) for picture in pictures] == frame_numbers(path, pts)
    assert frame_numbers(path, pts) == [0, 13, 25, 38, 50]


def test_variable_frame_times_are_exact(tmp_path, kept):
    path = tmp_path / "a.mkv"
    times = [0, 40, 41, 100, 700, 701, 900, 1500, 1540, 3000, 3100]
    make_video(path, (10,), pts=times, numbered=True)
    pts, pictures = kept(path)
    assert list(pts) == [0, 700, 1500, 3000]
    assert [read_number(picture) for picture in pictures] == [0, 4, 7, 9]


def test_frames_within_one_millisecond_stay_apart(tmp_path, kept):
    path = tmp_path / "a.mp4"
    times = [round(n * 90000 / 2) + (n % 2) for n in range(9)]
    make_video(path, (8,), pts=times, time_base=Fraction(1, 90000), numbered=True, b_frames=0)
    pts, pictures = kept(path)
    assert [read_number(picture) for picture in pictures] == frame_numbers(path, pts)


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_stills_are_upright(tmp_path, kept, rotation_deg):
    path = tmp_path / "a.mp4"
    make_video(path, (40,), numbered=True, rotation_deg=rotation_deg, size=(192, 160))
    pts, pictures = kept(path)
    height, width = (192, 160) if rotation_deg % 180 else (160, 192)
    assert {picture.shape for picture in pictures} == {(height, width, 3)}
    assert [read_number(picture) for picture in pictures] == frame_numbers(path, pts)


@pytest.mark.parametrize(
    ("size", "sample_aspect", "params", "expected"),
    [
        ((320, 180), 1, {}, (180, 320)),  # never scaled up
        ((320, 180), 1, {"short_side_px": 90}, (90, 160)),
        ((180, 320), 1, {"short_side_px": 90}, (160, 90)),
        ((160, 120), Fraction(4, 3), {}, (120, 212)),  # square pixels
        ((160, 120), Fraction(1, 2), {}, (240, 160)),
        ((98, 66), 1, {"short_side_px": 33}, (32, 48)),  # even
        ((1280, 720), 1, {}, (480, 854)),
    ],
)
def test_the_size_of_a_still(tmp_path, kept, size, sample_aspect, params, expected):
    path = tmp_path / "a.mkv"
    make_video(path, (3,), size=size, sample_aspect=sample_aspect)
    _, (picture,) = kept(path, **params)
    assert picture.shape[0] == pytest.approx(expected[0], abs=1)
    assert picture.shape[1] == pytest.approx(expected[1], abs=2)
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0


@pytest.mark.parametrize(
    "options", [{}, {"pix_fmt": "yuv420p10le"}, {"pix_fmt": "yuv444p"}, {"full_range": True}],
    ids=str,
)  # fmt: skip
def test_colours_are_those_of_the_source(tmp_path, kept, options):
    path = tmp_path / "a.mkv"
    make_video(path, (2,), **options)
    decoded = next(iter(Decoder(probe(path))))
    _, (still,) = kept(path, quality=2)
    source = decoded.frame.to_ndarray(format="rgb24").astype(int)
    assert np.abs(still.astype(int) - source).mean() < 4
    assert np.abs(still.mean((0, 1)) - source.mean((0, 1))).max() < 2


def test_only_the_wanted_stills_are_read(tmp_path, kept):
    path = tmp_path / "a.mkv"
    make_video(path, (100,), fps=25, numbered=True)
    pts, _ = kept(path)
    (proxy,) = (tmp_path / "project" / "stills").iterdir()
    wanted = np.array([1, 4, 7])
    numbers = [read_number(picture) for picture in read_stills(proxy, wanted)]
    assert numbers == frame_numbers(path, pts[wanted])
    assert list(read_stills(proxy, np.zeros(0, int))) == []
    small = next(iter(read_stills(proxy, wanted, short_side_px=45)))
    assert small.shape == (45, 80, 3)


def test_a_lower_quality_is_a_smaller_file(tmp_path, kept):
    path = tmp_path / "a.mkv"
    make_video(path, (60,), size=(320, 180))
    sizes = []
    for quality in (2, 10, 31):
        kept(path, quality=quality)
        (proxy,) = (tmp_path / "project" / "stills").iterdir()
        sizes.append(proxy.stat().st_size)
    assert sizes == sorted(sizes, reverse=True)
