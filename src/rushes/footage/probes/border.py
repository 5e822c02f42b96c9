"""Where a picture begins: black bars and borders once a second, side by side with their proof."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.media.defects.bars import MAX_BAR, SIDES
from rushes.media.frames import Luma
from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, ProbeResult
from rushes.stages.protocols import Probe

DARK = 14
"""A bar's luma lies at most this far above black, in /255."""
LIT = 8
"""A pixel that differs this much from its bar's luma is none of the bar's."""
PURE = 0.01
"""Share of lit pixels that a bar's line may have: a speck."""
BUSY = 0.5
"""A line with more lit pixels than this is picture; with fewer, it may be a subtitle's."""
TALLEST_TEXT = 0.12
"""Lines of text in a bar take at most this share of the picture's side."""
_SAMPLES = 120


class Border(Probe):
    """Measures the dark and even lines along each side of the picture, as stored.

    Whether they are a bar shows in their inner edge: a bar ends along one straight line across the
    whole picture, a night sky does not. Each side's share of lit pixels just inside that line is
    therefore kept beside its width. One still alone says little; `boxes` decides over a whole clip.
    Text inside a bar is passed over if there is bar on both sides of it; text that reaches from
    the picture into the bar counts as picture.
    """

    name: ClassVar = "border"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="frame", per_second=1.0)
    fields: ClassVar = (
        *(Field(name=s, low=0, high=1, about=f"dark lines at the {s}, of the side") for s in SIDES),
        *(
            Field(name=f"{s}_edge", low=0, high=1, about=f"how straight they end at the {s}")
            for s in SIDES
        ),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Nothing to set: what counts as a bar is decided in `boxes`."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        is_full = video.color_range == "full" or video.pix_fmt.startswith("yuvj")
        self._darkest = (0 if is_full or "rgb" in video.pix_fmt else 16) + DARK
        self._turns = video.rotation_deg // 90
        self._pts: list[int] = []
        self._rows: list[np.ndarray] = []

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Take one still; `picture` is the decoder's frame."""
        # Turning counter-clockwise brings what was at the right to the top.
        sides_42 = np.roll(bars(Luma(picture), self._darkest), -self._turns, axis=0)
        self._rows.append(sides_42.T.reshape(-1))
        self._pts.append(pts)

    def finish(self) -> ProbeResult:
        """Return one row for each picture."""
        table = np.array(self._rows, np.float32).reshape(-1, len(self.fields))
        names = [field.name for field in self.fields]
        return ProbeResult(
            pts=np.array(self._pts, np.int64), columns=dict(zip(names, table.T, strict=True))
        )

    def abort(self) -> None:
        """Nothing to undo."""


def bars(luma: Luma, darkest: int) -> np.ndarray:
    """Return width and edge (see `bar`) of the bars of `SIDES`, each 0–1: float32 (4, 2).

    Args:
        luma: Of a decoder's frame.
        darkest: The most luma that a bar can have, 0–255.
    """
    found = np.zeros((4, 2), np.float32)
    height, width = luma.shape
    across, down = max(1, width // _SAMPLES), max(1, height // _SAMPLES)
    # Most pictures reach their edges, and one line of each side tells.
    is_dark = [
        np.count_nonzero(line > darkest) <= PURE * line.size
        for line in (
            luma[:1, ::across], luma[::down, width - 1 :],
            luma[height - 1 :, ::across], luma[::down, :1],
        )
    ]  # fmt: skip
    if is_dark[0] or is_dark[2]:
        lines_NM = np.ascontiguousarray(luma[:, ::across])
        found[0] = bar(lines_NM, darkest) if is_dark[0] else 0
        found[2] = bar(lines_NM[::-1], darkest) if is_dark[2] else 0
    if is_dark[1] or is_dark[3]:
        lines_NM = np.ascontiguousarray(luma[::down, :].T)
        found[1] = bar(lines_NM[::-1], darkest) if is_dark[1] else 0
        found[3] = bar(lines_NM, darkest) if is_dark[3] else 0
    return found


def bar(lines_NM: np.ndarray, darkest: int) -> tuple[float, float]:
    """Return how wide the bar is that begins at line 0, and how straight it ends.

    Args:
        lines_NM: uint8 lines of a picture, from the side inward to the opposite side.
        darkest: The most luma that a bar can have.

    Returns:
        The width as a share of N; and, of the pixels along its inner edge, the share that is lit
        within a fiftieth of N behind it, between the first and the last that is lit anywhere.
    """
    import cv2

    count, length = lines_NM.shape
    level = int(np.median(lines_NM[0]))
    if level > darkest:
        return 0.0, 0.0
    _, lit_NM = cv2.threshold(lines_NM, level + LIT, 1, cv2.THRESH_BINARY)
    lit_N: np.ndarray = cv2.reduce(lit_NM, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0] / length
    width = _pure_lines(lit_N[: int(count * MAX_BAR)], max(1, int(count * TALLEST_TEXT)))
    if not width:
        return 0.0, 0.0
    # A scaled or compressed edge fades over a line or two, which no one wants to keep.
    mean_N = lines_NM[width : width + 5].mean(1) - level
    for line in range(min(2, len(mean_N) - 2)):
        if mean_N[line] < 0.6 * mean_N[line + 2]:
            width += 1
        else:
            break
    lit_columns = np.flatnonzero(lit_NM[::2].max(0))
    if not len(lit_columns):
        return width / count, 0.0  # all black
    first, last = lit_columns[0], lit_columns[-1] + 1
    inside = lit_NM[width : width + max(2, count // 50), first:last]
    return width / count, float(inside.max(0).mean())


def _pure_lines(lit_N: np.ndarray, tallest: int) -> int:
    """Return how many lines the bar has; text in it is passed over, text behind it is not."""
    width = line = 0
    while line < len(lit_N) and lit_N[line] <= BUSY:
        if lit_N[line] <= PURE:
            width = line + 1
        elif line - width > tallest or not width:
            break
        line += 1
    return width
