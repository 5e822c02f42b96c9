"""Training of the cut network: sequences made as they are needed, the same for the same seed."""

import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np

from rushes.cuts.network.footage import Film
from rushes.cuts.network.model import made, whole
from rushes.cuts.network.sequences import Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Settings of a training run."""

    steps: int = 6000
    batch: int = 4
    seed: int = 1
    rate: float = 2e-3
    workers: int = 1
    """Processes that make sequences; the result does not depend on how many."""
    rest_from: float = 0.4
    """Share of the steps after which the first two layers rest: a quarter of the time."""
    begin: Path | None = None
    """Weights to go on from; None begins anew."""
    uses: int = 5
    """Uses of each batch; after the first it is mirrored, recoloured or reversed."""


RESTING = tuple(
    f"look.{layer}.{kind}" for layer in ("first", "second") for kind in ("weight", "bias")
)


def _make(films: Sequence[Film], plan: Plan, worker: int, queue: Any) -> None:
    import cv2

    cv2.setNumThreads(1)
    generator = Generator(films, plan.seed)
    number = worker
    while True:
        some = [generator.sequence(number * plan.batch + i) for i in range(plan.batch)]
        frames = np.stack([f for f, _ in some])
        labels = [
            np.stack([getattr(one, name) for _, one in some])
            for name in ("begins", "mixed", "kind", "begins_weight", "mixed_weight")
        ]
        queue.put((frames, labels))
        number += plan.workers


def _batches(films: Sequence[Film], plan: Plan) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    context = multiprocessing.get_context("fork")
    queues = [context.Queue(4) for _ in range(plan.workers)]
    makers = [
        context.Process(target=_make, args=(films, plan, worker, queue), daemon=True)
        for worker, queue in enumerate(queues)
    ]
    for maker in makers:
        maker.start()
    random = np.random.default_rng([plan.seed, 77])
    old: list[tuple[np.ndarray, list[np.ndarray]]] = []
    turn = 0
    while True:
        frames, labels = _got(queues[turn % plan.workers], makers[turn % plan.workers])
        turn += 1
        yield frames, labels
        if plan.uses > 1:
            old.append((frames, labels))
            if len(old) > 60:
                old.pop(0)
            for _ in range(plan.uses - 1):
                frames, labels = old[int(random.integers(0, len(old)))]
                yield _changed(random, frames, labels)


def _changed(
    random: np.random.Generator, frames: np.ndarray, labels: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Mirror a batch, exchange its colours, and run it backwards, by chance."""
    changed = np.flip(frames, int(random.integers(2, 4)))[..., random.permutation(3)]
    if random.random() < 0.15:
        changed = 255 - changed
    if random.random() < 0.5:
        begins, mixed, kind, begins_weight, mixed_weight = labels
        changed = changed[:, ::-1]
        # Run backwards, a shot that began at a frame ends before it: a boundary moves by one.
        begins, begins_weight = (np.roll(one[:, ::-1], 1, 1) for one in (begins, begins_weight))
        mixed, kind, mixed_weight = (one[:, ::-1] for one in (mixed, kind, mixed_weight))
        beside = np.maximum(mixed, np.roll(mixed, 1, 1)) > 0
        begins_weight = np.where((begins > 0) & beside, 0, begins_weight).astype(np.float32)
        begins_weight[:, 0] = 0
        labels = [
            np.ascontiguousarray(one) for one in (begins, mixed, kind, begins_weight, mixed_weight)
        ]
    return np.ascontiguousarray(changed), labels


def _got(queue: Any, maker: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    while True:
        try:
            batch: tuple[np.ndarray, list[np.ndarray]] = queue.get(timeout=5)
        except Empty:
            if not maker.is_alive():
                raise RuntimeError("the process that makes sequences has died") from None
        else:
            return batch


def loss_of(logits: Any, labels: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Return the three losses: begins, mixed, kind."""
    from torch.nn import functional

    begins, mixed, kind, begins_weight, mixed_weight = labels
    near = functional.max_pool1d(begins[:, None], 3, 1, 1)[:, 0]
    weight = begins_weight * (1 - 0.8 * ((near > 0) & (begins == 0)).float())
    first = functional.binary_cross_entropy_with_logits(logits[..., 0], begins, reduction="none")
    first = (first * weight * (1 + 4 * begins)).mean()
    second = functional.binary_cross_entropy_with_logits(logits[..., 1], mixed, reduction="none")
    second = (second * mixed_weight * (1 + mixed)).mean()
    third = 0.0
    for output, number in ((2, 2), (3, 3)):
        each = functional.binary_cross_entropy_with_logits(
            logits[..., output], (kind == number).float(), reduction="none"
        )
        third = third + (each * mixed * mixed_weight).mean()
    return first, second, third


def train(films: Sequence[Film], plan: Plan, folder: Path) -> Path:
    """Train, and write `network.npz` and a log into `folder`; return the weights' path.

    Args:
        films: Films to make sequences of.
        plan: Settings.
        folder: Folder of the results: an average of the weights, saved as it grows, and the log.
    """
    import torch

    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    weights = made(plan.seed)
    if plan.begin is not None:
        with torch.no_grad(), np.load(plan.begin) as before:
            for name, values in weights.items():
                values.copy_(torch.from_numpy(before[name]))
    average = {name: values.detach().clone() for name, values in weights.items()}
    optimizer = torch.optim.AdamW(list(weights.values()), lr=plan.rate, weight_decay=1e-3)
    log = (folder / "log.jsonl").open("w")
    began, running = time.monotonic(), np.zeros(3)
    path = folder / "network.npz"
    for step, (frames, labels) in enumerate(_batches(films, plan)):
        if step >= plan.steps:
            break
        if step == int(plan.rest_from * plan.steps):
            for name in RESTING:
                weights[name].requires_grad_(False)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _share(step, plan.steps)
        logits = whole(weights, torch.from_numpy(frames))
        losses = loss_of(logits, [torch.from_numpy(one) for one in labels])
        optimizer.zero_grad()
        (losses[0] + losses[1] + 0.5 * losses[2]).backward()
        torch.nn.utils.clip_grad_norm_([w for w in weights.values() if w.requires_grad], 1.0)
        optimizer.step()
        with torch.no_grad():
            keep = min(0.998, step / (step + 50))
            for name, values in weights.items():
                average[name].lerp_(values, 1 - keep)
        now = np.array([float(one.detach()) for one in losses])
        running = now if step == 0 else 0.98 * running + 0.02 * now
        if step % 100 == 99:
            line = {"step": step + 1, "loss": running.round(4).tolist()}
            log.write(json.dumps({**line, "s": round(time.monotonic() - began)}) + "\n")
            log.flush()
        if step % 500 == 499 or step == plan.steps - 1:
            np.savez(path, **{name: values.numpy() for name, values in average.items()})
    return path


def _share(step: int, steps: int) -> float:
    """Return the learning rate's share: it rises for 200 steps and falls along a cosine."""
    fall = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / steps))
    return float(min(1.0, (step + 1) / 200) * fall)
