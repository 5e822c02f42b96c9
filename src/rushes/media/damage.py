"""Damage met by a decoder: errors, refused packets and messages, and the frames that they spoil."""

import logging
import re
from bisect import bisect_right, insort
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rushes.records import Video

# FFmpeg says of much concealed damage only in its log that it occurred.
_HARMLESS = re.compile(
    r"mmco|co located|no frame|\bSEI\b|reorder|number of reference|non-existing|[sp]ps_id|VUI|"
    r"Application|deprecated|unsupported|not implemented",
    re.IGNORECASE,
)
_JOIN_S = 0.25
"""Stretch before a break of the clock that reordered pictures can span."""
logging.getLogger("libav").addHandler(logging.NullHandler())


class Damage:
    """The damage of one decode, in the order of the file."""

    def __init__(self, video: Video) -> None:
        """Begin a decode of `video`."""
        tail = round(_JOIN_S / video.time_base)
        self._joins = [(one.pts - tail, one.pts) for one in video.clock_breaks]
        self.packets_lost = 0
        """Number of packets that the decoder refused."""
        self.error = ""
        """FFmpeg's message on the last error."""
        self.was_met = False
        """Whether there was any."""
        self._lasts = False
        self._key_pts: int | None = None
        self._doubtful: list[int] = []

    def decoded(self, packet: Any) -> list[Any]:
        """Decode a packet; return its frames, none if the decoder refuses it."""
        import av

        if packet.size and packet.is_keyframe:
            # Leading pictures of an open group refer to the group before.
            self._key_pts = packet.pts if self._lasts else None
            self._lasts = False
        is_broken = bool(packet.size and packet.is_corrupt and not self._is_join(packet.pts))
        frames: list[Any] = []
        with _errors_logged() as messages:
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                self.lose(packet, error)
        said = next((text for text in messages if not _HARMLESS.search(text)), None)
        if said is not None:
            self.error = said.strip()
        if is_broken or said is not None:
            self._meet(packet)
        elif packet.pts is not None and packet.size and self._is_spoilt(packet):
            self._mark(packet.pts)
        return frames

    def lose(self, packet: Any, error: Exception) -> None:
        """Note a packet that the decoder refused, or the container from here on for None."""
        self.packets_lost += 1
        self.error = str(getattr(error, "strerror", "") or error)
        self.was_met = self._lasts = True
        if packet is not None:
            self._meet(packet)

    def spoils(self, frame: Any, pts: int) -> bool:
        """Tell whether the frame at `pts` is doubtful."""
        return self._is_marked(pts) or bool(frame.is_corrupt and not self._is_join(pts))

    def _is_join(self, pts: int | None) -> bool:
        """Tell whether a packet or frame is the last one before a break of the clock.

        The container marks those as broken, since its counters break too.
        """
        return pts is not None and any(begin <= pts < end for begin, end in self._joins)

    def _is_marked(self, pts: int) -> bool:
        at = bisect_right(self._doubtful, pts)
        return at > 0 and self._doubtful[at - 1] == pts

    def lost_between(self, pts: int, end_pts: int | None) -> bool:
        """Tell whether a doubtful packet lies behind `pts` and before `end_pts`, None for no end.

        Asked for two frames in a row: such a packet has become no frame.
        """
        at = bisect_right(self._doubtful, pts)
        return at < len(self._doubtful) and (end_pts is None or self._doubtful[at] < end_pts)

    def _is_spoilt(self, packet: Any) -> bool:
        is_leading = self._key_pts is not None and packet.pts < self._key_pts
        return self._lasts or is_leading

    def _meet(self, packet: Any) -> None:
        self.was_met = self._lasts = True
        if packet.pts is not None and packet.size:
            self._mark(packet.pts)

    def _mark(self, pts: int) -> None:
        if not self._is_marked(pts):
            insort(self._doubtful, pts)


@contextmanager
def _errors_logged() -> Iterator[list[str]]:
    """Collect FFmpeg's messages on errors of this thread."""
    from av import logging as av_logging

    found: list[str] = []
    before = av_logging.get_level()
    av_logging.set_level(av_logging.ERROR)
    try:
        with av_logging.Capture(local=True) as messages:
            yield found
    finally:
        av_logging.set_level(before)
    found += [text for _, _, text in messages]
