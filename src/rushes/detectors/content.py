"""Cuts from how much the picture changes: hard ones at once, dissolves and wipes over time.

How likely each is, `evidence` says; the thresholds are the recipe's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.evidence import slow_changes, sudden_changes
from rushes.records import Cut, CutKind
from rushes.stage import Signals


class Content:
    """Hard cuts, dissolves and wipes, by change that stands out from the motion around it."""

    name: ClassVar[str] = "content"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("change",)

    @dataclass(frozen=True, kw_only=True)
    class Params:
        """Settings of the detector."""

        hard_evidence: float = -1.0
        """Log-odds above which a sudden change is a hard cut; higher reports fewer."""
        hard_change: float = 3.0
        """Smallest mean change (of 255) of a hard cut; higher leaves out cuts between dark ones."""
        around_s: float = 0.42
        """How far to either side a sudden change is compared with the motion around it."""
        flash_s: float = 0.25
        """Two hard cuts closer than this that lead back to the same picture are a flash, no cuts;
        higher forgives longer flashes."""
        gradual_evidence: float = 0.5
        """Log-odds above which a slow change is a gradual transition; higher reports fewer."""
        gradual_change: float = 14.0
        """Smallest change (root mean square, of 255) over a gradual transition; higher leaves out
        dissolves between alike pictures."""
        margin: float = 0.08
        """Share of a gradual transition's length that is trimmed on either side as well, as it may
        begin and end too softly to see; higher keeps shots cleaner and shorter."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return hard cuts and gradual transitions in order; gradual ones hold no hard cut."""
        change = signals["change"]
        params = self.params
        hard = sudden_changes(
            change,
            least_odds=params.hard_evidence,
            least_change=params.hard_change,
            around_s=params.around_s,
            flash_s=params.flash_s,
        )
        gradual = slow_changes(
            change,
            [sudden.row for sudden in hard],
            least_odds=params.gradual_evidence,
            least_change=params.gradual_change,
            margin=params.margin,
        )
        pts = change.pts
        cuts = [self._cut("hard", pts[s.row], pts[s.row], s.odds) for s in hard]
        cuts += [self._cut(g.kind, pts[g.start], pts[g.end], g.odds) for g in gradual]
        return sorted(cuts, key=lambda cut: (cut.pts, cut.start_pts))

    def _cut(self, kind: CutKind, start_pts: int, pts: int, log_odds: float) -> Cut:
        return Cut(
            kind=kind,
            start_pts=int(start_pts),
            pts=int(pts),
            confidence=round(float(1 / (1 + np.exp(-log_odds))), 4),
            detector=self.name,
        )
