import numpy as np
import pytest

from rushes.media.probe import probe
from rushes.records import Clip
from rushes.stages.items import ClipInput
from rushes.testing import make_video


@pytest.fixture(scope="session")
def _video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "a.mkv"
    make_video(path, (10,), fps=10)
    return probe(path)


@pytest.fixture
def item(_video):
    """Make an item of pictures, signals, or both; its clip is a second long."""

    def make(*stills, **signals):
        stills_THWC = np.stack(stills) if stills else np.zeros((0, 2, 2, 3), np.uint8)
        clip = Clip(video_id=_video.id, in_pts=0, out_pts=1000, frames=10)
        return ClipInput(clip=clip, video=_video, stills_THWC=stills_THWC, signals=signals)

    return make
