"""The audio of a clip: decoded, cut to the sample, encoded as AAC."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from rushes.media.audio import AudioReader
from rushes.media.write.source import ClipSource

_AAC_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_BLOCK = 1024
MAX_PEAK = 0.89
"""Largest sample of a mix of more than two channels, 1 dB below full scale: AAC may exceed it. A
clip whose mix is louder is turned down as a whole; the others keep their level."""


class AudioTrack:
    """The audio of one clip as AAC packets, made as the muxer asks for them."""

    def __init__(self, source: ClipSource) -> None:
        """Open the source and read up to the clip's first sample, if it has any."""
        video = source.video
        self._rate_hz = video.audio_rate_hz or 0
        self._layout = "mono" if video.audio_channels == 1 else "stereo"
        self._gain = 1.0
        if (video.audio_channels or 0) > 2:
            self._gain = min(1.0, MAX_PEAK / max(self._peak(source), 1e-9))
        self._blocks = self._read(source) if self._rate_hz else iter(())
        first = next(self._blocks, None)
        self.has_samples = first is not None
        """Whether the source has any audio within the clip."""
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

    def _peak(self, source: ClipSource) -> float:
        """Return the largest sample of the clip, mixed down; 1 is full scale."""
        return max((float(np.abs(block_CT).max()) for block_CT in self._read(source)), default=0.0)

    def _read(self, source: ClipSource) -> Iterator[np.ndarray]:
        """Yield blocks float32 (channels, samples) that fill the clip exactly, silence included."""
        with AudioReader(source.video) as reader:
            for wave_CT in reader.span(source.in_pts, source.out_pts, layout=self._layout):
                for first in range(0, wave_CT.shape[1], _BLOCK):
                    block_CT = np.ascontiguousarray(wave_CT[:, first : first + _BLOCK])
                    yield block_CT if self._gain == 1.0 else block_CT * np.float32(self._gain)
