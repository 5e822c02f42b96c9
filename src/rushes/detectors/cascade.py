"""Cuts from change, and from the network where change alone cannot tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.evidence import slow_changes, sudden_changes
from rushes.records import Cut, CutKind
from rushes.stage import Signals

LEAST_ODDS = -1.6
"""Below this the probe does not look either (`probes.transnet.TransNet.Params.least_odds`)."""


class Cascade:
    """Adds the network's log-odds to those of the change; obvious cuts need no network.

    Without the network's signals it decides by change alone, as `content` does. The network is
    blind to wipes, so it weighs half for slow changes.

    Source: TransNetV2 (Souček & Lokoč 2020) for the doubtful; the rest is ours.
    """

    name: ClassVar[str] = "cascade"
    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ("change",)
    uses: ClassVar[tuple[str, ...]] = ("transnet",)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Where to draw the line."""

        hard_evidence: float = -0.7
        """Log-odds above which a sudden change is a hard cut; higher reports fewer."""
        hard_change: float = 3.0
        """Smallest mean change (of 255) of a hard cut; higher leaves out cuts between dark ones."""
        around_s: float = 0.42
        """How far to either side a sudden change is compared with the motion around it."""
        flash_s: float = 0.25
        """Two hard cuts closer than this that lead back to the same picture are a flash, no cuts;
        higher forgives longer flashes."""
        gradual_evidence: float = 0.0
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
        change, params = signals["change"], self.params
        network = _Network(signals.get("transnet"), len(change.pts))
        sudden = sudden_changes(
            change,
            least_odds=LEAST_ODDS,
            least_change=params.hard_change,
            around_s=params.around_s,
            flash_s=params.flash_s,
        )
        hard = [
            (s.row, odds)
            for s in sudden
            # The network marks the last frame of the old shot, give or take one.
            if (odds := s.odds + network.single_odds(s.row - 3, s.row + 2)) > params.hard_evidence
        ]
        slow = slow_changes(
            change,
            [row for row, _ in hard],
            least_odds=LEAST_ODDS,
            least_change=params.gradual_change,
            margin=params.margin,
        )
        pts = change.pts
        cuts = [self._cut("hard", pts[row], pts[row], odds) for row, odds in hard]
        for s in slow:
            odds = s.odds + 0.5 * network.many_odds(s.start - 3, s.end + 3)
            if odds > params.gradual_evidence:
                cuts.append(self._cut(s.kind, pts[s.start], pts[s.end], odds))
        return sorted(cuts, key=lambda cut: (cut.pts, cut.start_pts))

    def _cut(self, kind: CutKind, start_pts: int, pts: int, log_odds: float) -> Cut:
        return Cut(
            kind=kind,
            start_pts=int(start_pts),
            pts=int(pts),
            confidence=round(float(1 / (1 + np.exp(-log_odds))), 4),
            detector=self.name,
        )


class _Network:
    """What the network adds: its log-odds where it looked, nothing elsewhere."""

    def __init__(self, transnet: Signals | None, rows: int) -> None:
        columns = transnet.columns if transnet is not None else {}
        nothing = np.zeros(rows)
        self._is_seen = columns.get("is_seen", nothing) > 0
        self._single = np.asarray(columns.get("single", nothing), np.float64)
        self._many = np.asarray(columns.get("many", nothing), np.float64)

    def single_odds(self, first: int, last: int) -> float:
        return self._odds(self._single, first, last)

    def many_odds(self, first: int, last: int) -> float:
        return self._odds(self._many, first, last)

    def _odds(self, probability: np.ndarray, first: int, last: int) -> float:
        """Return the log-odds of the largest probability among the rows; 0 where it was blind."""
        first = max(first, 0)
        if not self._is_seen[first:last].all() or first >= last:
            return 0.0
        most = float(np.clip(probability[first:last].max(), 0.01, 0.99))
        return float(np.log(most / (1 - most)))
