import pytest

from rushes.exports.formats.folder import Folder
from rushes.stages.items import Sample


@pytest.fixture
def folder():
    return Folder(Folder.Params())


def sample(tmp_path, key="holiday_00001000_0123abcd", caption="a dog, größer"):
    media = tmp_path / "parts" / "clip.mp4"
    media.parent.mkdir(exist_ok=True)
    media.write_bytes(b"video")
    return Sample(key=key, media=media, caption=caption, metadata={})


def test_the_folder_holds_the_declared_files_and_nothing_else(tmp_path, folder):
    one = sample(tmp_path)
    folder.write(0, [one], tmp_path / "out")
    names = folder.outputs(0, [one.key])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert names[-1] == f"{one.key}.mp4"
    assert (tmp_path / "out" / names[-1]).read_bytes() == b"video"
    assert (tmp_path / "out" / names[0]).read_text("utf-8") == "a dog, größer"
    assert not one.media.exists()
    assert folder.group_size == 1


def test_writing_again_after_a_kill_changes_nothing(tmp_path, folder):
    one = sample(tmp_path)
    folder.write(0, [one], tmp_path / "out")
    folder.write(0, [one], tmp_path / "out")  # the video was moved, but nobody noted it
    assert (tmp_path / "out" / f"{one.key}.mp4").read_bytes() == b"video"


def test_a_video_that_cannot_be_moved_leaves_no_video(tmp_path, folder):
    one = sample(tmp_path)
    one.media.unlink()
    with pytest.raises(FileNotFoundError):
        folder.write(0, [one], tmp_path / "out")
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".txt"]


def manifest_entry(**changes):
    return {"key": "a_00001000_0123abcd", "caption": "a dog", "frames": 49, "fps": 24.0} | changes


def test_a_clip_with_caption_and_frames_is_trained_on_as_it_is(folder):
    assert list(folder.rules(manifest_entry())) == []


@pytest.mark.parametrize("caption", ["", " \n"])
def test_trainers_differ_on_an_empty_caption(folder, caption):
    found = {rule.trainer: rule for rule in folder.rules(manifest_entry(caption=caption))}
    assert {name: rule.effect for name, rule in found.items()} == {
        "musubi-tuner": "kept", "diffusion-pipe": "kept", "ai-toolkit": "changed",
    }  # fmt: skip
    assert {rule.case for rule in found.values()} == {"without a caption"}


def test_a_single_frame_is_an_image_to_diffusion_pipe(folder):
    (rule,) = folder.rules(manifest_entry(frames=1))
    assert (rule.trainer, rule.effect) == ("diffusion-pipe", "changed")
