"""Keeps two small pictures a second, so that nothing after the scan decodes video again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.media.defects.interlacing import MIN_MOTION, field_bias, pair_order
from rushes.media.deinterlace import deinterlaced_still
from rushes.media.frames import luma_columns
from rushes.media.stills import StillWriter
from rushes.records import Field, Video
from rushes.stages.items import STILLS_PER_SECOND, FrameSpec, ProbeResult
from rushes.stages.protocols import Probe

_TRUST = 6
"""After so many moving stills in a row that are progressive, only each sixth one is looked at."""


class Still(Probe):
    """Writes the stills proxy of a video; its signal is the pts of each still.

    A later scorer sees what the stills show and nothing between them: at two a second, a flash or
    a cut of a few frames can fall between two of them. HDR becomes SDR (`media.tone_map`); frames
    that show two fields are deinterlaced (`combing`, `media.deinterlace`); bars stay.
    """

    name: ClassVar = "still"
    version: ClassVar = 2
    frames: ClassVar = FrameSpec(colour="frame", per_second=STILLS_PER_SECOND, burst=2)
    fields: ClassVar[tuple[Field, ...]] = ()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Size and quality of the stills."""

        short_side_px: int = 480
        """Stills are scaled down to this short side, never up; larger keeps more detail."""
        quality: int = 4
        """MJPEG quantiser, 2 (best, largest) to 31; 4 comes to about 150 MB an hour."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Open the proxy `stem.mkv`."""
        self._path = stem.with_name(stem.name + ".mkv")
        self._pts: list[int] = []
        self._waiting: tuple[Any, int] | None = None
        self._trusted = 0
        self._writer = StillWriter(
            self._path,
            video,
            short_side_px=self.params.short_side_px,
            quality=self.params.quality,
        )

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Take a still, then the frame after it; `picture` is the decoder's frame."""
        self._write(picture)
        if is_first:
            self._waiting = picture, pts

    def _write(self, following: Any | None) -> None:
        """Write the still that waits, if one does; the frame after it shows what it is made of."""
        if self._waiting is None:
            return
        frame, pts = self._waiting
        self._waiting = None
        if following is not None and (self._trusted < _TRUST or len(self._pts) % _TRUST == 0):
            leaning, moves = field_bias(luma_columns(frame), luma_columns(following))
            order = pair_order(leaning)
            if order != "progressive":
                frame = deinterlaced_still(frame, following, order)
                self._trusted = 0
            elif moves >= MIN_MOTION:
                self._trusted += 1
        self._writer.write(frame, pts)
        self._pts.append(pts)

    def finish(self) -> ProbeResult:
        """Close the proxy."""
        self._write(None)
        self._writer.close()
        return ProbeResult(pts=np.array(self._pts, np.int64))

    def abort(self) -> None:
        """Close and remove the proxy."""
        self._writer.close()
        self._path.unlink(missing_ok=True)
