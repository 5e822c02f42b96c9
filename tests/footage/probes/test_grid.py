import numpy as np
import pytest

from rushes.footage.probes.grid import EVERY_S, Grid
from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.testing import Take, make_video


def measure(path):
    video, grid = probe(path), Grid()
    grid.start(video, path)
    for decoded in Decoder(probe(path)):
        grid.process(decoded.frame, decoded.pts, True)
    return video, grid.finish()


def test_two_frames_a_second_are_measured_and_none_in_both_directions(tmp_path):
    make_video(tmp_path / "a.mp4", (Take(frames=96, pan_px=(1, 0)),), size=(320, 180), b_frames=3)
    video, found = measure(tmp_path / "a.mp4")
    kinds = {d.pts: int(d.frame.pict_type) for d in Decoder(probe(tmp_path / "a.mp4"))}
    assert {kinds[pts] for pts in found.pts.tolist()} <= {1, 2}
    gaps_s = np.diff(found.pts) * float(video.time_base)
    assert len(found.pts) >= 6
    assert gaps_s.min() >= EVERY_S
    assert gaps_s.max() < EVERY_S + 0.2  # four frames to the next that will do


@pytest.mark.parametrize("size", [(320, 180), (98, 66), (16, 16), (48, 240)])
def test_blocks_show_at_the_grid_and_nowhere_else(tmp_path, size):
    make_video(
        tmp_path / "a.avi",
        (Take(frames=12, pan_px=(1, 0)),),
        size=size,
        options={"qmin": "31", "qmax": "31"},
    )
    found = measure(tmp_path / "a.avi")[1].columns
    if min(size) > 24:
        assert (found["at"] > 1.5 * found["between"]).all()
