"""Two fields → one picture: FFmpeg's `bwdif`, frame for frame, times untouched."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from rushes.media.decode import DecodedFrame
from rushes.records import FieldOrder

_PARITY = {"top": "tff", "bottom": "bff"}


class Deinterlacer:
    """Keeps the earlier field of each frame and fills the lines between from its neighbours.

    `bwdif` (Bob Weaver, after Martin Weston's three-field filter and `yadif`) looks one frame back
    and one ahead, and at the lines above and below where something moves. As many frames come out
    as go in: the other field's moment is given up, since a dataset has no use for two rates.
    """

    def __init__(self, order: FieldOrder) -> None:
        """Prepare for frames whose first field is `order`, "top" or "bottom"."""
        self._parity = _PARITY[order]
        self._graph: Any = None
        self._shape: tuple[int, int, str] | None = None
        self._number = 0

    def push(self, frame: Any) -> list[Any]:
        """Take the next frame; return those that are done, one behind."""
        shape = (frame.width, frame.height, frame.format.name)
        # Its own clock, so that nothing depends on the source's timestamps.
        done = self.flush() if self._shape not in (None, shape) else []
        if self._graph is None:
            self._graph, self._shape = self._new_graph(frame), shape
        pts = frame.pts
        frame.pts, self._number = self._number, self._number + 1
        try:
            self._graph.push(frame)
        finally:
            frame.pts = pts
        return done + self._pulled()

    def flush(self) -> list[Any]:
        """Return what is left; the next frame begins anew."""
        if self._graph is None:
            return []
        self._graph.push(None)
        done = self._pulled()
        self._graph = self._shape = None
        return done

    def _new_graph(self, frame: Any) -> Any:
        import av.filter

        graph = av.filter.Graph()
        graph.threads = 1
        source = graph.add_buffer(template=None, width=frame.width, height=frame.height,
                                  format=frame.format, time_base=frame.time_base)  # fmt: skip
        filtered = graph.add("bwdif", f"mode=send_frame:parity={self._parity}:deint=all")
        sink = graph.add("buffersink")
        source.link_to(filtered)
        filtered.link_to(sink)
        graph.configure()
        return graph

    def _pulled(self) -> list[Any]:
        import av

        done = []
        while True:
            try:
                done.append(self._graph.pull())
            except (av.BlockingIOError, av.EOFError):
                return done


def deinterlaced(frames: Iterable[DecodedFrame], order: FieldOrder) -> Iterator[DecodedFrame]:
    """Yield the frames of a video deinterlaced, with the times that they had."""
    if order == "progressive":
        yield from frames
        return
    deinterlacer = Deinterlacer(order)
    waiting: list[DecodedFrame] = []
    for decoded in frames:
        waiting.append(decoded)
        for frame in deinterlacer.push(decoded.frame):
            yield replace(waiting.pop(0), frame=frame)
    for frame in deinterlacer.flush():
        yield replace(waiting.pop(0), frame=frame)


def deinterlaced_still(frame: Any, following: Any, order: FieldOrder) -> Any:
    """Return one frame deinterlaced, with the help of the one that follows it."""
    deinterlacer = Deinterlacer(order)
    return [*deinterlacer.push(frame), *deinterlacer.push(following), *deinterlacer.flush()][0]
