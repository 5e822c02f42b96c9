"""Sharpness of a clip: the amount of fine detail."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults

SHORT_SIDE_PX = 480
"""Size at which all stills are compared, so that an upscaled or small video reads as soft."""


class Sharpness(AnnotatorDefaults):
    """Spread of the Laplacian of luma, the median over the first, middle and last still.

    Good for removing the worst clips, poor for ranking the best. Three stills rank clips as all
    stills do (Spearman 0.99 on the shared footage).

    Lies: grain, noise and hard compression edges read as sharp; fog, night and soft backgrounds as
    blurred. A clip that is sharp only between the three stills reads as blurred.

    Source: variance of the Laplacian (Pech-Pacheco et al. 2000), here its square root.
    """

    name: ClassVar = "sharpness"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="rgb", stills=3)
    fields = (
        Field(name="detail", label="Sharpness", unit="luma", low=0, higher_is_better=True,
              about="Standard deviation of the Laplacian of luma at 480 lines"),
    )  # fmt: skip

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the detail of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return [{"detail": _detail(item)} for item in items]


def _detail(item: ClipInput) -> float:
    return float(np.median([_laplacian_deviation(still) for still in item.stills_THWC]))


def _laplacian_deviation(still_HWC: np.ndarray) -> float:
    import cv2

    luma_HW = cv2.cvtColor(still_HWC, cv2.COLOR_RGB2GRAY)
    scale = SHORT_SIDE_PX / min(luma_HW.shape)
    if scale > 1:
        luma_HW = cv2.resize(luma_HW, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    return float(cv2.Laplacian(luma_HW, cv2.CV_16S).std())
