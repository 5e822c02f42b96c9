"""Clips that a person trimmed: scored at once, and in all lists alike."""

import json

import pytest

from rushes.project import Project
from rushes.review.decide import SpanEdit

FAST = "export.main.preset=ultrafast"
SOUND = 'score.use=["motion", "sharpness", "loudness"]'


@pytest.fixture
def opened(project_folder):
    """A project whose rules need motion, and loudness, which reads the source itself."""
    changes = [
        FAST,
        SOUND,
        "select.main.motion.speed=>= 0",
        "select.main.loudness.integrated_lufs=>= -70",
    ]
    with Project.open(project_folder, workers=0, changes=changes) as project:
        project.score()
        yield project


def trimmed(project):
    """Trim the first clip with sound by its last frames; return the new clip's id."""
    session = project.review()
    clip = next(row for row in project.ls("clips") if row["video"].endswith("one.mp4"))
    detail = session.clip(clip["clip"])
    span = (detail["in_pts"], detail["frame_pts"][detail["frame_in"] + 20])
    (made,) = session.edit_spans(SpanEdit(clips=[clip["clip"]], spans=[span]), "ann")["clips"]
    return made, session


def test_a_trimmed_clip_is_scored_at_once_where_that_needs_no_decoding(opened):
    made, session = trimmed(opened)
    (row,) = [row for row in opened.ls("clips") if row["clip"] == made]
    assert row["motion.speed"] is not None
    assert row["sharpness.detail"] is not None
    assert row["loudness.integrated_lufs"] is None
    assert row["edited"] == "yes"
    assert session.clip(made)["scores"]["motion.speed"] == row["motion.speed"]


def test_a_trimmed_clip_stays_in_list_funnel_page_and_export(opened):
    made, session = trimmed(opened)
    rules = ["motion.speed >= 0", "loudness.integrated_lufs >= -70"]
    selection = opened.select()
    assert made in selection.clips
    (line,) = [line for line in selection.funnel if line.rule.startswith("loudness")]
    assert (line.unmeasured, line.missing) == (1, 0)
    assert line.alone == line.left == 6
    assert {row["clip"] for row in opened.ls("clips", where=" and ".join(rules))} == set(
        selection.clips
    )
    assert session.ids(session.query(rules)["query"]) == list(selection.clips)
    count = session.count(rules)
    assert (count["count"], count["missing"]) == (6, (0, 0))
    assert session.preview_export(rules)["count"] == 6
    opened.export()
    manifest = json.loads((opened.folder / "exports/main/rushes-export.json").read_text())
    clips = [clip["clip"] for group in manifest["groups"] for clip in group["clips"]]
    assert clips == list(selection.clips)
    opened.score()
    (line,) = [line for line in opened.select().funnel if line.rule.startswith("loudness")]
    assert line.unmeasured == 0


def test_only_edited_clips_pass_without_a_score(opened):
    made, session = trimmed(opened)
    assert [row["clip"] for row in opened.ls("clips", where="edited = yes")] == [made]
    loud = "loudness.integrated_lufs > 0"
    assert [row["clip"] for row in opened.ls("clips", where=loud)] == [made]
    session.undo("ann")
    assert opened.ls("clips", where="edited = yes") == []
    assert opened.ls("clips", where=loud) == []


def test_an_edit_during_another_run_is_kept_and_scored_later(opened):
    with opened._working():
        made, session = trimmed(opened)
    (row,) = [row for row in opened.ls("clips") if row["clip"] == made]
    assert row["motion.speed"] is None
    assert session.ids(session.query(["motion.speed > 0"])["query"])[0] == made
    opened.score()
    (row,) = [row for row in opened.ls("clips") if row["clip"] == made]
    assert row["motion.speed"] is not None
