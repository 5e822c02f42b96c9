"""Watermarks and logos: marks that stay in place while the picture moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults

EDGE, KEPT = 5.0, 0.4
"""An edge stays if its gradient along its mean direction is, in every still, at least so large
(luma levels a pixel, of 255) and at least this share of the mean gradient there."""
BOTH_WAYS = 0.12
"""Least share of vertical and of horizontal edges in a mark; a horizon or a pole, which stays in
place during a pan, has one kind only."""
RIM_PX, RIM_MOVES, RIM_EDGES = 20, 0.8, 1.5
"""Width of the surroundings of a mark; least share of their edges that move; least mean gradient
there."""
LEAST_EDGES, LEAST_PX = 60, 6
"""Least number of edge pixels in a mark, and least smaller side, at 320 lines."""
MOST_OF_FRAME = 0.12
"""Most share of the frame under marks; where more stays, the camera is static."""
_NAMES = ("top", "middle", "bottom"), ("left", "centre", "right")


class Watermark(AnnotatorDefaults):
    """Share of the frame under marks that stay while the picture moves; not a probability.

    It compares a clip's stills, up to nine. A mark is a group of edges that stay in place, with the
    same gradient, among edges that move: a station's logo, a stock site's watermark, the frame of a
    counter, a subtitle that stays for the whole clip.

    Read `evidence` first. Below the setting, as with a static camera, a mark cannot be told from
    other still things, none is sought, and the fraction is 0. That was so for two thirds of 162
    clips. Of marks written into the other third 7 in 10 were found, opaque or not; of clips without
    a mark one in five read above 0, one in ten above 0.01.

    Lies: distant buildings, a planet, a car's bonnet, a cockpit and other things that keep their
    place read as marks. A mark over even sky is missed, and so is one that moves, blinks or is
    fainter than about a quarter.

    Source: ours, after Dekel et al. 2017: the gradients of many pictures agree on a watermark.
    """

    name: ClassVar = "watermark"
    version: ClassVar = 1
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=320, stills=9)
    fields = (
        Field(name="overlay_fraction", label="Watermark", low=0, high=1, higher_is_better=False,
              about="Share of the frame under marks that stay in place; 0 without evidence"),
        Field(name="evidence", label="Watermark evidence", low=0, high=1,
              about="Share of edges beside marks that move; below 0.95 no mark is sought"),
        Field(name="place", label="Watermark place", dtype="text",
              about="Place of the largest mark, such as top right; empty if there is none"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Threshold of a moving picture."""

        evidence: float = 0.95
        """Least evidence for a mark; smaller measures more clips and mistakes more scenery."""

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the marks of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        stills_THWC = item.stills_THWC
        if len(stills_THWC) < 3:  # too much of two pictures is equal by chance
            return {"overlay_fraction": 0.0, "evidence": 0.0, "place": ""}
        edges = _Edges(stills_THWC)
        marks = edges.marks()
        beside_HW = ~np.any([np.zeros(edges.stays_HW.shape, bool), *marks], axis=0)
        if beside_HW.mean() < 1 - MOST_OF_FRAME:
            marks, beside_HW = [], np.ones_like(beside_HW)
        all_edges = float(edges.steep_HW[beside_HW].sum())
        staying = float(edges.stays_HW[beside_HW].sum())
        evidence = min(1.0, max(0.0, 1 - staying / all_edges)) if all_edges > 0 else 0.0
        if evidence < self.params.evidence or not marks:
            return {"overlay_fraction": 0.0, "evidence": evidence, "place": ""}
        return {
            "overlay_fraction": float(1 - beside_HW.mean()),
            "evidence": evidence,
            "place": _place(max(marks, key=np.count_nonzero)),
        }


