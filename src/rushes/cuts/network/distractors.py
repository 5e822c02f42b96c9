"""Disturbances that are no cut: flashes, lights, pop-ons, passers-by, damage."""

from collections.abc import Callable

import numpy as np

from rushes.cuts.network.camera import HEIGHT, WIDTH

Random = np.random.Generator


def distracted(random: Random, shot: np.ndarray) -> np.ndarray:
    """Return the shot (float32 RGB 0-255) with some of the distractors, by chance."""
    for happens, least, disturb in _KINDS:
        if len(shot) >= least and random.random() < happens:
            shot = disturb(random, shot)
    inside: np.ndarray = np.clip(shot, 0, 255)
    return inside


def _flashes(random: Random, shot: np.ndarray) -> np.ndarray:
    count = len(shot)
    mode = random.random()
    many = int(random.choice([1, 1, 2, 4, 8]))
    decays = random.random() < 0.5
    tint = np.ones(3) if random.random() < 0.7 else random.uniform(0.3, 1, 3)
    place = None
    if random.random() < 0.35:  # an explosion, a lamp: bright in one place
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        centre, size = random.uniform((0, 0), (WIDTH, HEIGHT)), random.uniform(5, 25)
        place = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * size**2))[..., None]
    for _ in range(many):
        at, lasts = int(random.integers(1, count - 1)), int(random.choice([1, 1, 2, 3, 5, 10, 30]))
        power = random.uniform(0.3, 1) if random.random() < 0.4 else random.uniform(0.8, 1)
        for j in range(min(lasts, count - at)):
            share = power * ((1 - j / lasts) if decays or lasts > 5 else 1)
            mask = share if place is None else share * place
            now = shot[at + j]
            if mode < 0.6:
                shot[at + j] = now * (1 - mask) + 255 * tint * mask
            elif mode < 0.75:
                shot[at + j] = now * (1 - mask * 0.9)
            elif mode < 0.9:
                shot[at + j] = np.clip(now * (1 + 3 * mask), 0, 255)
            else:
                shot[at + j] = np.clip(now + 120 * mask * (-1 if j % 2 else 1), 0, 255)
    return shot


