"""Agreement of reported cuts with true ones: TRECVID's one-to-one matching, in frames.

A transition is a span of frame numbers `[start, end]`: the first frame that no longer shows the
old shot alone, and the first that shows the new one alone; a hard cut has `start == end`. A report
matches a transition when the two spans touch once each is allowed to be `tolerance` frames off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

LEAST_CLIP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One boundary, true or reported, in frame numbers from 0."""

    start: int
    """First frame that does not show the old shot alone."""
    end: int
    """First frame that shows the new shot alone; equal to `start` for a hard cut."""
    kind: str
    """"hard", "dissolve", "fade" or "wipe"."""

    @property
    def is_hard(self) -> bool:
        """True if no frame is mixed."""
        return self.start == self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The true transitions of one video."""

    transitions: tuple[Transition, ...]
    ambiguous: tuple[tuple[int, int], ...] = ()
    """Spans of frames, ends included, where a report counts neither way."""
    equal: frozenset[int] = frozenset()
    """Frames inside transitions that are, bit for bit, a frame of one of the two shots."""
    frames: int


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts of one or more videos; add them with `+`."""

    hard: int = 0
    """True hard cuts."""
    hard_found: int = 0
    gradual: int = 0
    """True gradual transitions."""
    gradual_found: int = 0
    false: int = 0
    """Reports where there is no transition."""
    false_gradual: int = 0
    """False reports of a gradual transition."""
    splits: int = 0
    """Further reports of a transition that was found already; not false."""
    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)
    """True kind → how many there are, and how many were found."""
    kinds_right: int = 0
    """Found transitions that were reported with their true kind."""
    mixed: int = 0
    """Frames that truly belong to a transition."""
    mixed_kept: int = 0
    """Mixed frames that no report covers: they contaminate a shot."""
    clean_lost: int = 0
    """Frames that reports cover though they are clean."""
    clips: int = 0
    """Spans between reports that last `LEAST_CLIP_S` or longer."""
    contaminated: int = 0
    """Clips with a mixed frame or a missed cut inside."""
    contaminated_visibly: int = 0
    """Contaminated clips, without mixed frames that are equal to a clean one."""
    clean_s: float = 0.0
    """Seconds of clean footage in the video."""
    clean_kept_s: float = 0.0
    """Seconds of clean footage that no report covers."""
    frames: int = 0

    def __add__(self, other: "Score") -> "Score":
        """Return the counts of both."""
        kinds = dict(self.kinds)
        for kind, (there, found) in other.kinds.items():
            before = kinds.get(kind, (0, 0))
            kinds[kind] = (before[0] + there, before[1] + found)
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__slots__
            if name != "kinds"
        }
        return Score(**sums, kinds=kinds)

    @property
    def recall(self) -> float:
        """Share of the true transitions that were found."""
        return _ratio(self.hard_found + self.gradual_found, self.hard + self.gradual)

    @property
    def precision(self) -> float:
        """Share of true ones among the reports, splits left out."""
        found = self.hard_found + self.gradual_found
        return _ratio(found, found + self.false)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, object]:
        """Return the numbers to print, ready for JSON."""
        return {
            "f1": round(self.f1, 4),
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "hard_recall": round(_ratio(self.hard_found, self.hard), 4),
            "gradual_recall": round(_ratio(self.gradual_found, self.gradual), 4),
            "hard": f"{self.hard_found}/{self.hard}",
            "gradual": f"{self.gradual_found}/{self.gradual}",
            **{kind: f"{found}/{there}" for kind, (there, found) in sorted(self.kinds.items())},
            "kinds_right": self.kinds_right,
            "false": self.false,
            "false_gradual": self.false_gradual,
            "splits": self.splits,
            "mixed": self.mixed,
            "mixed_kept": self.mixed_kept,
            "clean_lost": self.clean_lost,
            "clips": self.clips,
            "contaminated": self.contaminated,
            "contaminated_visibly": self.contaminated_visibly,
            "clean_s": round(self.clean_s, 2),
            "clean_kept_s": round(self.clean_kept_s, 2),
            "frames": self.frames,
        }


