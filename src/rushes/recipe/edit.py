"""Edits of the rules in `recipe.toml` that leave all else in the file as a person wrote it.

A recipe is edited line by line: only lines with a rule that changes are touched. The result is read
again and compared before it is written, so a layout that this module does not know is refused and
never damaged.
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
    """The rule of one column before and after an edit."""

    column: str
    before: str | None
    """The rule in the recipe, without its column; None: there is none."""
    after: str | None
    """The rule after the edit; None: it is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An edit of a recipe that is not written yet."""

    changes: tuple[Change, ...]
    stays: tuple[str, ...]
    """Quotas, which no edit changes."""
    stamp: str
    """Hash of the recipe before; another hash means that somebody has changed it since."""
    text: str
    """The recipe after the edit."""


class RulesFile:
    """The current rules of all selections of a recipe file; safe for several threads."""

    def __init__(self, path: Path, selections: Mapping[str, Sequence[Rule]]) -> None:
        """Read the recipe; `selections` are the rules in force if it cannot be read."""
        self._path = path
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self.selections = selections
        self.refresh()

    def refresh(self) -> bool:
        """Read the file again if it has changed; return whether any rule has.

        A file that cannot be read, half written or gone, changes nothing.
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
        """Write a plan, unless the recipe has changed since a person saw it.

        Args:
            plan: The edit.
            stamp: Stamp of the plan that the person saw.

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
    """Return the edit after which `[select.NAME]` has exactly `rules`, besides its quotas.

    Comments, order, quotas and every other key stay byte for byte; so does a rule that means the
    same in another spelling.

    Args:
        path: The recipe.
        selection: NAME; the table is added if it is missing.
        rules: One for each column.

    Raises:
        RecipeError: The file cannot be read, or not edited without changing something else.
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
                f"{column} already has a quota in [select.{selection}], and takes one rule only: "
                "remove the filter, or the quota from recipe.toml"
            )
        before_after = [_without_column(rule) if rule else None for rule in (was, now)]
        lines.put(column, before_after[1])
        changes.append(Change(column=column, before=before_after[0], after=before_after[1]))
    if changes and selection not in tomllib.loads(before).get("select", {}):
        # Until now the defaults were in force; a table of its own replaces all of them.
        lines = _Lines(before, selection)
        for rule in rules:
            lines.put(rule.column, _without_column(rule))
    if changes and selection not in tomllib.loads(lines.text()).get("select", {}):
        lines.begin()
    text = lines.text() if changes else before
    if not _holds(text, before, selection, new):
        raise RecipeError(
            f"{path}: the page cannot edit the layout of these rules; edit [select] by hand"
        )
    return Plan(
        changes=tuple(changes),
        stays=tuple(str(quota) for quota in quotas),
        stamp=_stamp(before),
        text=text,
    )


def _stamp(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_column(rule: Rule) -> str:
    return str(rule).removeprefix(f"{rule.column} ")


def _holds(text: str, before: str, selection: str, wanted: Mapping[str, Rule]) -> bool:
    """Return whether a recipe has the wanted rules and is otherwise unchanged."""
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
    """Position of a key in the file."""

    line: int
    table: tuple[str, ...]
    """Keys of the header above it."""
    path: tuple[str, ...]
    """Its own keys below that header; empty for the header itself."""
    value: Any
    is_inline: bool
    """Whether it is in an inline table, between braces."""


class _Lines:
    """The lines of a recipe, for edits of the rules of one selection."""

    def __init__(self, text: str, selection: str) -> None:
        self._table = ("select", selection)
        self._end = "\r\n" if "\r\n" in text else "\n"
        self._lines = text.splitlines(keepends=True)

    def text(self) -> str:
        """Return the edited recipe."""
        return "".join(self._lines)

    def put(self, column: str, rule: str | None) -> None:
        """Change, add or (None) remove the rule of a column; quotas stay."""
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
            except TOMLKitError:  # part of a value of several lines
                continue
            if line.lstrip().startswith("["):
                table = next(_leaves(raw), ((), None, False))[0]
                found.append(_Place(at, table, (), None, False))
            else:
                found += [_Place(at, table, *leaf) for leaf in _leaves(raw)]
        return found

    def _add(self, column: str, rule: str) -> None:
        """Add a rule at the end of its stage's table if there is one, else of the selection's."""
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
        """Append the selection's header."""
        self._close()
        self._lines += [self._end] * bool(self._lines)
        self._lines.append(f"[{tomlkit.key(list(self._table)).as_string()}]{self._end}")

    def _close(self) -> None:
        """End the last line with a line break."""
        if self._lines and not self._lines[-1].endswith("\n"):
            self._lines[-1] += self._end


def _leaves(table: Any, is_inline: bool = False) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """Yield path, value and whether it is inline, for all keys in a piece of TOML.

    A table without keys counts too: a header alone is one.
    """
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = list(_leaves(value, is_inline or isinstance(value, InlineTable)))
            for path, leaf, inside in inner or [((), None, False)]:
                yield (key, *path), leaf, inside
        else:
            yield (key,), value, is_inline


def _edited(line: str, path: Sequence[str], rule: str | None) -> str:
    """Return a line with the value at a path changed, added or (None) removed."""
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
