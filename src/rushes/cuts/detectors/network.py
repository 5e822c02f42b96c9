"""Cuts from the curves of the cut network: hard cuts, dissolves, fades and wipes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.cuts.network.decide import Curves, Thresholds, decide
from rushes.records import Cut
from rushes.stages.items import Signals
from rushes.stages.protocols import Detector, Inputs


class Network(Detector):
    """Hard cuts at peaks of `begins`, gradual transitions where `mixed` stays high.

    A transition in which the video begins or ends is a cut from nothing or to nothing, as with the
    fade detector.

    Source: ours; `cuts/network/CARD.md`.
    """

    name: ClassVar[str] = "network"
    version: ClassVar[int] = 1
    inputs: ClassVar = Inputs(probes=("network",))

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params(Thresholds):
        """Thresholds; see `Thresholds`."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return the cuts in order; they do not overlap."""
        network = signals["network"]
        curves = Curves(
            **{name: np.asarray(values, np.float64) for name, values in network.columns.items()}
        )
        pts = [*network.pts.tolist(), network.end_pts]
        frames = len(network.pts)
        return [
            Cut(
                kind=found.kind,
                start_pts=pts[found.start],
                pts=pts[found.end],
                confidence=round(found.confidence, 4),
                detector=self.name,
            )
            for found in decide(curves, self.params)
            # A transition of the whole video separates no shots.
            if (found.start, found.end) != (0, frames)
        ]
