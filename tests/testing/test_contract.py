"""Every stage keeps what its kind promises; the check itself bites."""

import io
from dataclasses import dataclass

import numpy as np
import pytest

from rushes.errors import ContractError, ItemError, MediaError
from rushes.exports.formats.folder import Folder as FolderFormat
from rushes.footage.sources.folder import Folder
from rushes.media.probe import probe
from rushes.records import Cut, Field
from rushes.stages import registry
from rushes.stages.items import Treatment
from rushes.stages.protocols import AnnotatorDefaults, Inputs, Trainer
from rushes.testing import check_stage
from rushes.testing.contract import material
from tests.tiny_flow import write_tiny_flow
from tests.tiny_network import write_tiny_embedding, write_tiny_network
from tests.tiny_speech_network import write_tiny_speech_network
from tests.tiny_towers import write_towers
from tests.tiny_vision import write_tiny_vision
from tests.written_checkpoint import write_checkpoint


@pytest.mark.parametrize("key", registry.stages())
def test_every_stage_keeps_its_promises(key, tmp_path):
    (tmp_path / "work").mkdir()
    models = {
        "transnetv2": write_tiny_network(tmp_path / "tiny.onnx"),
        "efficientnet-lite0": write_tiny_embedding(tmp_path / "embedding.onnx"),
        "silero-vad": write_tiny_speech_network(tmp_path / "speech.onnx"),
        **write_tiny_vision(tmp_path),
    }
    towers = {"model": str(write_towers(tmp_path / "towers"))}
    weights = {"weight": np.ones((1, 8), np.float32), "bias": np.ones(1, np.float32)}
    settings = {
        "scorer/clip": towers,
        "scorer/flow": {"model": str(write_tiny_flow(tmp_path / "flow.onnx"))},
        "scorer/clip_similarity": towers,
        "scorer/aesthetic": {"head": str(write_checkpoint(tmp_path / "head.pth", weights))},
    }
    check_stage(key, tmp_path / "work", models, settings)


def test_a_video_without_length_is_an_item_that_fails(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError) as error:
        probe(tmp_path / "empty.mp4")
    assert isinstance(error.value, ItemError)


class Scorer(AnnotatorDefaults):
    """A scorer that keeps its promises; the tests break one at a time."""

    name, version = "mine", 1
    inputs = Inputs(probes=("motion",))
    fields = (Field(name="level", low=0, about="a level"),)

    @dataclass(frozen=True)
    class Params:
        """None."""

    def __init__(self, params):
        self.params = params
        self.calls = 0

    def annotate(self, items):
        self.calls += 1
        return [{"level": self.level(item, len(items))} for item in items]

    def level(self, item, size):
        return 1.0 * item.clip.frames


class Detector(Scorer):
    inputs = Inputs(probes=("change",))
    fields = ()

    def detect(self, signals):
        return []


def cut(start, end, **changes):
    facts = {"kind": "hard", "start_pts": start, "pts": end, "confidence": 0.5, "detector": "mine"}
    return Cut(**facts | changes)


class Line(Trainer):
    """A trainer that keeps its promises: it fits the mean brightness of frames, and samples it."""

    name, version = "mine", 1
    sample_shape = (2, 4, 4, 3)

    @dataclass(frozen=True)
    class Params:
        """None."""

    def __init__(self, params):
        self.params = params

    def setup(self, device, models):
        self._mean = np.zeros(1)

    def parameters(self):
        return {"mean": self._mean}

    def loss(self, batch, seed):
        noise = np.random.default_rng(seed).normal(size=len(batch.captions))
        levels = batch.frames_NTHWC.mean(axis=(1, 2, 3, 4)) / 255
        return np.mean((levels + 0.1 * noise - self._mean) ** 2)

    def save(self, path):
        with path.open("wb") as file:
            np.save(file, self._mean)

    def load(self, path):
        self._mean = np.load(path)

    def sample(self, prompts, seed):
        noise = np.random.default_rng(seed).normal(size=(len(prompts), *self.sample_shape))
        return np.uint8(np.clip(255 * self._mean + noise, 0, 255))


class Shelf(Folder):
    name = "mine"


class Layout(FolderFormat):
    name = "mine"


KINDS = {"detector": Detector, "trainer": Line, "source": Shelf, "exporter": Layout}


def check(stage_class, tmp_path, monkeypatch):
    plain = {"plain": material.VIDEOS["plain"]}  # one is enough to see a promise broken
    monkeypatch.setattr(material, "VIDEOS", plain)
    kind = next((k for k, base in KINDS.items() if issubclass(stage_class, base)), "scorer")
    monkeypatch.setattr(registry, "load", lambda key, load=registry.load: (
        stage_class if key.endswith("/mine") else load(key)))  # fmt: skip
    check_stage(f"{kind}/mine", tmp_path)


@pytest.mark.parametrize("stage_class", [Scorer, Line, Shelf, Layout])
def test_a_good_stage_passes(tmp_path, monkeypatch, stage_class):
    check(stage_class, tmp_path, monkeypatch)


