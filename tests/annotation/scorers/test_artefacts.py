"""Real encoders at known rates: the lower the rate, the plainer the blocks."""

import pytest

from rushes.annotation.scorers.artefacts import Artefacts
from rushes.errors import ItemError
from rushes.project import Project
from rushes.stages.items import Signals
from rushes.testing import Take, make_video

LADDERS = {
    "libx264": [{"crf": str(crf)} for crf in (15, 30, 40, 50)],
    "mpeg4": [{"qmin": str(q), "qmax": str(q)} for q in (2, 6, 14, 31)],
    "mpeg2video": [{"qmin": str(q), "qmax": str(q)} for q in (2, 6, 14, 31)],
}


def scores(folder):
    changes = ["scan.use=['change', 'still', 'border', 'grid']", "score.use=['artefacts']",
               "cut.use=[]", "cut.min_s=0"]  # fmt: skip
    with Project.open(folder / "p", create=True, workers=0, changes=changes) as project:
        project.run([folder], only=["ingest", "scan", "cut", "score"])
        assert project.failures() == []
        return {
            row["video"].rpartition("/")[2]: row["artefacts.blockiness"]
            for row in project.ls("clips")
        }


@pytest.mark.parametrize("codec", LADDERS)
def test_a_lower_rate_is_worse(tmp_path, codec):
    for step, options in enumerate(LADDERS[codec]):
        for number, size in enumerate([(320, 176), (640, 352)]):
            take = Take(frames=30, seed=1, pan_px=(1.5 * (number + 1), 0.7))
            path = tmp_path / f"{number}_{step}.mkv"
            make_video(path, (take,), size=size, codec=codec, options=options)
    rows = scores(tmp_path)
    for number in (0, 1):
        found = [rows[f"{number}_{step}.mkv"] for step in range(4)]
        assert found == sorted(found)
        assert found[-1] > 1.3 * found[0]


def test_a_clip_without_a_measured_frame_has_no_value(item):
    nothing = {"at": [], "between": []}
    signals = Signals(time_base=1, pts=[], end_pts=0, columns=nothing)
    with pytest.raises(ItemError, match="no frame"):
        Artefacts(Artefacts.Params()).annotate([item(grid=signals)])
