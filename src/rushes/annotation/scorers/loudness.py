"""Loudness of a clip, its peak and its share of silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.media.audio import LUFS_SILENCE, AudioReader, LoudnessMeter
from rushes.records import Clip, Field, Row, Video
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults

BLOCK_S = 0.1
"""Length of the pieces that are silent or not."""
REPEAT_BELOW_S = 0.4
"""One block of R128; a shorter clip has no loudness of its own."""


class Loudness(AnnotatorDefaults):
    """Integrated loudness of the clip's own sound, its peak, and the share of silence.

    Read from the source, from the clip's first frame to the end of its last, with its own channels;
    only the sound is decoded. A clip without sound is not a failure: `has_sound` 0,
    `silent_fraction` 1, `peak` 0 and `integrated_lufs` −70, the lower end of R128.

    Lies where a track is silent, as some cameras write it: `has_sound` is 1, so use
    `silent_fraction`. Hiss and hum above −60 dBFS are not silence. R128 ignores passages 10 LU
    below the mean; a clip shorter than 0.4 s is repeated to that length. Of several tracks the
    first is measured.

    Source: EBU R128 / ITU-R BS.1770-4 as FFmpeg's `ebur128` has it.
    """

    name: ClassVar = "loudness"
    version: ClassVar = 2
    fields = (
        Field(name="has_sound", label="Sound track", dtype="integer", low=0, high=1,
              about="1 if a sound track reaches into the clip, silent or not; else 0"),
        Field(name="silent_fraction", label="Silence", low=0, high=1,
              about="Share of the clip's tenths of a second that are silent"),
        Field(name="integrated_lufs", label="Loudness", unit="LUFS", low=LUFS_SILENCE,
              about="Integrated loudness; speech on TV is at -23, -70 is silence"),
        Field(name="peak", label="Sound peak", low=0, high=1,
              about="Largest sample; 0 is silence, 1 is full scale or beyond"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Threshold of silence."""

        silent_below_dbfs: float = -60.0
        """Root mean square of the loudest channel, against full scale; higher calls more silent."""

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return a row for each clip; ItemError for one without length."""
        rows: list[Row] = []
        at = 0
        while at < len(items):  # each file is opened once
            video = items[at].video
            with AudioReader(video) as source:
                while at < len(items) and items[at].video.id == video.id:
                    rows.append(self._row(source, video, items[at].clip))
                    at += 1
        return rows

    def _row(self, source: AudioReader, video: Video, clip: Clip) -> Row:
        if clip.out_pts <= clip.in_pts:
            raise ItemError("the clip has no length")
        rate_hz = video.audio_rate_hz or 1
        meter: LoudnessMeter | None = None
        powers: list[np.ndarray] = []
        peak = 0.0
        for wave_CT in source.seconds(clip.in_pts, clip.out_pts):
            powers.append(_powers(wave_CT, max(1, round(BLOCK_S * rate_hz))))
            peak = max(peak, float(np.abs(wave_CT).max()))
            if meter is None:
                meter = LoudnessMeter(rate_hz, source.layout)
                if wave_CT.shape[1] < REPEAT_BELOW_S * rate_hz:  # the clip ends here
                    wave_CT = np.tile(wave_CT, int(rate_hz / wave_CT.shape[1]) + 1)
            meter.add(wave_CT)
        if meter is None:
            lufs, silent_fraction = LUFS_SILENCE, 1.0
        else:
            limit = 10 ** (self.params.silent_below_dbfs / 10)
            lufs = meter.finish()
            silent_fraction = float((np.concatenate(powers) < limit).mean())
        return {
            "has_sound": int(meter is not None),
            "silent_fraction": silent_fraction,
            "integrated_lufs": lufs,
            "peak": min(1.0, peak),
        }


def _powers(wave_CT: np.ndarray, block: int) -> np.ndarray:
    """Return the mean square of the loudest channel in each block; a last short one counts too."""
    starts = np.arange(0, wave_CT.shape[1], block)
    sums_CB = np.add.reduceat(np.square(wave_CT, dtype=np.float32), starts, axis=1)
    lengths = np.diff(np.append(starts, wave_CT.shape[1]))
    return np.asarray((sums_CB / lengths).max(axis=0))
