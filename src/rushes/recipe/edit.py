"""Writes rules into `recipe.toml` without disturbing what a person wrote there.

A recipe is edited line by line: only lines that hold a rule that changes are touched. What comes
out is read again and compared before anything is written, so a file that is written in a way that
was not thought of is refused, and never spoilt.
"""

import hashlib
import shutil
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from rushes.errors import RecipeError
from rushes.files import whole
from rushes.recipe.recipe import Recipe, load
from rushes.recipe.rules import Rule, parse_rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of the rule of one column."""

    column: str
    before: str | None
    """The rule as the recipe has it, without its column; None: it has none."""
    after: str | None
    """The rule as it will be; None: it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What saving does to a recipe; nothing is written yet."""

    changes: tuple[Change, ...]
    stays: tuple[str, ...]
    """Quotas, which are left as they are."""
    stamp: str
    """Of the recipe as it was read: another one means that somebody has changed it since."""
    text: str
    """The recipe as it would be."""


class RulesFile:
    """The rules of all selections, as the recipe has them by now; several threads may ask."""

    def __init__(self, path: Path, selections: Mapping[str, Sequence[Rule]]) -> None:
        """Read the recipe; `selections` is what holds where it cannot be read."""
        self._path = path
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self.selections = selections
        self.refresh()

    def refresh(self) -> bool:
        """Take in what somebody has changed in the file; return whether anything is new.

        A file that cannot be read just now, half written or gone, changes nothing.
        """
        with self._lock:
            try:
                facts = self._path.stat()
                seen = facts.st_mtime_ns, facts.st_size
                if seen == self._read_at:
                    return False
                self._read_at = seen
                before, self.selections = self.selections, load(self._path).selections
            except (OSError, RecipeError):
                return False
            return before != self.selections

    def save(self, plan: Plan, stamp: str) -> bool:
        """Write a plan if it is one of the recipe that a person has seen, by its stamp, and is now.

        Returns:
            False if somebody has changed the recipe since; then nothing is written.
        """
        with self._lock:
            if plan.stamp != stamp or _stamp(self._path.read_bytes().decode()) != stamp:
                return False
            if plan.changes:
                with whole(self._path) as temporary:
                    temporary.write_bytes(plan.text.encode())
                    shutil.copymode(self._path, temporary)
            return True


def plan_rules(path: Path, selection: str, rules: Sequence[Rule]) -> Plan:
    """Return what it takes to make the rules of `[select.NAME]`, but for quotas, exactly `rules`.

    Comments, order, quotas and every other key stay as they are, byte for byte; so does a rule
    that says the same in other words.

    Args:
        path: The recipe.
        selection: NAME; the table is added if it is not there.
        rules: One for each column.

    Raises:
        RecipeError: The file cannot be read, or rules cannot be put into it.
    """
    had = load(path).selections.get(selection, ())
    before = path.read_bytes().decode()
    quotas = [rule for rule in had if rule.is_quota]
    old = {rule.column: rule for rule in had if not rule.is_quota}
    new = {rule.column: rule for rule in rules}
    changes = []
    lines = _Lines(before, selection)
    for column in dict.fromkeys([*old, *new]):
        was, now = old.get(column), new.get(column)
        if was and now and now.means(was):
            continue
        if not was and any(quota.column == column for quota in quotas):
            raise RecipeError(
                f"{column} has a quota in [select.{selection}], and a column takes one rule "
                "there: take the filter away, or the quota out of recipe.toml"
            )
        said = [_said(rule) if rule else None for rule in (was, now)]
        lines.put(column, said[1])
        changes.append(Change(column=column, before=said[0], after=said[1]))
    if changes and selection not in tomllib.loads(before).get("select", {}):
        # What was in force until now are defaults: where something is written, they go.
        lines = _Lines(before, selection)
        for rule in rules:
            lines.put(rule.column, _said(rule))
    if changes and selection not in tomllib.loads(lines.text()).get("select", {}):
        lines.begin()
    text = lines.text() if changes else before
    if not _holds(text, before, selection, new):
        raise RecipeError(
            f"{path}: the rules are written there in a way that the page cannot change; "
            "edit [select] by hand"
        )
    return Plan(
        changes=tuple(changes),
        stays=tuple(str(quota) for quota in quotas),
        stamp=_stamp(before),
        text=text,
    )


def _stamp(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _said(rule: Rule) -> str:
    return str(rule).removeprefix(f"{rule.column} ")


def _holds(text: str, before: str, selection: str, wanted: Mapping[str, Rule]) -> bool:
    """Return whether a recipe has the rules that are wanted, and is what it was in all else."""
    try:
        raws = [tomllib.loads(text), tomllib.loads(before)]
    except tomllib.TOMLDecodeError:
        return False
    now, was = (Recipe(raw).selections.get(selection, ()) for raw in raws)
    limits = [rule for rule in now if not rule.is_quota]
    rest = [
        {**raw, "select": {n: t for n, t in raw.get("select", {}).items() if n != selection}}
        for raw in raws
    ]
    return (
        rest[0] == rest[1]
        and {rule for rule in now if rule.is_quota} == {rule for rule in was if rule.is_quota}
        and sorted(rule.column for rule in limits) == sorted(wanted)
        and all(rule.means(wanted[rule.column]) for rule in limits)
    )


class _Place(NamedTuple):
    """Where a key stands."""

    line: int
    table: tuple[str, ...]
    """The header it stands below."""
    path: tuple[str, ...]
    """Its own keys, from there; empty for the header itself."""
    value: Any
    is_inline: bool
    """Whether it stands between braces."""


class _Lines:
    """The lines of a recipe, and which of them holds which rule of one selection."""

    def __init__(self, text: str, selection: str) -> None:
        self._table = ("select", selection)
        self._end = "\r\n" if "\r\n" in text else "\n"
        self._lines = text.splitlines(keepends=True)

    def text(self) -> str:
        """Return the recipe as it is by now."""
        return "".join(self._lines)

    def put(self, column: str, rule: str | None) -> None:
        """Change, add or (None) take out the rule of a column; quotas are no rules here."""
        for place in self._places():
            where = (*place.table, *place.path)
            if where[:2] != self._table or ".".join(where[2:]) != column:
                continue
            if not parse_rule(column, place.value).is_quota:
                self._lines[place.line] = _edited(self._lines[place.line], place.path, rule)
                return
        if rule is not None:
            self._add(column, rule)

    def _places(self) -> list[_Place]:
        table: tuple[str, ...] = ()
        found = []
        for at, line in enumerate(self._lines):
            try:
                raw = tomlkit.parse(line)
            except TOMLKitError:  # a part of something that has several lines
                continue
            if line.lstrip().startswith("["):
                table = next(_leaves(raw), ((), None, False))[0]
                found.append(_Place(at, table, (), None, False))
            else:
                found += [_Place(at, table, *leaf) for leaf in _leaves(raw)]
        return found

    def _add(self, column: str, rule: str) -> None:
        """Put a rule behind the last of its table; of its stage's table, where it has its own."""
        keys = tuple(column.split(".", 1))
        places = self._places()
        for place in places:
            if place.is_inline and (*place.table, *place.path[:-1]) == (*self._table, keys[0]):
                line = self._lines[place.line]
                self._lines[place.line] = _edited(line, (*place.path[:-1], *keys[1:]), rule)
                return
        full = (*self._table, *keys)
        tables = {place.table for place in places if not place.path}
        table = next((full[:n] for n in (3, 2) if n < len(full) and full[:n] in tables), ())
        if not table and any(place.table + place.path[:1] == self._table for place in places):
            table = self._table[:1]  # [select], and below it main.motion.speed = …
        if not table:
            self.begin()
            table, at, indent = self._table, len(self._lines), ""
        else:
            at = max(place.line for place in places if place.table == table) + 1
            last = self._lines[at - 1]
            indent = last[: len(last) - len(last.lstrip())]
            if at == len(self._lines):
                self._close()
        key = tomlkit.key(list(full[len(table) :])).as_string()
        self._lines.insert(at, f"{indent}{key} = {tomlkit.item(rule).as_string()}{self._end}")

    def begin(self) -> None:
        """Put the selection's header at the end."""
        self._close()
        self._lines += [self._end] * bool(self._lines)
        self._lines.append(f"[{tomlkit.key(list(self._table)).as_string()}]{self._end}")

    def _close(self) -> None:
        """End the last line, so that another can follow."""
        if self._lines and not self._lines[-1].endswith("\n"):
            self._lines[-1] += self._end


def _leaves(table: Any, is_inline: bool = False) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """Yield the paths, values and whether they are inline of all keys in a piece of TOML.

    A table without keys is told, too: that is what a header alone is.
    """
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = list(_leaves(value, is_inline or isinstance(value, InlineTable)))
            for path, leaf, inside in inner or [((), None, False)]:
                yield (key, *path), leaf, inside
        else:
            yield (key,), value, is_inline


def _edited(line: str, path: Sequence[str], rule: str | None) -> str:
    """Return a line with the value at a path changed, added or (None) taken out."""
    document = tomlkit.parse(line)
    table: Any = document
    for key in path[:-1]:
        table = table[key]
    if rule is not None:
        table[path[-1]] = rule
    elif isinstance(table, InlineTable) and len(table) > 1:
        del table[path[-1]]
    else:
        return ""
    return tomlkit.dumps(document)
