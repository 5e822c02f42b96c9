"""The span of a video that a clip's file is made of."""

from dataclasses import dataclass, field

from rushes.records import Correction, Video


@dataclass(frozen=True, slots=True)
class ClipSource:
    """The frames `[in_pts, out_pts)` of a video, and the corrections of their picture."""

    video: Video
    in_pts: int
    """pts of the first frame; the file shows that frame from 0 on."""
    out_pts: int
    """pts at which the last frame's display ends."""
    correction: Correction = field(default_factory=Correction)
    """Bars to crop and fields to deinterlace."""

    def __post_init__(self) -> None:
        """Give the video the geometry that it has in the span."""
        object.__setattr__(self, "video", self.video.at(self.in_pts))

    @property
    def name(self) -> str:
        """The clip's name in messages: its file, and its begin and end in seconds."""
        begin_s, end_s = self.video.seconds(self.in_pts), self.video.seconds(self.out_pts)
        return f"{self.video.path} [{begin_s}–{end_s} s]"
