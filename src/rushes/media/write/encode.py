"""A clip as a file of its own: exactly its frames and its sound, encoded anew and checked."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rushes.errors import MediaError, RecipeError
from rushes.files import whole
from rushes.media.decode import frames_between
from rushes.media.deinterlace import deinterlaced
from rushes.media.write.audio_track import Sound
from rushes.media.write.framing import LIMITED, Framing, coarse_luma
from rushes.media.write.verify import Meant, explained, verify
from rushes.records import Correction, FieldOrder, Video

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
            "slow", "slower", "veryslow")  # fmt: skip
_MODES = ("auto", "smart", "exact", "copy")
KEEP_DURATIONS = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION, which PyAV has no name for


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How exported clips are made: MP4, 8-bit 4:2:0, limited range, encoded with H.264.

    With mode "copy" or "smart" the coded pictures of the source are taken over as they are.
    """

    mode: str = "auto"
    """"exact" encodes every frame anew. "smart" copies whole groups of pictures and encodes only
    the edges; just as exact in time, far faster, and what is copied is the source's H.264 or H.265
    to the bit. "copy" encodes nothing: it begins and ends at key frames within the clip, so that
    clips become shorter. "auto" is smart where the source allows it, else exact."""
    fps: float | None = None
    """Constant frame rate; 23.976 and its like mean 24000/1001. None keeps the source's own frame
    times, variable ones included."""
    width_px: int | None = None
    """Output width, even. With `height_px` too, the source is scaled to cover both and its centre
    is cropped out; alone, the height follows by the aspect; neither keeps the display size."""
    height_px: int | None = None
    """Output height, even; see `width_px`."""
    audio: bool = True
    """Keep the sound where the source has any within the clip."""
    crf: int = 16
    """x264's constant rate factor, 0–51; smaller is better and larger in bytes. 16 is hard to tell
    from the source."""
    preset: str = "medium"
    """x264's preset; slower ones make smaller files. The edges of a smart copy are encoded with
    "veryfast" or what is faster."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            RecipeError: One is out of range.
        """
        if self.mode not in _MODES:
            raise RecipeError(f"mode is one of {', '.join(_MODES)}, got {self.mode!r}")
        if self.mode == "copy" and (self.fps or self.width_px or self.height_px):
            raise RecipeError(
                "mode copy keeps frame rate and size; leave out fps, width_px and height_px, or "
                "set mode to exact"
            )
        if self.fps is not None and not (math.isfinite(self.fps) and 0 < self.fps <= 1000):
            raise RecipeError(f"fps is a rate from above 0 to 1000, got {self.fps}")
        for name in ("width_px", "height_px"):
            value = getattr(self, name)
            if value is not None and (value % 2 or not 2 <= value <= 16384):
                raise RecipeError(f"{name} is an even number from 2 to 16384, got {value}")
        if not 0 <= self.crf <= 51:
            raise RecipeError(f"crf is a number from 0 to 51, got {self.crf}")
        if self.preset not in PRESETS:
            raise RecipeError(f"preset is one of {', '.join(PRESETS)}, got {self.preset!r}")


@dataclass(frozen=True, slots=True)
class _Span:
    """One source frame and when it is shown, in ticks from the clip's begin."""

    frame: Any
    start: int
    end: int


def encode_clip(
    video: Video,
    in_pts: int,
    out_pts: int,
    path: Path,
    encoding: Encoding,
    correction: Correction | None = None,
) -> dict[str, Any]:
    """Write the frames `[in_pts, out_pts)` of `video` to `path` as MP4, and check the file.

    The picture is upright and has square pixels; the file says nothing of rotation. The first
    frame is shown from 0 on, the last one until `out_pts`. Colours keep the source's matrix and
    are tagged as such; HDR becomes SDR in BT.709. Bars and fields are mended as `correction` says.

    Returns:
        What the file holds: frames, fps (None where the rate varies), width_px, height_px,
        duration_s, has_audio, mode and why it is this one, frames_copied.

    Raises:
        MediaError: The source has no frame there or cannot be read, the disk is full, or what was
            written does not hold what was meant.
    """
    item = name_of(video, in_pts, out_pts)
    with explained(item, path):
        mended = correction or Correction()
        framing = Framing(video, encoding.width_px, encoding.height_px, mended.box)
        timing = timing_of(video, encoding.fps)
        spans = _spans(video, in_pts, out_pts, mended.field_order)
        if encoding.fps is not None:
            count = max(1, round((out_pts - in_pts) * video.time_base * timing.rate))
            spans = _at_constant_rate(spans, video.time_base / timing.base, count)
        sound = sound_of(video, in_pts, out_pts, encoding)
        with whole(path) as temporary:
            written = _write(temporary, encoding, timing, framing, spans, sound)
            if not written.starts:
                raise MediaError(f"{item}: no frame can be decoded there; scan the video again")
            verify(temporary, written, timing.base, encoding.crf, item)
    is_constant = encoding.fps is not None or not video.is_vfr
    return {
        "frames": len(written.starts),
        "fps": round(float(timing.rate), 6) if is_constant else None,
        "width_px": framing.size_px[0],
        "height_px": framing.size_px[1],
        "duration_s": round(float(written.end * timing.base), 6),
        "has_audio": sound is not None,
        "mode": "exact",
        "mode_reason": "",
        "frames_copied": 0,
    }


