"""Width of black bars at each side once a second, and the straightness of their inner edges."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.media.defects.bars import MAX_BAR, SIDES
from rushes.media.frames import Luma
from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, ProbeResult
from rushes.stages.protocols import Probe

MAX_LUMA = 14
"""Most luma of a bar above black, in /255."""
MIN_LIT = 8
"""Difference to a bar's luma, in /255, above which a pixel is lit and not part of the bar."""
MAX_SPECKS = 0.01
"""Largest share of lit pixels in a line of a bar, for specks."""
MAX_TEXT_LIT = 0.5
"""Largest share of lit pixels in a line of a subtitle; a line with more is picture."""
MAX_TEXT = 0.12
"""Greatest height of text in a bar, as a share of the picture's side."""
_SAMPLES = 120


class Border(Probe):
    """Measures the dark, even lines along each side of the stored picture.

    A bar ends along one straight line across the whole picture; a night sky does not. So the share
    of lit pixels just inside the last dark line is kept beside the width. One still is not enough
    for a decision; `media.defects.bars` decides over a whole clip. Text inside a bar is skipped if
    there is bar on both sides of it; text that reaches from the picture into the bar counts as
    picture.
    """

    name: ClassVar = "border"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="frame", per_second=1.0)
    fields: ClassVar = (
        *(
            Field(
                name=s,
                low=0,
                high=1,
                about=f"width of the dark strip at the {s}, as a share of the side",
            )
            for s in SIDES
        ),
        *(
            Field(name=f"{s}_edge", low=0, high=1, about=f"lit share of its inner edge at the {s}")
            for s in SIDES
        ),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings: the thresholds of a bar are in `media.defects.bars`."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        is_full = video.color_range == "full" or video.pix_fmt.startswith("yuvj")
        self._darkest = (0 if is_full or "rgb" in video.pix_fmt else 16) + MAX_LUMA
        self.reshape(video)
        self._pts: list[int] = []
        self._rows: list[np.ndarray] = []

    def reshape(self, video: Video) -> None:
        """Take over the orientation of the frames that follow."""
        self._turns, self._is_mirrored = video.rotation_deg // 90, video.is_mirrored

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Measure one frame, the decoder's own."""
        sides_42 = bars(Luma(picture), self._darkest)
        if self._is_mirrored:
            sides_42 = sides_42[[0, 3, 2, 1]]
        # Rotated counter-clockwise, the right side becomes the top.
        sides_42 = np.roll(sides_42, -self._turns, axis=0)
        self._rows.append(sides_42.T.reshape(-1))
        self._pts.append(pts)

    def finish(self) -> ProbeResult:
        """Return one row for each measured frame."""
        table = np.array(self._rows, np.float32).reshape(-1, len(self.fields))
        names = [field.name for field in self.fields]
        return ProbeResult(
            pts=np.array(self._pts, np.int64), columns=dict(zip(names, table.T, strict=True))
        )

    def abort(self) -> None:
        """Do nothing: there are no files."""


def bars(luma: Luma, darkest: int) -> np.ndarray:
    """Measure the bars at all `SIDES`: width and edge (see `bar`), each 0–1: float32 (4, 2).

    Args:
        luma: Luma of a decoder's frame.
        darkest: Most luma of a bar, 0–255.
    """
    found = np.zeros((4, 2), np.float32)
    height, width = luma.shape
    across, down = max(1, width // _SAMPLES), max(1, height // _SAMPLES)
    # Most pictures have no bars, which one line of each side shows.
    is_dark = [
        np.count_nonzero(line > darkest) <= MAX_SPECKS * line.size
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
    """Measure the bar that begins at line 0.

    Args:
        lines_NM: uint8 lines of a picture, from the side inward to the opposite side.
        darkest: Most luma of a bar, 0–255.

    Returns:
        Its width as a share of N, and the lit share of its inner edge: of the pixels along the edge
        those that are lit within N / 50 behind it. Only columns from the first to the last that is
        lit anywhere count.
    """
    import cv2

    count, length = lines_NM.shape
    level = int(np.median(lines_NM[0]))
    if level > darkest:
        return 0.0, 0.0
    _, lit_NM = cv2.threshold(lines_NM, level + MIN_LIT, 1, cv2.THRESH_BINARY)
    lit_N: np.ndarray = cv2.reduce(lit_NM, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0] / length
    width = _bar_lines(lit_N[: int(count * MAX_BAR)], max(1, int(count * MAX_TEXT)))
    if not width:
        return 0.0, 0.0
    # A scaled or compressed edge fades over one or two lines, which are cropped too.
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


def _bar_lines(lit_N: np.ndarray, tallest: int) -> int:
    """Return the number of lines of the bar, text inside it included."""
    width = line = 0
    while line < len(lit_N) and lit_N[line] <= MAX_TEXT_LIT:
        if lit_N[line] <= MAX_SPECKS:
            width = line + 1
        elif line - width > tallest or not width:
            break
        line += 1
    return width
