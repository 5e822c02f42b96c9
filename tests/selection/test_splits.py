from dataclasses import replace

import pytest

from rushes.dedup.keep import OUTCOME, OUTCOME_KEY, outcome_fingerprint
from rushes.errors import RecipeError
from rushes.project import Project
from rushes.selection.splits import Split, assign_splits
from tests.annotation.captioners.test_sidecar import VIDEO


def a_set(count, first=1):
    """Videos with two clips each; clip numbers are ten times the video's, and one more."""
    videos = {no: replace(VIDEO, id=f"{no:016d}") for no in range(first, first + count)}
    return videos, {no * 10 + half: no for no in videos for half in (0, 1)}


def test_about_the_given_share_of_the_videos_is_for_validation():
    videos, clips = a_set(2000)
    for fraction in (0.05, 0.2):
        found = list(assign_splits(videos, clips, {}, fraction).values())
        assert found.count("validation") / 2000 == pytest.approx(fraction, abs=0.02)
    assert set(assign_splits(videos, clips, {}, 0).values()) == {"train"}
    assert set(assign_splits(videos, clips, {}, 1).values()) == {"validation"}


def test_a_video_keeps_its_split_when_others_come_or_the_share_grows():
    some = assign_splits(*a_set(50), {}, 0.2)
    more = assign_splits(*a_set(500), {}, 0.2)
    assert all(more[no] == side for no, side in some.items())
    larger = assign_splits(*a_set(50), {}, 0.5)
    assert all(larger[no] == side for no, side in some.items() if side == "validation")


def test_videos_that_share_footage_are_on_one_side():
    videos, clips = a_set(60)
    alone = assign_splits(videos, clips, {}, 0.3)
    train = next(no for no, side in alone.items() if side == "train")
    groups = {}  # every video shows something of the next: all hang together
    for no in range(1, 60):
        groups[no * 10 + 1] = groups[(no + 1) * 10] = no
    assert len(set(assign_splits(videos, clips, groups, 0.3).values())) == 1
    later = next(no for no, side in alone.items() if side == "validation" and no > train)
    joined = assign_splits(videos, clips, {train * 10: 1, later * 10: 1}, 0.3)
    assert joined == alone | {later: "train"}, "what is there stays; what comes later follows"


def test_what_is_no_share_is_refused():
    assert Split(validation="2.5 %").fraction == 0.025
    for wrong in ("5", "0.05", "-5%", "101%", "some%"):
        with pytest.raises(RecipeError, match="write a share"):
            Split(validation=wrong)


BOTH = ["select.t.split=train", "select.v.split=validation"]


@pytest.fixture
def halved(project_folder):
    """A project with clips on both sides: which share does that to three videos is chance."""
    for percent in range(5, 100, 5):
        changes = [*BOTH, f"split.validation={percent}%"]
        with Project.open(project_folder, workers=0, changes=changes) as project:
            if len({row["split"] for row in project.ls("clips")}) == 2:
                yield project
                return


def test_rules_lists_and_exports_know_the_split(halved, tmp_path):
    side_of = {row["clip"]: row["split"] for row in halved.ls("clips")}
    assert set(side_of.values()) == {"train", "validation"}
    for name, side in (("t", "train"), ("v", "validation")):
        assert {side_of[clip] for clip in halved.select(name).clips} == {side}
    assert len(halved.ls("clips", where="split = train")) == len(halved.select("t").clips)


def test_it_says_that_copies_are_not_known_before_dedup(halved):
    lines = halved.status()["split"]
    assert lines[0].startswith("train ")
    assert lines[1:] == ["leaks: unknown before dedup; run rushes dedup"]


def test_copies_in_selections_on_both_sides_are_a_leak(halved):
    train, validation = halved.select("t").clips, halved.select("v").clips
    numbers = halved.context.catalog.clip_numbers("", halved.context.recipe.fingerprints.cut)
    copies = {"group": 7, "copies": 1, "keep": 1, "of": "", "alike": None, "alike_keep": None}
    rows = {numbers[clip]: copies for clip in (train[0], validation[0])}
    fingerprint = outcome_fingerprint(halved.context.recipe)
    halved.context.catalog.stages.commit(OUTCOME_KEY, OUTCOME, fingerprint, rows)
    lines = halved.status()["split"]
    assert f"LEAK: {train[0]} (train) and {validation[0]} (validation)" in lines
    assert lines[-1].startswith("freeze the selections again")
    halved.select("t")
    halved.select("v")
    assert not [line for line in halved.status()["split"] if "LEAK" in line], "they moved together"
