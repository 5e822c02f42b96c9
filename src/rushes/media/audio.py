"""Audio of a span of a video, exact to the sample, with silence filled in; no picture is decoded.

Audio and pictures share the container's clock, so a span is the same stretch of both, wherever the
clock begins and whichever of the two begins first.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from types import TracebackType
from typing import Any, Self

import numpy as np

from rushes.media.clock import SourceClock
from rushes.media.probe import audio_stream, open_video, video_stream
from rushes.media.source_file import check_source
from rushes.records import Video

# Containers round times (Matroska: to 1 ms). A frame that begins nearer than this to the end of the
# last one is joined to it; moving it would click.
_GAP_S = 0.02
LUFS_SILENCE = -70.0
"""Lowest value of EBU R128, which ignores quieter audio."""


class AudioReader:
    """The audio of one video file, read span by span."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._files = ExitStack()
        self._container: Any = None
        self._stream: Any = None

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            MediaError: It cannot be opened.
        """
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._files.close()

    def span(self, in_pts: int, out_pts: int, *, layout: str | None = None) -> Iterator[np.ndarray]:
        """Yield float32 (channels, samples) that fill the span exactly, silence included.

        Samples come at the video's `audio_rate_hz`. A span without any audio yields nothing. Read
        a span to its end, or drop it, before you ask for the next one.

        Args:
            in_pts: Begin of the span, on the video's clock.
            out_pts: End of the span.
            layout: Channels to mix to, "mono" or "stereo"; None keeps those of the span's begin.
        """
        time_base, rate_hz = self._video.time_base, self._video.audio_rate_hz
        if self._stream is None or not rate_hz:
            return
        from_s, to_s = in_pts * time_base, out_pts * time_base
        samples = round((to_s - from_s) * rate_hz)
        written = channels = 0
        for first, wave_CT in self._pieces(from_s, to_s, rate_hz, layout):
            channels = len(wave_CT)
            lead = min(first, samples) - written
            if lead > 0:
                yield np.zeros((channels, lead), np.float32)
                written += lead
            wanted_CT = wave_CT[:, max(0, written - first) : samples - first]
            if wanted_CT.shape[1]:
                yield wanted_CT
                written += wanted_CT.shape[1]
        if 0 < written < samples:
            yield np.zeros((channels, samples - written), np.float32)

    @property
    def layout(self) -> str:
        """FFmpeg's name of the source's channels: "mono", "stereo", "5.1"; "" without audio."""
        import av

        if self._stream is None:
            return ""
        found = self._stream.codec_context.layout
        if found.name.endswith("channels"):  # a number without positions
            found = av.AudioLayout(f"{found.nb_channels}c")  # the default positions
        return str(found.name)

    def seconds(self, in_pts: int, out_pts: int) -> Iterator[np.ndarray]:
        """Yield a span in the source's own channels, in pieces of 1 s, the last one shorter."""
        rate_hz = self._video.audio_rate_hz or 0
        held: list[np.ndarray] = []
        count = 0
        for wave_CT in self.span(in_pts, out_pts, layout=self.layout):
            held.append(wave_CT)
            count += wave_CT.shape[1]
            if count >= rate_hz:
                whole_CT = np.concatenate(held, axis=1)
                for first in range(0, count - rate_hz + 1, rate_hz):
                    yield whole_CT[:, first : first + rate_hz]
                held = [whole_CT[:, count - count % rate_hz :]]
                count %= rate_hz
        if count:
            yield np.concatenate(held, axis=1)

    def mono(self, in_pts: int, out_pts: int, rate_hz: int) -> Iterator[np.ndarray]:
        """Yield a span mixed to one channel and resampled to `rate_hz`: float32 (samples,)."""
        import av

        # Without this limit FFmpeg mixes floats louder than their mean.
        mix = {"rematrix_maxval": "1.0"}
        converter = av.AudioResampler("fltp", "mono", rate_hz, options=mix)
        own_rate_hz = self._video.audio_rate_hz or 0
        first = 0
        for wave_CT in self.seconds(in_pts, out_pts):
            for part in converter.resample(_frame(wave_CT, own_rate_hz, self.layout, first)):
                yield part.to_ndarray()[0]
            first += wave_CT.shape[1]
        for part in converter.resample(None) if first else []:
            yield part.to_ndarray()[0]

    def _pieces(
        self, from_s: Fraction, to_s: Fraction, rate_hz: int, layout: str | None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first sample, float32 (channels, samples)) of the audio in the span."""
        import av

        samples = round((to_s - from_s) * rate_hz)
        # Fractions for every frame would cost as much as decoding it: times are whole numbers of
        # 1/scale samples. Half a sample is subtracted, so that // rounds.
        tick, begin_at = self._stream.time_base * rate_hz, from_s * rate_hz - Fraction(1, 2)
        scale = math.lcm(tick.denominator, begin_at.denominator)
        per_tick, begin = int(tick * scale), int(begin_at * scale)
        converter: Any = None
        known: Any = None
        follows: int | None = None
        for frame in self._frames(from_s, to_s):
            layout = layout or frame.layout.name
            stamp = (frame.pts * per_tick - begin) // scale
            is_gap = follows is None or abs(stamp - follows) > _GAP_S * rate_hz
            first = stamp if follows is None or is_gap else follows
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
            is_ready = kind == ("fltp", layout, rate_hz)  # the output of most decoders
            if kind != known:  # broadcasts switch between stereo and 5.1
                converter = None if is_ready else av.AudioResampler("fltp", layout, rate_hz)
                known = kind
            for part in [frame] if converter is None else converter.resample(frame):
                wave_CT = part.to_ndarray()
                follows = first + wave_CT.shape[1]
                if follows > 0 and first < samples:
                    yield first, wave_CT
                first = follows

    def _frames(self, from_s: Fraction, to_s: Fraction) -> Iterator[Any]:
        """Yield the decoded frames up to `to_s`, from one at or before `from_s` if there is one."""
        time_base = self._stream.time_base
        # Half a second early, because codecs that overlap frames need some to settle.
        for back_s in (Fraction(1, 2), Fraction(10), None):
            frames = self._decoded(None if back_s is None else from_s - back_s)
            first = next(frames, None)
            if back_s is None or (first is not None and first.pts * time_base <= from_s):
                end = math.ceil(to_s / time_base)
                for frame in chain([first] if first else [], frames):
                    if frame.pts >= end:
                        return
                    yield frame
                return

    def _decoded(self, from_s: Fraction | None) -> Iterator[Any]:
        import av

        if from_s is None:
            self._open()
        clock = SourceClock(self._video, self._container, self._stream)
        if from_s is not None and not clock.seek(round(from_s / self._stream.time_base)):
            return  # the caller tries again from the beginning
        packets = clock.packets()
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return  # the end, or a break in the file; silence fills the rest
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue  # the gap is filled with silence
            yield from (frame for frame in frames if frame.pts is not None)

    def _open(self) -> None:
        """Open the file again, at its begin."""
        import av

        self._files.close()
        check_source(self._video)
        self._container = self._files.enter_context(open_video(self._video.path))
        picture = video_stream(self._container, self._video.path)
        self._stream = audio_stream(self._container, picture)
        for stream in self._container.streams:
            if stream is not self._stream:
                stream.discard = av.stream.Discard.all  # pictures are not even read


class LoudnessMeter:
    """Integrated loudness in LUFS by EBU R128, measured by FFmpeg."""

    def __init__(self, rate_hz: int, layout: str) -> None:
        """Prepare the filter.

        Args:
            rate_hz: Sampling rate.
            layout: FFmpeg's name of the channels; surround counts more, the LFE not at all.
        """
        import av

        self._rate_hz, self._layout = rate_hz, layout
        graph = av.filter.Graph()
        self._source = graph.add_abuffer(format="fltp", sample_rate=rate_hz, layout=layout)
        meter = graph.add("ebur128", "metadata=1")
        self._sink = graph.add("abuffersink")
        self._source.link_to(meter)
        meter.link_to(self._sink)
        graph.configure()
        self._graph = graph
        self._first = 0
        self._lufs = LUFS_SILENCE

    def add(self, wave_CT: np.ndarray) -> None:
        """Add the next samples: float32 (channels, samples)."""
        self._source.push(_frame(wave_CT, self._rate_hz, self._layout, self._first))
        self._first += wave_CT.shape[1]
        self._drain()

    def finish(self) -> float:
        """Return the loudness of all samples added, in LUFS, at least `LUFS_SILENCE`."""
        self._source.push(None)
        self._drain()
        return max(LUFS_SILENCE, self._lufs)

    def _drain(self) -> None:
        import av

        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            # The newest value covers all samples so far.
            self._lufs = float(frame.metadata.get("lavfi.r128.I", self._lufs))


def _frame(wave_CT: np.ndarray, rate_hz: int, layout: str, first: int) -> Any:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave_CT), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, first, Fraction(1, rate_hz)
    return frame
