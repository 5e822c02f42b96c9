"""Single takes to make training sequences of: openly licensed clips, small, in memory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WIDE, HIGH = 96, 54
"""Size of the stored pictures: twice the network's, so that a camera can move in them."""
LEAST_FRAMES = 8
"""Takes shorter than this are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One film, decoded small, with its cuts where they are known."""

    name: str
    """As in the manifest: "open/chaplin.mp4"."""
    group: str
    """Films of one group look alike; a fold leaves whole groups out."""
    frames_THWC: np.ndarray
    """uint8 RGB at `HIGH` x `WIDE`."""
    takes: tuple[tuple[int, int], ...]
    """Half-open spans of frames that show one shot and nothing else."""
    hard: tuple[int, ...] = ()
    """First frames of new shots."""
    gradual: tuple[tuple[int, int, str], ...] = ()
    """First mixed frame, first pure frame, kind."""
    unsure: tuple[tuple[int, int], ...] = ()
    """Spans, ends included, in which the cuts are not known."""

    @property
    def is_edited(self) -> bool:
        """Whether the film has transitions of its own to learn from."""
        return bool(self.hard or self.gradual)


def read_manifest(path: Path) -> list[dict[str, Any]]:
    """Return the manifest's films: name, group, licence, and truth where a film is edited."""
    films: list[dict[str, Any]] = json.loads(path.read_text())["films"]
    return films


def stored_at(frames: Path, name: str) -> Path:
    """Return the path of a film's small frames."""
    return frames / (name.replace("/", "__") + ".npy")


def load(manifest: Path, frames: Path, leave_out: Sequence[str] = ()) -> list[Film]:
    """Return the films of a manifest.

    Args:
        manifest: The list of films.
        frames: Folder with one `.npy` a film, as `decode_small` writes them.
        leave_out: Groups that are not loaded.
    """
    films = []
    for entry in read_manifest(manifest):
        if entry["group"] in leave_out:
            continue
        pictures = np.load(stored_at(frames, entry["name"]), mmap_mode="r")
        films.append(_film(entry, pictures))
    return films


def _film(entry: dict[str, Any], pictures: np.ndarray) -> Film:
    hard = tuple(entry.get("hard", ()))
    gradual = tuple((a, b, kind) for a, b, kind in entry.get("gradual", ()))
    unsure = tuple((a, b) for a, b in entry.get("unsure", ()))
    # Between two breaks lies one take; a transition's own frames belong to none.
    breaks = sorted(
        [(at, at) for at in hard]
        + [(a, b) for a, b, _ in gradual]
        + [(a, b + 1) for a, b in unsure]
    )
    takes, begin = [], 0
    for first, last in [*breaks, (len(pictures), len(pictures))]:
        if first - begin >= LEAST_FRAMES:
            takes.append((begin, first))
        begin = max(begin, last)
    return Film(
        name=entry["name"],
        group=entry["group"],
        frames_THWC=pictures,
        takes=tuple(takes),
        hard=hard,
        gradual=gradual,
        unsure=unsure,
    )


def decode_small(video: Path, to: Path) -> None:
    """Write a film's frames at `HIGH` x `WIDE` as `.npy`."""
    from rushes.files import whole
    from rushes.media.decode import Decoder
    from rushes.media.probe import probe

    pictures = [
        frame.frame.reformat(
            width=WIDE, height=HIGH, format="rgb24", interpolation="AREA"
        ).to_ndarray()
        for frame in Decoder(probe(video))
    ]
    with whole(to) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack(pictures))
