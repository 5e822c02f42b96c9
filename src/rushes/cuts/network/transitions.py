"""Gradual transitions between two shots: dissolves, fades, wipes, pushes."""

from dataclasses import dataclass

import numpy as np

from rushes.cuts.network.camera import HEIGHT, WIDTH

Random = np.random.Generator
KINDS = ("dissolve", "fade", "wipe")
_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Passage:
    """The frames of one transition."""

    frames: np.ndarray
    """(n, HEIGHT, WIDTH, 3) float32, 0-255."""
    kind: str
    used_old: int
    """Number of frames taken from the end of the old shot."""
    used_new: int
    """Number of frames taken from the start of the new shot."""
    is_cut_to: bool = False
    """Whether its first frame is a hard cut to a plain colour."""


def dissolve(random: Random, old: np.ndarray, new: np.ndarray) -> Passage:
    """Blend two shots over their whole length, straight or eased, perhaps through a glow."""
    count = len(old)
    share = _progress(random, count)[:, None, None, None]
    frames = old * (1 - share) + new * share
    if random.random() < 0.1:
        glow = 4 * share * (1 - share) * random.uniform(0.2, 1.2) * random.uniform(0, 1, 3) * 255
        frames = np.clip(frames + glow, 0, 255)
    elif random.random() < 0.08:  # pictures that add up instead of blending
        frames = np.maximum(old * np.minimum(1, 2 - 2 * share), new * np.minimum(1, 2 * share))
    return Passage(frames.astype(np.float32), "dissolve", count, count)


def fade(random: Random, old: np.ndarray, new: np.ndarray) -> Passage:
    """Fade out to a plain colour, hold it, fade in; either half may be a cut."""
    most = len(old)
    shade = random.random()
    colour = (
        np.zeros(3)
        if shade < 0.7
        else np.full(3, 255.0)
        if shade < 0.9
        else random.uniform(0, 255, 3)
    )
    hold = int(random.integers(0, 5) if random.random() < 0.6 else random.integers(5, 40))
    out, into = int(random.integers(1, most + 1)), int(random.integers(1, most + 1))
    half = random.random()
    if half < 0.18:
        out = 0
    elif half < 0.32:
        into = 0
    if out == 0 or into == 0:
        hold = max(hold, 1)
    down = (_progress(random, out) if out else np.zeros(0))[:, None, None, None]
    up = (_progress(random, into) if into else np.zeros(0))[:, None, None, None]
    plain = np.broadcast_to(colour.astype(np.float32), (hold, HEIGHT, WIDTH, 3))
    frames = np.concatenate(
        [old[:out] * (1 - down) + colour * down, plain, new[:into] * up + colour * (1 - up)]
    )
    return Passage(frames.astype(np.float32), "fade", out, into, is_cut_to=out == 0)


def wipe(random: Random, old: np.ndarray, new: np.ndarray) -> Passage:
    """Uncover the new shot behind an edge, or move it in."""
    count = len(old)
    kind = random.random()
    progress = _progress(random, count)
    if kind < 0.62:
        frames = _masked(random, old, new, progress)
    elif kind < 0.92:
        frames = _slid(random, old, new, progress)
    else:
        frames = _zoomed(random, old, new, progress)
    return Passage(frames.astype(np.float32), "wipe", count, count)


def _progress(random: Random, count: int) -> np.ndarray:
    """Return the progress of a transition at each of its frames: above 0, below 1, ascending."""
    share = (np.arange(count) + 1) / (count + 1)
    bent = random.random()
    if bent < 0.25:
        share = share * share * (3 - 2 * share)
    elif bent < 0.35:
        share = share ** random.uniform(0.6, 1.8)
    return share


def _masked(random: Random, old: np.ndarray, new: np.ndarray, progress: np.ndarray) -> np.ndarray:
    place = _order(random)
    soft = float(random.choice([0.02, 0.04, 0.1, 0.4]))
    line = random.random() < 0.15
    colour = random.uniform(0, 255, 3)
    frames = np.empty_like(old)
    for i, share in enumerate(progress):
        mask = np.clip((share * (1 + soft) - place) / soft, 0, 1)[..., None]
        frames[i] = old[i] * (1 - mask) + new[i] * mask
        if line:
            edge = np.abs(share * (1 + soft) - place - soft / 2)[..., None] < 0.04
            frames[i] = np.where(edge, colour, frames[i])
    return frames


