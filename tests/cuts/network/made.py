"""Small films and weights for the tests of the cut network."""

from itertools import pairwise

import numpy as np

from rushes.cuts.network.footage import HIGH, WIDE, Film
from rushes.cuts.network.model import CHANNELS, SHAPES
from rushes.cuts.network.shapes import STEPS


def film(seed, frames=120, **truth):
    """A film of noise that drifts: blocks of colour, another picture for each seed."""
    random = np.random.default_rng(seed)
    picture = np.kron(random.integers(0, 256, (9, 40, 3)), np.ones((6, 6, 1))).astype(np.uint8)
    drifting = np.stack([np.roll(picture, -i, 1)[:HIGH, :WIDE] for i in range(frames)])
    breaks = [0, *truth.get("hard", ()), frames]
    takes = tuple(pairwise(breaks))
    return Film(name=f"{seed}", group=f"{seed}", frames_THWC=drifting, takes=takes, **truth)


def weights(seed=0):
    """Weights of a network that was never trained."""
    random = np.random.default_rng(seed)
    made = {}
    for name, shape in SHAPES.items():
        fan = float(np.prod(shape[1:]))
        made[f"{name}.weight"] = random.normal(0, 1.4 / fan**0.5, shape).astype(np.float32)
        made[f"{name}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
    for i in range(len(STEPS)):
        made[f"judge.norms.{i}.weight"] = np.ones(CHANNELS, np.float32)
        made[f"judge.norms.{i}.bias"] = np.zeros(CHANNELS, np.float32)
    return made
