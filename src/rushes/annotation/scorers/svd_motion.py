"""Motion as Stable Video Diffusion measures it, for comparison with published numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec
from rushes.stages.protocols import AnnotatorDefaults

SHORT_SIDE_PX = 16


class SvdMotion(AnnotatorDefaults):
    """Mean length of Farneback's flow between stills half a second apart, 16 px on the short side.

    Pixels of that small picture, per pair. `docs/motion.md` has the conversion to %diag/s.
    video2dataset writes the same times the source's short side over 16.

    Use it to compare with published numbers only, and rank clips by `motion.speed`. Bars are
    cropped here, which the original does not do.

    Lies above 20 %diag/s: its window is as high as its picture. A pan at 30 reads 40 % of its
    speed, one at 60 a fifth, which is less than one at 20. A smooth or repetitive picture reads
    low, and a change of light reads as motion. Pairs are farther apart in sources below 2 frames
    a second.

    Source: SVD (arXiv:2311.15127) as video2dataset's optical_flow_subsampler computes it: gray,
    area-averaged, Farneback 0.5, 3 levels, window 15, 3 iterations, 5, 1.2.
    """

    name: ClassVar = "svd_motion"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=64)
    fields = (
        Field(name="magnitude", label="SVD motion", unit="px/pair", low=0,
              about="Mean Farneback flow in half a second, at 16 px on the short side"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings: the paper's are fixed."""

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the magnitude of each clip; ItemError for a clip with fewer than two stills."""
        return [{"magnitude": _magnitude(item)} for item in items]


def _magnitude(item: ClipInput) -> float:
    import cv2

    if len(item.stills_THWC) < 2:
        raise ItemError("there are no two stills inside the clip; it is shorter than half a second")
    small = [_small(still_HWC) for still_HWC in item.stills_THWC]
    means = []
    for before_HW, after_HW in pairwise(small):
        start: np.ndarray = np.zeros((*before_HW.shape, 2), np.float32)
        flow_HW2 = cv2.calcOpticalFlowFarneback(
            before_HW, after_HW, start, 0.5, 3, 15, 3, 5, 1.2, 0
        )
        means.append(float(np.hypot(flow_HW2[..., 0], flow_HW2[..., 1]).mean()))
    return float(np.mean(means))


def _small(still_HWC: np.ndarray) -> np.ndarray:
    """Return a still as gray (H, W), its short side as in the paper, cut to whole pixels."""
    import cv2

    height, width = still_HWC.shape[:2]
    scale = SHORT_SIDE_PX / min(height, width)
    gray_HW = cv2.cvtColor(np.ascontiguousarray(still_HWC), cv2.COLOR_RGB2GRAY)
    size = (int(width * scale), int(height * scale))
    return np.asarray(cv2.resize(gray_HW, size, interpolation=cv2.INTER_AREA))
