import pytest

from rushes.project import Project
from rushes.review import decide
from rushes.review.previews import prune


@pytest.fixture
def session(project):
    return project.review()


@pytest.fixture
def elsewhere(project_folder, project):
    """The same project, opened a second time."""
    with Project.open(project_folder, workers=0) as other:
        yield other


def order(session, **asked):
    found = session.query([], **asked)
    return session.ids(found["query"])


def test_what_somebody_else_decides_is_taken_in(session, elsewhere):
    clips = order(session)
    assert not session.live.refresh()
    elsewhere.verdict("keep", clips[:2], who="bob")
    assert session.live.refresh()
    assert session.live.last_by == ("bob",)
    assert session.state()["verdicts"] == {"keep": 2, "undecided": 4}
    assert session.count(["verdict = keep"])["count"] == 2
    elsewhere.undo(who="bob")
    session.refresh()
    assert session.state()["verdicts"] == {"undecided": 6}
    elsewhere.redo(who="bob")
    session.refresh()
    assert session.count(["verdict = keep"])["count"] == 2


def test_orders_outlive_verdicts_but_no_other_clips(session, elsewhere):
    found = session.query([])
    clips = session.ids(found["query"])
    elsewhere.verdict("drop", clips[:1], who="bob")
    session.refresh()
    assert session.ids(found["query"]) == clips
    clip = session.clip(clips[0])
    spans = [(clip["in_pts"], clip["frame_pts"][clip["frame_in"] + 9])]
    edit = decide.SpanEdit(clips=clips[:1], spans=spans)
    (made,) = decide.edit_spans(elsewhere.context, edit, who="bob", source="cli")
    session.refresh()
    assert session.ids(found["query"]) is None
    assert order(session) == [made.id, *clips[1:]]
    assert session.clip(made.id)["verdict"] == "drop"
    assert session.live.columns.counts("verdict") == {"drop": 1, "undecided": 5}
    elsewhere.undo(who="bob")
    session.refresh()
    assert order(session) == clips
    assert session.clip(clips[0])["scores"]["motion.speed"] == clip["scores"]["motion.speed"]


def test_new_scores_are_taken_in(session, project_folder):
    revision = session.live.clips_revision
    recipe = project_folder / "recipe.toml"
    recipe.write_text(recipe.read_text())
    with Project.open(project_folder, workers=0, changes=["cut.min_s=0.3"]) as other:
        other.cut()
    assert session.live.refresh()
    assert session.live.clips_revision == revision  # the cuts of this recipe are unchanged


def test_a_query_sorts_groups_and_keeps_what_a_search_found(session):
    clips = order(session)
    speeds = [
        session.clip(clip)["scores"]["motion.speed"] for clip in order(session, sort="motion.speed")
    ]
    assert speeds == sorted(speeds, reverse=True)
    found = session.query([], group="video")
    assert sorted(count for _, count in found["groups"]) == [1, 2, 3]
    assert order(session, among=[clips[3], "nope", clips[1]]) == [clips[3], clips[1]]


def test_previews_watched_longest_ago_go_first(tmp_path):
    import os

    paths = [tmp_path / f"{name}.mp4" for name in "abcd"]
    for at, path in enumerate(paths):
        path.write_bytes(b"x" * 10)
        os.utime(path, (at, at))
    (tmp_path / "note.txt").write_text("x" * 100)
    prune(tmp_path, 25, keep=paths[0])
    assert sorted(path.name for path in tmp_path.glob("*")) == ["a.mp4", "d.mp4", "note.txt"]


def test_charts_have_figures(session):
    figures = session.charts(["motion.speed > 0"])
    assert figures["count"] > 0
    assert sum(row["passing"] for row in figures["sources"]) == figures["count"]
    assert sum(row["all"] for row in figures["sources"]) == figures["candidates"]
    assert session.charts(["motion.speed > 1e9"])["count"] == 0
