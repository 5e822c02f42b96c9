"""The network looks where the change leaves doubt, and nowhere else."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rushes.catalog.signals import read_signals
from rushes.footage.probes.change import Change
from rushes.footage.probes.transnet import TransNet
from rushes.footage.scan import ScanTask, scan
from rushes.media.probe import probe
from rushes.testing import Take, make_video
from tests.tiny_network import write_tiny_network


def looked(video_path: Path, model: Path, folder: Path, **params):
    """Return the probe's signals of a video."""
    stages = (Change(), TransNet(TransNet.Params(**params)))
    folder.mkdir()
    task = ScanTask(
        video=probe(video_path),
        probes=tuple((stage, stage.name) for stage in stages),
        folder=folder,
        threads=1,
        models={"transnetv2": model},
    )
    rows = scan(task, lambda _: None).rows
    assert not list(folder.rglob("*.spool"))
    return read_signals(folder / rows["transnet"]["signals"])


def test_obvious_cuts_need_no_network(tmp_path):
    path = make_video(tmp_path / "cuts.mp4", (30, 30, 30)).path
    signals = looked(path, tmp_path / "there is no network.onnx", tmp_path / "p")
    assert len(signals.pts) == 90
    assert not signals.columns["is_seen"].any()


@pytest.mark.parametrize("frames", [1, 20, 400])
def test_every_frame_gets_its_own_probability_whatever_the_windows(tmp_path, frames):
    takes = [Take(frames=frames, contrast=0.0, luma=60.0), Take(frames=7, contrast=0.0, luma=200.0)]
    path = make_video(tmp_path / "a.mp4", takes, fps=Fraction(25)).path
    model = write_tiny_network(tmp_path / "tiny.onnx")
    signals = looked(path, model, tmp_path / "p", everywhere=True)
    single = signals.columns["single"].astype(float)
    assert signals.columns["is_seen"].all()
    assert np.ptp(single[:frames]) < 0.02
    assert single[frames:].min() > single[:frames].max() + 0.3
