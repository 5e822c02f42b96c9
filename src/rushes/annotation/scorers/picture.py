"""Defects of a clip's picture: black bars, interlacing, repeated frames."""

from collections.abc import Sequence
from typing import ClassVar

from rushes.errors import ItemError
from rushes.media.defects.bars import SIDES, picture_box
from rushes.media.defects.interlacing import field_order
from rushes.media.defects.repeats import measure_repeats
from rushes.records import Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs


class Picture(AnnotatorDefaults):
    """Defects of the picture: those that an export corrects, and repeated frames and freezes.

    Without this scorer exports correct nothing.

    Lies: a straight black side of the picture, such as a stage before a curtain, reads as a bar. A
    bar stays if text reaches from the picture into it. A picture in which almost nothing moves
    reads as repeated frames.

    Source: ours; see `media/defects`.
    """

    name: ClassVar = "picture"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(probes=("border", "comb", "change"))
    fields = (
        Field(name="content_box", label="Picture area", dtype="text",
              about="Picture inside the bars: width x height + left + top, in px"),
        *(Field(name=f"bar_{s}", label=f"Bar, {s}", low=0, high=1,
                about=f"Share of the frame's side under the black bar at the {s}")
          for s in SIDES),
        Field(name="scan", label="Interlacing", dtype="text",
              about="progressive, or the field that comes first"),
        Field(name="duplicate_fraction", label="Repeated frames", low=0, high=1,
              higher_is_better=False, about="Share of frames that repeat the one before"),
        Field(name="distinct_fps", label="Distinct frame rate", unit="fps", low=0,
              about="Different frames per second"),
        Field(name="frozen_s", label="Longest freeze", unit="s", low=0, higher_is_better=False,
              about="Longest time that one frame stays on screen"),
    )  # fmt: skip

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return a row for each clip; ItemError for one without frames."""
        return [_row(item) for item in items]


def _row(item: ClipInput) -> Row:
    if not len(item.signals["change"].pts):
        raise ItemError("there is no frame inside the clip")
    whole = item.whole or item.signals
    box = picture_box(item.signals["border"], whole["border"])
    left, top, width, height = box.inside(*item.video.display_size_px)
    repeated = measure_repeats(item.signals["change"])
    return {
        "content_box": f"{width}x{height}+{left}+{top}",
        **{f"bar_{side}": getattr(box, side) for side in SIDES},
        "scan": field_order(item.signals["comb"], whole["comb"]),
        "duplicate_fraction": repeated.fraction,
        "distinct_fps": repeated.distinct_fps,
        "frozen_s": repeated.frozen_s,
    }