def _lights(random: Random, shot: np.ndarray) -> np.ndarray:
    """Lights switched or dimmed, strobe, flicker, exposure that jumps or pumps."""
    count = len(shot)
    at, low = int(random.integers(1, count - 1)), random.uniform(0.02, 0.8)
    kind = random.random()
    time = np.arange(count)
    if kind < 0.3:
        light = np.where(time >= at, low, 1.0)
        if random.random() < 0.5:
            light = light[::-1]
    elif kind < 0.5:
        period = int(random.integers(1, 7))
        light = np.where(((time // period) % 2 == 0) & (time >= at), low, 1.0)
    elif kind < 0.7:
        light = 1 + random.uniform(0.03, 0.2) * np.sin(time * random.uniform(0.3, 3))
    elif kind < 0.85:
        light = 1 + (low - 1) * np.clip((time - at) / random.integers(2, 40), 0, 1)
        light = np.maximum(light, 0.35)
    else:
        light = np.where((time >= at) & (random.random(count) < 0.5), 1 + low, 1.0)
    tint = np.ones((count, 3)) * light[:, None]
    if random.random() < 0.3:
        tint = 1 + (tint - 1) * random.uniform(0, 1.3, 3)
    return shot * np.maximum(tint, 0)[:, None, None].astype(np.float32)


def _pops(random: Random, shot: np.ndarray) -> np.ndarray:
    """Captions, logos, pictures in the picture: pop on, fade, slide; leave again or stay."""
    count = len(shot)
    for _ in range(random.integers(1, 4)):
        wide, high = int(random.integers(4, 34)), int(random.integers(2, 16))
        x, y = int(random.integers(0, WIDTH - wide)), int(random.integers(0, HEIGHT - high))
        kind = random.random()
        if kind < 0.4:
            paint = (
                random.integers(0, 256, (high, wide, 1))
                * np.ones(3)
                * (random.random((high, wide, 1)) < 0.6)
            )
        elif kind < 0.7:
            paint = np.ones((high, wide, 1)) * random.integers(0, 256, 3)
        else:
            paint = np.roll(shot[random.integers(0, count)], int(random.integers(3, 20)), 1)[
                :high, :wide
            ][::-1]
        opaque = random.uniform(0.6, 1.0) * (
            1.0 if kind > 0.4 else (random.random((high, wide, 1)) < 0.7)
        )
        begin, lasts = int(random.integers(0, count)), int(random.integers(3, 90))
        comes = int(random.choice([1, 1, 1, 4, 10]))
        slides = random.random() < 0.2
        for j in range(begin, min(count, begin + lasts)):
            share = min(1.0, (j - begin + 1) / comes) * opaque
            left = x
            if slides:
                left = int(np.clip(x - max(0, 8 - (j - begin)) * 5, 0, WIDTH - wide))
            part = shot[j, y : y + high, left : left + wide]
            part += share * (paint - part)
    return shot


def _bars(random: Random, shot: np.ndarray) -> np.ndarray:
    """Bars come or go while the shot goes on."""
    count, size = len(shot), int(random.integers(2, 6))
    at = int(random.integers(1, count - 1))
    rows = slice(at, count) if random.random() < 0.5 else slice(0, at)
    shot[rows, :size], shot[rows, HEIGHT - size :] = 0, 0
    return shot


def _freeze(random: Random, shot: np.ndarray) -> np.ndarray:
    """A picture stands, and the shot goes on where time is."""
    count = len(shot)
    begin = int(random.integers(0, count - 4))
    shot[begin : begin + int(random.integers(2, 30))] = shot[begin].copy()
    return shot


def _held(random: Random, shot: np.ndarray) -> np.ndarray:
    """Every picture shown two to four times, evenly or not; or single pictures dropped."""
    count = len(shot)
    kind = random.random()
    if kind < 0.5:
        period = int(random.integers(2, 5))
        return shot[(np.arange(count) // period) * period]
    shown = np.arange(count)
    late = random.random(count) < random.uniform(0.05, 0.5)
    for i in range(1, count):
        if late[i]:
            shown[i] = shown[i - 1]
    return shot[shown]


def _passes(random: Random, shot: np.ndarray) -> np.ndarray:
    """Something near passes the lens and may cover all of it: a body, a pillar, cloth."""
    import cv2

    count = len(shot)
    lasts = int(random.integers(5, 50))
    begin = int(random.integers(-lasts // 2, max(1, count - lasts // 2)))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    radius, centre_y = random.uniform(6, 30), random.uniform(0, HEIGHT)
    is_bar = random.random() < 0.35
    rough = (
        cv2.GaussianBlur(random.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 3) * 20
    )
    colour = random.uniform(0, 255, 3) * random.uniform(0.1, 1)
    inside = np.clip(colour + rough[..., None] * random.uniform(0, 6), 0, 255)
    if random.random() < 0.4:  # with a texture of the shot's own
        other = shot[random.integers(0, count)][:, ::-1]
        inside = np.roll(other, int(random.integers(0, WIDTH)), 1) * random.uniform(0.3, 1.3)
    side, stays, soft = random.random() < 0.5, random.random() < 0.2, random.uniform(1, 6)
    for j in range(lasts):
        if not 0 <= begin + j < count:
            continue
        share = j / lasts
        if stays:
            share = min(share, 0.5)
        centre = -radius + (WIDTH + 2 * radius) * share
        centre = WIDTH - centre if side else centre
        away = np.abs(x - centre) if is_bar else np.hypot(x - centre, y - centre_y)
        mask = np.clip((radius - away + rough * 0.1) / soft, 0, 1)[..., None]
        moved = np.roll(inside, int(j * 2), 1)
        shot[begin + j] += mask * (moved - shot[begin + j])
    return shot


def _turns(random: Random, shot: np.ndarray) -> np.ndarray:
    """A part of the picture swells, shrinks or shifts against the rest, as when a subject turns."""
    import cv2

    count = len(shot)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    centre, size = random.uniform((10, 5), (38, 22)), random.uniform(5, 14)
    near = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * size**2))
    begin, lasts = int(random.integers(0, count)), int(random.integers(5, 40))
    shift, swell = random.normal(0, 6, 2), random.normal(0, 0.4)
    for j in range(begin, count):
        share = min(1.0, (j - begin) / lasts)
        share = share * share * (3 - 2 * share)
        field = near * share
        map_x = (x + field * (shift[0] + swell * (x - centre[0]))).astype(np.float32)
        map_y = (y + field * (shift[1] + swell * (y - centre[1]))).astype(np.float32)
        shot[j] = cv2.remap(
            shot[j], map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return shot


def _grain(random: Random, shot: np.ndarray) -> np.ndarray:
    return shot + random.normal(0, random.uniform(1, 9), shot.shape).astype(np.float32)


def _defocus(random: Random, shot: np.ndarray) -> np.ndarray:
    """Focus is lost or found."""
    import cv2

    count = len(shot)
    begin, lasts = int(random.integers(0, count)), int(random.integers(3, 30))
    away, most = random.random() < 0.5, random.uniform(1, 4)
    for j in range(count):
        share = np.clip((j - begin) / lasts, 0, 1)
        sigma = most * (share if away else 1 - share)
        if sigma > 0.2:
            shot[j] = cv2.GaussianBlur(shot[j], (0, 0), float(sigma))
    return shot


def _blink(random: Random, shot: np.ndarray) -> np.ndarray:
    """Film damage: a dark, bright, torn or shifted picture, alone."""
    count = len(shot)
    for _ in range(random.integers(1, 5)):
        j, kind = int(random.integers(0, count)), random.random()
        if kind < 0.3:
            shot[j] *= random.uniform(0, 1.8)
        elif kind < 0.6:
            shot[j] = np.roll(shot[j], int(random.integers(-6, 7)), 0)
        elif kind < 0.8:
            x = int(random.integers(0, WIDTH - 2))
            shot[j : j + 30, :, x : x + 1] = random.integers(0, 256)
        else:
            row = int(random.integers(0, HEIGHT))
            shot[j, row:] = random.integers(0, 256, 3)
    return shot


def _pulse(random: Random, shot: np.ndarray) -> np.ndarray:
    """A low bit rate: pictures go stale in blocks, and a key frame makes them new."""
    count = len(shot)
    period, threshold = int(random.integers(6, 60)), random.uniform(2, 14)
    start = int(random.integers(0, period))
    kept = shot[0].copy()
    blocks = (HEIGHT // 3, 3, WIDTH // 4, 4)
    for j in range(1, count):
        if (j + start) % period:
            change = np.abs(shot[j] - kept).mean(-1).reshape(blocks).mean((1, 3))
            fresh = np.repeat(np.repeat(change > threshold, 3, 0), 4, 1)[..., None]
            kept = np.where(fresh, shot[j], kept)
        else:
            kept = shot[j].copy()
        shot[j] = kept
    return shot


_KINDS: tuple[tuple[float, int, Callable[[Random, np.ndarray], np.ndarray]], ...] = (
    (0.08, 10, _turns),
    (0.09, 6, _passes),
    (0.18, 6, _flashes),
    (0.11, 10, _lights),
    (0.02, 10, _bars),
    (0.16, 5, _pops),
    (0.05, 12, _freeze),
    (0.07, 8, _held),
    (0.05, 8, _defocus),
    (0.04, 4, _blink),
    (0.07, 12, _pulse),
    (0.10, 1, _grain),
)
