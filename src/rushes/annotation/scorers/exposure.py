"""Brightness of a clip, and its shares of black and burnt-out pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults


class Exposure(AnnotatorDefaults):
    """Mean luma and the shares of black and white: means over the first, middle and last still.

    Bars that the scan found are left out.

    Lies: bars that the scan missed count as black. A night scene may be dark on purpose, and a
    white background is not burnt out. Light that changes between the three stills is missed: of the
    shared footage half of all clips were within 1 level of 255 of the mean over all stills, nine in
    ten within 4.

    Source: plain statistics of 8-bit luma (BT.601 weights) after expansion to full range.
    """

    name: ClassVar = "exposure"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="rgb", stills=3)
    fields = (
        Field(name="luma_fraction", label="Brightness", low=0, high=1,
              about="Mean luma; 0 is black, 1 is white"),
        Field(name="black_fraction", label="Black pixels", low=0, high=1, higher_is_better=False,
              about="Share of pixels that are black"),
        Field(name="white_fraction", label="Burnt-out pixels", low=0, high=1,
              higher_is_better=False, about="Share of pixels that are burnt out"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Thresholds of black and white."""

        black: int = 20
        """Luma (0–255) up to which a pixel is black; larger calls more pixels black."""
        white: int = 250
        """Luma (0–255) from which a pixel is burnt out; larger calls fewer pixels white."""

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the exposure of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        means = np.mean([self._shares(still) for still in item.stills_THWC], axis=0)
        names = [field.name for field in self.fields]
        return dict(zip(names, (float(mean) for mean in means), strict=True))

    def _shares(self, still_HWC: np.ndarray) -> tuple[float, float, float]:
        import cv2

        luma_HW = cv2.cvtColor(still_HWC, cv2.COLOR_RGB2GRAY)
        counts = cv2.calcHist([luma_HW], [0], None, [256], [0, 256]).ravel() / luma_HW.size
        mean = float((counts * np.arange(256)).sum() / 255)
        black = float(counts[: self.params.black + 1].sum())
        white = float(counts[self.params.white :].sum())
        return min(mean, 1.0), min(black, 1.0), min(white, 1.0)
