"""Drawn footage: textures, bodies that pass, cartoons, sparks, fire, pages, cards, tiles."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rushes.cuts.network.footage import HIGH, WIDE

Random = np.random.Generator


def drawn(random: Random, count: int) -> np.ndarray:
    """Return `count` frames of one take of any kind: uint8 RGB at `HIGH` x `WIDE`."""
    kinds: tuple[tuple[Callable[[Random, int], np.ndarray], float], ...] = (
        (_textures, 2.0),
        (_layers, 3.0),
        (_cartoon, 3.0),
        (_sparks, 1.0),
        (_fire, 0.7),
        (_page, 1.5),
        (_card, 2.0),
        (_tiles, 1.0),
    )
    weights = np.array([weight for _, weight in kinds])
    draw = kinds[random.choice(len(kinds), p=weights / weights.sum())][0]
    made: np.ndarray = np.clip(draw(random, count), 0, 255).astype(np.uint8)
    return made


def noise_picture(random: Random, height: int, width: int) -> np.ndarray:
    """Return one float RGB picture of coloured noise whose spectrum falls with frequency."""
    steep = random.uniform(0.6, 2.0)
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    far = np.hypot(rows, columns)
    layers = []
    for _ in range(2):
        noise = random.standard_normal((height, width))
        smooth = np.fft.irfft2(np.fft.rfft2(noise) / (far + 0.01) ** steep, (height, width))
        layers.append(smooth / (smooth.std() + 1e-6))
    if random.random() < 0.25:  # hard edges, as of leaves and rocks
        layers[0] = np.sign(layers[0]) * np.abs(layers[0]) ** 0.3
    luma = np.exp(random.normal(4.4, 0.5))
    contrast = random.uniform(5, 60)
    hue, other = random.normal(0, 1, 3), random.normal(0, 1, 3)
    base = luma * (1 + 0.15 * hue)
    colour = 1 + 0.15 * other
    detail = contrast * layers[0][..., None] * colour
    stain = random.uniform(0, 0.4) * contrast * layers[1][..., None] * hue
    picture: np.ndarray = np.clip(base + detail + stain, 0, 255).astype(np.float32)
    return picture


def _path(random: Random, count: int, speed: float) -> np.ndarray:
    """Return (count, 2) positions in pixels: straight, eased, wandering or resting."""
    heading = random.uniform(0, 2 * np.pi)
    step = np.array([np.cos(heading), 0.5 * np.sin(heading)]) * speed
    along = np.arange(count, dtype=np.float64)
    kind = random.integers(0, 4)
    if kind == 1:
        along = (np.sin(along / count * np.pi - np.pi / 2) + 1) / 2 * count
    if kind == 2:
        along = np.maximum(0, along - random.integers(0, count))
    path = along[:, None] * step
    if kind == 3:
        path = np.cumsum(np.cumsum(random.normal(0, 0.02 * speed, (count, 2)), 0), 0) + path
    return path


def _shown(picture: np.ndarray, at: np.ndarray, zoom: float = 1.0) -> np.ndarray:
    import cv2

    view = np.array([[zoom, 0, at[0]], [0, zoom, at[1]]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shown: np.ndarray = cv2.warpAffine(
        picture, view, (WIDE, HIGH), flags=flags, borderMode=cv2.BORDER_WRAP
    )
    return shown


def _textures(random: Random, count: int) -> np.ndarray:
    picture = noise_picture(random, 160, 240)
    path = _path(random, count, random.choice([0.0, 0.3, 1.0, 3.0, 8.0]))
    zoom = np.exp(np.linspace(0, random.normal(0, 0.3), count))
    return np.stack([_shown(picture, path[i], zoom[i]) for i in range(count)])


def _blob(random: Random, size: int) -> np.ndarray:
    """Return a soft mask (size, size) of one closed shape, 0-1."""
    import cv2

    mask = np.zeros((size, size), np.float32)
    corners = int(random.integers(3, 9))
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = random.uniform(0.25, 0.48, corners) * size
    points = np.stack([np.cos(angles) * reach * random.uniform(0.4, 1), np.sin(angles) * reach], 1)
    cv2.fillPoly(mask, [(points + size / 2).astype(np.int32)], 1.0)
    if random.random() < 0.5:
        cv2.circle(mask, (size // 2, int(size * 0.2)), int(size * 0.15), 1.0, -1)
    blur = int(random.choice([1, 3, 5]))
    soft: np.ndarray = cv2.GaussianBlur(mask, (blur, blur), 0)
    return soft


def _put(frame: np.ndarray, mask: np.ndarray, picture: Any, x: int, y: int) -> None:
    """Lay `picture` (an array or a colour) through `mask` over the frame, clipped at its edges."""
    height, width = mask.shape
    top, left = max(0, y), max(0, x)
    bottom, right = min(HIGH, y + height), min(WIDE, x + width)
    if top >= bottom or left >= right:
        return
    share = mask[top - y : bottom - y, left - x : right - x, None]
    over = picture
    if isinstance(picture, np.ndarray) and picture.ndim == 3:
        over = picture[top - y : bottom - y, left - x : right - x]
    frame[top:bottom, left:right] += share * (over - frame[top:bottom, left:right])


def _layers(random: Random, count: int) -> np.ndarray:
    """A moving background, and one to four bodies that walk through, turn and come near."""
    frames = _textures(random, count).astype(np.float32)
    for _ in range(random.integers(1, 5)):
        size = int(random.choice([10, 18, 30, 50, 80]))
        mask = _blob(random, size)
        inside = noise_picture(random, size, size)
        speed = random.choice([0.2, 0.7, 2.0, 5.0]) * random.choice([-1, 1])
        start = random.uniform(-size, WIDE) if random.random() < 0.6 else -size - 1.0
        y = random.uniform(-size / 3, HIGH - size / 2)
        bob, beat = random.uniform(0, 2), random.uniform(0.1, 0.6)
        turn = random.uniform(0, 0.4)
        for i in range(count):
            x = start + speed * i
            x = (x + size) % (WIDE + 2 * size) - size
            if turn > 0.3:
                inside = np.roll(inside, 1 if i % 2 else 2, 1)
            _put(frames[i], mask, inside, int(x), int(y + bob * np.sin(beat * i)))
    return frames


def _flat(random: Random) -> np.ndarray:
    return random.uniform(0, 255, 3).astype(np.float32)


def _cartoon(random: Random, count: int) -> np.ndarray:
    """Flat colours, drawn on ones to fours; a tracking camera or none; things that pop in."""
    hold = int(random.choice([1, 2, 2, 3, 4]))
    canvas = np.empty((HIGH, WIDE * 3, 3), np.float32)
    canvas[:] = _flat(random)
    canvas[int(random.uniform(0.4, 0.9) * HIGH) :] = _flat(random)
    for _ in range(random.integers(3, 25)):
        size = int(random.integers(6, 40))
        _put_wide(canvas, _blob(random, size) > 0.5, _flat(random), random)
    speed = random.choice([0, 0, 0.5, 2, 5, 9]) * random.choice([-1, 1])
    size = int(random.choice([14, 24, 36]))
    poses = [_blob(random, size) for _ in range(random.integers(1, 6))]
    colour, x, y = _flat(random), random.uniform(0, WIDE - size), random.uniform(5, HIGH - size)
    drift = random.normal(0, 0.5)
    pops = [
        (
            int(random.integers(0, count)),
            int(random.integers(3, 40)),
            _blob(random, 16),
            _flat(random),
            random.integers(0, WIDE - 10),
            random.integers(0, HIGH - 8),
        )
        for _ in range(random.integers(0, 3))
    ]
    frames = np.empty((count, HIGH, WIDE, 3), np.float32)
    for i in range(count):
        now = i - i % hold
        frames[i] = _shown(canvas, np.array([speed * now, 0.0]))
        pose = poses[(now // max(hold, 3)) % len(poses)]
        _put(frames[i], pose, colour, int(x + drift * now), int(y))
        for begin, lasts, mask, paint, left, top in pops:
            if begin <= now < begin + lasts:
                _put(frames[i], mask, paint, int(left), int(top))
    return frames


def _put_wide(canvas: np.ndarray, mask: np.ndarray, colour: np.ndarray, random: Random) -> None:
    height, width = mask.shape
    y = int(random.integers(0, max(1, canvas.shape[0] - height)))
    x = int(random.integers(0, max(1, canvas.shape[1] - width)))
    region = canvas[y : y + height, x : x + width]
    region[mask[: region.shape[0], : region.shape[1]]] = colour


def _sparks(random: Random, count: int) -> np.ndarray:
    """Bursts of bright points on a dark sky: fireworks, glitter, snow when many and slow."""
    sky = noise_picture(random, HIGH, WIDE) * random.uniform(0, 0.4)
    frames = np.repeat(sky[None], count, 0)
    for _ in range(random.integers(1, 8)):
        begin, many = int(random.integers(-20, count)), int(random.integers(20, 150))
        centre = random.uniform((0, 0), (WIDE, HIGH * 0.7))
        angle, speed = random.uniform(0, 6.28, many), random.uniform(0.2, 3.0) * random.random(many)
        colour = 80 + random.uniform(0, 400, 3)
        life = int(random.integers(10, 45))
        glow = random.uniform(0, 0.8)
        for age in range(life):
            i = begin + age
            if not 0 <= i < count:
                continue
            reach = speed * 8 * (1 - np.exp(-age / 8))
            x = (centre[0] + np.cos(angle) * reach).astype(int)
            y = (centre[1] + np.sin(angle) * reach + 0.01 * age**2).astype(int)
            inside = (x >= 0) & (x < WIDE - 1) & (y >= 0) & (y < HIGH - 1)
            light = colour * (1 - age / life)
            frames[i, y[inside], x[inside]] += light
            frames[i, y[inside] + 1, x[inside] + 1] += light
            if glow > 0.4:
                frames[i] += light * glow * np.exp(-age / 3) * 0.4
    return frames


def _fire(random: Random, count: int) -> np.ndarray:
    """Flames or waves: noise that rises and changes while it does."""
    first, second = (noise_picture(random, 160, WIDE).mean(-1) for _ in range(2))
    rise = random.uniform(0.5, 6)
    tint = np.array([1.0, random.uniform(0.3, 0.8), random.uniform(0.0, 0.5)])[
        random.permutation(3)
    ]
    back = noise_picture(random, HIGH, WIDE) * random.uniform(0.1, 1)
    weight = np.linspace(random.uniform(-0.5, 0.5), random.uniform(0.5, 2), HIGH)[:, None, None]
    frames = np.empty((count, HIGH, WIDE, 3), np.float32)
    for i in range(count):
        one = np.roll(first, -int(rise * i), 0)[:HIGH]
        two = np.roll(second, -int(rise * 1.7 * i), 0)[:HIGH]
        flame = np.maximum(one * two / 90 - 60, 0)[..., None] * tint * weight
        frames[i] = back + np.maximum(flame, 0) * random.uniform(0.8, 1.2)
    return frames


def _written(
    random: Random, height: int, width: int, ink: np.ndarray, paper: np.ndarray
) -> np.ndarray:
    """Return a page: rows of dashes as words, here and there a picture or a box."""
    page = np.empty((height, width, 3), np.float32)
    page[:] = paper
    y = int(random.integers(1, 8))
    while y < height - 4:
        tall = int(random.choice([1, 2, 2, 3, 5]))
        if random.random() < 0.12:
            high = int(random.integers(6, 24))
            picture = noise_picture(random, high, int(random.integers(10, max(11, width // 2))))
            left = int(random.integers(0, max(1, width - picture.shape[1])))
            part = page[y : y + high, left : left + picture.shape[1]]
            part[:] = picture[: part.shape[0], : part.shape[1]]
            y += high + 2
            continue
        x, end = int(random.integers(2, 12)), int(width * random.uniform(0.3, 1))
        while x < end:
            word = int(random.integers(2, 9))
            page[y : y + tall, x : min(x + word, end)] = paper + (ink - paper) * random.uniform(
                0.4, 1
            )
            x += word + 1
        y += tall + int(random.choice([1, 2, 2, 4, 8]))
    return page


def _page(random: Random, count: int) -> np.ndarray:
    """A screen: text that stands, scrolls in jerks or smoothly, zooms; windows that pop up."""
    dark = random.random() < 0.4
    paper = random.uniform(0, 50, 3) if dark else random.uniform(200, 255, 3)
    ink = 255 - paper + random.uniform(-40, 40, 3)
    page = _written(random, 400, WIDE, ink.astype(np.float32), paper.astype(np.float32))
    speed = np.zeros(count)
    kind = random.integers(0, 5)
    if kind == 1:
        speed[:] = random.uniform(0.1, 4)
    if kind == 2:
        speed[random.random(count) < 0.08] = random.uniform(2, 20)
    if kind == 3:
        for _ in range(3):
            at = int(random.integers(0, count))
            speed[at : at + 8] = random.uniform(1, 10)
    zoom = np.ones(count)
    if kind == 4:
        at, lasts = int(random.integers(0, count)), int(random.integers(6, 30))
        share = np.clip((np.arange(count) - at) / lasts, 0, 1)
        zoom = 1 - random.uniform(0.2, 0.7) * share * share * (3 - 2 * share)
    top = np.cumsum(speed)
    frames = np.stack(
        [_shown(page, np.array([(1 - zoom[i]) * 20, top[i]]), zoom[i]) for i in range(count)]
    )
    if random.random() < 0.5:
        window = _written(
            random, int(random.integers(8, 30)), int(random.integers(16, 60)), ink, paper
        )
        begin, lasts = int(random.integers(0, count)), int(random.integers(5, 60))
        x, y = random.integers(0, WIDE - 16), random.integers(0, HIGH - 8)
        for i in range(begin, min(count, begin + lasts)):
            _put(frames[i], np.ones(window.shape[:2], np.float32), window, int(x), int(y))
    return frames


def _card(random: Random, count: int) -> np.ndarray:
    """A title card or a slide that stands still; words may fade or pop in, line by line."""
    plain = random.random()
    if plain < 0.6:
        paper = np.zeros(3) if plain < 0.35 else _flat(random)
        card = np.empty((HIGH, WIDE, 3), np.float32)
        card[:] = paper
    else:
        card = noise_picture(random, HIGH, WIDE)
        paper = card.mean((0, 1))
    ink = np.full(3, 240.0) if paper.mean() < 128 else np.full(3, 15.0)
    frames = np.repeat(card[None], count, 0)
    comes = random.random()
    for _ in range(random.integers(0, 5)):
        tall, wide = int(random.integers(2, 10)), int(random.integers(10, 80))
        y, x = (
            int(random.integers(2, HIGH - tall)),
            int((WIDE - wide) // 2 if random.random() < 0.7 else random.integers(0, WIDE - wide)),
        )
        word = (random.random((1, wide, 1)) < 0.75) * np.ones((tall, 1, 1))
        begin = 0 if comes < 0.7 else int(random.integers(0, max(1, count - 5)))
        lasts = 1 if random.random() < 0.5 else int(random.integers(2, 20))
        share = np.clip((np.arange(count) - begin + 1) / lasts, 0, 1)[:, None, None, None]
        if comes < 0.7:
            share = np.ones_like(share)
        part = frames[:, y : y + tall, x : x + wide]
        part += share * word * (ink - part) * 0.9
    return frames


def _tiles(random: Random, count: int) -> np.ndarray:
    """A game of tiles: a scrolling map, figures that jump, a status bar, a blink when hit."""
    colours = random.uniform(0, 255, (int(random.integers(3, 8)), 3)).astype(np.float32)
    if random.random() < 0.4:
        colours = np.repeat(colours.mean(1, keepdims=True), 3, 1)
    step = int(random.choice([4, 6, 8]))
    plan = random.integers(0, len(colours), (HIGH // step + 1, 60)) * (
        random.random((HIGH // step + 1, 60)) < 0.4
    )
    canvas = np.repeat(np.repeat(colours[plan], step, 0), step, 1)
    speed = random.choice([0, 0.5, 1, 2, 4])
    mask, colour = _blob(random, 8) > 0.3, _flat(random)
    frames = np.empty((count, HIGH, WIDE, 3), np.float32)
    x, y, beat = random.uniform(10, 70), random.uniform(10, 40), random.uniform(0.1, 0.5)
    blinks = random.random(count) < 0.01
    for i in range(count):
        frames[i] = _shown(canvas, np.array([speed * i, 0.0]))
        _put(
            frames[i], mask.astype(np.float32), colour, int(x), int(y - abs(np.sin(beat * i)) * 15)
        )
        if blinks[i]:
            frames[i] = 255 - frames[i]
    frames[:, :5] = colours[0]
    return frames
