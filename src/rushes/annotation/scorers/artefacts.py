"""Blockiness of a clip: the visibility of compression blocks."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.records import Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs

FLOOR = 0.2
"""Levels of 255 added to both steps: smaller ones are invisible, and a flat picture has none."""


class Artefacts(AnnotatorDefaults):
    """Ratio of the brightness steps at the codec's 8×8 grid to the steps between its lines.

    The median over the clip's measured frames: two a second, at full size, as the scan decodes
    them. Eight real clips, encoded again with H.264, gave 1.0 to 1.2 at crf 6 (one: 1.5), 1.1 to
    1.7 at crf 28, 1.2 to 2.1 at crf 38, 1.7 to 2.6 at crf 45; with MPEG-4, which has no deblocking
    filter, 1.4 to 2.3 at quantiser 3, 2.9 to 10 at 31. The same picture at a lower rate reads
    higher. Two pictures at one rate may differ by half, so the number finds bad clips and does not
    rank good ones. It cannot come from stills: scaling destroys the source's grid, and JPEG adds
    its own.

    Lies, low, where blocks are not on the grid: a video that was scaled or cropped after it was
    compressed, so an upscaled bad copy reads as clean; and codecs with smoothing or other block
    sizes, VP8, VP9, AV1 and HEVC (a visibly smeared VP8 film of 390 kb/s reads as 1.0). Blur,
    ringing and banding are not seen.
    Lies, high, for drawings and screens with lines of their own on the grid, and for nearly flat
    pictures.

    Its probe `grid` adds about 1.5 ms for a second of 720p to the scan, 3 % of the decode; a recipe
    with this scorer must have `grid` in `scan.use`.

    Source: ours, after the blockiness measures of Wang, Bovik & Evans (2000). NIQE, measured
    beside it, followed the content more than the rate (`docs/lab-notes.md`).
    """

    name: ClassVar = "artefacts"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(probes=("grid",))
    fields = (
        Field(name="blockiness", label="Blockiness", unit="×", low=0, higher_is_better=False,
              about="Steps at the codec's grid over steps between; 1 is none, over 2 is visible"),
    )  # fmt: skip

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the blockiness of each clip; ItemError for one without a measured frame."""
        return [{"blockiness": _blockiness(item)} for item in items]


def _blockiness(item: ClipInput) -> float:
    columns = item.signals["grid"].columns
    at, between = columns["at"], columns["between"]
    if not len(at):
        raise ItemError(
            "no frame was measured inside the clip; it is shorter than a second or damaged"
        )
    return float(np.median((at + FLOOR) / (between + FLOOR)))
