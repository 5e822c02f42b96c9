"""A clip encoded anew: exactly its frames and its audio, verified."""

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
from rushes.media.write.audio_track import AudioTrack
from rushes.media.write.framing import LIMITED, Framing, coarse_luma
from rushes.media.write.source import ClipSource
from rushes.media.write.verify import Expected, disk_errors_explained, verify
from rushes.records import Video

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
            "slow", "slower", "veryslow")  # fmt: skip
_MODES = ("auto", "smart", "exact", "copy")
KEEP_DURATIONS = 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION, for which PyAV has no name


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """Settings of exported clips: MP4, 8-bit 4:2:0, limited range, encoded with H.264.

    With mode "copy" or "smart" the coded pictures of the source are taken over as they are.
    """

    mode: str = "auto"
    """"exact" encodes every frame anew. "smart" copies whole groups of pictures and encodes only
    the edges: the same frames, far faster, and the copied pictures are the source's H.264 or H.265
    to the bit. "copy" encodes nothing: it begins and ends at key frames within the clip, so clips
    become shorter. "auto" is smart where the source allows it, else exact."""
    fps: float | None = None
    """Constant frame rate; 23.976 means 24000/1001, and so on. None keeps the source's frame times,
    variable ones included."""
    width_px: int | None = None
    """Output width, even. With `height_px` too, the source is scaled to cover both and its centre
    is cropped out; alone, the height follows by the aspect; neither keeps the display size."""
    height_px: int | None = None
    """Output height, even; see `width_px`."""
    audio: bool = True
    """Keep the audio where the source has any within the clip."""
    crf: int = 16
    """x264's constant rate factor, 0–51; lower keeps more detail and makes larger files. 16 is hard
    to tell from the source."""
    preset: str = "medium"
    """x264's preset; slower ones make smaller files. The edges of a smart copy are encoded with
    "veryfast" or a faster one."""

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
class _TimedFrame:
    """One source frame and its display, in ticks from the clip's begin."""

    frame: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OutputClock:
    """The clock of an output file."""

    tick_s: Fraction
    """Seconds per tick."""
    rate: Fraction
    """Nominal frame rate."""
    is_even: bool
    """Whether all frames last the same number of ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """The settings and the audio of one output file."""

    encoding: Encoding
    clock: OutputClock
    framing: Framing
    audio: AudioTrack | None


def encode_clip(source: ClipSource, path: Path, encoding: Encoding) -> dict[str, Any]:
    """Encode the frames of a clip to `path` as MP4, and verify the file.

    The picture is upright and has square pixels; the file carries no rotation. The first frame is
    shown from 0 on, the last one until `out_pts`. Colours keep the source's matrix and are tagged
    with it; HDR becomes SDR in BT.709. Bars and fields are corrected as `source.correction` says.

    Returns:
        The facts of the file: frames, fps (None where the rate varies), width_px, height_px,
        duration_s, has_audio, mode, mode_reason, frames_copied.

    Raises:
        MediaError: The source has no frame there or cannot be read, the disk is full, or the file
            does not hold the source's frames.
    """
    video, correction = source.video, source.correction
    with disk_errors_explained(source.name, path):
        framing = Framing(video, encoding.width_px, encoding.height_px, correction.box)
        clock = output_clock(video, encoding.fps)
        frames = _timed_frames(source)
        if encoding.fps is not None:
            ticks = (source.out_pts - source.in_pts) * video.time_base * clock.rate
            scale = video.time_base / clock.tick_s
            frames = _at_constant_rate(frames, scale, max(1, round(ticks)))
        audio = audio_track_of(source, encoding)
        output = _Output(encoding=encoding, clock=clock, framing=framing, audio=audio)
        with whole(path) as temporary:
            written = _write(temporary, output, frames)
            if not written.starts:
                raise MediaError(
                    f"{source.name}: no frame can be decoded there; scan the video again"
                )
            verify(temporary, written, clock.tick_s, encoding.crf, source.name)
    is_constant = encoding.fps is not None or not video.is_vfr
    return {
        "frames": len(written.starts),
        "fps": round(float(clock.rate), 6) if is_constant else None,
        "width_px": framing.size_px[0],
        "height_px": framing.size_px[1],
        "duration_s": round(float(written.end * clock.tick_s), 6),
        "has_audio": audio is not None,
        "mode": "exact",
        "mode_reason": "",
        "frames_copied": 0,
    }


def audio_track_of(source: ClipSource, encoding: Encoding) -> AudioTrack | None:
    """Return the audio track of a clip; None if it has none or the encoding leaves it out."""
    if not (encoding.audio and source.video.audio_codec):
        return None
    track = AudioTrack(source)
    return track if track.has_samples else None


def exact_rate(fps: float) -> Fraction:
    """Return the rate that a rounded number stands for: 23.976 → 24000/1001, 25.0 → 25."""
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if abs(float(ntsc) - fps) < 0.002 and abs(round(fps) - fps) > 0.002:
        return ntsc
    return Fraction(fps).limit_denominator(1001)


def output_clock(video: Video, fps: float | None) -> OutputClock:
    """Return the clock of an output at `fps` frames a second; None keeps the source's."""
    if fps is not None:
        rate = exact_rate(fps)
        return OutputClock(1 / rate, rate, True)
    rate = video.rate
    ticks_per_frame = 1 / (rate * video.time_base)
    is_even = not video.is_vfr and ticks_per_frame.denominator == 1
    return OutputClock(video.time_base, rate, is_even)


