import numpy as np
import pytest

from rushes.project import Project
from rushes.review.coverage_map import tile_layout


def directions(points):
    """Unit vectors that are similar where the points of a plane are near each other."""
    points = np.asarray(points, np.float32)
    gaps = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    vectors = np.exp(-gaps / 8)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 100])
def test_each_tile_has_a_place_of_its_own(count):
    rng = np.random.default_rng(count)
    places = tile_layout(directions(rng.normal(size=(count, 2))))
    assert len(set(places)) == count
    columns, rows = (max(axis) + 1 for axis in zip(*places, strict=True))
    assert (columns - 1) * (rows - 1) < count <= columns * rows


def test_like_is_beside_like():
    points = [(x, y) for y in range(6) for x in range(10)]
    rng = np.random.default_rng(0)
    order = rng.permutation(len(points))
    places = np.array(tile_layout(directions([points[at] for at in order])))
    home = np.array([points[at] for at in order])

    def apart(some):
        return np.abs(some[:, None] - some[None]).sum(axis=2)

    were_beside = apart(home) == 1
    assert apart(places)[were_beside].mean() < 2
    assert apart(places).mean() > 4


@pytest.fixture
def session(project_folder):
    changes = ["coverage.clusters=3", "coverage.gap=1.0", 'score.use=["layout"]']
    with Project.open(
        project_folder, workers=0, changes=[*changes, "select={}", "export={}"]
    ) as project:
        yield project.review()


def test_there_is_no_map_before_there_are_clusters(session):
    found = session.charts([])
    assert found["tiles"] == []
    assert found["unplaced"] == found["candidates"] == 6


def test_the_map_says_what_there_is_little_of_and_what_filters_take(project_folder):
    changes = ["coverage.clusters=3", "coverage.gap=0.6", 'score.use=["layout"]']
    with Project.open(
        project_folder, workers=0, changes=[*changes, "select={}", "export={}"]
    ) as project:
        clusters = project.coverage()["clusters"]
        tiles = project.review().charts([])["tiles"]
        assert [(t["cluster"], t["clips"], t["passing"]) for t in tiles] == [
            (row["cluster"], row["clips"], row["clips"]) for row in clusters
        ]
        assert [tile["state"] == "gap" for tile in tiles] == [row["is_gap"] for row in clusters]
        full = next(tile for tile in tiles if tile["state"] == "")
        emptied = project.review().charts([f"coverage.cluster != {full['cluster']}"])
        states = {tile["cluster"]: tile["state"] for tile in emptied["tiles"]}
        assert states[full["cluster"]] == "taken out"
        assert emptied["unplaced"] == 0


def test_no_map_is_left_where_all_of_its_clips_are_gone(session):
    from rushes.similarity import coverage

    row = {"cluster": 1, "nearness": 1.0}
    catalog, recipe = session.catalog, session._context.recipe
    catalog.stages.replace(coverage.KEY, coverage.FIELDS, coverage.fingerprint(recipe), {999: row})
    assert session.charts([])["tiles"] == []
