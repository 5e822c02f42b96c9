from typing import ClassVar

import numpy as np
import pytest

from rushes.errors import ItemError
from rushes.models import store as models
from rushes.project import Project
from rushes.records import Field
from rushes.stages import registry
from rushes.stages.items import FrameSpec
from rushes.stages.protocols import AnnotatorDefaults, Inputs


class Base(AnnotatorDefaults):
    version: ClassVar = 1

    def setup(self, device, models):
        self.files = models


class Corners(Base):
    """A vector of three stills' mean colours."""

    name: ClassVar = "corners"
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=16, stills=3)
    fields: ClassVar = (Field(name="vector", dtype="vector", shape=(3,), about="mean of each"),)
    sizes: ClassVar[list] = []
    trouble: ClassVar[dict] = {}

    def annotate(self, items):
        Corners.sizes.append(len(items))
        for item in items:
            if item.clip.id in self.trouble:
                raise self.trouble[item.clip.id]
        if len(items) > self.trouble.get("most", 99):
            raise MemoryError
        assert all(len(item.stills_THWC) <= 3 for item in items)
        means = [[still.mean() for still in item.stills_THWC] for item in items]
        return [{"vector": np.array((mean * 3)[:3])} for mean in means]


class Length(Base):
    """How long the vector of another scorer is."""

    name: ClassVar = "length"
    inputs: ClassVar = Inputs(scorers=("corners",))
    fields: ClassVar = (Field(name="norm", low=0, about="Euclidean"),)

    def annotate(self, items):
        return [{"norm": float(np.linalg.norm(i.scores["corners"]["vector"]))} for i in items]


class Heavy(Base):
    """Needs weights."""

    name: ClassVar = "heavy"
    inputs: ClassVar = Inputs(models=("transnetv2",))
    fields: ClassVar = (Field(name="bytes", dtype="integer", low=0, about="of its weights"),)

    def annotate(self, items):
        return [{"bytes": self.files["transnetv2"].stat().st_size} for _ in items]


@pytest.fixture
def ours(project_folder, monkeypatch):
    """Open the finished project with the scorers above."""
    known = dict(registry.stages())
    known |= {f"scorer/{c.name}": f"{__name__}:{c.__name__}" for c in (Corners, Length, Heavy)}
    monkeypatch.setattr(registry, "stages", lambda: known)
    monkeypatch.setattr(Corners, "sizes", [])
    monkeypatch.setattr(Corners, "trouble", {})
    opened = []

    def open_with(*names, cache=None):
        changes = [f"score.use={list(names)}"]
        changes.append("scan.use=['change', 'still', 'motion', 'border', 'comb']")
        opened.append(Project.open(project_folder, workers=0, cache=cache, changes=changes))
        return opened[-1]

    yield open_with
    for project in opened:
        project.close()


def test_a_scorer_is_given_what_another_measured(ours):
    project = ours("length", "corners", "motion")
    assert project.score().done == 6
    rows = project.ls("clips")
    assert all(10 < row["length.norm"] < 450 for row in rows)
    assert not any("corners" in name for name in rows[0])  # vectors are no columns
    assert ours("length", "corners", "motion").score().pending == 0


def test_one_named_scorer_brings_those_it_reads(ours):
    project = ours("length", "corners", "motion")
    assert project.score(only=["length"]).done == 6


def test_clips_of_several_videos_go_in_one_batch(ours):
    ours("corners", "motion").score()
    assert Corners.sizes == [6]


def test_a_bad_clip_costs_no_other_clip(ours):
    project = ours("corners", "length", "motion")
    bad = project.ls("clips")[2]["clip"]
    Corners.trouble[bad] = ItemError("it is bad")
    report = project.score()
    assert (report.done, report.failed) == (5, 1)
    (failure,) = project.failures()
    assert (failure.item, failure.stage) == (bad, "scorer/corners")
    assert "it is bad" in failure.message
    assert [row["clip"] for row in project.ls("clips") if row["length.norm"] is None] == [bad]


def test_a_bug_in_a_stage_is_a_failure_of_the_clip_that_meets_it(ours):
    project = ours("corners", "motion")
    Corners.trouble[project.ls("clips")[0]["clip"]] = ZeroDivisionError("oops")
    assert project.score().failed == 1
    assert "ZeroDivisionError: oops (test_worker.py" in project.failures()[0].message


def test_a_batch_that_does_not_fit_is_halved(ours):
    Corners.trouble["most"] = 2
    report = ours("corners", "motion").score()
    assert (report.done, report.failed) == (6, 0)
    assert max(size for size in Corners.sizes if size <= 2) == 2


def test_a_missing_model_leaves_out_its_scorer_and_says_what_mends_it(ours, tmp_path):
    project = ours("heavy", "motion", cache=tmp_path)
    assert project.notes == (
        "heavy is left out: the model transnetv2 is not here; get it: rushes models get transnetv2",
    )
    assert project.score().failed == 0
    path = models._file_path(models.find_model("transnetv2"), tmp_path)
    path.write_bytes(b"weights")
    project = ours("heavy", "motion", cache=tmp_path)
    assert project.score().done == 6
    assert {row["heavy.bytes"] for row in project.ls("clips")} == {7}
