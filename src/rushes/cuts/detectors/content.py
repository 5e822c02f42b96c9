"""Cuts from change alone: hard cuts, dissolves and wipes.

`evidence` gives their log-odds; the recipe gives the thresholds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rushes.cuts.classify import ChangeParams, weigh
from rushes.records import Cut
from rushes.stages.items import Signals
from rushes.stages.protocols import Detector, Inputs


class Content(Detector):
    """Hard cuts, dissolves and wipes, by change that stands out from the motion around it."""

    name: ClassVar[str] = "content"
    version: ClassVar[int] = 2
    inputs: ClassVar = Inputs(probes=("change",))

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params(ChangeParams):
        """Thresholds; see `ChangeParams`."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return hard cuts and gradual transitions in order; gradual ones hold no hard cut."""
        return weigh(signals["change"], self.params, self.name)
