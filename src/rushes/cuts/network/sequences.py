"""Training sequences: shots joined by transitions, with the labels of each frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rushes.cuts.network.camera import HEIGHT, WIDTH, View, filmed, moved, still
from rushes.cuts.network.distractors import distracted
from rushes.cuts.network.drawn import drawn
from rushes.cuts.network.footage import Film
from rushes.cuts.network.transitions import KINDS, Passage, dissolve, fade, wipe

Random = np.random.Generator
FRAMES = 144
"""Length of a sequence."""


@dataclass(slots=True)
class Labels:
    """The truth about each frame."""

    begins: np.ndarray
    """1 where a new shot begins at once."""
    mixed: np.ndarray
    """1 where both shots are in the frame, or the plain colour between them."""
    kind: np.ndarray
    """0 for no gradual transition, else 1 + its place in `KINDS`."""
    begins_weight: np.ndarray
    mixed_weight: np.ndarray
    """Weight of a mistake: 0 where even a person could not tell."""

    @classmethod
    def blank(cls, count: int) -> "Labels":
        """Return labels of `count` frames without any transition."""
        zero, one = np.zeros(count, np.float32), np.ones(count, np.float32)
        return cls(zero, zero.copy(), np.zeros(count, np.int64), one, one.copy())

    def part(self, rows: slice) -> "Labels":
        """Return the labels of some frames."""
        return Labels(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(slots=True)
class _Take:
    """Frames of one shot that a camera films."""

    frames: np.ndarray
    view: View
    at: int = 0
    speed: float = 1.0
    is_drawn: bool = False


class Generator:
    """Makes sequences; the same number always makes the same one."""

    def __init__(self, films: Sequence[Film], seed: int, drawn_share: float = 0.3) -> None:
        """Take the films to make them of, and how many shots are drawn instead."""
        self._seed, self._drawn_share = seed, drawn_share
        self._takes = [(film, first, last) for film in films for first, last in film.takes]
        groups: dict[str, float] = {}
        lengths = np.array([min(last - first, 250) ** 0.5 for _, first, last in self._takes])
        for (film, _, _), length in zip(self._takes, lengths, strict=True):
            groups[film.group] = groups.get(film.group, 0.0) + float(length)
        # A group of many takes counts for more than one of few, but not in proportion.
        share = [
            length / groups[film.group] ** 0.5
            for (film, _, _), length in zip(self._takes, lengths, strict=True)
        ]
        self._weights = np.array(share) / np.sum(share)
        self._edited = [film for film in films if film.is_edited]

    def sequence(self, number: int) -> tuple[np.ndarray, Labels]:
        """Return (FRAMES, HEIGHT, WIDTH, 3) uint8 frames and their labels."""
        random = np.random.default_rng([self._seed, number])
        rate = _rate(random)
        slack = int(random.integers(0, 24))
        need = int((FRAMES + slack) * rate[1]) + 3
        edited = [film for film in self._edited if len(film.frames_THWC) >= need]
        if edited and random.random() < 0.08:
            frames, labels = self._real(random, edited, need)
        else:
            frames, labels = self._joined(random, need)
        frames, labels = _resampled(rate, frames, labels)
        begin = min(slack, len(frames) - FRAMES)
        frames, labels = frames[begin : begin + FRAMES], labels.part(slice(begin, begin + FRAMES))
        frames = _overall(random, frames)
        return np.clip(np.rint(frames), 0, 255).astype(np.uint8), _at_ends(random, frames, labels)

    def _real(self, random: Random, edited: Sequence[Film], need: int) -> tuple[np.ndarray, Labels]:
        """A stretch of an edited film, with its own transitions."""
        sizes = np.array([len(film.hard) + len(film.gradual) for film in edited], float)
        film = edited[random.choice(len(sizes), p=sizes**0.5 / (sizes**0.5).sum())]
        total = len(film.frames_THWC)
        labels = Labels.blank(total)
        labels.begins[list(film.hard)] = 1
        for first, last, kind in film.gradual:
            labels.mixed[first:last] = 1
            labels.kind[first:last] = 1 + KINDS.index(kind)
            for edge in (first, last):
                labels.mixed_weight[max(0, edge - 4) : edge + 4] = 0
        for first, last in film.unsure:
            labels.begins_weight[max(0, first - 2) : last + 3] = 0
            labels.mixed_weight[max(0, first - 2) : last + 3] = 0
        begin = int(random.integers(0, total - need + 1))
        rows = slice(begin, begin + need)
        view = View.chosen(random)
        return filmed(np.asarray(film.frames_THWC[rows]), still(view, need), view), labels.part(
            rows
        )

    def _take(self, random: Random, need: int) -> _Take:
        view = View.chosen(random)
        if random.random() < self._drawn_share:
            return _Take(drawn(random, need + 60), view, is_drawn=True)
        film, first, last = self._takes[random.choice(len(self._takes), p=self._weights)]
        speed = float(random.choice([1, 1, 1, 1, 1.5, 2, 3, 0.5, 0.02]))
        at = int(random.integers(first, max(first + 1, last - int(need * speed))))
        return _Take(film.frames_THWC[first:last], view, at - first, speed)

    def _shot(self, random: Random, take: _Take, count: int) -> np.ndarray:
        """Film `count` frames from where the take stands, and move on in it."""
        total = len(take.frames)
        rows = take.at + (np.arange(count) * take.speed).astype(int)
        # Beyond its end a take runs backwards: no jump.
        rows = np.abs(np.mod(rows + total - 1, max(1, 2 * total - 2)) - (total - 1))
        take.at += int(count * take.speed)
        seen = filmed(np.asarray(take.frames[rows]), moved(random, take.view, count), take.view)
        return distracted(random, seen)

    def _joined(self, random: Random, need: int) -> tuple[np.ndarray, Labels]:
        burst = random.random() < 0.1
        is_single = not burst and random.random() < 0.2
        take = self._take(random, 120)
        length = min(int(_duration(random, burst) * random.uniform(0.2, 1)) + 2, need)
        length = need if is_single else length
        tail = int(np.exp(random.uniform(np.log(2), np.log(60))))
        current = self._shot(random, take, length + tail)
        parts, notes = [current[:length]], [Labels.blank(length)]
        rest, done = current[length:], length
        while done < need:
            length = min(_duration(random, burst), need - done + 2)
            take, other = self._next_take(random, take, length + 120)
            tail = int(np.exp(random.uniform(np.log(2), np.log(64))))
            passage, body, rest = self._pass(random, (take, other), rest, (length, tail, burst))
            labels = _labels_of(passage, parts[-1][-1], body)
            parts += [passage.frames, body]
            notes.append(labels)
            done += len(passage.frames) + len(body)
        return np.concatenate(parts), _together(notes)

    def _next_take(self, random: Random, take: _Take, need: int) -> tuple[_Take, str]:
        """Return the take to go on with, and how it is related to the last one."""
        kind = random.random()
        if kind < 0.72:
            return self._take(random, need), "other"
        view = replace(take.view)
        frames, at = take.frames, take.at
        if kind < 0.88:  # a jump cut: frames torn out, the camera closer or not
            at += int(random.integers(12, 200))
            punch = random.random()
            if punch < 0.4:
                view.zoom = float(np.clip(view.zoom * random.uniform(0.6, 0.92), 0.3, 1))
            elif punch < 0.5:
                view.zoom = float(np.clip(view.zoom / random.uniform(0.6, 0.92), 0.3, 1))
            elif punch < 0.7:
                view.x = float(np.clip(view.x + random.normal(0, 0.1), 0, 1))
            at = int(at % max(1, len(frames)))
            return _Take(frames, view, at, take.speed, take.is_drawn), "jump"
        # The same place, seen from elsewhere.
        view = View.chosen(random)
        view.gain, view.gamma, view.is_grey = take.view.gain, take.view.gamma, take.view.is_grey
        at = int(random.integers(0, max(1, len(frames))))
        return _Take(frames, view, at, take.speed, take.is_drawn), "alike"

    def _pass(
        self,
        random: Random,
        which: tuple[_Take, str],
        rest: np.ndarray,
        lengths: tuple[int, int, bool],
    ) -> tuple[Passage, np.ndarray, np.ndarray]:
        """Return the transition, the new shot's clean frames, and its tail for the next one."""
        (take, relation), (length, tail, burst) = which, lengths
        kind = random.random()
        if burst or relation == "jump":
            kind *= 0.55
        mixed = len(rest)
        new = self._shot(random, take, mixed + length + tail)
        if kind < 0.5 or mixed < 2:
            none = np.empty((0, HEIGHT, WIDTH, 3), np.float32)
            passage = Passage(none, "hard", 0, 0)
        elif kind < 0.55:  # a cut with one blended frame
            share = random.uniform(0.15, 0.85)
            passage = Passage((rest[:1] * (1 - share) + new[:1] * share), "dissolve", 1, 1)
        elif kind < 0.74:
            passage = dissolve(random, rest, new[:mixed])
        elif kind < 0.86:
            passage = fade(random, rest, new[:mixed])
        else:
            passage = wipe(random, rest, new[:mixed])
        used = passage.used_new
        return passage, new[used : used + length], new[used + length :]


