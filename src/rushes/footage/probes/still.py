"""Two small stills a second, so that later stages need not decode the video."""

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

_CONFIDENT_AFTER = 6
"""Progressive moving stills in a row after which only each sixth still is tested."""


class Still(Probe):
    """Writes the stills file of a video; its signal is the pts of each still.

    Scorers see only the stills: a flash or a shot of a few frames can fall between two of them. HDR
    becomes SDR (`media.tone_map`); interlaced frames are deinterlaced (`media.deinterlace`); bars
    are kept.
    """

    name: ClassVar = "still"
    version: ClassVar = 2
    frames: ClassVar = FrameSpec(colour="frame", per_second=STILLS_PER_SECOND, burst=2)
    fields: ClassVar[tuple[Field, ...]] = ()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Size and quality of the stills."""

        short_side_px: int = 480
        """Short side to which larger frames are scaled down; higher keeps more detail."""
        quality: int = 4
        """MJPEG quantiser, 2 (best, largest) to 31; 4 comes to about 150 MB an hour."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def start(self, video: Video, stem: Path) -> None:
        """Open the file `stem.mkv`."""
        self._path = stem.with_name(stem.name + ".mkv")
        self._pts: list[int] = []
        self._pending: tuple[Any, int] | None = None
        self._progressive_in_a_row = 0
        self._writer = StillWriter(
            self._path,
            video,
            short_side_px=self.params.short_side_px,
            quality=self.params.quality,
        )

    def reshape(self, video: Video) -> None:
        """Write the stills that follow in the geometry of their frames."""
        self._write(None)
        self._writer.reshape(video)

    def process(self, picture: Any, pts: int, is_first: bool) -> None:
        """Add a still, then the frame after it, each the decoder's own."""
        self._write(picture)
        if is_first:
            self._pending = picture, pts

    def _write(self, following: Any | None) -> None:
        """Write the pending still, if any; deinterlace it if it and the next frame are combed."""
        if self._pending is None:
            return
        frame, pts = self._pending
        self._pending = None
        if following is not None and (
            self._progressive_in_a_row < _CONFIDENT_AFTER or len(self._pts) % _CONFIDENT_AFTER == 0
        ):
            bias, motion = field_bias(luma_columns(frame), luma_columns(following))
            order = pair_order(bias)
            if order != "progressive":
                frame = deinterlaced_still(frame, following, order)
                self._progressive_in_a_row = 0
            elif motion >= MIN_MOTION:
                self._progressive_in_a_row += 1
        self._writer.write(frame, pts)
        self._pts.append(pts)

    def finish(self) -> ProbeResult:
        """Close the file."""
        self._write(None)
        self._writer.close()
        return ProbeResult(pts=np.array(self._pts, np.int64))

    def abort(self) -> None:
        """Close and remove the file."""
        self._writer.close()
        self._path.unlink(missing_ok=True)
