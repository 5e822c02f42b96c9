"""The columns of all clips as arrays: filters, counts and orders in milliseconds."""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rushes.errors import RecipeError, nearest
from rushes.recipe.rules import Rule
from rushes.review.histogram import Histogram, histogram
from rushes.selection.column_values import EDITED, column_of, is_missing

MAX_MASKS = 32
"""Masks of single rules that are cached: while one slider moves, the others stay."""
MAX_RULES = 200
"""Rules in one query, at most: their masks are in memory at once, and `fails` is uint8."""
_IS_EDITED = Rule(column=EDITED, operator="=", low="yes")
MAX_VALUES = 5000
"""Values of a column that are listed, the most frequent first."""
NONE = "none"
"""Label of the group of clips without a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterCounts:
    """Counts of the clips that pass a set of rules, and that each rule removes."""

    count: int
    duration_s: float
    alone: tuple[int, ...]
    """For each rule, the number of clips that pass it."""
    only: tuple[int, ...]
    """For each rule, the number of clips that fail it and no other rule."""
    shared: tuple[tuple[int, int] | None, ...]
    """For each rule, the index of the rule it overlaps most with, and the number of clips that
    fail both; None if it overlaps with none."""
    missing: tuple[int, ...]
    """For each rule, the number of clips that have no value in its column, and so fail it."""
    candidates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Values of a column, with counts."""

    counts: tuple[tuple[str, int], ...]
    """Value as rules write it, and its number of clips; most frequent first."""
    distinct: int
    """Number of values; `counts` has at most `MAX_VALUES` of them."""
    missing: int


