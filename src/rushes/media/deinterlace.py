"""Deinterlacing by FFmpeg's `bwdif`: one frame out for each frame in, times unchanged."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from rushes.media.decode import DecodedFrame
from rushes.records import FieldOrder

_PARITY = {"top": "tff", "bottom": "bff"}


class Deinterlacer:
    """Deinterlaces frames: keeps each frame's earlier field and interpolates the lines between.

    `bwdif` (Bob Weaver, after Martin Weston's three-field filter and `yadif`) uses one frame before
    and one after, and the lines above and below where something moves. As many frames come out as
    go in: the moment of the other field is dropped, so that the frame rate stays.
    """

    def __init__(self, order: FieldOrder) -> None:
        """Prepare for frames whose first field is `order`, "top" or "bottom"."""
        self._parity = _PARITY[order]
        self._graph: Any = None
        self._shape: tuple[int, int, str] | None = None
        self._number = 0

    def push(self, frame: Any) -> list[Any]:
        """Add the next frame; return the finished ones, which lag by one."""
        shape = (frame.width, frame.height, frame.format.name)
        # A clock of its own, so that nothing depends on the source's timestamps.
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
        """Return the remaining frames; the next frame begins a new sequence."""
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
    """Yield the frames of a video deinterlaced, their times unchanged; progressive ones as is."""
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
    """Return one frame deinterlaced, by itself and the frame that follows it."""
    deinterlacer = Deinterlacer(order)
    return [*deinterlacer.push(frame), *deinterlacer.push(following), *deinterlacer.flush()][0]
