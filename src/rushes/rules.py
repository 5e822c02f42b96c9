"""Rules such as `motion.speed = "top 90%"`: parsed here, applied by `select` and by `ls --where`.

| rule | keeps |
|---|---|
| "top 75%" | the three quarters with the largest values |
| "bottom 90%" | the nine tenths with the smallest values |
| ">= 3", "> 3", "<= 3", "< 3" | values on that side of 3 |
| "1..20" | values from 1 to 20, both included |
| "= pan" or "pan" | exactly that text or number |
| "!= pan" | everything else |
| "at most 2%" | so many of the selected clips, and no more, of each value: a quota |
| "at most 20 by motion.speed" | the 20 of each value that have most of that column |

A percentile is taken over all candidates that have the value, so the order of rules never matters.
Quotas come after all other rules: see `select`.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from rushes.errors import RecipeError

Operator = Literal["top", "bottom", ">=", ">", "<=", "<", "between", "=", "!=", "at most"]

_SIZE = r"[\d.]+(?:[eE][-+]?\d+)?"
_PERCENT = re.compile(rf"(top|bottom)\s+({_SIZE})\s*%")
_QUOTA = re.compile(rf"at\s+most\s+({_SIZE})\s*(%?)(?:\s+by\s+(-?[\w.]+))?")
_RANGE = re.compile(rf"(-?{_SIZE})\s*\.\.\s*(-?{_SIZE})")
_SIDE = re.compile(r"(>=|<=|!=|>|<|=)\s*(.+)")
_TERM = re.compile(r"\s*([\w.]+)(?:\s+|(?=[<>=!]))(.+?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on one column."""

    column: str
    """"motion.speed" for a score, "duration_s" or "verdict" for what a clip has itself."""
    operator: Operator
    low: float | str
    """The percentage, the limit, the lower end of a range, or the text to equal."""
    high: float | None = None
    """The upper end of a range."""
    is_share: bool = False
    """Of a quota: whether it is a percentage of what is selected."""
    by: str = ""
    """Of a quota: the column whose largest values are kept ("-column": smallest); empty: clips
    spread evenly over all there are."""

    @property
    def is_quota(self) -> bool:
        """Whether it limits how many clips there are of each value, rather than the values."""
        return self.operator == "at most"

    def __str__(self) -> str:
        """Return the rule as a recipe has it."""
        if self.operator in ("top", "bottom"):
            return f"{self.column} {self.operator} {_plain(self.low)}%"
        if self.is_quota:
            order = f" by {self.by}" if self.by else ""
            return f"{self.column} at most {_plain(self.low)}{'%' * self.is_share}{order}"
        if self.operator == "between":
            return f"{self.column} {_plain(self.low)}..{_plain(self.high)}"
        return f"{self.column} {self.operator} {_plain(self.low)}"

    def rounded(self) -> "Rule":
        """Return the rule with its limit rounded to six digits, for showing."""
        low = float(f"{self.low:.6g}") if isinstance(self.low, float) else self.low
        return replace(self, low=low)

    def resolved(self, values: np.ndarray) -> "Rule":
        """Return the rule with a percentile turned into a limit taken from `values` (1-D)."""
        if self.operator not in ("top", "bottom"):
            return self
        share = float(self.low)
        present = np.sort(values[~np.isnan(values)]) if len(values) else values
        side: Operator = ">=" if self.operator == "top" else "<="
        if not len(present):
            return Rule(column=self.column, operator=side, low=0.0)
        # The nearest whole number of clips: 90 % of 8 clips keeps 7, and of 4 all 4.
        kept = min(len(present), max(1, int(share / 100 * len(present) + 0.5)))
        limit = present[len(present) - kept] if self.operator == "top" else present[kept - 1]
        if share == 0:
            limit = np.inf if self.operator == "top" else -np.inf
        return Rule(column=self.column, operator=side, low=float(limit))

    def passes(self, values: np.ndarray) -> np.ndarray:
        """Return a mask (bool, 1-D): which of `values` keep the rule; a missing value never does.

        Call it on a `resolved` rule. `values` is float64 with NaN for missing, or object with
        None for missing. A quota is kept by all values that are there: only all clips together
        can break it.
        """
        if self.is_quota:
            return np.array([value is not None and value == value for value in values], bool)
        if self.operator == "between":
            return np.asarray((values >= self.low) & (values <= self.high))
        if self.operator in ("=", "!="):
            is_there = np.array([value is not None and value == value for value in values], bool)
            is_equal = np.array([_plain(value) == _plain(self.low) for value in values], bool)
            return np.asarray(is_there & (is_equal if self.operator == "=" else ~is_equal))
        if values.dtype == object and any(isinstance(value, str) for value in values):
            raise RecipeError(f"{self.column} is text; compare it with = or !=, not in {self}")
        numbers = values.astype(float)
        compare = {
            ">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less,
        }[self.operator]  # fmt: skip
        return np.asarray(compare(numbers, float(self.low)))