def _duration(random: Random, is_burst: bool) -> int:
    kind = random.random()
    if is_burst:
        return int(random.integers(2, 9))
    if kind < 0.08:
        return int(random.integers(2, 8))
    return int(np.exp(random.uniform(np.log(8), np.log(130))))


def _labels_of(passage: Passage, before: np.ndarray, body: np.ndarray) -> Labels:
    """Return the labels of a transition and of the clean frames after it."""
    count = len(passage.frames)
    labels = Labels.blank(count + len(body))
    contrast = float(np.abs(body[0] - before).mean())
    if count == 0:
        labels.begins[0] = 1
        after = float(np.abs(body[min(1, len(body) - 1)] - body[0]).mean())
        # Hardly more than the motion on either side: not even a person could tell.
        if contrast < 2.5 or contrast < 1.5 * after:
            labels.begins_weight[:2] = 0
            labels.mixed_weight[:2] = 0
        return labels
    labels.mixed[:count] = 1
    labels.kind[:count] = 1 + KINDS.index(passage.kind)
    if contrast < 4:
        labels.mixed_weight[:count] = 0
    else:
        visible = np.minimum(
            np.abs(passage.frames - before).mean((1, 2, 3)),
            np.abs(passage.frames - body[0]).mean((1, 2, 3)),
        )
        labels.mixed_weight[:count] = np.clip(visible / 3, 0.1, 1)
    if passage.is_cut_to:
        labels.begins[0] = 1
    elif count <= 2:
        labels.begins_weight[: count + 1] = 0
    return labels


