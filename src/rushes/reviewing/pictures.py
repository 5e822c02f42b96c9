"""Pictures of a set of clips: lengths, sizes, sources, cameras, clusters, words."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np

from rushes.records import Row
from rushes.reviewing.board import Board
from rushes.reviewing.columns import histogram

MOST_ROWS = 12
"""Rows of a chart; what is rarer is left out."""
MOST_DOTS = 1500

_WORD = re.compile(r"[^\W\d_]{3,}")
_DULL = {"the", "and", "with", "for", "from", "that", "this", "are", "was", "has", "his", "her",
         "their", "its", "into", "over", "under", "while", "very", "two", "one", "man", "woman",
         "people", "person", "video", "shot", "scene", "clip", "showing", "shows"}  # fmt: skip


def pictures(board: Board, passing: np.ndarray, captions: Iterable[str]) -> Row:
    """Return the figures of all charts over the clips that pass (bool)."""
    columns = board.columns
    lengths = columns["duration_s"][passing]
    sizes = Counter(
        f"{width:.0f} × {height:.0f}"
        for width, height in zip(
            columns["width_px"][passing], columns["height_px"][passing], strict=True
        )
    )
    return {
        "count": int(passing.sum()),
        "duration_s": float(lengths.sum()),
        "durations": asdict(histogram(lengths)),
        "sizes": sizes.most_common(MOST_ROWS),
        "sources": Counter(columns["video"][passing].tolist()).most_common(MOST_ROWS),
        "cameras": _counted(board, "camera.label", passing),
        "clusters": _counted(board, "coverage.cluster", passing),
        "words": _words(captions),
        "scatter": _scatter(board, passing),
    }


def _counted(board: Board, column: str, passing: np.ndarray) -> list[tuple[str, int]]:
    if column not in board.columns:
        return []
    values = board.columns[column][passing].tolist()
    labels = [v if isinstance(v, str) else f"{v:g}" for v in values if v is not None and v == v]
    return Counter(labels).most_common(3 * MOST_ROWS)


def _words(captions: Iterable[str]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for caption in captions:
        counts.update({word.lower() for word in _WORD.findall(caption)} - _DULL)
    return counts.most_common(2 * MOST_ROWS)


def _scatter(board: Board, passing: np.ndarray) -> Row | None:
    """Return motion against aesthetics, or against sharpness where nobody asked for those."""
    across = "motion.speed"
    up = next((n for n in ("aesthetic.score", "sharpness.detail") if n in board.columns), None)
    if up is None or across not in board.columns:
        return None
    points = np.stack([board.columns[across][passing], board.columns[up][passing]], axis=1)
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        return None
    some = np.linspace(0, len(points) - 1, min(len(points), MOST_DOTS)).astype(int)
    return {"x": across, "y": up, "points": points[some].round(4).tolist()}