def parse_rule(column: str, text: Any) -> Rule:
    """Return the rule that a recipe's `column = text` means.

    Raises:
        RecipeError: The text is no rule.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise RecipeError(f"{column}: {text!r} is no rule; write one like {_EXAMPLES}")
    if not isinstance(text, str):
        return Rule(column=column, operator="=", low=float(text))
    stripped = text.strip()
    if match := _PERCENT.fullmatch(stripped):
        percent = _number(column, match[2])
        if percent > 100:
            raise RecipeError(f"{column}: {text!r} is more than 100 %")
        return Rule(column=column, operator=match[1], low=percent)  # type: ignore[arg-type]
    if match := _QUOTA.fullmatch(stripped):
        return _quota(column, text, match)
    if match := _RANGE.fullmatch(stripped):
        low, high = _number(column, match[1]), _number(column, match[2])
        if low > high:
            raise RecipeError(f"{column}: the range {text!r} is empty; its first end is the larger")
        return Rule(column=column, operator="between", low=low, high=high)
    if match := _SIDE.fullmatch(stripped):
        if match[1] in ("=", "!="):
            return Rule(column=column, operator=match[1], low=_word(match[2]))  # type: ignore[arg-type]
        limit = _number(column, match[2])
        return Rule(column=column, operator=match[1], low=limit)  # type: ignore[arg-type]
    if not stripped or stripped.split()[0] in ("top", "bottom", "at") or "%" in stripped:
        raise RecipeError(f"{column}: {text!r} is no rule; write one like {_EXAMPLES}")
    return Rule(column=column, operator="=", low=_word(stripped))


def parse_where(expression: str) -> list[Rule]:
    """Return the rules of `--where`: "motion.speed > 3 and duration_s 1..5"."""
    rules = []
    for term in re.split(r"\s+and\s+", expression.strip(), flags=re.IGNORECASE):
        match = _TERM.fullmatch(term)
        if not match:
            raise RecipeError(f"--where: {term!r} is no condition; write one like 'frames > 48'")
        rules.append(parse_rule(match[1], match[2]))
    return rules


def _quota(column: str, text: str, match: re.Match[str]) -> Rule:
    most, is_share = _number(column, match[1]), bool(match[2])
    if is_share and not 0 < most <= 100:
        raise RecipeError(f"{column}: {text!r} must be above 0 % and at most 100 %")
    if not is_share and (most < 1 or most != int(most)):
        raise RecipeError(f"{column}: {text!r} must be a whole number of clips, or a share in %")
    return Rule(column=column, operator="at most", low=most, is_share=is_share, by=match[3] or "")


_EXAMPLES = '"top 75%", "bottom 90%", ">= 3", "1..20", "= pan" or "at most 2%"'


def _number(column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RecipeError(
            f"{column}: {text!r} is no number; write a rule like {_EXAMPLES}"
        ) from None


def _word(text: str) -> float | str:
    bare = text.strip().strip("'\"")
    try:
        return float(bare)
    except ValueError:
        return bare


def _plain(value: Any) -> str:
    """Return a value as text, so that 1, 1.0 and "1" are equal."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return f"{float(value):.12g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