BROKEN = {
    "another name": ({"name": "other"}, "calls itself 'other'"),
    "nan": ({"level": lambda self, item, size: float("nan")}, "got nan"),
    "a sentinel": ({"level": lambda self, item, size: -1.0}, "outside 0"),
    "text": ({"level": lambda self, item, size: "many"}, "is a number"),
    "other in a batch": ({"level": lambda self, item, size: 1.0 * size}, "alone and"),
    "another column": (
        {"annotate": lambda self, items: [{"lvel": 1.0} for _ in items]}, "declares",
    ),
    "too few rows": (
        {"annotate": lambda self, items: [{"level": 1.0}] if items else []}, "rows for",
    ),
    "a row for nothing": ({"annotate": lambda self, items: [{"level": 1.0}] * max(1, len(items))},
                          "no item"),
    "nothing said": ({"fields": (Field(name="level", low=0),)}, "must say what"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_scorer_that_breaks_a_promise_is_told(tmp_path, monkeypatch, what):
    changes, message = BROKEN[what]
    with pytest.raises(ContractError, match=message):
        check(type("Broken", (Scorer,), changes), tmp_path, monkeypatch)


BROKEN_CUTS = {
    "backwards": (lambda pts: [cut(pts[2], pts[1])], "ends before"),
    "hard but long": (lambda pts: [cut(pts[1], pts[2])], "is not hard"),
    "no frame's": (lambda pts: [cut(pts[1] + 1, pts[1] + 1)], "at no frame"),
    "too sure": (lambda pts: [cut(pts[1], pts[1], confidence=2)], "confidence"),
    "somebody else's": (lambda pts: [cut(pts[1], pts[1], detector="x")], "another detector"),
    "out of order": (lambda pts: [cut(pts[2], pts[2]), cut(pts[1], pts[1])], "out of order"),
}


@pytest.mark.parametrize("what", BROKEN_CUTS)
def test_a_detector_that_breaks_a_promise_is_told(tmp_path, monkeypatch, what):
    make, message = BROKEN_CUTS[what]

    class Broken(Detector):
        def detect(self, signals):
            return make([int(pts) for pts in signals["change"].pts])

    with pytest.raises(ContractError, match=message):
        check(Broken, tmp_path, monkeypatch)


class Counting:
    """Counts its calls, for parts that are to differ from one call to the next."""

    calls = 0

    def __call__(self, *arguments):
        Counting.calls += 1
        return Counting.calls


BROKEN_TRAINERS = {
    "no finite loss": ({"loss": lambda self, batch, seed: float("inf")}, "has the loss inf"),
    "a loss by chance": ({"loss": Counting()}, "another loss for the same seed"),
    "a loss of nothing": ({"loss": lambda self, batch, seed: 1.0}, "whatever its parameters"),
    "no parameters": ({"parameters": lambda self: {}}, "no parameters"),
    "nothing saved": ({"save": lambda self, path: None}, "wrote no file"),
    "nothing loaded": ({"load": lambda self, path: None}, "before saving"),
    "samples by chance": (
        {"sample": lambda self, prompts, seed: np.random.default_rng().integers(
            0, 256, (len(prompts), *self.sample_shape), np.uint8)}, "the second time"),
    "another shape": (
        {"sample": lambda self, prompts, seed: np.zeros((len(prompts), 1, 4, 4, 3), np.uint8)},
        "samples the shape"),
    "other numbers": (
        {"sample": lambda self, prompts, seed: np.zeros((len(prompts), *self.sample_shape))},
        "not uint8"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN_TRAINERS)
def test_a_trainer_that_breaks_a_promise_is_told(tmp_path, monkeypatch, what):
    changes, message = BROKEN_TRAINERS[what]
    with pytest.raises(ContractError, match=message):
        check(type("Broken", (Line,), changes), tmp_path, monkeypatch)


def shortened(self, found):
    return io.BytesIO(b"short")


BROKEN_SOURCES = {
    "nothing accepted": ({"accepts": lambda self, place: False}, "does not accept"),
    "nothing found": ({"find": lambda self, place, skip: iter(())}, "finds no file"),
    "twice": (
        {"find": lambda self, place, skip: 2 * list(Folder.find(self, place, skip))}, "twice"),
    "in any order": (
        {"find": lambda self, place, skip: list(Folder.find(self, place, skip))[
            :: (-1) ** Counting()()]}, "other files the second time"),
    "other bytes": ({"open": shortened}, "has 5 bytes, not"),
    "what is to be skipped": (
        {"find": lambda self, place, skip: Folder.find(self, place, ())}, "to be skipped"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN_SOURCES)
def test_a_source_that_breaks_a_promise_is_told(tmp_path, monkeypatch, what):
    changes, message = BROKEN_SOURCES[what]
    with pytest.raises(ContractError, match=message):
        check(type("Broken", (Shelf,), changes), tmp_path, monkeypatch)


BROKEN_RULES = {
    "another effect": (Treatment("a trainer", "eaten", "of any kind", "it is hungry"), "no effect"),
    "no reason": (Treatment("a trainer", "kept", "of any kind", ""), "leaves something out"),
}


@pytest.mark.parametrize("what", BROKEN_RULES)
def test_a_format_whose_rules_say_nothing_is_told(tmp_path, monkeypatch, what):
    treatment, message = BROKEN_RULES[what]
    changes = {"rules": lambda self, clip: [treatment]}
    with pytest.raises(ContractError, match=message):
        check(type("Broken", (Layout,), changes), tmp_path, monkeypatch)
