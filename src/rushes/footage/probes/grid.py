"""Steps at the 8×8 grid of codecs, measured on unscaled frames twice a second."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.media.frames import Luma
from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, ProbeResult
from rushes.stages.protocols import Probe

BLOCK_PX = 8
EVERY_S = 0.5
LINES = 32
"""Lines of a frame that are read, spread evenly; more give no better measurement."""
STRIPES = 4
"""Stripes of a block's width that are read from top to bottom; separate columns would touch nearly
all memory of the frame."""
_B_PICTURE = 3


class Grid(Probe):
    """Measures the steps of luma at the lines of the grid and between them, twice a second.

    B-frames are skipped: the scan decodes them without the deblocking filter, and codecs store them
    at lower quality than the others.
    """

    name: ClassVar = "grid"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="frame")
    fields: ClassVar = (
        Field(name="at", unit="/255", low=0, high=255, about="mean step at the grid's lines"),
        Field(
            name="between", unit="/255", low=0, high=255, about="mean step between the grid's lines"
        ),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        self._ticks = round(EVERY_S / video.time_base)
        self._next_pts: int | None = None
        self._pts: list[int] = []
        self._rows: list[tuple[float, float]] = []

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Measure the frame if half a second has passed; B-frames are skipped."""
        if self._next_pts is not None and pts < self._next_pts:
            return
        if int(picture.pict_type) == _B_PICTURE:
            return
        self._next_pts = pts + self._ticks
        self._rows.append(_steps(Luma(picture)))
        self._pts.append(pts)

    def finish(self) -> ProbeResult:
        """Return one row for each measured frame."""
        table = np.array(self._rows, np.float32).reshape(-1, 2)
        names = [field.name for field in self.fields]
        return ProbeResult(
            pts=np.array(self._pts, np.int64), columns=dict(zip(names, table.T, strict=True))
        )

    def abort(self) -> None:
        """Do nothing: there are no files."""


def _steps(luma: Luma) -> tuple[float, float]:
    """Return the mean step at the grid's lines and between them, over both directions."""
    height, width = luma.shape
    down, across = max(1, height // LINES), max(BLOCK_PX, width // STRIPES)
    lines = luma[down // 2 :: down, :]
    starts = range((across - BLOCK_PX) // 2, width - BLOCK_PX + 1, across)
    stripes = [luma[:, start : start + BLOCK_PX] for start in starts]
    columns = np.concatenate(stripes, axis=1).T if stripes else np.zeros((0, 0), np.uint8)
    found = [_profile(part_NP) for part_NP in (lines, columns) if part_NP.shape[1] > 3 * BLOCK_PX]
    if not found:
        return 0.0, 0.0
    at, between = np.mean(found, axis=0)
    return float(at), float(between)


def _profile(luma_NP: np.ndarray) -> tuple[float, float]:
    """Return the mean step at every eighth place along P, and at the others.

    A step is reduced by the slopes on both its sides: an edge of the picture is soft and has
    slopes, an edge of a block has none.
    """
    slopes_NP = np.abs(np.diff(np.ascontiguousarray(luma_NP).astype(np.int16), axis=1))
    # Twice the step less both neighbours; entry i is the step between places i+1 and i+2.
    steps_NP = 2 * slopes_NP[:, 1:-1] - slopes_NP[:, :-2] - slopes_NP[:, 2:]
    mean_P = np.maximum(steps_NP, 0).mean(axis=0) / 2
    is_at_P = (np.arange(len(mean_P)) + 2) % BLOCK_PX == 0
    return float(mean_P[is_at_P].mean()), float(mean_P[~is_at_P].mean())
