"""Share of the frame under text, burnt-in text and subtitles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.networks.ppocr import Line, TextFinder, covered_share
from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults, Inputs

FIRST, MOST = 3, 9
"""Stills of a short clip (first, middle and last), and the most of a long one."""
SAME = 0.5
"""Least correlation of text that is still in its box; chance gives less than 0.3."""
SAME_ELSEWHERE = 0.7
"""The same for a search of the neighbourhood, in which chance gives more."""
CHANGED = 6.0
"""Least difference around a box, in luma levels of 255, of a scene that has changed."""
LOWER, CENTRED = 0.66, 0.1
"""Subtitles are below this share of the height, centred within this share of the width."""


class TextArea(AnnotatorDefaults):
    """Share of the frame under lines of text: in first, middle and last still, and more if long.

    Text is burnt in if it stays in place while the picture around it changes, or if it comes or
    goes while the picture around it stays. Subtitles are burnt-in text in the middle of the lower
    third; there they may also change along with the picture. All other text is part of the scene.

    Lies: letters below 3 % of the height are mostly missed, as are single letters, handwriting and
    ornate titles. A logo or a label that can be read counts as text. Burnt-in text over a picture
    that never changes counts as scene, like a sign on a wall. A sign in the middle of the lower
    third that is gone half a second later counts as a subtitle. A sign with something large passing
    by may count as burnt in.

    Source: the filter for text of SVD (arXiv:2311.15127), with PP-OCRv4's networks in place of
    CRAFT, and without boxes that cannot be read; the tracking is ours. EasyAnimate keeps clips with
    less than 0.02 under text, on one still.
    """

    name: ClassVar = "text_area"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(models=("ppocr-det", "ppocr-rec"))
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=320, stills=MOST)
    fields = (
        Field(name="area_fraction", label="Text", low=0, high=1, higher_is_better=False,
              about="Share of the frame under text; mean of the stills"),
        Field(name="peak_fraction", label="Text, most", low=0, high=1, higher_is_better=False,
              about="Share of the frame under text in the still with the most"),
        Field(name="overlay_fraction", label="Burnt-in text", low=0, high=1,
              higher_is_better=False,
              about="Share of the frame under burnt-in text; mean of the stills"),
        Field(name="subtitle_fraction", label="Subtitles", low=0, high=1, higher_is_better=False,
              about="Share of the frame under subtitles; mean of the stills"),
        Field(name="lines", label="Lines of text", dtype="integer", low=0, higher_is_better=False,
              about="Number of lines of text in the still with the most"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Number of stills of long clips."""

        seconds_per_still: float = 5.0
        """Seconds of clip for each further still, up to nine in all; smaller finds shorter
        subtitles, and takes longer."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load both networks."""
        self._finder = TextFinder(models["ppocr-det"], models["ppocr-rec"], device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the shares of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        ticks = item.clip.out_pts - item.clip.in_pts
        more = int(float(ticks * item.video.time_base) / self.params.seconds_per_still)
        available = len(item.stills_THWC)
        rows = np.linspace(0, available - 1, min(available, FIRST + more)).round().astype(int)
        stills_THWC = item.stills_THWC[rows]
        lines_T = self._lines(stills_THWC)
        size = stills_THWC.shape[1:3]
        areas = [covered_share(lines, *size) for lines in lines_T]
        burnt_T, subtitles_T = _burnt_in(stills_THWC, lines_T)
        return {
            "area_fraction": float(np.mean(areas)),
            "peak_fraction": max(areas),
            "overlay_fraction": float(np.mean([covered_share(lines, *size) for lines in burnt_T])),
            "subtitle_fraction": float(
                np.mean([covered_share(lines, *size) for lines in subtitles_T])
            ),
            "lines": max(len(lines) for lines in lines_T),
        }

    def _lines(self, stills_THWC: np.ndarray) -> list[list[Line]]:
        """Return the lines of each still; one equal to the still before takes over its lines."""
        found: list[list[Line]] = []
        for at, still in enumerate(stills_THWC):
            if at and _is_repeated(stills_THWC[at - 1], still):
                found.append(found[-1])
            else:
                found.append(self._finder.lines(still))
        return found


def _is_repeated(one_HWC: np.ndarray, other_HWC: np.ndarray) -> bool:
    """Return whether two stills are equal but for details smaller than a letter."""
    import cv2

    tiny = [cv2.resize(s, (96, 54), interpolation=cv2.INTER_AREA) for s in (one_HWC, other_HWC)]
    return int(cv2.absdiff(*tiny).max()) < 8


def _burnt_in(
    stills_THWC: np.ndarray, lines_T: Sequence[Sequence[Line]]
) -> tuple[list[list[Line]], list[list[Line]]]:
    """Return the burnt-in lines of each still, and the subtitles among them."""
    import cv2

    if not any(lines_T):
        return [[] for _ in lines_T], [[] for _ in lines_T]
    luma_T = [cv2.cvtColor(still, cv2.COLOR_RGB2GRAY) for still in stills_THWC]
    burnt_T: list[list[Line]] = []
    subtitles_T: list[list[Line]] = []
    for at, lines in enumerate(lines_T):
        others = [luma_T[n] for n in (at - 1, at + 1) if 0 <= n < len(luma_T)]
        burnt_T.append([])
        subtitles_T.append([])
        for line in lines:
            seen = [_compared(luma_T[at], other, line) for other in others]
            is_low = _is_low(line) and "changed" in seen and "moved" not in seen
            if "burnt" in seen or is_low:
                burnt_T[-1].append(line)
                if _is_low(line):
                    subtitles_T[-1].append(line)
    return burnt_T, subtitles_T


def _compared(luma_HW: np.ndarray, other_HW: np.ndarray, line: Line) -> str:
    """Compare a line with the same place of another still.

    Returns:
        "burnt": the line is there and its surroundings changed, or the other way round; "moved": it
        is elsewhere; "changed": line and surroundings changed; "same": no evidence.
    """
    import cv2

    height, width = luma_HW.shape
    left, top, right, bottom = line.bounds_px(height, width)
    if right - left < 3 or bottom - top < 3:
        return "same"
    text = luma_HW[top:bottom, left:right]
    # Surroundings that changed differ in most places; those that stayed in none.
    rim = _rim(cv2.absdiff(luma_HW, other_HW), (left, top, right, bottom))
    if not rim.size:
        return "same"
    has_changed, has_stayed = np.median(rim) > CHANGED, rim.mean() <= CHANGED
    near = _around((left, top, right, bottom), 2, height, width)
    if _likeness(text, other_HW[near]) >= SAME:
        return "burnt" if has_changed else "same"
    if has_stayed:
        return "burnt"
    far = _around((left, top, right, bottom), max(height, width) // 4, height, width)
    return "moved" if _likeness(text, other_HW[far]) >= SAME_ELSEWHERE else "changed"


def _rim(values_HW: np.ndarray, bounds: tuple[int, int, int, int]) -> np.ndarray:
    """Return the values around a box, to a distance of its height."""
    left, top, right, bottom = bounds
    wide = _around(bounds, bottom - top, *values_HW.shape)
    is_outside_HW = np.ones(values_HW.shape, bool)
    is_outside_HW[top:bottom, left:right] = False
    return np.asarray(values_HW[wide][is_outside_HW[wide]])


def _likeness(part_HW: np.ndarray, where_HW: np.ndarray) -> float:
    """Return the highest correlation of a part with any place in a picture; 0 for even ones."""
    import cv2

    if part_HW.std() < 1:
        return 0.0
    found = cv2.matchTemplate(where_HW, part_HW, cv2.TM_CCOEFF_NORMED)
    return float(found[np.isfinite(found) & (abs(found) <= 1.01)].max(initial=0.0))


def _around(
    bounds: tuple[int, int, int, int], margin: int, height: int, width: int
) -> tuple[slice, slice]:
    left, top, right, bottom = bounds
    return (
        slice(max(0, top - margin), min(height, bottom + margin)),
        slice(max(0, left - margin), min(width, right + margin)),
    )


def _is_low(line: Line) -> bool:
    x, y = line.corners_42.mean(axis=0).tolist()
    return bool(y > LOWER and abs(x - 0.5) < CENTRED)
