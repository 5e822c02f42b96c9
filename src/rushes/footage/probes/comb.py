"""Field bias of pairs of frames about once a second, for the detection of interlacing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.media.defects.interlacing import field_bias
from rushes.media.frames import luma_columns
from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, ProbeResult
from rushes.stages.protocols import Probe

# Not a whole number: telecined film at 29.97 frames/s repeats its pattern every five frames, and
# samples 1 or 0.5 s apart would all meet the same place in it.
_PER_SECOND = 0.85


class Comb(Probe):
    """Measures the field bias of pairs of frames (see `media.defects.interlacing`).

    There is no bias where nothing moves, and no combing either. Frames that were scaled while they
    were interlaced cannot be restored, and read as progressive.
    """

    name: ClassVar = "comb"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="frame", per_second=_PER_SECOND, burst=2)
    fields: ClassVar = (
        Field(
            name="lean",
            low=-1,
            high=1,
            about="field bias: 1 top field first, -1 bottom first, 0 neither",
        ),
        Field(
            name="moves",
            unit="/255",
            low=0,
            high=255,
            about="motion in the pair; below 0.35 it is noise",
        ),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings: the thresholds are in `media.defects.interlacing`."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        self._before: tuple[np.ndarray, int] | None = None
        self._pts: list[int] = []
        self._rows: list[tuple[float, float]] = []

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Add the first frame of a pair, then the second, each the decoder's own."""
        luma_HW = luma_columns(picture)
        if self._before is not None:
            self._rows.append(field_bias(self._before[0], luma_HW))
            self._pts.append(self._before[1])
        self._before = (luma_HW, pts) if is_first else None

    def finish(self) -> ProbeResult:
        """Return one row for each pair."""
        table = np.array(self._rows, np.float32).reshape(-1, 2)
        names = [field.name for field in self.fields]
        return ProbeResult(
            pts=np.array(self._pts, np.int64), columns=dict(zip(names, table.T, strict=True))
        )

    def abort(self) -> None:
        """Do nothing: there are no files."""
