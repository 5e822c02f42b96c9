"""Training sequences: the same number the same frames, and labels that say what is there."""

import numpy as np
import pytest

from rushes.cuts.network.sequences import FRAMES, Generator
from rushes.cuts.network.transitions import dissolve, fade, wipe
from tests.cuts.network.made import film

FILMS = [film(1), film(2, hard=(50,))]


def test_a_number_always_makes_the_same_sequence():
    first, labels = Generator(FILMS, seed=3).sequence(5)
    second, others = Generator(FILMS, seed=3).sequence(5)
    assert (first == second).all()
    assert (labels.begins == others.begins).all()
    assert (Generator(FILMS, seed=4).sequence(5)[0] != first).any()


def test_sequences_hold_cuts_and_gradual_transitions():
    made = [Generator(FILMS, seed=1).sequence(number) for number in range(12)]
    for frames, labels in made:
        assert frames.shape == (FRAMES, 27, 48, 3)
        assert frames.dtype == np.uint8
        assert len(labels.begins) == len(labels.mixed) == len(labels.kind) == FRAMES
        assert ((labels.kind > 0) == (labels.mixed > 0)).all()
    assert sum(labels.begins.sum() for _, labels in made) > 5
    assert sum(labels.mixed.any() for _, labels in made) > 3


@pytest.mark.parametrize("join", [dissolve, wipe])
def test_a_transition_leads_from_the_old_shot_to_the_new(join):
    old, new = (np.full((12, 27, 48, 3), level, np.float32) for level in (30, 200))
    for seed in range(30):
        passage = join(np.random.default_rng(seed), old, new)
        assert len(passage.frames) == 12
        assert passage.frames[0].mean() < passage.frames[-1].mean()


def test_a_fade_passes_a_plain_colour():
    random = np.random.default_rng(0)
    old, new = (random.uniform(60, 200, (12, 27, 48, 3)).astype(np.float32) for _ in range(2))
    for seed in range(30):
        passage = fade(np.random.default_rng(seed), old, new)
        assert passage.used_old <= 12 and passage.used_new <= 12
        assert min(frame.std((0, 1)).max() for frame in passage.frames) < 40
