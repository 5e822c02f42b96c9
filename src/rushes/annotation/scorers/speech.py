"""Share of a clip with speech."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.media.audio import AudioReader
from rushes.networks.session import open_session
from rushes.records import Clip, Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs

RATE_HZ = 16_000
FRAME = 512
"""Samples for each probability of the network: 32 ms."""
CONTEXT = 64
"""Samples of the frame before that the network sees too."""
STATE = (1, 1, 128)
AT_ONCE = 512
"""Frames in one call: 16 s."""
ENDS_BELOW = 0.15
"""Difference of the probabilities at which speech begins and ends."""


class Speech(AnnotatorDefaults):
    """Share of the clip with speech, by a small network on the clip's own sound.

    Read from the source between the clip's first frame and the end of its last; only the sound is
    decoded. A clip without sound has 0, and is not a failure. Speech begins where its probability
    reaches `threshold` and ends 0.15 below it, as the network's authors do it; longer pauses
    between words count as silence.

    Lies: song and laughter may read as speech; voices under loud music or explosions may be missed.
    A narrator counts like a person in the picture. The network starts anew with each clip, so
    speech in its first tenths of a second may be missed.

    Source: Silero VAD 6.2 (MIT), the file out of its PyPI wheel, 16 kHz, in ONNX Runtime.
    """

    name: ClassVar = "speech"
    version: ClassVar = 2
    inputs: ClassVar = Inputs(models=("silero-vad",))
    fields = (
        Field(name="fraction", label="Speech", low=0, high=1,
              about="Share of the clip with speech"),
        Field(name="longest_s", label="Longest speech", unit="s", low=0,
              about="Longest stretch of speech without a pause"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Threshold of speech."""

        threshold: float = 0.5
        """Probability from which a frame of 32 ms is speech; higher finds less."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._session: Any = None

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the network; it is too small for anything but the CPU."""
        self._session = open_session(models["silero-vad"])

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return a row for each clip; ItemError for one without length."""
        rows: list[Row] = []
        at = 0
        while at < len(items):  # each file is opened once
            video = items[at].video
            with AudioReader(video) as source:
                while at < len(items) and items[at].video.id == video.id:
                    rows.append(self._row(source, items[at].clip))
                    at += 1
        return rows

    def _row(self, source: AudioReader, clip: Clip) -> Row:
        if clip.out_pts <= clip.in_pts:
            raise ItemError("the clip has no length")
        blocks = source.mono(clip.in_pts, clip.out_pts, RATE_HZ)
        speaks_T = _speaks(self._probabilities(blocks), self.params.threshold)
        if not len(speaks_T):
            return {"fraction": 0.0, "longest_s": 0.0}
        edges = np.flatnonzero(np.diff(np.pad(speaks_T.astype(np.int8), 1)))
        longest = int((edges[1::2] - edges[::2]).max()) if len(edges) else 0
        return {"fraction": float(speaks_T.mean()), "longest_s": longest * FRAME / RATE_HZ}

    def _probabilities(self, blocks: Iterator[np.ndarray]) -> np.ndarray:
        """Return the probability of speech in each 32 ms: float32 (T,)."""
        found = []
        hidden, cell = np.zeros(STATE, np.float32), np.zeros(STATE, np.float32)
        before = np.zeros(CONTEXT, np.float32)
        for frames_TS in _frames(blocks):
            contexts_TS = np.concatenate([before[None], frames_TS[:-1, -CONTEXT:]])
            before = frames_TS[-1, -CONTEXT:]
            seen_TS = np.concatenate([contexts_TS, frames_TS], axis=1)
            probabilities_T, hidden, cell = self._session.run(
                ["speech_probs", "hn", "cn"], {"input": seen_TS, "h": hidden, "c": cell}
            )
            found.append(probabilities_T)
        return np.concatenate(found) if found else np.zeros(0, np.float32)


def _frames(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield float32 (T, 512), at most `AT_ONCE` at a time; the last frame ends in silence."""
    held: list[np.ndarray] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        while count >= AT_ONCE * FRAME:
            wave = np.concatenate(held)
            yield wave[: AT_ONCE * FRAME].reshape(-1, FRAME)
            held, count = [wave[AT_ONCE * FRAME :]], count - AT_ONCE * FRAME
    if count:
        wave = np.pad(np.concatenate(held), (0, -count % FRAME))
        yield wave.reshape(-1, FRAME)


def _speaks(probabilities_T: np.ndarray, threshold: float) -> np.ndarray:
    """Return the frames with speech (bool), which ends at `ENDS_BELOW` under `threshold`."""
    # A frame between the two thresholds continues the state before it.
    is_speech = probabilities_T >= threshold
    is_clear = is_speech | (probabilities_T < threshold - ENDS_BELOW)
    last_clear = np.maximum.accumulate(np.where(is_clear, np.arange(len(is_clear)), -1))
    return np.asarray(np.where(last_clear >= 0, is_speech[last_clear], False))
