"""Rules such as `motion.speed = "top 90%"`: the parser, and the test of values against a rule.

| rule | keeps |
|---|---|
| "top 75%" | the three quarters with the largest values |
| "bottom 90%" | the nine tenths with the smallest values |
| ">= 3", "> 3", "<= 3", "< 3" | values on that side of 3 |
| "1..20" | values from 1 to 20, both included |
| "= pan" or "pan" | exactly that text or number |
| "!= pan" | everything else |
| "= pan | tilt", "!= 3 | 4" | any of these texts or numbers; none of them |
| "= 'a | b.mp4'", "= '007'" | the text in quotes (a quote inside is written twice) |
| "at most 2%" | at most that share of the selected clips, for each value: a quota |
| "at most 20 by motion.speed" | for each value the 20 clips with the largest in that column |

A missing value passes no rule. A percentile is taken over all candidates with the value, so the
order of rules does not matter. Quotas come after all other rules: see `selection.quotas`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from rushes.errors import RecipeError

Operator = Literal["top", "bottom", ">=", ">", "<=", "<", "between", "=", "!=", "at most"]

_SIZE = r"[\d.]+(?:[eE][-+]?\d+)?"
_PERCENT = re.compile(rf"(top|bottom)\s+({_SIZE})\s*%")
_QUOTA = re.compile(rf"at\s+most\s+({_SIZE})\s*(%?)(?:\s+by\s+(-?[\w.]+))?")
_RANGE = re.compile(rf"(-?{_SIZE})\s*\.\.\s*(-?{_SIZE})")
_SIDE = re.compile(r"(>=|<=|!=|>|<|=)\s*(.*)", re.DOTALL)
_TERM = re.compile(r"([\w.]+)(?:\s+|(?=[<>=!]))(.+)", re.DOTALL)
_QUOTED = r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*")"""
_ALTERNATIVE = re.compile(rf"\s*({_QUOTED})\s*(\||\Z)|([^|]*)(\||\Z)")
_AND = re.compile(rf"[=|]\s*{_QUOTED}(?=\s*(?:\||\Z|\sand\s))|(\sand\s)", re.IGNORECASE)
"""The "and" between conditions, outside quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition on one column."""

    column: str
    """Name of the column: "motion.speed" for a score, or "duration_s", "verdict"."""
    operator: Operator
    low: float | str
    """The percentage, the limit, the lower end of a range, or the first value of = or !=."""
    others: tuple[float | str, ...] = ()
    """Further values of = or !=."""
    high: float | None = None
    """The upper end of a range."""
    is_share: bool = False
    """Whether a quota is a percentage of the selected clips."""
    by: str = ""
    """Column whose largest values a quota keeps ("-column": smallest); empty: clips spread evenly
    over all."""

    @property
    def is_quota(self) -> bool:
        """Whether it limits the number of clips of each value, and not the values."""
        return self.operator == "at most"

    @property
    def values(self) -> tuple[float | str, ...]:
        """All texts and numbers of = or !=."""
        return (self.low, *self.others)

    def means(self, other: "Rule") -> bool:
        """Return whether two rules are equal but for the order of their values."""
        return (
            replace(self, low=0, others=()) == replace(other, low=0, others=())
            and set(self.values) == set(other.values)
        )  # fmt: skip

    def __str__(self) -> str:
        """Return the rule as a recipe writes it, after its column."""
        if self.operator in ("top", "bottom"):
            return f"{self.column} {self.operator} {_exact(self.low)}%"
        if self.is_quota:
            order = f" by {self.by}" if self.by else ""
            return f"{self.column} at most {_plain(self.low)}{'%' * self.is_share}{order}"
        if self.operator == "between":
            return f"{self.column} {_exact(self.low)}..{_exact(self.high)}"
        if self.operator in ("=", "!="):
            return f"{self.column} {self.operator} {' | '.join(map(_written, self.values))}"
        return f"{self.column} {self.operator} {_exact(self.low)}"

    def resolved(self, values: np.ndarray) -> "Rule":
        """Return the rule with a percentile replaced by its limit over `values` (1-D)."""
        if self.operator not in ("top", "bottom"):
            return self
        self._check_numbers(values)
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
        """Return which of `values` pass (bool, 1-D); a missing value never does.

        A percentile must be `resolved` first. A tuple, such as a clip's tags, equals each of its
        members: "= sea" passes clips with that tag, "!= sea" those without it. Every value passes a
        quota, which only all clips together can break.

        Args:
            values: float64 with NaN, or object with None, where missing.

        Raises:
            RecipeError: The values are text and the rule compares numbers.
        """
        if self.is_quota:
            return np.array([value is not None and value == value for value in values], bool)
        if self.operator in ("=", "!="):
            named = {_plain(value) for value in self.values}
            is_there = np.array([value is not None and value == value for value in values], bool)
            is_equal = np.array([not named.isdisjoint(_members(value)) for value in values], bool)
            return np.asarray(is_there & (is_equal if self.operator == "=" else ~is_equal))
        self._check_numbers(values)
        numbers = values.astype(float)
        if self.operator == "between":
            return np.asarray((numbers >= self.low) & (numbers <= self.high))
        compare = {
            ">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less,
        }[self.operator]  # fmt: skip
        return np.asarray(compare(numbers, float(self.low)))

    def _check_numbers(self, values: np.ndarray) -> None:
        if values.dtype == object and any(isinstance(value, str | tuple) for value in values):
            raise RecipeError(f"{self.column} is text; compare it with = or !=, not in {self}")


