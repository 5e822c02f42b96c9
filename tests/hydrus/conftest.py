import shutil
from pathlib import Path

import pytest

from rushes.exports.plan import plan_clips
from rushes.hydrus import http
from rushes.hydrus.clip_files import cut_files
from rushes.project import Project
from rushes.review import decide as deciding
from tests.hydrus.fake_client import FakeHydrus
from tests.hydrus.fake_http import KEY


@pytest.fixture
def fake(monkeypatch):
    """A stand-in client with an empty database; its key is in the environment."""
    monkeypatch.setenv("RUSHES_HYDRUS_KEY", KEY)
    monkeypatch.setattr(http, "RETRY_DELAYS_S", (0.01, 0.02, 0.05, 0.1))
    client = FakeHydrus()
    yield client
    client.stop()
    assert client.forbidden == []


class Bench:
    """A finished project and a client, with shorthands."""

    def __init__(self, folder, fake):
        self.folder, self.fake, self.opened = folder, fake, []
        self.open()
        self.clips = list(self.catalog.selections.newest("main")[0].clips)

    def open(self, *changes):
        settings = [f"hydrus.url={self.fake.url}", "hydrus.client=desk", *changes]
        self.project = Project.open(self.folder, workers=0, changes=settings)
        self.opened.append(self.project)
        return self.project

    @property
    def catalog(self):
        return self.project.context.catalog

    def push(self):
        return self.project.hydrus().push()

    def pull(self):
        return self.project.hydrus().pull()

    def status(self):
        return self.project.hydrus().status()

    def decide(self, clip, who="ann", **values):
        return deciding.decide(self.catalog, [clip], values, who=who, source="page")

    def decided(self, number):
        return self.catalog.verdicts.current([self.clips[number]]).get(self.clips[number])

    def sha256(self, number):
        """Return the sha256 of a clip, by its index in the selection."""
        return self.catalog.hydrus.files()[self.clips[number]]

    def everything(self):
        """Return the state of both sides."""
        return (
            self.fake.state(),
            self.catalog.hydrus.bases("desk"),
            self.catalog.verdicts.since(),
            self.project.failures(),
        )

    def close(self):
        for opened in self.opened:
            opened.close()


@pytest.fixture
def uncut_bench(project_folder, fake):
    """A project whose clips are not cut to files yet."""
    made = Bench(project_folder, fake)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _cut(_finished, tmp_path_factory):
    folder = Path(shutil.copytree(_finished, tmp_path_factory.mktemp("cut") / "project"))
    with Project.open(folder, workers=0) as project:
        clips = project.context.catalog.selections.newest("main")[0].clips
        planned = plan_clips(project.context, clips, "")
        assert len(cut_files(project.context, planned, "hydrus/desk")) == 5
    return folder


@pytest.fixture
def bench(_cut, tmp_path, fake):
    """A project whose clips are cut to files already, which saves each test a second."""
    made = Bench(Path(shutil.copytree(_cut, tmp_path / "project")), fake)
    yield made
    made.close()


@pytest.fixture
def pushed(bench):
    bench.decide(bench.clips[0], caption="a boat", tags={"add": ["boat", "sea"]})
    bench.push()
    return bench
