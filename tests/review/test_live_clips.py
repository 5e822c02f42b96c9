import pytest

from rushes.project import Project
from rushes.review import decide as deciding
from rushes.review.previews import prune


@pytest.fixture
def desk(project):
    return project.review()


@pytest.fixture
def elsewhere(project_folder, project):
    """The same project, opened by somebody else."""
    with Project.open(project_folder, workers=0) as other:
        yield other


def order(desk, **asked):
    found = desk.query([], **asked)
    return desk.ids(found["query"])


def test_what_somebody_else_decides_is_taken_in(desk, elsewhere):
    clips = order(desk)
    assert not desk.board.follow()
    elsewhere.verdict("keep", clips[:2], who="bob")
    assert desk.board.follow()
    assert desk.board.last_by == ("bob",)
    assert desk.state()["verdicts"] == {"keep": 2, "undecided": 4}
    assert desk.count(["verdict = keep"])["count"] == 2
    elsewhere.undo(who="bob")
    desk.follow()
    assert desk.state()["verdicts"] == {"undecided": 6}
    elsewhere.redo(who="bob")
    desk.follow()
    assert desk.count(["verdict = keep"])["count"] == 2


def test_orders_outlive_verdicts_but_no_other_clips(desk, elsewhere):
    found = desk.query([])
    clips = desk.ids(found["query"])
    elsewhere.verdict("drop", clips[:1], who="bob")
    desk.follow()
    assert desk.ids(found["query"]) == clips
    clip = desk.clip(clips[0])
    spans = [(clip["in_pts"], clip["frame_pts"][clip["frame_in"] + 9])]
    (made,) = deciding.respan(elsewhere.context, clips[:1], spans, who="bob", source="cli")
    desk.follow()
    assert desk.ids(found["query"]) is None
    assert order(desk) == [made.id, *clips[1:]]
    assert desk.clip(made.id)["verdict"] == "drop"
    assert desk.board.columns.counted("verdict") == {"drop": 1, "undecided": 5}
    elsewhere.undo(who="bob")
    desk.follow()
    assert order(desk) == clips
    assert desk.clip(clips[0])["scores"]["motion.speed"] == clip["scores"]["motion.speed"]


def test_new_scores_are_taken_in(desk, project_folder):
    revision = desk.board.clips_revision
    recipe = project_folder / "recipe.toml"
    recipe.write_text(recipe.read_text())
    with Project.open(project_folder, workers=0, changes=["cut.min_s=0.3"]) as other:
        other.cut()
    assert desk.board.follow()
    assert desk.board.clips_revision == revision  # of this recipe's cuts there are no others


def test_a_query_sorts_groups_and_keeps_what_a_search_found(desk):
    clips = order(desk)
    speeds = [
        desk.clip(clip)["scores"]["motion.speed"] for clip in order(desk, sort="motion.speed")
    ]
    assert speeds == sorted(speeds, reverse=True)
    found = desk.query([], group="video")
    assert sorted(count for _, count in found["groups"]) == [1, 2, 3]
    assert order(desk, among=[clips[3], "nope", clips[1]]) == [clips[3], clips[1]]


def test_previews_watched_longest_ago_go_first(tmp_path):
    import os

    paths = [tmp_path / f"{name}.mp4" for name in "abcd"]
    for at, path in enumerate(paths):
        path.write_bytes(b"x" * 10)
        os.utime(path, (at, at))
    (tmp_path / "note.txt").write_text("x" * 100)
    prune(tmp_path, 25, keep=paths[0])
    assert sorted(path.name for path in tmp_path.glob("*")) == ["a.mp4", "d.mp4", "note.txt"]


def test_charts_have_figures(desk):
    figures = desk.pictures(["motion.speed > 0"])
    assert figures["count"] > 0
    assert sum(row["passing"] for row in figures["sources"]) == figures["count"]
    assert sum(row["all"] for row in figures["sources"]) == figures["candidates"]
    assert desk.pictures(["motion.speed > 1e9"])["count"] == 0
