"""Cuts by the network alone, where it ran."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.records import Cut
from rushes.stages.items import Signals
from rushes.stages.protocols import Detector, Inputs


class TransNet(Detector):
    """Cuts at each stretch of frames above a probability of a transition.

    For comparison, and for recipes with `scan.transnet.everywhere = true`. It misses wipes and slow
    dissolves; `cascade` is better and cheaper.

    Source: TransNetV2 (Souček & Lokoč 2020).
    """

    name: ClassVar[str] = "transnet"
    version: ClassVar[int] = 1
    inputs: ClassVar = Inputs(probes=("transnet",))

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """The threshold."""

        threshold: float = 0.3
        """Probability from which a frame is in a transition; higher reports fewer."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return one cut for each stretch above the threshold, in order."""
        network = signals["transnet"]
        single = np.asarray(network.columns["single"], np.float64)
        is_in = np.concatenate([[False], single > self.params.threshold, [False]])
        edges = np.flatnonzero(np.diff(is_in.astype(np.int8))).reshape(-1, 2)
        pts = np.append(network.pts, network.end_pts)
        cuts = []
        for first, last in edges.tolist():
            if last >= len(single):  # the video ends in it: nothing comes after
                continue
            # One or two frames are a hard cut: the last of the old shot is marked.
            is_hard = last - first <= 2
            peak = first + int(np.argmax(single[first:last]))
            start, end = (peak + 1, peak + 1) if is_hard else (first + 1, last)
            cuts.append(
                Cut(
                    kind="hard" if is_hard else "dissolve",
                    start_pts=int(pts[start]),
                    pts=int(pts[end]),
                    confidence=round(float(single[first:last].max()), 4),
                    detector=self.name,
                )
            )
        return cuts
