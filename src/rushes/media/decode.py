"""Decoding of a video: frames with their exact times; damage is marked, and skipped where it must.

Damage of one picture spoils all that refer to it. So every frame from a damaged packet to the next
whole key frame is marked, and so is a frame that stands where others could not be decoded. Codecs
without checks of their data (VP8, parts of VP9) decode damaged bytes without a word; nothing marks
those.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from rushes.media.clock import WITHOUT_PTS, SourceClock
from rushes.media.damage import Damage
from rushes.media.geometry import Geometry, PictureArea
from rushes.media.probe import open_video, video_stream
from rushes.media.source_file import check_source
from rushes.records import Section, Video


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame of a decode in presentation order."""

    frame: Any
    """The decoder's own `av.VideoFrame`, without what the container crops; neither scaled nor
    turned upright."""
    pts: int
    is_damaged: bool
    """Whether the decoder met errors in it, or in a picture that it may refer to."""
    section: Section
    """Geometry of the picture; the same object for all frames of a stretch."""
    is_repeat: bool = False
    """Whether it is the frame before, shown on."""


class Decoder:
    """One forward decode of a video; iterate it once.

    Timestamps ascend strictly, on the video's clock without breaks. A frame without one gets its
    decoding time; a frame whose time would step back is dropped and counted. A frame that stands
    longer than `Video.longest_hold` is yielded again at even distances, so that any span has frames
    to begin and end at.
    """

    def __init__(
        self,
        video: Video,
        *,
        threads: int = 1,
        from_pts: int | None = None,
        fast: bool = False,
    ) -> None:
        """Prepare to decode.

        Args:
            video: The source.
            threads: Decoder threads; 1 needs the least CPU time, more need less wall time.
            from_pts: Seek, so that the first frame is at or before this pts; None starts at the
                begin.
            fast: Skip the loop filter in frames that no other frame refers to: 6–10 % cheaper,
                invisible at 480 lines, without drift. For pictures that are scaled down.
        """
        self._is_fast = fast
        self._video = video
        self._threads = threads
        self._from_pts = from_pts
        self._geometry = Geometry()
        self._damage = Damage(video)
        self._latest_pts: int | None = None
        self.frames_dropped = 0
        """Number of frames left out because their time did not ascend."""
        self.frames_repeated = 0
        """Number of frames that are the one before, shown on."""

    @property
    def packets_lost(self) -> int:
        """Number of packets that the decoder refused."""
        return self._damage.packets_lost

    @property
    def error(self) -> str:
        """FFmpeg's message on the last error."""
        return self._damage.error

    @property
    def is_doubtful(self) -> bool:
        """Whether anything was damaged so far."""
        return self._damage.was_met

    @property
    def sections(self) -> tuple[Section, ...]:
        """Stretches of different geometry so far; empty if there is only one."""
        return self._geometry.sections

    def __iter__(self) -> Iterator[DecodedFrame]:
        """Yield the frames."""
        for decoded, following in pairwise(chain(self._ascending(), [None])):
            assert decoded is not None
            end_pts = self._end_pts(decoded.pts) if following is None else following.pts
            if self._damage.lost_between(decoded.pts, None if following is None else end_pts):
                decoded = replace(decoded, is_damaged=True)
            yield decoded
            pieces = -(-(end_pts - decoded.pts) // self._video.longest_hold)
            for piece in range(1, pieces):
                self.frames_repeated += 1
                pts = decoded.pts + (end_pts - decoded.pts) * piece // pieces
                yield replace(decoded, pts=pts, is_repeat=True)

    def _end_pts(self, last_pts: int) -> int:
        """Return the end of the last frame's display; just behind it where frames were lost."""
        is_last = self._latest_pts is not None and last_pts >= self._latest_pts
        return max(last_pts + 1, self._video.end_pts if is_last else last_pts + 1)

    def _ascending(self) -> Iterator[DecodedFrame]:
        last: int | None = None
        area = PictureArea(self._video.crop_px)
        for frame, pts in self._timed():
            if pts is None or (last is not None and pts <= last):
                self.frames_dropped += 1
                continue
            last = pts
            is_damaged = self._damage.spoils(frame, pts)
            picture = area.of(frame)
            section = self._geometry.see(frame, picture, pts, self._video)
            yield DecodedFrame(picture, pts, is_damaged, section)

    def _timed(self) -> Iterator[tuple[Any, int | None]]:
        """Yield the decoder's frames with their pts, None where that is unknown."""
        with open_video(self._video.path) as container:
            stream = video_stream(container, self._video.path)
            is_without_pts = container.format.name in WITHOUT_PTS
            delay = _decoder_delay(self._video.path) if is_without_pts else 0
            self._set_up(stream)
            clock = SourceClock(self._video, container, stream)
            if self._from_pts is not None:
                clock.seek(self._from_pts)  # else it stays at the begin
            last: int | None = None
            for frame in self._frames(clock, stream):
                if not is_without_pts:
                    pts = frame.pts if frame.pts is not None else frame.dts
                elif frame.dts is not None:
                    pts = frame.dts - delay
                else:  # a frame that the decoder kept until the end of the file
                    pts = None if last is None else last + 1
                last = pts if pts is not None else last
                yield frame, pts

    def _set_up(self, stream: Any) -> None:
        # Between threads of frames the pixel aspect would change some frames too early.
        kind = "SLICE" if self._geometry.follows_stream(self._video) else "AUTO"
        stream.thread_type = kind if self._threads != 1 else "NONE"
        stream.thread_count = self._threads
        if self._is_fast:
            stream.codec_context.options = {"skip_loop_filter": "noref"}

    def _frames(self, clock: SourceClock, stream: Any) -> Iterator[Any]:
        import av

        packets = clock.packets()
        context = stream.codec_context
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:
                # The container itself is broken from here on.
                self._damage.lose(None, error)
                yield from decode_leniently(stream)
                return
            if packet.pts is not None:
                self._latest_pts = max(packet.pts, self._latest_pts or packet.pts)
            frames = self._damage.decoded(packet)
            self._geometry.see_packet(packet, context, self._video)
            yield from frames


def _decoder_delay(path: str | Path) -> int:
    """Return the delay from a frame's display time to its output by the decoder, in ticks."""
    first_pts: list[int] = []
    with open_video(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "NONE"
        for packet in container.demux(stream):
            if packet.pts is not None:
                first_pts.append(packet.pts)
            for frame in decode_leniently(stream, packet):
                if frame.dts is not None:
                    return int(frame.dts) - min(first_pts)
    return 0


def decode_leniently(stream: Any, packet: Any = None) -> list[Any]:
    """Return the frames for a packet, or the last ones for None; none if the decoder refuses."""
    import av

    try:
        return list(stream.decode(packet))
    except av.FFmpegError:
        return []


def frames_between(video: Video, in_pts: int, out_pts: int) -> Iterator[DecodedFrame]:
    """Yield exactly the frames of `video` with `in_pts <= pts < out_pts`.

    Containers seek by decoding time, which can land behind the wanted frame, and some cannot seek.
    So the first frame is checked, and the seek repeated from farther back.
    """
    check_source(video)
    for back_s in (0, 2, 20, None):
        from_pts = None if back_s is None else in_pts - round(back_s / video.time_base)
        if from_pts is not None and from_pts < video.start_pts:
            from_pts = None
        frames = iter(Decoder(video, from_pts=from_pts))
        first = next(frames, None)
        if from_pts is None or (first is not None and first.pts <= in_pts):
            for decoded in chain([first] if first else [], frames):
                if decoded.pts >= out_pts:
                    return
                if decoded.pts >= in_pts:
                    yield decoded
            return
