"""Facts of a video file, read from its container, its packets and one decoded frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import MediaError
from rushes.files import sha256_of
from rushes.media.boxes import picture_boxes
from rushes.media.clock import CodedTimes, clock_breaks, rebased
from rushes.media.geometry import PictureArea, has_alpha, orientation
from rushes.records import Video

# Still pictures, text art and subtitles, which FFmpeg opens as video too.
_NO_VIDEO_FORMATS = ("image2", "tty", "srt", "ass", "webvtt", "swf")
_HOLD_S = 2.0
"""Display of one frame that counts as a still, not towards the frame rate."""
_COLOR_RANGES = {0: "unknown", 1: "limited", 2: "full"}
# FFmpeg's names of the ITU-T H.273 code points that occur.
_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 12: "smpte432"}
_TRANSFERS = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 8: "linear", 13: "srgb",
              14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 18: "arib-std-b67"}  # fmt: skip
_SPACES = {0: "rgb", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 8: "ycgco", 9: "bt2020nc"}


@contextmanager
def open_video(path: str | Path) -> Iterator[Any]:
    """Open a media file for reading; FFmpeg's errors become `MediaError` with its text."""
    import av

    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            yield container
    except (av.FFmpegError, OSError) as error:
        if isinstance(error, MediaError):
            raise
        is_garbled = isinstance(error, av.InvalidDataError)
        hint = "; it may be truncated, or not a video" if is_garbled else ""
        raise MediaError(f"{path}: {error.strerror or error}{hint}") from error


def video_stream(container: Any, path: str | Path) -> Any:
    """Return the video stream that a player would show.

    Raises:
        MediaError: There is none; a cover picture of an audio file does not count.
    """
    import av

    format_name = container.format.name
    is_still = format_name.endswith("_pipe") or format_name in _NO_VIDEO_FORMATS
    cover = av.stream.Disposition.attached_pic
    streams = [s for s in container.streams.video if not s.disposition & cover]
    if is_still or not streams:
        raise MediaError(f"{path}: no video stream (FFmpeg reads it as {format_name})")
    decodable = [s for s in streams if s.codec_context is not None]
    if not decodable:
        raise MediaError(f"{path}: FFmpeg has no decoder for its video; convert it first")
    best = container.streams.best("video")
    return best if best in decodable else decodable[0]


def audio_stream(container: Any, video: Any) -> Any:
    """Return the audio stream that a player would choose beside a video stream, or None.

    It is of the same program. The one marked as the default is preferred, then the first; one for
    commentary or for people who cannot see or hear is only taken where there is no other.
    """
    import av

    mark = av.stream.Disposition
    special = mark.comment | mark.visual_impaired | mark.hearing_impaired | mark.descriptions
    streams = [s for s in container.streams.audio if s.codec_context is not None]
    if container.format.name == "mpegts":  # the only container of several programs
        best = container.streams.best
        streams = [s for s in streams if best("video", related=s).index == video.index]
    ranked = sorted(
        streams, key=lambda s: (bool(s.disposition & special), not s.disposition & mark.default)
    )
    return ranked[0] if ranked else None


def missing_codecs() -> list[str]:
    """Return the encoders that Rushes needs and this build of FFmpeg lacks."""
    import av

    return [n for n in ("libx264", "aac", "mjpeg") if n not in av.codec.codecs_available]


def probe(path: str | Path, digest: str | None = None) -> Video:
    """Return the facts of the video at `path`.

    Reads the whole file once for its hash and once for its packets, and decodes one frame.

    Args:
        path: The file.
        digest: The sha256 of its bytes as hex, where it is known already.

    Raises:
        MediaError: The file cannot be read, or has no video that decodes.
    """
    stat = Path(path).stat()
    if stat.st_size == 0:
        raise MediaError(f"{path}: the file is empty")
    digest = digest or sha256_of(Path(path))
    with open_video(path) as container:
        stream = video_stream(container, path)
        frame = _first_frame(container, stream, path)
    with open_video(path) as container:
        stream = video_stream(container, path)
        coded = _packets(container, stream, path)
        audio = audio_stream(container, stream)
        time_base = stream.time_base
        name = container.format.name
        breaks = clock_breaks(coded.times, time_base, name)
        shown = rebased(coded.times.pts, coded.times.pos, breaks)
        order = np.argsort(shown, kind="stable")
        pts, durations = shown[order], coded.times.duration[order]
        if durations[-1] <= 0:
            typical = int(np.median(np.diff(pts))) if len(pts) > 1 else 0
            durations[-1] = max(typical, 1)
        start_pts, end_pts = int(pts[0]), int(pts[-1] + durations[-1])
        rotation_deg, is_mirrored = orientation(frame)
        context = stream.codec_context
        boxes = picture_boxes(Path(path), name)
        if boxes.dolby_profile == 5:
            raise MediaError(
                f"{path}: Dolby Vision profile 5, whose colours cannot be converted here; convert "
                f"it to SDR or HDR10 first"
            )
        is_transparent = has_alpha(frame)
        frame = PictureArea(boxes.crop_px).of(frame)
        return Video(
            id=digest[:16],
            path=str(Path(path).absolute()),
            given=str(path),
            size_bytes=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
            container=name,
            codec=context.name,
            width_px=frame.width,
            height_px=frame.height,
            time_base=time_base,
            origin_pts=_origin_pts(container, start_pts, time_base),
            start_pts=start_pts,
            end_pts=end_pts,
            missing_s=0.0 if breaks else _missing_s(container, coded.end_s),
            frames_packets=max(len(pts), _declared_frames(stream, name) - coded.hidden),
            fps_declared=stream.average_rate,
            fps_measured=_rate(pts, time_base),
            is_vfr=_is_vfr(pts),
            rotation_deg=rotation_deg,
            is_mirrored=is_mirrored,
            sample_aspect=stream.sample_aspect_ratio or Fraction(1),
            pix_fmt="rgba" if is_transparent else frame.format.name,
            crop_px=boxes.crop_px,
            notes=tuple(_notes(is_transparent, stream)),
            color_range=_COLOR_RANGES.get(int(frame.color_range), "unknown"),
            color_space=_SPACES.get(int(frame.colorspace), "unknown"),
            color_primaries=_PRIMARIES.get(int(frame.color_primaries), "unknown"),
            color_transfer=_TRANSFERS.get(int(frame.color_trc), "unknown"),
            field_order="interlaced" if frame.interlaced_frame else "progressive",
            audio_codec=audio.codec_context.name if audio else None,
            audio_rate_hz=audio.codec_context.sample_rate if audio else None,
            audio_channels=audio.codec_context.channels if audio else None,
            key_pts=tuple(np.sort(shown[coded.times.is_key]).tolist()),
            clock_breaks=breaks,
        )