def name_of(video: Video, in_pts: int, out_pts: int) -> str:
    """Return what messages call a clip: its file, and where it begins and ends."""
    return f"{video.path} [{video.seconds(in_pts)}–{video.seconds(out_pts)} s]"


def sound_of(video: Video, in_pts: int, out_pts: int, encoding: Encoding) -> Sound | None:
    """Return the sound of a clip; None if it has none or none is wanted."""
    if not (encoding.audio and video.audio_codec):
        return None
    sound = Sound(video, in_pts, out_pts)
    return sound if sound.is_there else None


def exact_rate(fps: float) -> Fraction:
    """Return the rate that a rounded number stands for: 23.976 → 24000/1001, 25.0 → 25."""
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if abs(float(ntsc) - fps) < 0.002 and abs(round(fps) - fps) > 0.002:
        return ntsc
    return Fraction(fps).limit_denominator(1001)


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock of an output."""

    base: Fraction
    """Seconds per tick."""
    rate: Fraction
    """Nominal frame rate."""
    is_even: bool
    """Whether all frames last the same number of ticks."""


def timing_of(video: Video, fps: float | None) -> Timing:
    """Return the clock of an output at `fps` frames a second; None keeps the source's."""
    if fps is not None:
        rate = exact_rate(fps)
        return Timing(1 / rate, rate, True)
    rate = video.rate
    ticks_per_frame = 1 / (rate * video.time_base)
    return Timing(video.time_base, rate, not video.is_vfr and ticks_per_frame.denominator == 1)


def _spans(video: Video, in_pts: int, out_pts: int, field_order: FieldOrder) -> Iterator[_Span]:
    """Yield the source's frames with their times from the clip's begin, without a gap."""
    start = 0  # the first frame is shown from the clip's very beginning
    frame: Any = None
    for decoded in deinterlaced(frames_between(video, in_pts, out_pts), field_order):
        if frame is not None:
            yield _Span(frame, start, decoded.pts - in_pts)
            start = decoded.pts - in_pts
        frame = decoded.frame
    if frame is not None:
        yield _Span(frame, start, out_pts - in_pts)


def _at_constant_rate(spans: Iterator[_Span], scale: Fraction, count: int) -> Iterator[_Span]:
    """Yield for each of `count` ticks the source frame that is on display at that moment.

    Args:
        spans: In source ticks.
        scale: Output ticks per source tick.
        count: Number of frames wanted.
    """
    made = 0
    for span in spans:
        # Ticks before this frame's end; repeats of a frame become one longer span here.
        until = min(count, math.ceil(span.end * scale))
        if until > made:
            yield _Span(span.frame, made, until)
            made = until


def _write(
    path: Path,
    encoding: Encoding,
    timing: Timing,
    framing: Framing,
    spans: Iterator[_Span],
    sound: Sound | None,
) -> Meant:
    import av

    starts: list[int] = []
    end = 0
    first_luma_HW = picture = None
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = _add_video(container, encoding, timing, framing)
        if sound is not None:
            sound.add_to(container)
        for span in spans:
            picture = framing.apply(span.frame)
            if not starts:
                first_luma_HW = coarse_luma(picture)
                _tag_colours(stream.codec_context, picture)
            step = 1 if encoding.fps is not None else span.end - span.start
            for start in range(span.start, span.end, step):
                picture.pts, picture.time_base, picture.duration = start, timing.base, step
                container.mux(stream.encode(picture))
                starts.append(start)
            end = span.end
            if sound is not None:
                container.mux(list(sound.packets(end * timing.base)))
        container.mux(stream.encode())
        if sound is not None:
            container.mux(list(sound.packets(None)))
    alike = {}
    if picture is not None and first_luma_HW is not None:
        alike = {0: first_luma_HW, len(starts) - 1: coarse_luma(picture)}
    return Meant(starts=starts, end=end, alike=alike)


def _add_video(container: Any, encoding: Encoding, timing: Timing, framing: Framing) -> Any:
    # One thread: clips are encoded side by side, and the bytes depend on the number of threads.
    options = {"crf": str(encoding.crf), "preset": encoding.preset, "threads": "1"}
    stream = container.add_stream("libx264", rate=timing.rate, options=options)
    stream.width, stream.height = framing.size_px
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = timing.base
    stream.codec_context.gop_size = 250
    stream.codec_context.flags |= KEEP_DURATIONS
    if not timing.is_even:
        # MP4 keeps durations in decoding order: with B-frames of unequal length the whole track
        # would seem shorter than it is.
        stream.codec_context.max_b_frames = 0
    return stream


def _tag_colours(context: Any, picture: Any) -> None:
    context.color_range = LIMITED
    context.colorspace = picture.colorspace
    context.color_primaries = picture.color_primaries
    context.color_trc = picture.color_trc