def _together(notes: Sequence[Labels]) -> Labels:
    return Labels(*(np.concatenate([getattr(n, name) for n in notes]) for name in Labels.__slots__))


def _rate(random: Random) -> tuple[str, float]:
    """Return a change of the frame rate: "hold" repeats or drops frames, "blend" mixes two."""
    kind = random.random()
    if kind < 0.72:
        return "none", 1.0
    if kind < 0.80:  # 24 to 30, 12 to 24, 25 to 24
        return "hold", float(random.choice([0.8, 0.5, 0.4, 0.96]))
    if kind < 0.92:  # 30 to 24, 30 to 15
        return "hold", float(random.choice([1.25, 1.5, 1.2, 1.04]))
    return "blend", float(random.choice([0.8, 1.2, 0.96, 0.5]))


def _resampled(
    rate: tuple[str, float], frames: np.ndarray, labels: Labels
) -> tuple[np.ndarray, Labels]:
    """Repeat, drop or blend frames, and carry the labels along."""
    kind, step = rate
    count = len(frames)
    if kind == "none":
        return frames, labels
    at = np.arange(int((count - 2) / step)) * step
    rows = at.astype(int)
    before = np.concatenate([[-1], rows[:-1]])
    begins = np.cumsum(labels.begins)
    since = np.where(before >= 0, begins[before], 0)
    new = Labels(
        ((begins[rows] - since) > 0).astype(np.float32),
        labels.mixed[rows],
        labels.kind[rows],
        np.minimum(labels.begins_weight[rows], labels.begins_weight[np.maximum(before, 0)]),
        labels.mixed_weight[rows],
    )
    if kind == "hold":
        return frames[rows], new
    share = (at - rows)[:, None, None, None].astype(np.float32)
    blended = frames[rows] * (1 - share) + frames[rows + 1] * share
    is_blend = (labels.begins[rows + 1] > 0) & (share[:, 0, 0, 0] > 0.1)
    new.mixed[is_blend], new.kind[is_blend] = 1, 1
    new.begins_weight[is_blend] = 0
    new.begins_weight[np.minimum(np.flatnonzero(is_blend) + 1, len(rows) - 1)] = 0
    return blended, new