class Columns:
    """One array a column: float64 with NaN, text with None where a value is missing, or tuples."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays of one length; later changes go through `update`."""
        self.arrays = dict(arrays)
        self._masks: OrderedDict[str, tuple[str, np.ndarray]] = OrderedDict()
        self._histograms: dict[str, Histogram] = {}
        self._missing: dict[str, int] = {}
        self._coded: dict[str, tuple[np.ndarray, dict[object, int]]] = {}

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values()))) if self.arrays else 0

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self.arrays

    def update(self, name: str, at: Sequence[int], values: Sequence[float | str | None]) -> None:
        """Change the values of some clips."""
        array = self.arrays[name]
        for place, value in zip(at, values, strict=True):
            array[place] = value
        self._histograms.pop(name, None)
        self._missing.pop(name, None)
        if array.dtype == object and name in self._coded:
            codes, known = self._coded[name]
            for place, value in zip(at, values, strict=True):
                codes[place] = known.setdefault(value, len(known))
        else:
            self._coded.pop(name, None)
        for rule in [rule for rule, (column, _) in self._masks.items() if column == name]:
            del self._masks[rule]

    # ---- filters ------------------------------------------------------------------------------

    def mask(self, rules: Sequence[Rule]) -> np.ndarray:
        """Return whether each clip passes all rules: bool (N,).

        Raises:
            RecipeError: A rule names no column, is a quota, or compares text.
        """
        passing = np.ones(len(self), bool)
        for rule in rules:
            passing &= self.passes(rule)
        return passing

    def passes(self, rule: Rule) -> np.ndarray:
        """Return whether each clip passes a rule: bool (N,), not to be changed."""
        name = str(rule)
        if name not in self._masks:
            self._masks[name] = rule.column, self._passes(rule)
            while len(self._masks) > MAX_MASKS:
                self._masks.popitem(last=False)
        self._masks.move_to_end(name)
        return self._masks[name][1]

    def _passes(self, rule: Rule) -> np.ndarray:
        if rule.is_quota:
            raise RecipeError(f"{rule}: a quota belongs in [select.NAME] of the recipe")
        values = column_of(rule, self.arrays)
        if rule.operator in ("=", "!="):
            passing = self._equal(rule)
        elif values.dtype == object:
            raise RecipeError(f"{rule.column} is text; compare it with = or !=, not in {rule}")
        else:
            passing = rule.resolved(values).passes(values)
        spared = self._unmeasured(rule.column)
        return passing if spared is None else passing | spared

    def _unmeasured(self, name: str) -> np.ndarray | None:
        """Return the clips that pass every rule on a column, as `column_values.unmeasured`."""
        if "." not in name or EDITED not in self.arrays or not self.missing(name):
            return None
        return np.asarray(self._equal(_IS_EDITED) & is_missing(self.arrays[name]))

    def _equal(self, rule: Rule) -> np.ndarray:
        """Compare each distinct value once, not each clip."""
        codes, known = self._codes(rule.column)
        values = np.fromiter(known, object, len(known))  # tuples stay tuples
        passing = rule.passes(values) if len(values) else np.zeros(0, bool)
        return np.asarray(passing[codes])

    def _codes(self, name: str) -> tuple[np.ndarray, dict[object, int]]:
        """Return the code of each clip's value, int32 (N,), and value → its code."""
        if name not in self._coded:
            values = self.arrays[name]
            if values.dtype == object:
                known: dict[object, int] = {}
                listed = (known.setdefault(value, len(known)) for value in values.tolist())
                codes = np.fromiter(listed, np.int32, len(values))
            else:
                distinct, inverse = np.unique(values, return_inverse=True)
                codes = inverse.astype(np.int32)
                known = {value: code for code, value in enumerate(distinct.tolist())}
            self._coded[name] = codes, known
        return self._coded[name]

    def counts(self, name: str) -> dict[str, int]:
        """Return value → number of clips, of a column of text."""
        codes, known = self._codes(name)
        counts = np.bincount(codes, minlength=len(known)).tolist()
        return {str(value): counts[code] for value, code in known.items() if counts[code]}

    def values_of(self, name: str) -> Values:
        """Return the values of a column of text, or of a column of few numbers.

        Raises:
            RecipeError: There is no column of that name.
        """
        if name not in self.arrays:
            raise RecipeError(f"there is no column {name!r}{nearest(name, list(self.arrays))}")
        codes, known = self._codes(name)
        counts = np.bincount(codes, minlength=len(known)).tolist()
        there: Counter[str] = Counter()
        for value, code in known.items():
            for one in value if isinstance(value, tuple) else (value,):
                if counts[code] and one is not None and one == one:
                    there[f"{one:.12g}" if isinstance(one, float) else str(one)] += counts[code]
        listed = sorted(there.items(), key=lambda pair: (-pair[1], pair[0]))
        return Values(
            counts=tuple(listed[:MAX_VALUES]), distinct=len(listed), missing=self.missing(name)
        )

    def missing(self, name: str) -> int:
        """Return the number of clips without a value in a column."""
        if name not in self._missing:
            values = self.arrays[name]
            if values.dtype == object:
                codes, known = self._codes(name)
                where = codes == known.get(None, -1)
            else:
                where = np.isnan(values)
            self._missing[name] = int(np.count_nonzero(where))
        return self._missing[name]

    def filter_counts(self, rules: Sequence[Rule]) -> FilterCounts:
        """Return the counts of rules over all clips."""
        if len(rules) > MAX_RULES:
            raise RecipeError(f"{len(rules)} rules: at most {MAX_RULES} in one query")
        masks = [self.passes(rule) for rule in rules]
        fails = np.zeros(len(self), np.uint8)
        for mask in masks:
            fails += ~mask
        left, one = fails == 0, fails == 1
        return FilterCounts(
            count=int(np.count_nonzero(left)),
            duration_s=round(float(np.sum(self.arrays["duration_s"], where=left)), 3),
            alone=tuple(int(np.count_nonzero(mask)) for mask in masks),
            only=tuple(int(np.count_nonzero(one & ~mask)) for mask in masks),
            shared=_shared(masks),
            missing=tuple(self._failing_as_missing(rule.column) for rule in rules),
            candidates=len(self),
        )

    def _failing_as_missing(self, name: str) -> int:
        spared = self._unmeasured(name)
        return self.missing(name) - (0 if spared is None else int(np.count_nonzero(spared)))

    def around_threshold(
        self, column: str, threshold: float, rules: Sequence[Rule], count: int = 6
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of the clips just below and just above a threshold, nearest first.

        Args:
            column: A column of numbers.
            threshold: A value of it; an equal value is above.
            rules: Conditions on the clips.
            count: Clips on either side, at most.
        """
        values = self.numbers_of(column)
        allowed = self.mask(rules)
        sides = []
        for side in (allowed & (values < threshold), allowed & (values >= threshold)):
            rows = np.flatnonzero(side)
            distance = np.abs(values[rows] - threshold)
            if len(rows) > count:
                nearest_rows = np.argpartition(distance, count)[:count]
                rows, distance = rows[nearest_rows], distance[nearest_rows]
            sides.append(rows[np.argsort(distance, kind="stable")])
        return sides[0], sides[1]

    def numbers_of(self, column: str) -> np.ndarray:
        """Return a column of numbers.

        Raises:
            RecipeError: There is no column of numbers of that name.
        """
        if column not in self.arrays or self.arrays[column].dtype == object:
            known = [name for name, values in self.arrays.items() if values.dtype != object]
            raise RecipeError(f"there is no column of numbers {column!r}{nearest(column, known)}")
        return self.arrays[column]

    def histogram(self, column: str) -> Histogram:
        """Return the histogram of a column of numbers over all clips."""
        if column not in self._histograms:
            self._histograms[column] = histogram(self.numbers_of(column))
        return self._histograms[column]

    # ---- orders -------------------------------------------------------------------------------

    def sorted_rows(self, rows: np.ndarray, sort: str) -> np.ndarray:
        """Return places in descending order of a column; in ascending order for "-column".

        Clips without a value come last in both orders.
        """
        values = self._sortable(sort.removeprefix("-"))[rows]
        order = np.argsort(values, kind="stable")
        if not sort.startswith("-"):
            order = np.argsort(-values, kind="stable")
        last = is_missing(values)[order]
        return np.asarray(rows[np.concatenate([order[~last], order[last]])])

    def _sortable(self, column: str) -> np.ndarray:
        if column not in self.arrays:
            hint = nearest(column, list(self.arrays))
            raise RecipeError(f"there is no column {column!r} to sort by{hint}")
        values = self.arrays[column]
        if values.dtype != object:
            return values
        codes, known = self._codes(column)
        ranks = np.full(len(known), np.nan)
        for rank, value in enumerate(sorted((v for v in known if v is not None), key=str)):
            ranks[known[value]] = rank
        return np.asarray(ranks[codes])

    def grouped_rows(
        self, rows: np.ndarray, column: str
    ) -> tuple[np.ndarray, list[tuple[str, int]]]:
        """Return places grouped by the values of a column, and each group's label and size.

        The largest group is first; clips without a value, or without duplicates, are last.
        """
        if column not in self.arrays:
            hint = nearest(column, list(self.arrays))
            raise RecipeError(f"there is no column {column!r} to group by{hint}")
        codes, known = self._codes(column)
        counts = np.bincount(codes[rows], minlength=len(known))
        labels = [_label(column, value) for value in known]
        is_rest = [label in (NONE, _NO_DUPLICATES) for label in labels]
        by_size = sorted(
            np.flatnonzero(counts).tolist(), key=lambda code: (is_rest[code], -counts[code])
        )
        place = np.zeros(len(known), np.int64)
        place[by_size] = np.arange(len(by_size))
        ordered = rows[np.argsort(place[codes[rows]], kind="stable")]
        return ordered, [(labels[code], int(counts[code])) for code in by_size]


def _shared(masks: Sequence[np.ndarray]) -> tuple[tuple[int, int] | None, ...]:
    """Return for each rule the other rule that fails most of the same clips, and how many."""
    if len(masks) < 2:
        return (None,) * len(masks)
    # 64 clips a word: all pairs of eight rules over a million clips take 2 ms.
    words = np.zeros((len(masks), -(-len(masks[0]) // 64) * 8), np.uint8)
    for at, mask in enumerate(masks):
        packed = np.packbits(~mask)
        words[at, : len(packed)] = packed
    fails = words.view(np.uint64)
    common = np.zeros((len(masks), len(masks)), np.int64)
    for at in range(1, len(masks)):
        common[at, :at] = np.bitwise_count(fails[at] & fails[:at]).sum(axis=1, dtype=np.int64)
    common += common.T
    most, counts = common.argmax(axis=1).tolist(), common.max(axis=1).tolist()
    return tuple((at, n) if n else None for at, n in zip(most, counts, strict=True))


_NO_DUPLICATES = "no duplicates"


def _label(column: str, value: object) -> str:
    if value is None or value != value:
        return NONE
    if column == "dedup.group" and value == 0:
        return _NO_DUPLICATES
    if isinstance(value, tuple):
        return ", ".join(value) or NONE
    return f"{value:.12g}" if isinstance(value, float) else str(value)
