import logging
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rushes.models import store
from rushes.project import Project
from rushes.testing import Take, make_video

# The same examples every time; a slow machine is no failure of the code.
settings.register_profile(
    "rushes", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("rushes")


@pytest.fixture(scope="session", autouse=True)
def no_models(tmp_path_factory):
    """Give every test an empty folder of models, so that a machine that has some is like one
    that has none."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("cache")
    patch.setenv("RUSHES_CACHE", str(folder))
    patch.setattr(store, "CACHE", folder / "models")
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def no_errors_logged(caplog):
    """Fail a test during which anything was logged as an error."""
    yield
    errors = [
        record.getMessage()
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.levelno >= logging.ERROR
    ]
    assert not errors, errors


@pytest.fixture(scope="session")
def footage(tmp_path_factory):
    """Three tiny videos in a folder; read only. Copy it (`films`) to change something in it.

    one.mp4         24 fps, sound, three shots of 30 frames
    three ö.mp4     25 fps, odd proportions, a shot of 30 frames and one of 10, too short for a clip
    sub/two.mkv     24 fps, two shots of 30 and 40 frames with a dissolve of 12 between them
    """
    folder = tmp_path_factory.mktemp("footage")
    (folder / "sub").mkdir()
    fast, slow, down = ((2, 0), (0.5, 0), (0, 1))
    make_video(
        folder / "one.mp4",
        [Take(frames=30, pan_px=pan) for pan in (fast, slow, down)],
        beeps_s=(0.5,),
    )
    make_video(
        folder / "three ö.mp4",
        (Take(frames=30, seed=5, pan_px=(3, 0)), Take(frames=10, seed=6)),
        size=(98, 66),
        fps=25,
    )
    make_video(
        folder / "sub" / "two.mkv",
        (
            Take(frames=30, pan_px=(1, 0), then="dissolve"),
            Take(frames=40, seed=7, zoom=1.005),
        ),
    )
    return folder


@pytest.fixture
def films(footage, tmp_path):
    """A copy of `footage` that a test may change."""
    return Path(shutil.copytree(footage, tmp_path / "films"))


@pytest.fixture(scope="session")
def _finished(footage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "project"
    with Project.open(folder, create=True, workers=0) as project:
        verbs = ["ingest", "scan", "cut", "caption", "score", "select"]
        reports = project.run([footage], only=verbs)
        assert not project.failures(), project.failures()
        assert reports["scan"].done == 3
    return folder


@pytest.fixture
def project_folder(_finished, tmp_path):
    """A project that knows `footage`: all verbs of `run` are done but `export`."""
    return Path(shutil.copytree(_finished, tmp_path / "project"))


@pytest.fixture
def project(project_folder):
    """The same, opened, working in this process."""
    with Project.open(project_folder, workers=0) as opened:
        yield opened