def parse_rule(column: str, text: Any) -> Rule:
    """Return the rule of a line `column = text` of a recipe.

    Raises:
        RecipeError: The text is not a rule.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise RecipeError(f"{column}: {text!r} is not a rule; write one like {_EXAMPLES}")
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
            raise RecipeError(f"{column}: the range {text!r} is empty; write the smaller end first")
        return Rule(column=column, operator="between", low=low, high=high)
    if match := _SIDE.fullmatch(stripped):
        if match[1] in ("=", "!="):
            first, *others = _values(column, match[2])
            return Rule(column=column, operator=match[1], low=first, others=tuple(others))  # type: ignore[arg-type]
        limit = _number(column, match[2])
        return Rule(column=column, operator=match[1], low=limit)  # type: ignore[arg-type]
    if not stripped or stripped.split()[0] in ("top", "bottom", "at") or "%" in stripped:
        raise RecipeError(f"{column}: {text!r} is not a rule; write one like {_EXAMPLES}")
    first, *others = _values(column, stripped)
    return Rule(column=column, operator="=", low=first, others=tuple(others))


def parse_where(expression: str) -> list[Rule]:
    """Return the rules of `--where`: "motion.speed > 3 and duration_s 1..5"."""
    rules = []
    for term in _split(expression):
        match = _TERM.fullmatch(term)
        if not match:
            raise RecipeError(f"--where: {term!r} is not a condition; write one like 'frames > 48'")
        rules.append(parse_rule(match[1], match[2]))
    return rules


def _split(expression: str) -> list[str]:
    """Return the conditions between the "and"s."""
    joins = [match.span() for match in _AND.finditer(expression) if match[1]]
    starts = [0, *(end for _, end in joins)]
    ends = [*(start for start, _ in joins), len(expression)]
    return [expression[a:b].strip() for a, b in zip(starts, ends, strict=True)]


def _quota(column: str, text: str, match: re.Match[str]) -> Rule:
    most, is_share = _number(column, match[1]), bool(match[2])
    if is_share and not 0 < most <= 100:
        raise RecipeError(f"{column}: {text!r} must be above 0 % and at most 100 %")
    if not is_share and (most < 1 or most != int(most)):
        raise RecipeError(f"{column}: {text!r} must be a whole number of clips, or a share in %")
    return Rule(column=column, operator="at most", low=most, is_share=is_share, by=match[3] or "")


_EXAMPLES = '"top 75%", "bottom 90%", ">= 3", "1..20", "= pan | tilt" or "at most 2%"'


def _number(column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise RecipeError(f"{column}: {text!r} is not a number; write a rule like {_EXAMPLES}")
    return number


def _values(column: str, text: str) -> Sequence[float | str]:
    """Return the values between the |, each once.

    Raises:
        RecipeError: A value is missing.
    """
    found: dict[float | str, None] = {}
    at, bar = 0, "|"
    while bar and (match := _ALTERNATIVE.match(text, at)):
        quoted, bare = match[1], (match[3] or "").strip()
        if quoted:
            found[quoted[1:-1].replace(2 * quoted[0], quoted[0])] = None
        elif bare:
            found[_number_or(bare, bare)] = None
        else:
            raise RecipeError(
                f"{column}: {text!r} has nothing beside a |; write a rule like {_EXAMPLES}"
            )
        at, bar = match.end(), match[2] or match[4]
    return list(found)


def _number_or(text: str, otherwise: Any) -> Any:
    try:
        number = float(text)
    except ValueError:
        return otherwise
    return number if np.isfinite(number) else otherwise


def _written(value: float | str) -> str:
    """Return a value as rules write it: text in quotes where it would be misread without."""
    if not isinstance(value, str):
        return _plain(value)
    is_plain = (
        value == value.strip() != ""
        and "|" not in value
        and value[0] not in "'\""
        and _number_or(value, None) is None
        and not re.search(r"\sand\s", value, re.IGNORECASE)
    )
    return value if is_plain else "'" + value.replace("'", "''") + "'"


def _exact(value: Any) -> str:
    """Return a limit as text that reads back as the same number."""
    short = _plain(value)
    return short if float(short) == value else repr(float(value))


def _members(value: Any) -> set[str]:
    """Return a value as text, or each member of a tuple, such as a clip's tags."""
    return {_plain(one) for one in value} if isinstance(value, tuple) else {_plain(value)}


def _plain(value: Any) -> str:
    """Return a value as text, so that 1, 1.0 and "1" are equal."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return f"{float(value):.12g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
