"""The sound of a clip: decoded, cut to the sample, encoded beside the picture."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from rushes.media.probe import audio_stream, opened
from rushes.records import Video

_AAC_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_BLOCK = 1024
# Containers round times (Matroska: to 1 ms). A frame that lies nearer than this to where the last
# one ended simply follows it; moving it would click.
_GAP_S = 0.02


class Sound:
    """The sound of one clip as AAC packets; give it to the muxer bit by bit."""

    def __init__(self, video: Video, in_pts: int, out_pts: int) -> None:
        """Open the source and read up to the first sample of the clip, if it has any."""
        self._from_s = in_pts * video.time_base
        self._to_s = out_pts * video.time_base
        self._rate_hz = video.audio_rate_hz or 0
        self._layout = "mono" if video.audio_channels == 1 else "stereo"
        self._samples = round((self._to_s - self._from_s) * self._rate_hz)
        self._blocks = self._contiguous(video) if self._rate_hz else iter(())
        first = next(self._blocks, None)
        self.is_there = first is not None
        """Whether the source has any sound within the clip."""
        if first is not None:
            self._blocks = chain([first], self._blocks)
        self._stream: Any = None
        self._encoded = 0

    def add_to(self, container: Any) -> None:
        """Add the stream to an output container; must precede the first packet of any stream."""
        rate_hz = self._rate_hz if self._rate_hz in _AAC_RATES_HZ else 48_000
        self._stream = container.add_stream("aac", rate=rate_hz, layout=self._layout)
        self._stream.bit_rate = 96_000 if self._layout == "mono" else 160_000
        self._stream.time_base = Fraction(1, rate_hz)

    def packets(self, until_s: float | Fraction | None) -> Iterator[Any]:
        """Yield the packets of the samples up to `until_s` from the clip's begin; None: all."""
        import av

        while until_s is None or self._encoded < until_s * self._rate_hz:
            block_CT = next(self._blocks, None)
            if block_CT is None:
                break
            frame = av.AudioFrame.from_ndarray(block_CT, format="fltp", layout=self._layout)
            frame.sample_rate = self._rate_hz
            frame.pts, frame.time_base = self._encoded, Fraction(1, self._rate_hz)
            self._encoded += block_CT.shape[1]
            yield from self._stream.encode(frame)
        if until_s is None:
            yield from self._stream.encode()

    def _contiguous(self, video: Video) -> Iterator[np.ndarray]:
        """Yield blocks float32 (channels, samples) that fill the clip exactly, silence included."""
        written = 0
        channels = 1 if self._layout == "mono" else 2
        for first, wave_CT in self._pieces(video):
            lead = min(first, self._samples) - written
            if lead > 0:
                yield from _split(np.zeros((channels, lead), np.float32))
                written += lead
            wanted_CT = wave_CT[:, max(0, written - first) : self._samples - first]
            if wanted_CT.shape[1]:
                yield from _split(wanted_CT)
                written += wanted_CT.shape[1]
        if 0 < written < self._samples:
            yield from _split(np.zeros((channels, self._samples - written), np.float32))

    def _pieces(self, video: Video) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first sample, float32 (channels, samples)) of what overlaps the clip, in order."""
        import av

        to_floats: Any = None
        known: Any = None
        follows: int | None = None
        for frame in _audio_frames(video, self._from_s, self._to_s):
            stamp = round((frame.pts * frame.time_base - self._from_s) * self._rate_hz)
            is_gap = follows is None or abs(stamp - follows) > _GAP_S * self._rate_hz
            first = stamp if follows is None or is_gap else follows
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
            if kind != known:  # broadcasts switch between stereo and 5.1
                to_floats = av.AudioResampler("fltp", self._layout, self._rate_hz)
                known = kind
            for part in to_floats.resample(frame):
                wave_CT = part.to_ndarray()
                follows = first + wave_CT.shape[1]
                if follows > 0 and first < self._samples:
                    yield first, wave_CT
                first = follows


def _audio_frames(video: Video, from_s: Fraction, to_s: Fraction) -> Iterator[Any]:
    """Yield the decoded frames from at or before `from_s` (where there are any) until `to_s`."""
    # Half a second earlier than wanted, so that a codec that overlaps its frames has settled.
    for back_s in (Fraction(1, 2), Fraction(10), None):
        frames = _decoded(video.path, None if back_s is None else from_s - back_s)
        first = next(frames, None)
        if back_s is None or (first is not None and first.pts * first.time_base <= from_s):
            for frame in chain([first] if first else [], frames):
                if frame.pts * frame.time_base >= to_s:
                    return
                yield frame
            return


def _decoded(path: str, from_s: Fraction | None) -> Iterator[Any]:
    import av

    with opened(path) as container:
        stream = audio_stream(container)
        if from_s is not None:
            try:
                container.seek(round(from_s / stream.time_base), stream=stream, backward=True)
            except av.FFmpegError:
                return  # the caller tries again from the beginning
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return  # the end, or where the file is broken; silence fills up the rest
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue  # the gap is filled with silence
            yield from (frame for frame in frames if frame.pts is not None)


def _split(wave_CT: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, wave_CT.shape[1], _BLOCK):
        yield np.ascontiguousarray(wave_CT[:, first : first + _BLOCK])
