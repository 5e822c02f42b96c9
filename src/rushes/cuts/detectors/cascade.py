"""Cuts from change, and from a network where change alone is ambiguous."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rushes.cuts.classify import ChangeParams, weigh
from rushes.records import Cut
from rushes.stages.items import Signals
from rushes.stages.protocols import Detector, Inputs


class Cascade(Detector):
    """Cuts by the log-odds of the change plus those of the network, which runs only in doubt.

    Without the network's signals it decides by change alone, as `content` does.

    Source: TransNetV2 (Souček & Lokoč 2020) for doubtful changes; the rest is ours.
    """

    name: ClassVar[str] = "cascade"
    version: ClassVar[int] = 2
    inputs: ClassVar = Inputs(probes=("change",), optional_probes=("transnet",))

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params(ChangeParams):
        """Thresholds; see `ChangeParams`."""

        hard_evidence: float = -0.7
        """As there; higher than without the network, which adds to the doubtful ones."""
        gradual_evidence: float = 0.0
        """As there."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return hard cuts and gradual transitions in order; gradual ones hold no hard cut."""
        return weigh(signals["change"], self.params, self.name, signals.get("transnet"))
