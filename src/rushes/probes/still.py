"""Keeps two small pictures a second, so that nothing after the scan decodes video again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.media.stills import StillWriter
from rushes.records import Field, Video
from rushes.stage import STILLS_PER_SECOND, FrameSpec, Measured


class Still:
    """Writes the stills proxy of a video; its signal is the pts of each still.

    A later scorer sees what the stills show and nothing between them: at two a second, a flash or
    a cut of a few frames can fall between two of them.
    """

    name: ClassVar = "still"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="frame", per_second=STILLS_PER_SECOND)
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
        self._writer = StillWriter(
            self._path,
            video,
            short_side_px=self.params.short_side_px,
            quality=self.params.quality,
        )

    def feed(self, picture: Any, pts: int, is_first: bool) -> None:
        """Write one still; `picture` is the decoder's frame."""
        self._writer.write(picture, pts)
        self._pts.append(pts)

    def finish(self) -> Measured:
        """Close the proxy."""
        self._writer.close()
        return Measured(pts=np.array(self._pts, np.int64))

    def abort(self) -> None:
        """Close and remove the proxy."""
        self._writer.close()
        self._path.unlink(missing_ok=True)
