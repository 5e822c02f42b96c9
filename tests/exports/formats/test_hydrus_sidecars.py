import json

import pytest

from rushes.exports.formats.hydrus_sidecars import HydrusSidecars
from rushes.stages.items import Sample


@pytest.fixture
def exporter():
    return HydrusSidecars(HydrusSidecars.Params(project="Holiday: 2026"))


def sample(tmp_path, caption="a dog,\ngrößer"):
    media = tmp_path / "parts" / "clip.mp4"
    media.parent.mkdir(exist_ok=True)
    media.write_bytes(b"video")
    facts = {
        "clip": "0123", "video": "/films/One Two.mp4", "in_s": 1.0, "out_s": 3.4,
        "source_frames": 58, "tags": ["Dog:\nbig"], "caption": caption,
        "scores": {"motion.speed": 3.14159, "picture.scan": "progressive"},
    }  # fmt: skip
    return Sample(key="one_00001000_0123abcd", media=media, caption=caption, metadata=facts)


def test_a_clip_lies_beside_its_tags_and_notes(tmp_path, exporter):
    one = sample(tmp_path)
    exporter.write(0, [one], tmp_path / "out")
    names = exporter.outputs(0, [one.key])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert names[-1] == f"{one.key}.mp4"
    tags = (tmp_path / "out" / f"{one.key}.mp4.txt").read_text("utf-8").splitlines()
    assert tags == [
        "rushes:project holiday 2026", "rushes:video one two.mp4", "rushes:duration 2 s",
        "rushes:motion.speed 3.1", "dog: big",
    ]  # fmt: skip
    beside = json.loads((tmp_path / "out" / f"{one.key}.mp4.json").read_text("utf-8"))
    assert beside["tags"] == tags
    facts, caption = beside["notes"]
    assert caption == "rushes caption: a dog,\ngrößer"
    assert facts.startswith("rushes: clip: 0123\nvideo: /films/One Two.mp4\nin: 1.0 s\nout: 3.4 s")


def test_a_clip_without_a_caption_has_no_such_note(tmp_path, exporter):
    one = sample(tmp_path, caption="")
    exporter.write(0, [one], tmp_path / "out")
    beside = json.loads((tmp_path / "out" / f"{one.key}.mp4.json").read_text("utf-8"))
    assert len(beside["notes"]) == 1


def test_writing_again_after_a_kill_changes_nothing(tmp_path, exporter):
    one = sample(tmp_path)
    exporter.write(0, [one], tmp_path / "out")
    exporter.write(0, [one], tmp_path / "out")  # the video was moved, but nobody noted it
    assert (tmp_path / "out" / f"{one.key}.mp4").read_bytes() == b"video"


def test_a_project_is_exported_with_sidecars(project):
    report = project.export(to="hydrus")
    folder = project.folder / "exports" / "main"
    assert (report.clips, report.format) == (5, "hydrus")
    for video in folder.glob("*.mp4"):
        tags = video.with_suffix(".mp4.txt").read_text().splitlines()
        assert tags[0] == "rushes:project rushes"
        assert any(tag.startswith("rushes:motion.speed ") for tag in tags)
    assert project.export(to="hydrus").encoded == 0


def test_hydrus_trains_on_nothing_and_has_no_rules():
    assert list(HydrusSidecars(HydrusSidecars.Params()).rules({"key": "a.b", "caption": ""})) == []
