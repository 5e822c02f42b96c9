from collections import Counter

import pytest

from rushes.errors import RecipeError
from rushes.project import Project
from rushes.similarity.coverage import Coverage, label_cluster


@pytest.fixture
def two(project_folder):
    changes = ["coverage.clusters=2", 'score.use=["layout"]', "select={}"]
    with Project.open(project_folder, workers=0, changes=[*changes, "export={}"]) as project:
        yield project


def test_every_clip_is_in_one_cluster_the_largest_first(two):
    found = two.coverage()
    clusters = found["clusters"]
    assert (found["by"], found["clips"], found["without_vector"]) == ("layout", 6, 0)
    sizes = [row["clips"] for row in clusters]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == 6
    assert sum(row["share"] for row in clusters) == pytest.approx(1, abs=0.001)
    clips = {row["clip"]: row for row in two.ls("clips")}
    for row in clusters:
        members = [clip for clip, at in clips.items() if at["coverage.cluster"] == row["cluster"]]
        assert len(members) == row["clips"]
        assert set(row["examples"]) <= set(members)
        assert row["name"].startswith("like ")
    assert two.coverage() == found


def test_clusters_are_named_by_what_sets_their_captions_apart(two):
    two.coverage()
    clips = two.ls("clips")
    numbers = two.context.catalog.clip_numbers("", two.context.recipe.fingerprints.cut)
    words = {1.0: "a fox in the snow", 2.0: "a boat in the sun"}
    texts = {numbers[row["clip"]]: [("x", words[row["coverage.cluster"]])] for row in clips}
    two.context.catalog.captions.store(texts, list(texts))
    assert [row["name"] for row in two.coverage()["clusters"]] == ["fox, snow", "boat, sun"]


def test_words_count_where_they_are_more_frequent_than_elsewhere():
    members = [{"a", "fox"}, {"a", "fox"}, {"a", "fox", "hen"}, {"a", "hen", "red"}, {"a", "hen"}]
    everywhere = Counter({"a": 100, "fox": 4, "hen": 50, "red": 1})
    assert label_cluster(members, everywhere, 100) == "fox"
    assert label_cluster([set(), set()], Counter(), 2) == ""


def test_a_selection_brings_the_clusters_up_to_date_and_evens_them_out(project_folder):
    changes = ["coverage.clusters=2", "select.even={coverage.cluster='at most 50%'}"]
    with Project.open(project_folder, workers=0, changes=changes) as project:
        assert project.ls("clips")[0]["coverage.cluster"] is None
        selection = project.select("even")
        cluster_of = {row["clip"]: row["coverage.cluster"] for row in project.ls("clips")}
        counts = Counter(cluster_of[clip] for clip in selection.clips)
        assert len(set(counts.values())) == 1
        assert selection.funnel[0].rule == "coverage.cluster at most 50%"


@pytest.mark.parametrize(("gap", "below"), [(0, 0), (1, 6 / 5)])
def test_clusters_that_hold_little_of_an_even_share_are_gaps(project_folder, gap, below):
    changes = ["coverage.clusters=5", f"coverage.gap={gap}.0"]
    with Project.open(project_folder, workers=0, changes=changes) as project:
        clusters = project.coverage()["clusters"]
    assert [row["is_gap"] for row in clusters] == [row["clips"] < below for row in clusters]
    assert len(clusters) == 5


def test_what_cannot_be_is_refused():
    for wrong in ({"clusters": -1}, {"clusters": 1}, {"gap": 2.0}):
        with pytest.raises(RecipeError):
            Coverage(**wrong)
