"""The cut network switched on by the recipe: cuts, clips, and the likely cuts on the page."""

import pytest

from rushes.project import Project
from rushes.testing import Take, make_video

pytest.importorskip("onnxruntime")

SCAN = 'scan.use=["change", "still", "motion", "border", "comb", "network"]'


@pytest.fixture
def film(tmp_path):
    """Two shots of 60 frames, with 20 ms and 60 ms in turn between their frames."""
    pts = [at for pair in range(61) for at in (80 * pair, 80 * pair + 20)][:121]
    takes = (Take(frames=60, luma=70.0, pan_px=(2, 0)), Take(frames=60, luma=170.0))
    return make_video(tmp_path / "film.mkv", takes, pts=pts).path


def opened(folder, film, detector):
    changes = (SCAN, f'cut.use=["{detector}"]')
    project = Project.open(folder, create=True, workers=0, changes=changes)
    project.run([film], only=["ingest", "scan", "cut"])
    assert not project.failures()
    return project


def test_the_network_finds_the_cut_at_the_time_of_its_frame(tmp_path, film):
    with opened(tmp_path / "p", film, "network") as project:
        (cut,) = project.ls("cuts")
        assert (cut["kind"], cut["detector"]) == ("hard", "network")
        assert cut["time_s"] == pytest.approx(2.4)
        assert [clip["frames"] for clip in project.ls("clips")] == [60, 60]


def test_the_page_hints_at_cuts_by_the_network(tmp_path, film):
    with opened(tmp_path / "p", film, "fade") as project:
        (clip,) = project.ls("clips")
        assert project.review().clip(clip["clip"])["peaks"] == [60]
