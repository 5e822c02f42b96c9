import json

import pytest

from rushes.files import MANIFEST
from rushes.project import Project
from rushes.records import Field
from rushes.review import decide
from rushes.stages import registry
from rushes.stages.protocols import AnnotatorDefaults, Inputs

ONE, TWO = "a red fox jumps", "Bäume im Wind"


@pytest.fixture
def captioned(films, tmp_path):
    """Two of the three videos have a text beside them."""
    (films / "one.txt").write_text(ONE)
    (films / "sub" / "two.caption").write_text(TWO)
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        reports = project.run([films], only=["ingest", "scan", "cut", "caption"])
        assert (reports["caption"].done, reports["caption"].total) == (5, 6)
        yield project


def captions(project):
    return {row["video"].split("/")[-1]: row["caption"] for row in project.ls("clips")}


def test_a_text_beside_a_video_captions_its_clips(captioned):
    assert captions(captioned) == {"one.mp4": ONE, "two.mkv": TWO, "three ö.mp4": None}
    again = captioned.caption()
    assert (again.pending, again.done) == (0, 0)


def test_a_changed_text_is_noticed_and_one_that_is_gone_too(captioned, films):
    (films / "one.txt").write_text("a blue fox")
    (films / "sub" / "two.caption").unlink()
    assert captioned.plan()["caption"] == 5
    assert captioned.caption().done == 5
    assert captions(captioned) == {"one.mp4": "a blue fox", "two.mkv": None, "three ö.mp4": None}
    assert captioned.plan()["caption"] == 0


def test_exports_hold_the_clips_own_captions(captioned, tmp_path):
    fast = ["export.main.preset=ultrafast", "export.main.caption=a video", "score.use=[]",
            "select.main={}"]  # fmt: skip
    with Project.open(captioned.folder, workers=0, changes=fast) as project:
        project.select()
        project.export(folder=tmp_path / "out")
    groups = json.loads((tmp_path / "out" / MANIFEST).read_text())["groups"]
    told = [clip["caption"] for group in groups for clip in group["clips"]]
    assert sorted(told) == sorted([ONE] * 3 + [TWO] * 2 + ["a video"])
    texts = [path.read_text() for path in (tmp_path / "out").glob("*.txt")]
    assert sorted(texts) == sorted(told)


def test_a_text_that_cannot_be_read_is_a_failure_until_it_can(captioned, films):
    (films / "one.txt").write_bytes(b"\0\0\0")
    assert captioned.caption().failed == 3
    failures = captioned.failures()
    assert {failure.stage for failure in failures} == {"captioner/sidecar"}
    assert len(failures) == 3
    assert all("one.txt" in failure.message for failure in failures)
    (films / "one.txt").write_text("a fox")
    captioned.caption()
    assert captioned.failures() == []


class Letters(AnnotatorDefaults):
    """Counts the letters of captions."""

    name, version = "letters", 1
    inputs = Inputs(caption=True)
    fields = (Field(name="count", dtype="integer", about="letters in the caption"),)

    def annotate(self, items):
        return [{"count": len(item.caption)} for item in items]


def test_a_scorer_of_captions_sees_clips_that_have_one_and_anew_when_it_changes(
    captioned, films, monkeypatch
):
    monkeypatch.setitem(registry.BUILT_IN, "scorer/letters", f"{__name__}:Letters")
    registry.stages.cache_clear()
    try:
        changes = ['score.use=["letters"]']
        with Project.open(captioned.folder, workers=0, changes=changes) as project:

            def counts():
                found = project.score()
                rows = project.ls("clips")
                told = {row["video"].split("/")[-1]: row["letters.count"] for row in rows}
                return found.pending, told

            expected = {"one.mp4": len(ONE), "two.mkv": len(TWO), "three ö.mp4": None}
            assert counts() == (5, expected)
            assert counts() == (0, expected)
            assert project.failures() == []
            (films / "one.txt").write_text("a fox")
            project.caption()
            assert counts() == (3, expected | {"one.mp4": 5})
    finally:
        registry.stages.cache_clear()


def say(project, text, clip=0):
    clips = [row["clip"] for row in project.ls("clips")]
    catalog, texts = project.context.catalog, {clips[clip]: text}
    return decide.decide_each(catalog, "caption", texts, who="ann", source="page")


def first(project):
    return project.ls("clips")[0]["caption"]


def test_a_persons_caption_replaces_a_captioners(captioned, films):
    say(captioned, "a fox that is no dog")
    assert first(captioned) == "a fox that is no dog"
    assert [row["caption"] for row in captioned.search("dog")] == ["a fox that is no dog"]
    (films / "one.txt").write_text("a cat")
    captioned.caption()
    assert first(captioned) == "a fox that is no dog"
    captioned.undo(who="ann")
    assert first(captioned) == "a cat"
    assert captioned.search("dog") == []
    captioned.redo(who="ann")
    assert first(captioned) == "a fox that is no dog"
    say(captioned, None)
    assert first(captioned) == "a cat"
    assert captioned.plan()["caption"] == 0


def test_a_persons_words_about_a_clip_without_any_are_taken_back(captioned):
    nothing = [row["caption"] for row in captioned.ls("clips")].index(None)
    say(captioned, "a lamp", nothing)
    assert [row["caption"] for row in captioned.search("lamp")] == ["a lamp"]
    captioned.caption()
    assert captioned.ls("clips")[nothing]["caption"] == "a lamp"
    captioned.undo(who="ann")
    assert captioned.ls("clips")[nothing]["caption"] is None


def test_halves_of_a_clip_inherit_its_caption(captioned):
    clip = next(iter(captioned.context.clips().values())).clip
    middle = (clip.in_pts + clip.out_pts) // 2
    spans = [(clip.in_pts, middle), (middle, clip.out_pts)]
    edit = decide.SpanEdit(clips=[clip.id], spans=spans)
    decide.edit_spans(captioned.context, edit, who="ann", source="page")
    assert [row["caption"] for row in captioned.ls("clips")[:2]] == [ONE, ONE]
