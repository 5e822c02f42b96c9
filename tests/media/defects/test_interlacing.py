"""Interlacing is read from the picture; stills and exports come out whole."""

from fractions import Fraction

import av
import numpy as np
import pytest

from rushes.media.decode import Decoder
from rushes.media.defects.interlacing import MIN_MOTION, field_bias, field_order
from rushes.media.deinterlace import deinterlaced
from rushes.media.probe import probe
from rushes.media.stills import read_stills
from rushes.project import Project
from rushes.stages.items import Signals
from tests.footage_faults import interlaced, telecined, texture, write

SIZE = (320, 240)


def test_lean_tells_the_order_of_fields():
    scene = texture(SIZE, 1)
    for picture, wanted in (
        (interlaced(scene, top_first=True), 1),
        (interlaced(scene, top_first=False), -1),
        (scene, 0),
    ):
        before, after = (picture(time)[:, :, 0].astype(np.uint8) for time in (0, 1))
        found, moves = field_bias(before, after)
        assert found == pytest.approx(wanted, abs=0.3)
        assert moves >= MIN_MOTION
    assert field_bias(before, before)[0] == 0
    assert field_bias(before[:3], after[:3]) == (0.0, 0.0)


def signals(leans):
    columns = {"lean": np.array(leans, float), "moves": np.full(len(leans), 5.0)}
    pts = np.arange(len(leans), dtype=np.int64)
    return Signals(time_base=Fraction(1, 2), pts=pts, end_pts=len(leans), columns=columns)


@pytest.mark.parametrize(("clip", "video", "order"), [
    ([1, 0.9, 1], [], "top"),
    ([-1, -0.8], [], "bottom"),
    ([0, 0.1, 1, -0.1], [], "progressive"),
    ([0, 1, 1, 1, 0], [], "top"),  # telecined
    ([1], [1, 1, 1], "top"),  # too few of its own
    ([], [], "progressive"),
])  # fmt: skip
def test_the_majority_of_moving_pairs_decides(clip, video, order):
    assert field_order(signals(clip), signals(video)) == order


@pytest.fixture(scope="module")
def fielded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fielded")
    footage = folder / "footage"
    footage.mkdir()
    scene = texture(SIZE, 7)
    write(footage / "bottom.mp4", [(interlaced(scene, top_first=False), 50)])
    write(footage / "film.mp4", [(telecined(scene), 100)], fps=Fraction(30000, 1001))
    write(footage / "flagged.mp4", [(scene, 50)], field_flag=True)
    write(footage / "top.mp4", [(interlaced(scene, top_first=True), 50)])
    with Project.open(folder / "project", create=True, workers=0) as project:
        project.run([footage])
        assert not project.failures(), project.failures()
        yield project


def test_the_picture_counts_and_not_the_flag(fielded):
    scans = {clip["video"].split("/")[-1]: clip["picture.scan"] for clip in fielded.ls("clips")}
    assert scans == {
        "bottom.mp4": "bottom", "film.mp4": "top", "flagged.mp4": "progressive", "top.mp4": "top"
    }  # fmt: skip
    flags = {video["video"].split("/")[-1]: video for video in fielded.ls("videos")}
    assert flags["flagged.mp4"]["field_order"] == "interlaced"
    assert flags["flagged.mp4"]["scan"] == "progressive"
    assert flags["top.mp4"]["field_order"] == "progressive"
    assert flags["top.mp4"]["scan"] == "top"
    assert "3 clips deinterlaced" in fielded.status()["pictures"]


def combed(picture_HWC):
    """How much rougher neighbouring lines are than neighbouring columns; about 1 for a picture."""
    gray = picture_HWC[:, :, 1].astype(float)
    return np.abs(np.diff(gray, axis=0)).mean() / np.abs(np.diff(gray, axis=1)).mean()


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_stills_and_exports_are_not_combed(fielded):
    sources = {video["id"]: video for video in fielded.ls("videos")}
    for still in sorted((fielded.folder / "stills").glob("*.mkv")):
        source = sources[still.name.split(".")[0]]
        stills = list(read_stills(still, np.arange(3)))
        worst = max(combed(picture) for picture in stills)
        assert worst < 1.25, (source["video"], worst)
    for video in sources.values():
        (export,) = (fielded.folder / "exports" / "main").glob(
            f"{video['video'].split('/')[-1][:-4]}_*.mp4"
        )
        before, after = pictures(video["video"]), pictures(export)
        assert len(before) == len(after)
        assert max(combed(picture) for picture in after) < 1.25
        if video["scan"] != "progressive":
            assert np.mean([combed(picture) for picture in before]) > 1.3


def test_frames_keep_their_number_and_times(tmp_path):
    path = write(tmp_path / "a.mp4", [(interlaced(texture((64, 48)), top_first=True), 9)])
    source = list(Decoder(probe(path)))
    made = list(deinterlaced(iter(source), "top"))
    assert [decoded.pts for decoded in made] == [decoded.pts for decoded in source]
    assert len(list(deinterlaced(iter(source[:1]), "bottom"))) == 1
    assert list(deinterlaced(iter(source), "progressive")) == source