def _notes(is_transparent: bool, stream: Any) -> Iterator[str]:
    if is_transparent:
        yield "it has transparency, which is shown on black"
    elif stream.metadata.get("alpha_mode") == "1":
        yield "it has transparency, which cannot be read: what lies under it is shown"


def _first_frame(container: Any, stream: Any, path: str | Path) -> Any:
    import av

    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue  # a broken first packet; a later one may decode
        if frames:
            return frames[0]
    raise MediaError(f"{path}: no frame can be decoded ({stream.codec_context.name})")


@dataclass(frozen=True, slots=True)
class _Coded:
    """The packets of a file, without those that an edit list hides."""

    times: CodedTimes
    hidden: int
    """Number of packets that an edit list hides: a player decodes them and does not show them."""
    end_s: float
    """End of the last packet of video or audio, in seconds on the container's clock."""


def _packets(container: Any, stream: Any, path: str | Path) -> _Coded:
    import av

    rows: list[tuple[int, int, int, int, bool]] = []
    audio_s: list[float] = []
    end_s = 0.0
    hidden = 0
    try:
        for packet in container.demux(stream, *container.streams.audio):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None or packet.size == 0:
                continue
            duration = packet.duration or 0
            end_s = max(end_s, (stamp + duration) * float(packet.time_base))
            if packet.stream is not stream:
                audio_s.append(stamp * float(packet.time_base))
            elif packet.is_discard:
                hidden += 1
            else:
                dts = packet.dts
                if dts is None:  # reordered pictures step back without a break
                    dts = stamp if packet.is_keyframe or not rows else rows[-1][1]
                pos = packet.pos if packet.pos is not None else -1
                rows.append((stamp, dts, duration, pos, bool(packet.is_keyframe)))
    except av.FFmpegError:
        pass  # a damaged tail; the packets before it still count
    if not rows:
        raise MediaError(
            f"{path}: no packet of the video stream has a timestamp; add them at the video's own "
            f"rate: ffmpeg -r 25 -i {Path(path).name} -c copy out.mkv"
        )
    pts, dts, durations, pos, is_key = np.array(rows, np.int64).T
    times = CodedTimes(
        pts=pts,
        dts=dts,
        duration=durations,
        is_key=is_key.astype(bool),
        pos=pos,
        audio_s=np.sort(np.array(audio_s)),
    )
    return _Coded(times, hidden, end_s)


def _declared_frames(stream: Any, container: str) -> int:
    """Return the number of frames that a container states; 0 if it states none.

    MP4 states that of the whole track; its index leaves out what lies behind the edit list.
    """
    declared = int(stream.frames or 0)
    is_indexed = container.startswith("mov") and len(stream.index_entries) > 0
    return min(declared, len(stream.index_entries)) if is_indexed else declared


def _missing_s(container: Any, end_s: float) -> float:
    """Return by how many seconds the file ends early by its header; 0 up to 5 % or 1.5 s."""
    if container.duration is None:
        return 0.0
    start = container.start_time or 0
    if container.format.name != "mpegts":  # whose clock is negative where it passes 2³³
        start = max(start, 0)
    declared_s = (container.duration + start) / 1e6
    missing_s = declared_s - end_s
    return round(missing_s, 3) if missing_s > max(1.5, 0.05 * declared_s) else 0.0


def _origin_pts(container: Any, start_pts: int, time_base: Fraction) -> int:
    """Return the pts at which a player's clock shows 0.

    It is the container's earliest timestamp. An audio codec's priming before zero does not count,
    so that a cut at 10.000 s stays there with any audio.
    """
    container_start = max(Fraction(container.start_time or 0, 1_000_000), Fraction(0))
    return min(start_pts, round(container_start / time_base))


def _rate(pts: np.ndarray, time_base: Fraction) -> Fraction | None:
    """Return frames over duration, without the frames that stand far longer than usual."""
    gaps = np.diff(pts)
    if not len(gaps) or gaps.sum() <= 0:
        return None
    usual = gaps[gaps <= max(_HOLD_S / float(time_base), 4 * float(np.median(gaps)))]
    return Fraction(len(usual) / (int(usual.sum()) * float(time_base))).limit_denominator(1001)


def _is_vfr(pts: np.ndarray) -> bool:
    """Tell whether the frame rate varies: over 0.1 % of the gaps are off the median by 10 %."""
    gaps = np.diff(pts)
    if len(gaps) < 2:
        return False
    typical = np.median(gaps)
    # 1.5 ticks allow for the container's rounding.
    is_off = np.abs(gaps - typical) > np.maximum(0.1 * typical, 1.5)
    return int(is_off.sum()) > max(1, len(gaps) // 1000)