def _timed_frames(source: ClipSource) -> Iterator[_TimedFrame]:
    """Yield the source's frames, each shown until the next one begins."""
    start = 0  # the first frame is shown from the clip's very begin
    frame: Any = None
    decoded_frames = frames_between(source.video, source.in_pts, source.out_pts)
    for decoded in deinterlaced(decoded_frames, source.correction.field_order):
        if frame is not None:
            yield _TimedFrame(frame, start, decoded.pts - source.in_pts)
            start = decoded.pts - source.in_pts
        frame = decoded.frame
    if frame is not None:
        yield _TimedFrame(frame, start, source.out_pts - source.in_pts)


def _at_constant_rate(
    frames: Iterator[_TimedFrame], scale: Fraction, count: int
) -> Iterator[_TimedFrame]:
    """Yield for each of `count` ticks the source frame that is on display at that moment.

    Args:
        frames: Times in source ticks.
        scale: Output ticks per source tick.
        count: Number of output frames.
    """
    made = 0
    for timed in frames:
        # Ticks before this frame's end; repeats of a frame become one longer display here.
        until = min(count, math.ceil(timed.end * scale))
        if until > made:
            yield _TimedFrame(timed.frame, made, until)
            made = until


def _write(path: Path, output: _Output, frames: Iterator[_TimedFrame]) -> Expected:
    """Encode frames and audio to the file `path`; return the frames that it should hold."""
    import av

    framing, clock, audio = output.framing, output.clock, output.audio
    starts: list[int] = []
    end = 0
    first_luma_HW = picture = None
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = _add_video(container, output)
        if audio is not None:
            audio.add_to(container)
        for timed in frames:
            picture = framing.apply(timed.frame)
            if not starts:
                first_luma_HW = coarse_luma(picture)
                _tag_colours(stream.codec_context, picture)
            step = 1 if output.encoding.fps is not None else timed.end - timed.start
            for start in range(timed.start, timed.end, step):
                picture.pts, picture.time_base, picture.duration = start, clock.tick_s, step
                container.mux(stream.encode(picture))
                starts.append(start)
            end = timed.end
            if audio is not None:
                container.mux(list(audio.packets(end * clock.tick_s)))
        container.mux(stream.encode())
        if audio is not None:
            container.mux(list(audio.packets(None)))
    lumas = {}
    if picture is not None and first_luma_HW is not None:
        lumas = {0: first_luma_HW, len(starts) - 1: coarse_luma(picture)}
    return Expected(starts=starts, end=end, lumas=lumas)


def _add_video(container: Any, output: _Output) -> Any:
    encoding, clock = output.encoding, output.clock
    # One thread: clips are encoded side by side, and the bytes depend on the number of threads.
    options = {"crf": str(encoding.crf), "preset": encoding.preset, "threads": "1"}
    stream = container.add_stream("libx264", rate=clock.rate, options=options)
    stream.width, stream.height = output.framing.size_px
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = clock.tick_s
    stream.codec_context.gop_size = 250
    stream.codec_context.flags |= KEEP_DURATIONS
    if not clock.is_even:
        # MP4 keeps durations in decoding order: with B-frames of unequal length the whole track
        # would seem shorter than it is.
        stream.codec_context.max_b_frames = 0
    return stream


def _tag_colours(context: Any, picture: Any) -> None:
    context.color_range = LIMITED
    context.colorspace = picture.colorspace
    context.color_primaries = picture.color_primaries
    context.color_trc = picture.color_trc
