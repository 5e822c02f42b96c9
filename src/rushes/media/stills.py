"""The stills file of a video: two small upright pictures a second, MJPEG in Matroska.

Each picture can be decoded by itself, and any player shows the file. Matroska rounds times to the
millisecond; the exact pts of picture i is entry i of the still probe's signals.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rushes.media.frames import new_scaler, stored_size_px, upright
from rushes.media.gray import gray_as_yuv
from rushes.media.probe import open_video
from rushes.media.tone_map import tone_map
from rushes.records import Video

# JPEG implies BT.601's matrix. Converting every still to it would cost more than all the rest, so
# the source's matrix is kept and noted; a player that ignores the note shows greens slightly off.
_MATRIX = "COLOUR_MATRIX"
_MATRICES = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}


def _matrix(video: Video) -> int | None:
    """Return H.273's number of the matrix of a video's stills; None if it is unknown."""
    return _MATRICES["bt709"] if video.hdr else _MATRICES.get(video.color_space)


class StillWriter:
    """Writes the stills of one video, in order."""

    def __init__(self, path: Path, video: Video, *, short_side_px: int, quality: int) -> None:
        """Open `path`.

        Args:
            path: The file to write; `.mkv`.
            video: Gives size, pixel aspect and rotation.
            short_side_px: Limit of the short side; pictures are never scaled up.
            quality: MJPEG quantiser, 2 (best) to 31.
        """
        import av

        self._options = {"qmin": str(quality), "qmax": str(quality), "huffman": "default"}
        self._short_side_px = short_side_px
        self._file = av.open(str(path), "w", format="matroska")
        if matrix := _matrix(video):
            self._file.metadata[_MATRIX] = str(matrix)
        self._stream = self._file.add_stream("mjpeg", rate=Fraction(1000))
        self._stream.time_base = Fraction(1, 1000)
        self._encoder = self._stream.codec_context
        self._set_up(video)
        self._last_ms = -1
        self._is_closed = False

    def _set_up(self, video: Video) -> None:
        self._video = video
        self._size_px = stored_size_px(video, self._short_side_px)
        self._scaler = new_scaler()
        self._tone = tone_map(video)
        width, height = self._size_px
        if video.rotation_deg % 180:
            width, height = height, width
        encoder = self._encoder
        encoder.width, encoder.height = width, height
        encoder.pix_fmt = "yuvj420p"
        encoder.time_base = Fraction(1, 1000)
        # Standard Huffman tables: 7 % larger files for a fifth less time.
        encoder.options = self._options
        encoder.thread_count = 1

    def reshape(self, video: Video) -> None:
        """Write the stills that follow in another size or orientation; each is a whole JPEG."""
        import av

        self._mux(self._encoder.encode(None))
        self._encoder = av.CodecContext.create("mjpeg", "w")
        self._set_up(video)

    def _mux(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            packet.stream = self._stream
            self._file.mux(packet)

    def write(self, frame: Any, pts: int) -> None:
        """Add one decoder frame as a still."""
        if self._tone is not None:
            still = self._tone.convert(frame, *self._size_px, "yuvj420p", is_full=True)
        else:
            still = self._scaler.reformat(
                gray_as_yuv(frame),
                *self._size_px,
                format="yuvj420p",
                interpolation="AREA",
                dst_color_range="JPEG",
            )
        if self._video.rotation_deg or self._video.is_mirrored:
            still = _turned(still, self._video)
        # Two stills must not share a millisecond, the tick of Matroska's clock.
        time_ms = max(round(self._video.seconds(pts) * 1000), self._last_ms + 1)
        self._last_ms = time_ms
        still.pts, still.time_base = time_ms, Fraction(1, 1000)
        self._mux(self._encoder.encode(still))

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._mux(self._encoder.encode(None))
        self._file.close()


def read_stills(
    path: Path, wanted: np.ndarray, *, short_side_px: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the stills with the given indices as uint8 RGB (H, W, 3).

    Args:
        path: A file that `StillWriter` wrote.
        wanted: Indices, ascending; pictures in between are not decoded.
        short_side_px: Scale down to this short side, never up.

    Raises:
        MediaError: The file is missing or broken.
    """
    for stills in read_stills_in_sizes(path, {short_side_px: wanted}):
        yield stills[short_side_px]


def read_stills_in_sizes(
    path: Path, wanted: Mapping[int | None, np.ndarray]
) -> Iterator[dict[int | None, np.ndarray]]:
    """Yield each wanted still in all sizes it is wanted in, decoded once: uint8 RGB (H, W, 3).

    Args:
        path: A file that `StillWriter` wrote.
        wanted: Short side in pixels (None keeps the size) → indices, ascending.

    Raises:
        MediaError: The file is missing or broken.
    """
    sizes_of: dict[int, list[int | None]] = {}
    for short_side_px, indices in wanted.items():
        for index in indices.tolist():
            sizes_of.setdefault(index, []).append(short_side_px)
    scalers = {short_side_px: new_scaler() for short_side_px in wanted}
    left = len(sizes_of)
    with open_video(path) as container:
        matrix = int(container.metadata.get(_MATRIX, 0)) or None
        for index, packet in enumerate(container.demux(container.streams.video[0])):
            if not left:
                return
            if index not in sizes_of:
                continue
            left -= 1
            frame = packet.decode()[0]
            stills = {}
            for short_side_px in sizes_of[index]:
                scale = min(1.0, (short_side_px or 1 << 30) / min(frame.width, frame.height))
                size = (max(2, round(frame.width * scale)), max(2, round(frame.height * scale)))
                still = scalers[short_side_px].reformat(
                    frame, *size, format="rgb24", src_colorspace=matrix
                )
                stills[short_side_px] = still.to_ndarray()
            yield stills


def _turned(frame: Any, video: Video) -> Any:
    """Return a planar 4:2:0 frame in a player's orientation, plane by plane."""
    import av

    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        planes.append(upright(rows[: plane.height, : plane.width], video))
    height, width = planes[0].shape
    turned = av.VideoFrame(width, height, frame.format.name)
    for plane, pixels in zip(turned.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = pixels
        plane.update(rows)
    return turned