class _Edges:
    """Gradients of all stills together."""

    def __init__(self, stills_THWC: np.ndarray) -> None:
        import cv2

        slopes = [_slopes(still) for still in stills_THWC]
        across_HW, down_HW = (np.sum([pair[n] for pair in slopes], axis=0) for n in (0, 1))
        length_HW = cv2.magnitude(across_HW, down_HW) + 1e-3
        across_HW, down_HW = across_HW / length_HW, down_HW / length_HW
        steep_HW = np.zeros_like(length_HW)
        least_HW = np.full_like(length_HW, np.inf)
        second_HW = least_HW.copy()
        for x_HW, y_HW in slopes:
            along_HW = x_HW * across_HW + y_HW * down_HW
            steep_HW += cv2.magnitude(x_HW, y_HW)
            second_HW = np.minimum(second_HW, np.maximum(along_HW, least_HW))
            least_HW = np.minimum(least_HW, along_HW)
        # One of many stills may hide a mark behind something of the same brightness.
        self.stays_HW = np.maximum(second_HW if len(slopes) > 8 else least_HW, 0)
        """Gradient of the edges that stay."""
        self.steep_HW = steep_HW / len(slopes)
        """Mean gradient of all edges."""
        self._upright_HW = np.abs(across_HW)

    def marks(self) -> list[np.ndarray]:
        """Return a mask for each group of edges that stays among edges that do not."""
        import cv2

        stays_HW = (self.stays_HW > EDGE) & (self.stays_HW > KEPT * self.steep_HW)
        stays_HW[:3] = stays_HW[-3:] = stays_HW[:, :3] = stays_HW[:, -3:] = False
        closed_HW = cv2.morphologyEx(
            stays_HW.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)
        )
        count, label_HW, places, _ = cv2.connectedComponentsWithStats(closed_HW)
        found = []
        for number in range(1, count):
            left, top, wide, high, area = places[number].tolist()
            if min(wide, high) < LEAST_PX or area < LEAST_EDGES:
                continue
            # Only the surroundings count; the rest of the frame is left alone for speed.
            around = (
                slice(max(0, top - RIM_PX), top + high + RIM_PX),
                slice(max(0, left - RIM_PX), left + wide + RIM_PX),
            )
            own = label_HW[around] == number
            if self._is_drawn(own & stays_HW[around], around) and self._is_alone(own, around):
                mask_HW = np.zeros(closed_HW.shape, bool)
                mask_HW[around] = own
                found.append(mask_HW)
        return found

    def _is_drawn(self, edges: np.ndarray, around: tuple[slice, slice]) -> bool:
        """Return whether a group has enough edges, both vertical and horizontal."""
        upright = self._upright_HW[around][edges]
        vertical, horizontal = upright > 0.8, upright < 0.6
        return len(upright) >= LEAST_EDGES and bool(
            min(vertical.mean(), horizontal.mean()) >= BOTH_WAYS
        )

    def _is_alone(self, own: np.ndarray, around: tuple[slice, slice]) -> bool:
        """Return whether the edges around a group move."""
        import cv2

        rim = cv2.dilate(own.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
        steep, stays = self.steep_HW[around][rim], self.stays_HW[around][rim]
        if not steep.size or steep.mean() < RIM_EDGES:
            return False
        return bool(stays.sum() <= (1 - RIM_MOVES) * steep.sum())


def _slopes(still_HWC: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of luma across and down, in levels a pixel, float32."""
    import cv2

    luma_HW = cv2.GaussianBlur(cv2.cvtColor(still_HWC, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    across, down = ((1, 0), (0, 1))
    x_HW, y_HW = (cv2.Sobel(luma_HW, cv2.CV_32F, *way, scale=0.25) for way in (across, down))
    return x_HW, y_HW


def _place(mark_HW: np.ndarray) -> str:
    """Return the place of a mark's middle, in thirds of the picture: "top right"."""
    middle = [float(at.mean()) / size for at, size in zip(mark_HW.nonzero(), mark_HW.shape,
                                                          strict=True)]  # fmt: skip
    return " ".join(names[min(2, int(3 * at))] for names, at in zip(_NAMES, middle, strict=True))
