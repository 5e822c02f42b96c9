"""A camera that moves in a take: speed, pans, whips, zooms, shake, colours; frames at 48x27."""

from dataclasses import dataclass

import numpy as np

from rushes.cuts.network.footage import HIGH, WIDE

HEIGHT, WIDTH = 27, 48
"""Size of the network's pictures."""
Random = np.random.Generator


@dataclass(slots=True)
class View:
    """The place and the colours of a camera; kept over a jump cut."""

    zoom: float
    x: float
    y: float
    is_mirrored: bool
    gain: np.ndarray
    gamma: float
    is_grey: bool

    @classmethod
    def chosen(cls, random: Random) -> "View":
        """Return a view chosen by chance."""
        return cls(
            zoom=float(random.uniform(0.55, 1.0) if random.random() < 0.6 else 1.0),
            x=float(random.random()),
            y=float(random.random()),
            is_mirrored=bool(random.random() < 0.5),
            gain=np.exp(random.normal(0, 0.22) + random.normal(0, 0.07, 3)),
            gamma=float(np.exp(random.normal(0, 0.25))),
            is_grey=bool(random.random() < 0.1),
        )


@dataclass(frozen=True, slots=True)
class Move:
    """A camera's path for one shot, in each frame: zoom, place (0-1), blur in pixels, tilt."""

    zoom: np.ndarray
    x: np.ndarray
    y: np.ndarray
    tilt: np.ndarray
    steps: np.ndarray
    """Number of positions averaged: more in a whip pan."""


def still(view: View, count: int) -> Move:
    """Return a camera that rests for `count` frames."""
    return Move(
        zoom=np.full(count, view.zoom),
        x=np.full(count, view.x),
        y=np.full(count, view.y),
        tilt=np.zeros(count),
        steps=np.ones(count, int),
    )


def moved(random: Random, view: View, count: int) -> Move:
    """Return a move of `count` frames that begins near `view`."""
    share = np.linspace(0, 1, count)
    ease = share if random.random() < 0.5 else share * share * (3 - 2 * share)
    zoom = np.full(count, view.zoom)
    x, y = np.full(count, view.x), np.full(count, view.y)
    tilt, steps = np.zeros(count), np.ones(count, int)
    kind = random.random()
    if kind < 0.35:  # slow drift
        x += random.normal(0, 0.15) * ease * min(1, count / 40)
        y += random.normal(0, 0.1) * ease * min(1, count / 40)
    elif kind < 0.5:  # pan
        x += random.normal(0, 1.0) * ease * min(1.5, count / 40)
        y += random.normal(0, 0.3) * ease
    if 0.45 < kind < 0.6:  # zoom, slow or fast
        lasts = int(min(count, random.choice([6, 12, 30, 80])))
        begin = int(random.integers(0, count - lasts + 1))
        grow = np.clip((np.arange(count) - begin) / lasts, 0, 1)
        zoom *= np.exp(random.normal(0, 0.45) * grow)
    if 0.6 < kind < 0.72 and count > 12:  # whip to another place, and back perhaps
        zoom[:] = min(view.zoom, random.uniform(0.4, 0.65))
        for _ in range(random.integers(1, 3)):
            lasts = int(random.integers(3, 14))
            begin = int(random.integers(0, count - 1))
            gone = np.clip((np.arange(count) - begin) / lasts, 0, 1)
            gone = gone * gone * (3 - 2 * gone)
            x += random.choice([-1, 1]) * random.uniform(0.6, 1.8) * gone
            y += random.normal(0, 0.2) * gone
        x = 1 - np.abs(1 - np.mod(x, 2))  # reflected at the edges
    shake = random.choice([0, 0, 0, 0.01, 0.03, 0.08])
    if shake:
        jitter = random.normal(0, 1, (count, 2))
        jitter = (jitter + np.roll(jitter, 1, 0)) / 2 * shake
        x, y = x + jitter[:, 0], y + jitter[:, 1]
    if random.random() < 0.08:
        tilt += random.normal(0, 0.3) * ease
    zoom = np.clip(zoom, 0.3, 1.0)
    quick = np.abs(np.diff(x, prepend=x[0])) * (1 - zoom) * WIDTH * 2
    steps[quick > 2] = 3
    return Move(zoom=zoom, x=np.clip(x, 0, 1), y=np.clip(y, 0, 1), tilt=tilt, steps=steps)


def filmed(frames_THWC: np.ndarray, move: Move, view: View) -> np.ndarray:
    """Return the frames of a camera: float32 RGB 0-255, one for each of the move.

    Args:
        frames_THWC: uint8 frames at `HIGH` x `WIDE`, as many as the move has.
        move: Its path.
        view: Its colours.
    """
    import cv2

    count = len(frames_THWC)
    seen = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    steps, zoom, tilt = move.steps.tolist(), move.zoom, move.tilt
    sx, sy = WIDE * zoom / WIDTH, HIGH * zoom / HEIGHT
    matrices = np.zeros((count, 2, 3), np.float32)
    matrices[:, 0, 0], matrices[:, 0, 1] = sx, -sy * tilt
    matrices[:, 1, 0], matrices[:, 1, 1] = sx * tilt, sy
    # Pixels are areas: their centres lie half a pixel in.
    matrices[:, 0, 2] = (WIDE - WIDE * zoom) * move.x + sx / 2 - 0.5 + sy * tilt * HEIGHT / 2
    matrices[:, 1, 2] = (HIGH - HIGH * zoom) * move.y + sy / 2 - 0.5 - sx * tilt * WIDTH / 2
    size, border = (WIDTH, HEIGHT), cv2.BORDER_REFLECT
    for i in range(count):
        many = steps[i]
        if many == 1:
            cv2.warpAffine(frames_THWC[i], matrices[i], size, seen[i], flags, border)
            continue
        parts = np.linspace(matrices[max(i - 1, 0)], matrices[i], many + 1)[1:]
        blur = [cv2.warpAffine(frames_THWC[i], m, size, None, flags, border) for m in parts]
        seen[i] = np.mean(blur, 0)
    if view.is_mirrored:
        seen = np.ascontiguousarray(seen[:, :, ::-1])
    levels = np.arange(256)[:, None] / 255
    table = (255 * np.clip(levels * view.gain, 0, 1) ** view.gamma).astype(np.uint8)
    out: np.ndarray = (
        cv2.LUT(seen.reshape(-1, 1, 3), table[:, None]).reshape(seen.shape).astype(np.float32)
    )
    if view.is_grey:
        out[:] = out.mean(-1, keepdims=True)
    return out