def _order(random: Random) -> np.ndarray:
    """Return for each pixel the time at which it changes sides, 0-1."""
    kind = int(random.integers(0, 9))
    x, y = _X / (WIDTH - 1), _Y / (HEIGHT - 1)
    if kind <= 2:  # a straight edge, most often along the axes
        angle = (
            random.integers(0, 4) * np.pi / 2 if random.random() < 0.6 else random.uniform(0, 6.28)
        )
        place = np.cos(angle) * x + np.sin(angle) * y
    elif kind <= 4:  # iris: circle, ellipse, diamond, box
        centre = (0.5, 0.5) if random.random() < 0.7 else random.uniform(0.2, 0.8, 2)
        away_x, away_y = np.abs(x - centre[0]), np.abs(y - centre[1])
        shape = random.integers(0, 4)
        place = (
            np.hypot(away_x * 16 / 9, away_y)
            if shape < 2
            else away_x + away_y
            if shape == 2
            else np.maximum(away_x, away_y)
        )
    elif kind == 5:  # clock
        place = np.mod(np.arctan2(y - 0.5, x - 0.5) + random.uniform(0, 6.28), 2 * np.pi)
    elif kind == 6:  # checkers
        wide, high = int(random.integers(4, 13)), int(random.integers(4, 10))
        place = ((_X // wide + _Y // high) % 2) * 1.0 + random.uniform(0, 1) * (_X % wide) / wide
    elif kind == 7:  # blinds
        wide = int(random.integers(4, 14))
        place = (_X % wide if random.random() < 0.5 else _Y % wide) / wide
    else:  # doors that open from the middle
        place = np.abs(x - 0.5) if random.random() < 0.5 else np.abs(y - 0.5)
    place = place - place.min()
    place = place / max(float(place.max()), 1e-6)
    order: np.ndarray = 1 - place if random.random() < 0.5 else place
    return order


def _slid(random: Random, old: np.ndarray, new: np.ndarray, progress: np.ndarray) -> np.ndarray:
    """Push, slide over, pull away; with a blur where it is quick."""
    side, kind = int(random.integers(0, 4)), int(random.integers(0, 3))
    is_blurred = len(old) < 12 and random.random() < 0.4
    frames = np.empty_like(old)
    axis = 1 if side < 2 else 0
    size = WIDTH if axis == 1 else HEIGHT
    for i, share in enumerate(progress):
        at = round(float(size * share))
        first, second = old[i], new[i]
        if kind == 0:  # both move
            both = np.concatenate([first, second], axis)
            part = (
                np.take(both, range(at, at + size), axis)
                if side % 2 == 0
                else np.take(
                    np.concatenate([second, first], axis), range(size - at, 2 * size - at), axis
                )
            )
        else:
            part = first.copy() if kind == 1 else second.copy()
            length = at if kind == 1 else size - at
            mover = second if kind == 1 else first
            if length:
                # The mover covers `length` pixels at one side: its own near edge comes first.
                near, far = slice(0, length), slice(size - length, size)
                here, there = (far, near) if side % 2 == 0 else (near, far)
                if axis == 1:
                    part[:, here] = mover[:, there]
                else:
                    part[here] = mover[there]
        if is_blurred:
            import cv2

            shape = (15, 1) if axis == 1 else (1, 9)
            part = cv2.blur(part, shape)
        frames[i] = part
    return frames


def _zoomed(random: Random, old: np.ndarray, new: np.ndarray, progress: np.ndarray) -> np.ndarray:
    """The old shot comes nearer and thins out, the new one grows or settles."""
    import cv2

    frames = np.empty_like(old)
    strong = random.uniform(0.3, 2)
    grows = random.random() < 0.5
    for i, share in enumerate(progress):
        scale = 1 + strong * share
        matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, scale)
        near = cv2.warpAffine(old[i], matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        if grows:  # the new picture as a box that grows
            wide, high = max(1, int(WIDTH * share)), max(1, int(HEIGHT * share))
            x, y = (WIDTH - wide) // 2, (HEIGHT - high) // 2
            frames[i] = old[i]
            frames[i][y : y + high, x : x + wide] = cv2.resize(
                new[i], (wide, high), interpolation=cv2.INTER_AREA
            )
        else:
            mix = np.clip(share * 2 - 0.5, 0, 1)
            frames[i] = near * (1 - mix) + new[i] * mix
    return frames
