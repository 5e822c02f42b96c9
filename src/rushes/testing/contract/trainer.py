"""Contract of trainers."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from rushes.stages.items import Batch
from rushes.testing.contract.material import Models, Settings, model_files, new_stage, require

_PROMPTS = ("a red square", "")


def check_trainer(key: str, stage: Any, folder: Path, models: Models, settings: Settings) -> None:
    """Compare losses, checkpoints and samples of equal seeds; change the weights in between."""
    stage.setup("cpu", model_files(stage, models))
    batch = _batch(stage)
    first = _loss(key, stage, batch, 0)
    require(_loss(key, stage, batch, 0) == first, f"{key} gives another loss for the same seed")
    parameters = stage.parameters()
    require(bool(parameters), f"{key} has no parameters to train")
    for value in parameters.values():
        array = value.detach() if hasattr(value, "detach") else value
        array += 0.125
    changed = _loss(key, stage, batch, 0)
    require(changed != first, f"{key} gives the same loss whatever its parameters")
    checkpoint = folder / "checkpoint.safetensors"
    stage.save(checkpoint)
    require(checkpoint.is_file(), f"{key}.save wrote no file {checkpoint.name}")
    restored = new_stage(key, settings)
    restored.setup("cpu", model_files(restored, models))
    restored.load(checkpoint)
    loaded = _loss(key, restored, batch, 0)
    require(loaded == changed, f"{key} has the loss {changed} before saving and {loaded} after")
    _check_samples(key, stage, restored)


def _batch(stage: Any) -> Batch:
    shape = (len(_PROMPTS), *stage.sample_shape)
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return Batch(frames_NTHWC=frames, captions=_PROMPTS)


def _loss(key: str, stage: Any, batch: Batch, seed: int) -> float:
    loss = float(stage.loss(batch, seed))
    require(math.isfinite(loss), f"{key} has the loss {loss}")
    return loss


def _check_samples(key: str, stage: Any, restored: Any) -> None:
    samples = stage.sample(_PROMPTS, 0)
    shape = (len(_PROMPTS), *stage.sample_shape)
    require(samples.dtype == np.uint8, f"{key} samples {samples.dtype}, not uint8")
    require(samples.shape == shape, f"{key} samples the shape {samples.shape}, not {shape}")
    for other, when in ((stage, "the second time"), (restored, "after loading")):
        is_same = np.array_equal(other.sample(_PROMPTS, 0), samples)
        require(is_same, f"{key} samples other frames {when} for the same seed")