def evaluate(
    reports: Sequence[Transition], truth: Truth, tolerance: int = 2
) -> tuple[Score, dict[str, list[Transition]]]:
    """Score the reports on one video.

    Args:
        reports: The transitions that a detector found.
        truth: The true ones.
        tolerance: Frames by which a report may be off.

    Returns:
        The counts, and the transitions behind them: "missed", "false" and "split".
    """
    matches = _match(truth.transitions, reports, tolerance)
    found = set(matches)
    used = set(matches.values())
    score = Score(frames=truth.frames)
    missed = []
    for index, there in enumerate(truth.transitions):
        is_found = index in found
        kind_count = score.kinds.get(there.kind, (0, 0))
        score.kinds[there.kind] = (kind_count[0] + 1, kind_count[1] + is_found)
        if there.is_hard:
            score.hard += 1
            score.hard_found += is_found
        else:
            score.gradual += 1
            score.gradual_found += is_found
        if is_found:
            score.kinds_right += reports[matches[index]].kind == there.kind
        else:
            missed.append(there)
    splits, false = [], []
    for index, report in enumerate(reports):
        if index in used:
            continue
        if any(_distance(report, there) <= tolerance for there in truth.transitions):
            splits.append(report)
        elif not any(
            first <= report.end and report.start <= last for first, last in truth.ambiguous
        ):
            false.append(report)
    score.splits = len(splits)
    score.false = len(false)
    score.false_gradual = sum(not report.is_hard for report in false)
    _count_frames(score, reports, truth)
    return score, {"missed": missed, "false": false, "split": splits}


def _distance(a: Transition, b: Transition) -> int:
    """Return how many frames lie between two spans; 0 where they touch."""
    return max(0, a.start - b.end, b.start - a.end)


def _match(
    truth: Sequence[Transition], reports: Sequence[Transition], tolerance: int
) -> dict[int, int]:
    """Pair as many transitions with reports as can be, one to one (Kuhn's algorithm)."""
    near = []
    for there in truth:
        close = [i for i, r in enumerate(reports) if _distance(there, r) <= tolerance]
        # Its own kind first, then the nearest, so that the pairs are also the sensible ones.
        close.sort(
            key=lambda i: (
                reports[i].is_hard != there.is_hard,
                abs(reports[i].start - there.start) + abs(reports[i].end - there.end),
            )
        )
        near.append(close)
    owner: dict[int, int] = {}

    def assign(index: int, tried: set[int]) -> bool:
        for report in near[index]:
            if report in tried:
                continue
            tried.add(report)
            if report not in owner or assign(owner[report], tried):
                owner[report] = index
                return True
        return False

    for index in range(len(truth)):
        assign(index, set())
    return {index: report for report, index in owner.items()}


def _count_frames(score: Score, reports: Sequence[Transition], truth: Truth) -> None:
    mixed = {f for there in truth.transitions for f in range(there.start, there.end)}
    covered = {f for report in reports for f in range(report.start, report.end)}
    unsure = {f for first, last in truth.ambiguous for f in range(first, last + 1)}
    score.mixed = len(mixed)
    score.mixed_kept = len(mixed - covered)
    score.clean_lost = len(covered - mixed - unsure)


def clips(reports: Sequence[Transition], truth: Truth, edges_s: np.ndarray) -> Score:
    """Count clips, contaminated clips, and clean footage.

    Args:
        reports: The transitions that a detector found.
        truth: The true ones.
        edges_s: Seconds at which each frame begins, and at which the last one ends.
    """
    count = len(edges_s) - 1
    is_mixed, is_unsure, is_equal, is_covered = (np.zeros(count, bool) for _ in range(4))
    for there in truth.transitions:
        is_mixed[there.start : there.end] = True
    for first, last in truth.ambiguous:
        is_unsure[first : last + 1] = True
    is_equal[[f for f in truth.equal if f < count]] = True
    cuts = [t.start for t in truth.transitions if t.is_hard]
    score = Score()
    begin = 0
    ordered = sorted(reports, key=lambda t: (t.start, t.end))
    for start, end in [*((t.start, t.end) for t in ordered), (count, count)]:
        is_covered[start:end] = True
        if start > begin and edges_s[start] - edges_s[begin] >= LEAST_CLIP_S:
            inside = slice(begin, start)
            is_bad = is_mixed[inside] & ~is_unsure[inside]
            is_crossed = any(begin < at < start for at in cuts)
            score.clips += 1
            score.contaminated += bool(is_bad.any() or is_crossed)
            score.contaminated_visibly += bool((is_bad & ~is_equal[inside]).any() or is_crossed)
        begin = max(begin, end)
    lasts_s = np.diff(edges_s)
    is_clean = ~is_mixed & ~is_unsure
    score.clean_s = float(lasts_s[is_clean].sum())
    score.clean_kept_s = float(lasts_s[is_clean & ~is_covered].sum())
    return score


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
