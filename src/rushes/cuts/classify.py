"""Classification of changes as cuts, by their log-odds plus those of a network where it ran."""

from dataclasses import dataclass

import numpy as np

from rushes.cuts.evidence import slow_changes, sudden_changes, suddenness
from rushes.records import Cut, CutKind
from rushes.stages.items import Signals

LEAST_ODDS = -1.6
"""Log-odds of a change below which the network is not run, as it always agrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeParams:
    """Thresholds on the evidence of cuts."""

    hard_evidence: float = -1.0
    """Log-odds above which a sudden change is a hard cut; higher reports fewer."""
    hard_change: float = 3.0
    """Smallest mean change (of 255) of a hard cut; higher leaves out cuts between dark ones."""
    around_s: float = 0.42
    """Time on either side over which a sudden change is compared with the motion around it."""
    flash_s: float = 0.25
    """Two hard cuts closer than this that lead back to the same picture are a flash, no cuts;
    higher forgives longer flashes."""
    gradual_evidence: float = 0.5
    """Log-odds above which a slow change is a gradual transition; higher reports fewer."""
    gradual_change: float = 14.0
    """Smallest change (root mean square, of 255) over a gradual transition; higher leaves out
    dissolves between similar pictures."""
    margin: float = 1.0
    """Factor on the margins beside a gradual transition, whose begin and end may be too soft to
    detect; higher keeps shots cleaner and shorter, 0 trims one frame."""


def weigh(
    change: Signals, params: ChangeParams, detector: str, network: Signals | None = None
) -> list[Cut]:
    """Return hard cuts and gradual transitions in order; gradual ones hold no hard cut.

    Args:
        change: Signals of the change probe.
        params: Thresholds.
        detector: Name of the detector that reports them.
        network: Signals of the transnet probe. It does not see wipes, so it has half the weight
            for slow changes.
    """
    says = _Network(network, len(change.pts))
    hard = [
        (s.row, odds)
        for s in sudden_changes(
            change,
            least_odds=min(LEAST_ODDS, params.hard_evidence),
            least_change=params.hard_change,
            around_s=params.around_s,
            flash_s=params.flash_s,
        )
        # The network marks the last frame of the old shot, give or take one.
        if (odds := s.odds + says.single_odds(s.row - 3, s.row + 2)) > params.hard_evidence
    ]
    slow = slow_changes(
        change,
        [row for row, _ in hard],
        least_odds=min(LEAST_ODDS, params.gradual_evidence),
        least_change=params.gradual_change,
        margin=params.margin,
    )
    found: list[tuple[CutKind, int, int, float]] = []
    for row, odds in hard:
        start, end = suddenness(change, row)
        found.append(("hard" if start == end else "dissolve", start, end, odds))
    for s in slow:
        odds = s.odds + 0.5 * says.many_odds(s.start - 3, s.end + 3)
        if odds > params.gradual_evidence:
            found.append((s.kind, s.start, s.end, odds))
    cuts = [
        Cut(
            kind=kind,
            start_pts=int(change.pts[start]),
            pts=int(change.pts[end]),
            confidence=round(float(1 / (1 + np.exp(-odds))), 4),
            detector=detector,
        )
        for kind, start, end, odds in found
    ]
    return sorted(cuts, key=lambda cut: (cut.pts, cut.start_pts))


class _Network:
    """The log-odds of the network where it ran, 0 elsewhere."""

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
        """Return the log-odds of the largest probability among the rows; 0 where it did not run."""
        first = max(first, 0)
        if not self._is_seen[first:last].all() or first >= last:
            return 0.0
        most = float(np.clip(probability[first:last].max(), 0.01, 0.99))
        return float(np.log(most / (1 - most)))
