"""Little films made of arrays, and what the change probe measures in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rushes.footage.probes.change import Change
from rushes.stages.items import Planes, Signals

HEIGHT, WIDTH = 22, 40


@dataclass(frozen=True)
class Film:
    """Frames as float arrays (T, 3, H, W): Y, Cb, Cr, limited range."""

    frames: np.ndarray

    def __add__(self, other: "Film") -> "Film":
        return Film(np.concatenate([self.frames, other.frames]))

    def __getitem__(self, rows: slice) -> "Film":
        return Film(self.frames[rows])

    def __len__(self) -> int:
        return len(self.frames)

    def signals(self, pts: Sequence[int] | None = None, ticks: int = 24) -> Signals:
        change = Change()
        video = SimpleNamespace(
            color_range="limited", pix_fmt="yuv420p", time_base=Fraction(1, ticks)
        )
        change.start(video, Path())
        times = list(range(len(self)) if pts is None else pts)
        for frame, at in zip(
            np.rint(self.frames).clip(0, 255).astype(np.uint8), times, strict=True
        ):
            change.process(Planes(frame[0], frame[1:]), at, True)
        found = change.finish()
        return Signals(
            time_base=video.time_base, pts=found.pts, end_pts=times[-1] + 1, columns=found.columns
        )


def _shot(seed: int, frames: int, speed: float = 0.1) -> Film:
    """A textured picture that slides `speed` cells a frame."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    picture = np.zeros((frames, 3, HEIGHT, WIDTH))
    picture[:, 0] = rng.uniform(90, 160)
    picture[:, 1:] = rng.uniform(105, 150, (2, 1, 1))
    for _ in range(8):
        fx, fy = rng.uniform(-0.3, 0.3, 2)
        shift = speed * np.arange(frames)[:, None, None]
        wave = np.sin(fx * (columns + shift) + fy * rows + rng.uniform(0, 6.28))
        picture[:, 0] += 16 * wave
        picture[:, 1:] += rng.uniform(-4, 4, (1, 2, 1, 1)) * wave[:, None]
    picture += rng.normal(0, 0.4, picture.shape)
    picture[:, 0] = picture[:, 0].clip(16, 235)
    return Film(picture)


def _dissolve(old: Film, new: Film) -> Film:
    share = (np.arange(len(old)) + 1)[:, None, None, None] / (len(old) + 1)
    return Film(old.frames * (1 - share) + new.frames * share)


def _wipe(old: Film, new: Film) -> Film:
    mixed = old.frames.copy()
    for row in range(len(old)):
        edge = round(WIDTH * (row + 1) / (len(old) + 1))
        mixed[row, :, :, :edge] = new.frames[row, :, :, :edge]
    return Film(mixed)


def _flat(luma: float, frames: int) -> Film:
    picture = np.full((frames, 3, HEIGHT, WIDTH), 128.0)
    picture[:, 0] = luma
    return Film(picture)


def _fade(film: Film, luma: float, *, out: bool) -> Film:
    flat = _flat(luma, len(film))
    return _dissolve(film, flat) if out else _dissolve(flat, film)


@pytest.fixture
def takes() -> SimpleNamespace:
    """The makers of little films: shot, dissolve, wipe, flat, fade."""
    makers: dict[str, Callable[..., Film]] = {
        "shot": _shot,
        "dissolve": _dissolve,
        "wipe": _wipe,
        "flat": _flat,
        "fade": _fade,
    }
    return SimpleNamespace(**makers)
