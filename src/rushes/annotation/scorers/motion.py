"""Motion speed of a clip, camera and subject apart."""

import math
from collections.abc import Sequence
from typing import ClassVar

from rushes.errors import ItemError
from rushes.records import Box, Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs


class Motion(AnnotatorDefaults):
    """Mean speed over the clip's stills, from the scan's optical flow.

    Percent of the frame's diagonal per second: 100 crosses the picture in a second, at any size and
    frame rate. Bars do not count. Subtitles and logos hardly count while the camera moves: a
    burnt-in line of text takes 5 % off a pan. `docs/motion.md` has the thresholds of other
    pipelines in this unit.

    Lies under a static camera, where text counts as still background and lowers the speed by its
    share of the texture, up to a fifth. Flicker, water and, a little, interlaced frames read as
    motion. Below some 6 %diag/s a pan reads up to a fifth too fast.

    Source: flow to drop static clips, after SVD (arXiv:2311.15127); unit and split are ours.
    """

    name: ClassVar = "motion"
    version: ClassVar = 3
    inputs: ClassVar = Inputs(probes=("motion",))
    fields = (
        Field(name="speed", label="Motion speed", unit="%diag/s", low=0,
              about="Mean optical flow of camera and subject together"),
        Field(name="camera", label="Camera speed", unit="%diag/s", low=0,
              about="Mean optical flow that the camera explains"),
        Field(name="subject", label="Subject speed", unit="%diag/s", low=0,
              about="Mean optical flow that the camera does not explain"),
    )  # fmt: skip

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return speeds of each clip; ItemError for a clip without two neighbouring frames."""
        return [_row(item) for item in items]


def _row(item: ClipInput) -> Row:
    signals = item.signals["motion"]
    # A flow that leads into the next shot says nothing about this one.
    is_inside = signals.columns["next_pts"] < item.clip.out_pts
    if not is_inside.any():
        raise ItemError("no motion was measured inside the clip; it may be a single frame")
    columns = {name: values[is_inside] for name, values in signals.columns.items()}
    # The flow was measured with the bars; the diagonal that counts is the picture's own.
    whole_px = item.video.display_size_px
    _, _, *own_px = item.box.inside(*whole_px)
    enlarged = math.hypot(*whole_px) / math.hypot(*own_px) if item.box != Box() else 1.0
    return {
        "speed": float(columns["flow"].mean()) * enlarged,
        "camera": float(columns["camera"].mean()) * enlarged,
        "subject": float(columns["subject"].mean()) * enlarged,
    }
