"""A source video: its facts, breaks of its clock, and stretches of different geometry."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockBreak:
    """A packet from which on a file's clock continues elsewhere: it stepped back, or jumped."""

    pos: int
    """Byte of the file at which the packet begins."""
    pts: int
    """pts of the first frame behind it, on the video's clock, which has no break."""
    shift: int
    """Ticks that are added to the file's times from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Geometry of the pictures from one frame on, until the next section begins."""

    pts: int
    """pts of the first frame."""
    width_px: int
    height_px: int
    rotation_deg: int
    is_mirrored: bool
    sample_aspect: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A source file as probed; the file itself is never modified."""

    id: str
    """First 16 hex digits of the sha256 of the file's bytes."""
    path: str
    """Absolute path at which the file was last found."""
    given: str
    """The path as a person wrote it, for showing."""
    size_bytes: int
    container: str
    codec: str
    width_px: int
    """Width as stored, before rotation and sample aspect."""
    height_px: int
    time_base: Fraction
    """Seconds per tick of every pts of this video."""
    origin_pts: int
    """The pts at which a player's clock shows 0 (see `media.probe`)."""
    start_pts: int
    """pts of the first frame in presentation order."""
    end_pts: int
    """pts at which the last frame's display ends."""
    missing_s: float
    """Seconds by which the file is shorter than its header says; 0 for a whole file."""
    frames_packets: int
    """Video packets that the container holds; the decoder may give a few more or fewer frames."""
    fps_declared: Fraction | None
    """Frame rate that the container states; None if it states none."""
    fps_measured: Fraction | None
    """Frames over duration, counted from the packets' own timestamps."""
    is_vfr: bool
    """Whether frames last unequally long (more than the container's rounding explains)."""
    rotation_deg: int
    """Turn that a player applies, counter-clockwise: 0, 90, 180 or 270."""
    sample_aspect: Fraction
    """Width over height of one stored pixel; 1 for square pixels."""
    pix_fmt: str
    color_range: str
    color_space: str
    color_primaries: str
    color_transfer: str
    field_order: str
    """"progressive", "interlaced" or "unknown", as the stream states it."""
    audio_codec: str | None
    """None for a silent file."""
    audio_rate_hz: int | None
    audio_channels: int | None
    key_pts: tuple[int, ...] = field(repr=False)
    """pts of the key frames, ascending; empty where the catalog was not asked for them."""
    mtime_ns: int | None = None
    """Modification time of the file when its bytes were read; None if `path` holds another video by
    now."""
    is_mirrored: bool = False
    """Whether a player mirrors the stored picture left to right, before it turns it."""
    crop_px: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Columns and lines that the container hides: left, top, right, bottom, as stored. Frames are
    decoded without them, and `width_px` and `height_px` do not count them."""
    clock_breaks: tuple[ClockBreak, ...] = ()
    """Breaks of the file's clock, in the file's order. All pts are on a clock without them."""
    sections: tuple[Section, ...] = ()
    """Stretches of different geometry, in order; empty where all frames have that of the video."""
    notes: tuple[str, ...] = ()
    """Properties of the picture that cannot be honoured, a sentence each."""

    def at(self, pts: int) -> "Video":
        """Return the video with the geometry that its pictures have at `pts`."""
        found = [section for section in self.sections if section.pts <= pts]
        section = found[-1] if found else next(iter(self.sections), None)
        return self if section is None else self.shaped(section)

    def shaped(self, section: Section) -> "Video":
        """Return the video with the geometry of a section."""
        return replace(
            self,
            width_px=section.width_px,
            height_px=section.height_px,
            rotation_deg=section.rotation_deg,
            is_mirrored=section.is_mirrored,
            sample_aspect=section.sample_aspect,
        )

    @property
    def breaks_pts(self) -> tuple[int, ...]:
        """Pts at which the clock or the geometry changes, ascending; no shot goes across them."""
        places = {one.pts for one in self.clock_breaks} | {one.pts for one in self.sections[1:]}
        return tuple(sorted(places))

    @property
    def longest_hold(self) -> int:
        """Ticks for which one frame is shown; one that stands longer is repeated (see `Decoder`).

        Two seconds, or four usual frames where those last longer.
        """
        return max(1, round(max(Fraction(2), 4 / self.rate) / self.time_base))

    @property
    def hdr(self) -> Literal["pq", "hlg"] | None:
        """Transfer curve of a high dynamic range picture; None for standard range."""
        curves: dict[str, Literal["pq", "hlg"]] = {"smpte2084": "pq", "arib-std-b67": "hlg"}
        return curves.get(self.color_transfer)

    def seconds(self, pts: int) -> float:
        """Return the second that a player's clock shows at `pts`, to the microsecond."""
        return round(float((pts - self.origin_pts) * self.time_base), 6)

    @property
    def rate(self) -> Fraction:
        """Frames per second to count or number frames with; for a variable rate the mean.

        The declared rate is taken where it agrees with the timestamps, since containers round
        those. Never use it to compute a time.
        """
        counted = self.fps_measured or self.fps_declared or Fraction(25)
        declared = self.fps_declared
        if declared and abs(declared / counted - 1) < Fraction(1, 1000):
            return declared
        return counted

    @property
    def duration_s(self) -> float:
        """Length of the picture in seconds."""
        return round(float((self.end_pts - self.start_pts) * self.time_base), 6)

    @property
    def player_size_px(self) -> tuple[int, int]:
        """Width and height as a player shows them: turned upright, with square pixels."""
        width = round(self.width_px * max(self.sample_aspect, Fraction(1)))
        height = round(self.height_px / min(self.sample_aspect, Fraction(1)))
        if self.rotation_deg % 180:
            width, height = height, width
        return width, height

    @property
    def display_size_px(self) -> tuple[int, int]:
        """Width and height of its pictures here: as a player shows them, but even."""
        width, height = self.player_size_px
        return max(2, width - width % 2), max(2, height - height % 2)
