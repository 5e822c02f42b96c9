"""The curves of the cut network in the one decode: as the reader gives them, frame by frame."""

from types import SimpleNamespace

import numpy as np
import pytest

from rushes.catalog.signals import read_signals
from rushes.cuts.network.curves import CurveReader
from rushes.footage.probes.network import Network
from rushes.footage.scan import ScanTask, scan
from rushes.media.probe import probe
from rushes.models.known import MODELS
from rushes.networks.session import open_session
from rushes.networks.shot_frames import RgbConverter
from rushes.testing import Take, make_video
from tests.cuts.network.made import weights

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def scanned(video_path, folder, model):
    """Return the probe's signals of a video."""
    stage = Network(Network.Params())
    folder.mkdir()
    task = ScanTask(
        video=probe(video_path),
        probes=((stage, stage.name),),
        folder=folder,
        threads=1,
        models={"cut-network": model},
    )
    return read_signals(folder / scan(task, lambda _: None).rows["network"]["signals"])


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A folder with both parts of a network that was never trained."""
    from rushes.cuts.network.graphs import judge_graph, look_graph

    folder = tmp_path_factory.mktemp("network")
    for name, graph in (("look", look_graph), ("judge", judge_graph)):
        (folder / f"{name}.onnx").write_bytes(graph(weights()).SerializeToString())
    return folder


@pytest.mark.parametrize("frames", [1, 32, 300])
def test_each_frame_of_a_still_picture_has_the_curves_of_that_picture(tmp_path, untrained, frames):
    grey = Take(frames=frames, contrast=0.0, luma=90.0)
    signals = scanned(make_video(tmp_path / "a.mkv", (grey,)).path, tmp_path / "p", untrained)
    assert len(signals.pts) == frames
    reader = CurveReader(*(open_session(untrained / f"{n}.onnx") for n in ("look", "judge")))
    level = round((90 - 16) * 255 / 219)
    for _ in range(frames):
        reader.feed(np.full((27, 48, 3), level, np.uint8))
    expected = reader.finish()
    for at, name in enumerate(("begins", "mixed", "fade", "wipe")):
        found = signals.columns[name]
        assert found.dtype == np.float16
        assert np.abs(found - expected[:, at]).max() < 0.02


def test_a_row_stands_at_the_time_of_its_frame(tmp_path):
    pts = (0, 10, 500, 501, 800, 1500, 1510, 2500, 3000, 4000, 4040, 4080, 4120, 4500)
    takes = (Take(frames=7, luma=60.0), Take(frames=6, luma=190.0))
    path = make_video(tmp_path / "a.mkv", takes, pts=pts).path
    signals = scanned(path, tmp_path / "p", MODELS["cut-network"].source.folder)
    assert signals.pts.tolist() == list(pts[:13])
    assert int(np.argmax(signals.columns["begins"])) == 7


@pytest.mark.parametrize(
    ("pix_fmt", "color_range", "black", "white"),
    [("yuv420p", "limited", 16, 235), ("yuvj420p", "", 0, 255), ("yuv420p", "full", 0, 255)],
)
def test_black_and_white_are_those_of_the_range(pix_fmt, color_range, black, white):
    to_rgb = RgbConverter(SimpleNamespace(pix_fmt=pix_fmt, color_range=color_range))
    planes = np.full((2, 3, 27, 48), 128, np.uint8)
    planes[:, 0] = np.array([black, white])[:, None, None]
    rgb = to_rgb(planes)
    assert rgb.dtype == np.uint8
    assert (rgb[0] == 0).all()
    assert (rgb[1] == 255).all()
