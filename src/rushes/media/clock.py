"""Clock of a video: breaks of the file's timestamps are found, and its packets rebased over them.

Captures and joined files have clocks that step back or jump ahead. The times of all packets behind
such a break are shifted, so that the frame behind it follows the one before it. Every reader of a
source takes its packets from here, so that all use the same clock.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rushes.records import ClockBreak, Video

WITHOUT_PTS = ("avi",)
"""Containers that store frames in decoding order, without display times.

FFmpeg guesses display times. The guesses are wrong for H.264 with B-frames and for the packed
B-frames of DivX and XviD: they step back at every other frame. The decoding times are right, and
one tick is one frame.
"""
_STREAMED = ("mpegts", "mpeg", "flv")
"""Containers of broadcasts and captures, in which a long gap is a jump and never a still."""
_BY_BYTE = ("mpegts", "mpeg")
"""Containers that can be read from any byte on."""
_BACK_S = 0.1
"""Step back of the decoding time that is a break; less is a slip of the muxer."""
_AHEAD_S = 10.0
"""Gap without audio that is a break."""
_STILL_S = 600.0
"""Longest gap of a video without audio that is taken for a still."""


@dataclass(frozen=True, slots=True)
class CodedTimes:
    """Times of a file's packets in the file's order, as the container has them."""

    pts: np.ndarray
    """int64 (n,)."""
    dts: np.ndarray
    """int64 (n,)."""
    duration: np.ndarray
    """int64 (n,); 0 where the container states none."""
    is_key: np.ndarray
    """bool (n,)."""
    pos: np.ndarray
    """int64 (n,) byte positions; -1 where unknown."""
    audio_s: np.ndarray
    """float64 (m,): begins of the packets of audio, in seconds, ascending."""


def clock_breaks(times: CodedTimes, time_base: Fraction, container: str) -> tuple[ClockBreak, ...]:
    """Find the breaks of a file's clock.

    Args:
        times: Its packets.
        time_base: Seconds per tick.
        container: FFmpeg's name of the format.
    """
    if container in WITHOUT_PTS or len(times.pts) < 2:
        return ()
    edges = _edges(times, float(time_base), container in _STREAMED)
    found: list[ClockBreak] = []
    shift = end = 0
    for first, last in pairwise([0, *edges, len(times.pts)]):
        pts = np.sort(times.pts[first:last])
        if first:
            shift = end - int(pts[0])
            found.append(ClockBreak(pos=int(times.pos[first]), pts=end, shift=shift))
        usual = int(np.median(np.diff(pts))) if len(pts) > 1 else int(times.duration[first])
        end = int(pts[-1]) + shift + max(1, usual)
    return tuple(found)


def _edges(times: CodedTimes, tick_s: float, is_streamed: bool) -> list[int]:
    """Return the numbers of the packets before which the clock breaks."""
    pts, is_key = times.pts.tolist(), times.is_key.tolist()
    steps_s = (np.diff(times.dts) * tick_s).tolist()
    edges = []
    latest = pts[0]
    for at, step_s in enumerate(steps_s, 1):
        # All pictures before a key frame in the file are shown before it.
        is_back = step_s < -_BACK_S or (is_key[at] and pts[at] <= latest)
        is_ahead = step_s > _AHEAD_S and _is_jump(times, at - 1, tick_s, is_streamed)
        if (is_back or is_ahead) and times.pos[at] >= 0:
            edges.append(at)
            latest = pts[at]
        latest = max(latest, pts[at])
    return edges


def _is_jump(times: CodedTimes, at: int, tick_s: float, is_streamed: bool) -> bool:
    """Tell whether the gap behind packet `at` is a jump of the clock, and no still."""
    begin_s, end_s = float(times.dts[at] * tick_s), float(times.dts[at + 1] * tick_s)
    if times.duration[at] * tick_s > (end_s - begin_s) / 2 and not is_streamed:
        return False  # the frame states that it is shown so long
    inside = np.searchsorted(times.audio_s, (begin_s + 1, end_s - 1))
    if inside[1] > inside[0]:
        return False  # the sound goes on
    has_audio_behind = bool(inside[1] < len(times.audio_s))
    return is_streamed or has_audio_behind or end_s - begin_s > _STILL_S


def rebased(times: np.ndarray, pos: np.ndarray, breaks: Sequence[ClockBreak]) -> np.ndarray:
    """Return times (int64) in the file's order on the clock without breaks."""
    shifts = np.array([0, *(one.shift for one in breaks)], np.int64)
    begins = np.array([one.pos for one in breaks], np.int64)
    places = np.maximum.accumulate(pos)  # a packet without a position follows the one before
    return np.asarray(times + shifts[np.searchsorted(begins, places, side="right")])


