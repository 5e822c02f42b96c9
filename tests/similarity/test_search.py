from dataclasses import dataclass

import av
import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.project import Project
from rushes.records import Field
from rushes.stages import registry
from rushes.stages.protocols import AnnotatorDefaults
from tests.tiny_towers import COLOURS, write_towers


@pytest.fixture
def opened(project_folder, request):
    """Open the finished project with changes of the recipe."""
    projects = []

    def call(*changes):
        projects.append(Project.open(project_folder, workers=0, changes=changes))
        return projects[-1]

    yield call
    for project in projects:
        project.close()


def say(project, texts):
    """Put captions in force: clip number → text."""
    numbers = project.context.clips()
    project.context.catalog.captions.store(
        {no: [("test", text)] for no, text in texts.items()}, numbers
    )


def videos(rows):
    return [row["video"].split("/")[-1] for row in rows]


def test_words_of_captions_and_of_file_names_are_found(project):
    say(project, {1: "a red fox runs", 2: "a red car"})
    rows = project.search("red fox")
    assert [row["caption"] for row in rows] == ["a red fox runs", "a red car"]
    assert [row["rank"] for row in rows] == [1, 2]
    assert all(row["found_by"] == ["caption"] and row["similarity"] is None for row in rows)
    assert videos(project.search("one")) == ["one.mp4"] * 3
    assert project.search("one", limit=1)[0]["found_by"] == ["file name"]
    assert project.search("giraffe") == []


def test_a_clip_found_by_caption_and_name_comes_first(project):
    clips = project.ls("clips")
    two = next(at for at, row in enumerate(clips, start=1) if row["video"].endswith("two.mkv"))
    say(project, {1: "two foxes", two: "two foxes"})
    assert project.search("two")[0]["found_by"] == ["caption", "file name"]


def test_words_of_tags_are_found(project):
    first, second, *_ = (row["clip"] for row in project.ls("clips"))
    desk = project.review()
    desk.decide([first], {"tags": {"add": ["Red_Fox"]}}, "ann")
    desk.decide([second, first], {"tags": {"add": ["snow field"]}}, "ann")
    assert [row["clip"] for row in project.search("fox snow")] == [first, second]
    assert project.search("fiel*")[0]["found_by"] == ["tag"]
    assert [row["clip"] for row in project.search("Red_Fox")] == [first]
    desk.decide([first], {"tags": {"remove": ["Red_Fox"]}}, "ann")
    assert project.search("fox") == []


def test_like_finds_the_clips_that_look_alike_without_any_model(project):
    clips = {row["clip"]: row for row in project.ls("clips")}
    asked = next(clip for clip, row in clips.items() if row["video"].endswith("one.mp4"))
    rows = project.search(like=asked)
    assert asked not in {row["clip"] for row in rows}
    assert len(rows) == len(clips) - 1
    assert all(row["found_by"] == ["layout"] for row in rows)
    similarities = [row["similarity"] for row in rows]
    assert similarities == sorted(similarities, reverse=True)
    assert all(-1.01 <= value <= 1.01 for value in similarities)
    assert project.search(like=asked[:10].upper()) == rows
    assert project.search(like=asked, limit=2) == rows[:2]


def test_a_clip_that_is_not_meant_is_said_so(project):
    with pytest.raises(RecipeError, match="no clip has an id that begins with 'zz'"):
        project.search(like="zz")
    with pytest.raises(RecipeError, match="6 clips begin with ''"):
        project.search(like=" ")
    for nothing in ((), ("",), ("  ",)):
        with pytest.raises(RecipeError, match="say what to look for"):
            project.search(*nothing)


def test_without_vectors_it_says_how_to_get_them(opened):
    asked = opened().ls("clips")[0]["clip"]
    with pytest.raises(RecipeError, match='add "layout" to'):
        opened('score.use=["motion"]').search(like=asked)


class Clip(AnnotatorDefaults):
    """Stands in for CLIP: the first clip shows what "fox" means."""

    name, version = "clip", 1
    fields = (
        Field(name="vector", dtype="vector", shape=(3, 2), about="x"),
        Field(name="steadiness", about="x"),
    )

    @dataclass(frozen=True)
    class Params:
        """None."""

    def annotate(self, items):
        return [
            {"vector": np.full((3, 2), [1, item.clip.in_pts * 1e-5]), "steadiness": 1.0}
            for item in items
        ]

    def encode_text(self, texts, models):
        return np.array([[1.0, 0.0] for _ in texts], np.float32)


def test_words_are_looked_for_in_pictures_where_a_text_tower_is(opened, monkeypatch):
    monkeypatch.setitem(registry.BUILT_IN, "scorer/clip", f"{__name__}:Clip")
    registry.stages.cache_clear()
    try:
        project = opened('score.use=["clip", "layout"]')
        say(project, {2: "a fox"})
        assert [row["found_by"] for row in project.search("fox")] == [["caption"]]
        project.score()
        rows = project.search("fox")
        assert rows[0]["found_by"] == ["caption", "picture"]
        assert {row["similarity"] for row in rows[1:3]} == {1.0}
        assert len(rows) == 6
        found = project.search(like=rows[0]["clip"])
        assert found[0]["found_by"] == ["clip"], "the best space is asked"
    finally:
        registry.stages.cache_clear()


def write_plain(path, colour):
    """Write a second of one colour."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(24):
            picture = np.full((64, 64, 3), colour, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_a_folder_of_a_model_finds_what_is_to_be_seen(tmp_path, kind):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tokenizers")
    towers = write_towers(tmp_path / "towers", kind)
    films = tmp_path / "films"
    films.mkdir()
    for name, colour in zip("abc", COLOURS, strict=False):
        write_plain(films / f"{name}.mkv", COLOURS[colour])
    changes = ['score.use=["clip"]', f"score.clip.model={str(towers)!r}", "cut.min_s=0.5"]
    with Project.open(tmp_path / "p", create=True, workers=0, changes=changes) as project:
        project.run([films], only=["ingest", "scan", "cut", "score"])
        assert not project.failures(), project.failures()
        for name, colour in zip("abc", COLOURS, strict=False):
            best = project.search(colour)[0]
            assert (videos([best]), best["found_by"]) == ([f"{name}.mkv"], ["picture"])