def _overall(random: Random, frames: np.ndarray) -> np.ndarray:
    """Lay marks, age, few tones or bars of an edited film over a whole sequence."""
    import cv2

    frames = frames.copy()
    if random.random() < 0.15:
        _mark(random, frames)
    if random.random() < 0.05:
        _age(random, frames)
    elif random.random() < 0.2:
        frames += random.normal(0, random.uniform(0.3, 2), frames.shape)
    if random.random() < 0.05:
        for frame in frames:
            frame[:] = cv2.GaussianBlur(frame, (0, 0), 0.8)
    if random.random() < 0.1:  # low contrast, dark or pale
        frames = frames * random.uniform(0.15, 0.7) + random.uniform(0, 60)
    return _framed(random, frames)


def _mark(random: Random, frames: np.ndarray) -> None:
    """A watermark, a lower third, subtitles that change; they stand over cuts."""
    wide, high = int(random.integers(4, 40)), int(random.integers(2, 6))
    x, y = int(random.integers(0, WIDTH - wide)), int(random.integers(0, HEIGHT - high))
    at, count = 0, len(frames)
    while at < count:
        lasts = count if random.random() < 0.4 else int(random.integers(15, 90))
        paint = random.integers(0, 256, (1, wide, 1)) * np.ones((high, 1, 3))
        solid = random.random((high, wide, 1)) < random.uniform(0.4, 1)
        part = frames[at : at + lasts, y : y + high, x : x + wide]
        part += (random.uniform(0.3, 1) * solid * (paint - part)).astype(np.float32)
        at += lasts + int(random.integers(0, 20))


def _age(random: Random, frames: np.ndarray) -> None:
    """An old film: it shakes, flickers, has no colours."""
    for frame in frames:
        if random.random() < 0.4:
            frame[:] = np.roll(frame, int(random.integers(-1, 2)), int(random.integers(0, 2)))
        frame *= random.uniform(0.85, 1.1)
    frames[:] = frames.mean(-1, keepdims=True)
    frames += random.normal(0, random.uniform(1, 8), frames.shape)


def _framed(random: Random, frames: np.ndarray) -> np.ndarray:
    """Bars above and below, upright pictures between bars, or a window in a screen."""
    kind = random.random()
    if kind < 0.12:
        size = int(random.integers(1, 6))
        frames[:, :size], frames[:, HEIGHT - size :] = 0, 0
    elif kind < 0.2:
        size = int(random.integers(3, 17))
        middle = _smaller(frames, WIDTH - 2 * size, HEIGHT)
        frames = frames * (0.4 if random.random() < 0.4 else 0.0)
        frames[:, :, size : WIDTH - size] = middle
    elif kind < 0.24:
        size = int(random.integers(4, 9))
        middle = _smaller(frames, WIDTH - 2 * size, HEIGHT - size)
        frames[:] = random.uniform(0, 255, 3)
        frames[:, : HEIGHT - size, size : WIDTH - size] = middle
    return frames


def _smaller(frames: np.ndarray, wide: int, high: int) -> np.ndarray:
    import cv2

    return np.stack([cv2.resize(f, (wide, high), interpolation=cv2.INTER_AREA) for f in frames])


def _at_ends(random: Random, frames: np.ndarray, labels: Labels) -> Labels:
    """Give the first frame no weight: the frame before it is not seen."""
    labels.begins_weight[0] = 0
    labels.begins[0] = 0
    return labels
