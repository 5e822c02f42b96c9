"""Charts of a set of clips: durations, resolutions, sources, cameras, words, a scatter plot."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np

from rushes.recipe.rules import Rule
from rushes.records import Row
from rushes.review.histogram import histogram
from rushes.review.live_clips import LiveClips

MAX_ROWS = 12
"""Rows of a bar chart; rarer values share one more row."""
MAX_POINTS = 1500
"""Points of the scatter plot."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_STOP_WORDS = {
    "the", "and", "with", "for", "from", "that", "this", "are", "was", "has", "his", "her", "their",
    "its", "into", "over", "under", "while", "very", "two", "one", "man", "woman", "people",
    "person", "video", "shot", "scene", "clip", "showing", "shows",
}  # fmt: skip


def charts(live: LiveClips, passing: np.ndarray, captions: Iterable[str]) -> Row:
    """Return the figures of all charts.

    Args:
        live: All clips.
        passing: Whether each clip passes the filters: bool (N,).
        captions: Captions of the clips that pass.
    """
    columns = live.columns
    lengths = columns["duration_s"]
    width, height = columns["width_px"].tolist(), columns["height_px"].tolist()
    resolutions = [f"{w:.0f} × {h:.0f}" for w, h in zip(width, height, strict=True)]
    cameras = columns["camera.label"].tolist() if "camera.label" in columns else []
    return {
        "count": int(passing.sum()),
        "candidates": len(passing),
        "duration_s": float(lengths[passing].sum()),
        "durations": asdict(histogram(lengths[passing])),
        "sizes": _bar_rows(resolutions, passing),
        "sources": _bar_rows(columns["video"].tolist(), passing, "video"),
        "cameras": _bar_rows(cameras, passing, "camera.label"),
        "words": _word_rows(captions),
        "scatter": _scatter(live, passing),
    }


def _bar_rows(labels: Sequence[str | None], passing: np.ndarray, column: str = "") -> list[Row]:
    """Return the most frequent labels, each with its number of clips and of those that pass.

    The rarer labels share a last row. A row of a column has the rule that finds its clips.
    """
    all_ = Counter(labels)
    left = Counter(label for label, passes in zip(labels, passing, strict=False) if passes)
    del all_[None]
    shown = sorted(all_, key=lambda label: (-left[label], -all_[label], str(label)))
    rows = [
        {"label": label, "all": all_[label], "passing": left[label],
         "rule": str(Rule(column=column, operator="=", low=str(label))) if column else ""}
        for label in shown[:MAX_ROWS]
    ]  # fmt: skip
    if rest := shown[MAX_ROWS:]:
        count, passed = (sum(counts[label] for label in rest) for counts in (all_, left))
        rows.append({"label": f"{len(rest)} more", "all": count, "passing": passed, "rule": ""})
    return rows


def _word_rows(captions: Iterable[str]) -> list[Row]:
    counts: Counter[str] = Counter()
    for caption in captions:
        counts.update({word.lower() for word in _WORD.findall(caption)} - _STOP_WORDS)
    return [{"label": word, "passing": n} for word, n in counts.most_common(2 * MAX_ROWS)]


def _scatter(live: LiveClips, passing: np.ndarray) -> Row | None:
    """Return motion against aesthetics, or against sharpness without the scorer `aesthetic`."""
    columns = live.columns
    across = "motion.speed"
    down = next((n for n in ("aesthetic.score", "sharpness.detail") if n in columns), None)
    if down is None or across not in columns:
        return None
    there = passing & ~np.isnan(columns[across]) & ~np.isnan(columns[down])
    rows = np.flatnonzero(there)
    if not len(rows):
        return None
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MAX_POINTS)).astype(int)]
    axes = [
        {"name": name, **asdict(histogram(columns[name][rows]).axis)} for name in (across, down)
    ]
    return {
        "x": axes[0],
        "y": axes[1],
        "points": [
            {"clip": live.ids[at], "x": float(columns[across][at]), "y": float(columns[down][at])}
            for at in some.tolist()
        ],
    }
