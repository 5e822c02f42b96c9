"""Geometry of decoded pictures: orientation, size, pixel aspect, and the area that is shown."""

from fractions import Fraction
from typing import Any

import numpy as np

from rushes.records import Section, Video

_STREAM_ASPECT = ("mpegts", "mpeg", "mpegvideo")
"""Containers that leave the pixel aspect to the stream, where it may change."""


def orientation(frame: Any) -> tuple[int, bool]:
    """Return the turn of a frame in degrees counter-clockwise, and whether it is mirrored before.

    Any display matrix is taken for the nearest of the eight orientations.
    """
    matrix = _shrunk(frame).side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 0, False
    a, b, _, c, d, *_ = np.frombuffer(bytes(matrix), np.int32).tolist()
    best = (0.0, 0, False)
    for is_mirrored in (False, True):
        # A stored point (p, q), q downwards, is shown at (a·p + c·q, b·p + d·q).
        want = np.array([[-1, 0], [0, 1]]) if is_mirrored else np.eye(2)
        for quarters in range(4):
            agreement = float(want[0, 0] * a + want[0, 1] * c + want[1, 0] * b + want[1, 1] * d)
            best = max(best, (agreement, 90 * quarters, is_mirrored), key=lambda one: one[0])
            want = np.array([[0, 1], [-1, 0]]) @ want
    return best[1], best[2]


def _shrunk(frame: Any) -> Any:
    """Return a copy of a frame with its side data, and hardly any picture.

    A frame whose `side_data` was read lives until the garbage collector runs, since frame and
    container hold each other: hundreds can wait. So it is read from a copy of a few bytes.
    """
    import av.filter

    graph = av.filter.Graph()
    graph.threads = 1
    pts, frame.pts = frame.pts, None
    try:
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
        )
        small, sink = graph.add("scale", "16:16:flags=neighbor"), graph.add("buffersink")
        source.link_to(small)
        small.link_to(sink)
        graph.configure()
        graph.push(frame)
        return graph.pull()
    except av.FFmpegError:  # a pixel format that cannot be scaled
        return frame
    finally:
        frame.pts = pts


def oriented(picture: np.ndarray, rotation_deg: int, is_mirrored: bool) -> np.ndarray:
    """Turn a stored picture (H, W, …) to the orientation of a player."""
    if is_mirrored:
        picture = picture[:, ::-1]
    return np.rot90(picture, rotation_deg // 90) if rotation_deg else picture


class Geometry:
    """Follows the geometry of a video's frames through one decode."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._aspects: list[tuple[int, Fraction]] = []
        self._turn: int | None = None  # of the frame before, as PyAV gives it without the matrix
        self._orientation = (0, False)

    @staticmethod
    def follows_stream(video: Video) -> bool:
        """Tell whether the pixel aspect of a video is that of its stream, and may change."""
        return video.container in _STREAM_ASPECT

    @property
    def sections(self) -> tuple[Section, ...]:
        """Stretches of different geometry; empty if there is only one."""
        return tuple(self._sections) if len(self._sections) > 1 else ()

    def see_packet(self, packet: Any, context: Any, video: Video) -> None:
        """Note the pixel aspect that a packet, just decoded, sets."""
        if not self.follows_stream(video) or packet.pts is None or not packet.is_keyframe:
            return
        aspect = context.sample_aspect_ratio or Fraction(1)
        if not self._aspects or self._aspects[-1][1] != aspect:
            self._aspects.append((packet.pts, aspect))

    def see(self, frame: Any, picture: Any, pts: int, video: Video) -> Section:
        """Return the section that the next frame belongs to; `picture` is its shown part."""
        aspect = video.sample_aspect
        if self._aspects:
            aspect = next((a for at, a in reversed(self._aspects) if at <= pts), aspect)
        turn = frame.rotation
        if turn != self._turn:  # the matrix itself is dear to read
            self._turn, self._orientation = turn, orientation(frame)
        rotation_deg, is_mirrored = self._orientation
        section = Section(
            pts=pts,
            width_px=picture.width,
            height_px=picture.height,
            rotation_deg=rotation_deg,
            is_mirrored=is_mirrored,
            sample_aspect=aspect,
        )
        if not self._sections or not _is_same(section, self._sections[-1]):
            self._sections.append(section)
        return self._sections[-1]


def _is_same(a: Section, b: Section) -> bool:
    return (a.width_px, a.height_px, a.rotation_deg, a.is_mirrored, a.sample_aspect) == (
        b.width_px, b.height_px, b.rotation_deg, b.is_mirrored, b.sample_aspect)  # fmt: skip


def crop_graph(frame: Any, area: tuple[int, ...]) -> Any:
    """Return a filter that crops frames of this size and format, without copying pixels.

    Args:
        frame: Gives size and format.
        area: Left, top, width and height in pixels.
    """
    import av.filter

    left, top, width, height = area
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    cropped = graph.add("crop", f"{width}:{height}:{left}:{top}:exact=1")
    sink = graph.add("buffersink")
    source.link_to(cropped)
    cropped.link_to(sink)
    graph.configure()
    return graph


def has_alpha(frame: Any) -> bool:
    """Tell whether a frame has transparency."""
    return any(component.is_alpha for component in frame.format.components)


def _on_black(frame: Any) -> Any:
    """Return a frame without transparency; what is transparent becomes black."""
    import av

    rgba = frame.to_ndarray(format="rgba")
    opacity = rgba[..., 3:].astype(np.uint16)
    rgb = ((rgba[..., :3] * opacity + 127) // 255).astype(np.uint8)
    flat = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    flat.pts, flat.time_base = frame.pts, frame.time_base
    return flat


class PictureArea:
    """The shown part of stored frames: without hidden columns and lines, opaque."""

    def __init__(self, crop_px: tuple[int, int, int, int]) -> None:
        """Prepare to cut off so many pixels left, top, right and bottom of stored frames."""
        self._crop_px = crop_px
        self._graph: tuple[Any, Any] | None = None

    def of(self, frame: Any) -> Any:
        """Return the part of a frame that is shown; the frame itself if that is all."""
        if has_alpha(frame):
            frame = _on_black(frame)
        left, top, right, bottom = self._crop_px
        width, height = frame.width - left - right, frame.height - top - bottom
        if not any(self._crop_px) or width < 2 or height < 2:
            return frame
        key = (frame.width, frame.height, frame.format.name)
        if self._graph is None or self._graph[0] != key:
            self._graph = key, crop_graph(frame, (left, top, width, height))
        pts, frame.pts = frame.pts, None
        try:
            self._graph[1].push(frame)
        finally:
            frame.pts = pts
        return self._graph[1].pull()
