"""Probability that a clip shows nudity."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.networks.session import open_session
from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults, Inputs

WHOLE_PX, SEEN_PX = 256, 224
"""Sides of the square that a still is scaled to, and of its middle that the network sees."""
_MEAN_BGR = np.array([104, 117, 123], np.float32)


class Nsfw(AnnotatorDefaults):
    """Probability that a still shows nudity, the highest of first, middle and last.

    For choosing clips that a person should check, not for decisions without one.

    Lies: it was trained on photographs from before 2016. Of 162 clips without nudity 22 read above
    0.2, nine above 0.5 and one at 0.97: animated animals and heroines, fog, old film in black and
    white. Drawings are judged badly; nudity between the three stills or at the edge of the picture
    is missed; violence is not measured.

    Source: Yahoo's open_nsfw (2016), a thin ResNet-50. Its authors saved each picture as JPEG
    first; our stills are JPEG too.
    """

    name: ClassVar = "nsfw"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(models=("open-nsfw",))
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=320, stills=3)
    fields = (
        Field(name="probability", label="Nudity", low=0, high=1, higher_is_better=False,
              about="Probability that a still shows nudity; the highest of three stills"),
    )  # fmt: skip

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the network."""
        self._session = open_session(models["open-nsfw"], device=device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the probability of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return [{"probability": self._highest(item.stills_THWC)} for item in items]

    def _highest(self, stills_THWC: np.ndarray) -> float:
        batch_BHWC = np.stack([_prepared(still) for still in stills_THWC])
        (given,) = self._session.get_inputs()
        chances_B2 = self._session.run(None, {given.name: batch_BHWC})[0]
        return float(np.clip(chances_B2[:, 1].max(), 0, 1))


def _prepared(still_HWC: np.ndarray) -> np.ndarray:
    """Return a still as the network takes it: float32 blue, green, red minus their means."""
    import cv2

    square = cv2.resize(still_HWC, (WHOLE_PX, WHOLE_PX), interpolation=cv2.INTER_AREA)
    rim = (WHOLE_PX - SEEN_PX) // 2
    middle = square[rim : rim + SEEN_PX, rim : rim + SEEN_PX, ::-1]
    return np.asarray(middle.astype(np.float32) - _MEAN_BGR)
