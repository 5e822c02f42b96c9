"""With a stand-in whose probability is how loud a frame is; `weights` runs the real network."""

import shutil
import subprocess

import numpy as np
import pytest

from rushes.annotation.scorers.speech import Speech
from rushes.errors import ItemError
from rushes.models import store
from tests.annotation.scorers.test_loudness import clip, tone, write
from tests.tiny_speech_network import write_tiny_speech_network


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    file = write_tiny_speech_network(tmp_path_factory.mktemp("model") / "tiny.onnx")

    def measure(video, *span, **params):
        scorer = Speech(Speech.Params(**params))
        scorer.setup("cpu", {"silero-vad": file})
        return scorer.annotate([clip(video, *span)])[0]

    return measure


def loud_for(tmp_path, *parts):
    """Write a video of (amplitude, seconds), one after another."""
    wave = np.concatenate([amplitude * tone(0, length_s) for amplitude, length_s in parts])
    return write(tmp_path / "a.mov", np.stack([wave, wave]))


def test_more_speech_is_a_larger_share(speech, tmp_path):
    for length_s in (0, 0.5, 1, 2, 3, 4):
        (tmp_path / "a.mov").unlink(missing_ok=True)
        row = speech(loud_for(tmp_path, (0.9, length_s), (0.0, 4 - length_s)))
        assert row["fraction"] == pytest.approx(length_s / 4, abs=0.02)
        assert row["longest_s"] == pytest.approx(length_s, abs=0.07)


def test_the_longest_stretch_is_not_all_of_it(speech, tmp_path):
    row = speech(loud_for(tmp_path, (0.9, 1), (0.0, 1), (0.9, 0.5), (0.0, 1.5)))
    assert row["fraction"] == pytest.approx(1.5 / 4, abs=0.03)
    assert row["longest_s"] == pytest.approx(1, abs=0.07)


def test_only_the_clip_is_heard(speech, tmp_path):
    video = loud_for(tmp_path, (0.9, 2), (0.0, 2))
    assert speech(video, 0, 2)["fraction"] == pytest.approx(1, abs=0.02)
    assert speech(video, 2, 4)["fraction"] == 0
    with pytest.raises(ItemError, match="no length"):
        speech(video, 1, 1)


def test_speech_goes_on_through_a_doubt_and_does_not_begin_with_one(speech, tmp_path):
    video = loud_for(tmp_path, (0.4, 1), (0.6, 1), (0.4, 1), (0.1, 1))
    assert speech(video)["fraction"] == pytest.approx(2 / 4, abs=0.03)
    assert speech(video, threshold=0.3)["fraction"] == pytest.approx(3 / 4, abs=0.03)


def test_a_long_clip_is_heard_in_pieces(speech, tmp_path):
    row = speech(loud_for(tmp_path, (0.0, 15), (0.9, 5), (0.0, 5)))
    assert row["fraction"] == pytest.approx(5 / 25, abs=0.01)
    assert row["longest_s"] == pytest.approx(5, abs=0.07)


def test_a_video_without_sound_holds_no_speech(speech, tmp_path):
    video = write(tmp_path / "a.mov", np.stack([tone(-6, 1)] * 2), later_s=2)
    assert speech(video, 0, 1) == {"fraction": 0, "longest_s": 0}


@pytest.mark.weights
def test_the_real_network_hears_speech_and_nothing_else(tmp_path):
    try:
        file = store.get("silero-vad", tmp_path / "models")
    except ItemError as error:
        pytest.skip(str(error))
    scorer = Speech(Speech.Params())
    scorer.setup("cpu", {"silero-vad": file})
    rng = np.random.default_rng(0)
    sounds = {
        "silence": np.zeros(4 * 48_000),
        "a tone": tone(-12, 4, hz=440),
        "noise": 0.1 * rng.standard_normal(4 * 48_000),
        "clicks": 0.5 * (np.arange(4 * 48_000) % 24_000 < 100),
    }
    for name, wave in sounds.items():
        video = write(tmp_path / f"{name}.mov", np.stack([wave, wave]))
        assert scorer.annotate([clip(video)])[0]["fraction"] < 0.05, name
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here to speak")
    said = "Somebody says a sentence, and then another one, so that there is something to hear."
    subprocess.run(["espeak-ng", "-w", str(tmp_path / "a.wav"), said], check=True)
    raw = (tmp_path / "a.wav").read_bytes()[44:]
    spoken = np.frombuffer(raw[: len(raw) // 2 * 2], np.int16) / 32768  # at 22,050 Hz
    at = np.arange(0, len(spoken) - 1, 22_050 / 48_000)
    wave = np.interp(at, np.arange(len(spoken)), spoken)
    video = write(tmp_path / "said.mov", np.stack([wave, wave]))
    assert scorer.annotate([clip(video)])[0]["fraction"] > 0.7