class SourceClock:
    """Seeks in a video's file, and puts its packets on the video's clock."""

    def __init__(self, video: Video, container: Any, stream: Any) -> None:
        """Prepare to read.

        Args:
            video: The video.
            container: Its open file.
            stream: The stream that is read, of pictures or audio.
        """
        self._video, self._container, self._stream = video, container, stream
        breaks = video.clock_breaks
        self._begins = [one.pos for one in breaks]
        scale = video.time_base / stream.time_base
        self._shifts: list[int] = [0, *(round(one.shift * scale) for one in breaks)]
        self._part = 0
        self._is_inside = False

    def seek(self, pts: int) -> bool:
        """Go to a place at or before `pts`, in ticks of the stream on the video's clock.

        Returns:
            Whether the file can be sought in; else it is where it was.
        """
        import av

        try:
            if not self._begins:
                self._container.seek(pts, stream=self._stream, backward=True)
                return True
            return self._seek_in_part(pts)
        except av.FFmpegError:
            return False

    def _seek_in_part(self, pts: int) -> bool:
        """Seek within the part of the file, between two breaks, that holds `pts`."""
        video, container, stream = self._video, self._container, self._stream
        scale = video.time_base / stream.time_base
        begins = [round(one.pts * scale) for one in video.clock_breaks]
        part = bisect_right(begins, pts)
        if container.format.name in _BY_BYTE:
            begin, end = [round(video.start_pts * scale), *begins, round(video.end_pts * scale)][
                part : part + 2
            ]
            first, last = [0, *self._begins, Path(video.path).stat().st_size][part : part + 2]
            share = min(max((pts - begin) / max(1, end - begin), 0.0), 1.0)
            place = first + int(share * (last - first))
            container.seek(place, unsupported_byte_offset=True)
            self._part, self._is_inside = part, place > 0
            return True
        raw = [begin - shift for begin, shift in zip(begins, self._shifts[1:], strict=True)]
        if any(a >= b for a, b in pairwise([round(video.start_pts * scale), *raw])):
            return False  # the same time occurs twice
        container.seek(pts - self._shifts[part], stream=stream, backward=True)
        return True

    def packets(self) -> Iterator[Any]:
        """Yield the stream's packets with their times on the video's clock.

        Raises:
            av.FFmpegError: The container is broken from here on.
        """
        is_audio = self._stream.type == "audio"
        follows: int | None = None
        for packet in self._container.demux(self._stream):
            if self._begins and packet.size:
                if self._is_inside and not packet.is_keyframe:
                    continue  # in the midst of a group, which cannot be decoded
                self._is_inside = False
                if packet.pos is not None and packet.pos >= 0:
                    self._part = bisect_right(self._begins, packet.pos)
                shift = self._shifts[self._part]
                if is_audio:
                    shift = self._audio_shift(packet, follows)
                if packet.pts is not None:
                    packet.pts += shift
                    follows = packet.pts + (packet.duration or 0)
                if packet.dts is not None:
                    packet.dts += shift
            yield packet

    def _audio_shift(self, packet: Any, follows: int | None) -> int:
        """Return the shift of a packet of audio, which may lie on the other side of a break."""
        if follows is None or packet.pts is None:
            return self._shifts[self._part]
        begin = int(packet.pts) - follows
        near = self._shifts[max(0, self._part - 1) : self._part + 2]
        return min(near, key=lambda shift: abs(begin + shift))
