"""`recipe.toml` → typed params. An unknown key is an error that names the nearest known one.

Table name = verb, key = stage, subkey = field of the stage's `Params`:

    [cut]
    use = ["content", "fade"]      # the stages, in order
    max_s = 20.0                   # a setting of the verb itself
    content.threshold = 4.0        # a setting of one stage

`[select.NAME]` holds rules (see `rules`), `[export.NAME]` a selection, a format and its settings.
"""

import hashlib
import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from rushes.errors import RecipeError, nearest
from rushes.recipe.rules import Rule, parse_rule
from rushes.stages import registry
from rushes.stages.fingerprints import KINDS, Fingerprints, check_reads, fingerprints

DEFAULT = """\
# Settings of this project. `rushes recipe` prints all of them, defaults included.

[scan]
use = ["change", "still", "motion", "border", "comb", "transnet"]

[cut]
use = ["cascade", "fade"]
min_s = 1.0     # shorter shots make no clip
max_s = 20.0    # longer shots are divided evenly

[caption]
use = ["sidecar"]              # clip.txt or clip.caption beside clip.mp4

[score]
use = ["motion", "camera", "sharpness", "exposure", "picture", "layout"]

[select.main]
frames_damaged = "<= 0"        # undamaged clips only
motion.speed = "top 90%"       # the least moving tenth is left out

[export.main]
selection = "main"
to = "folder"
"""


_OWN = {"cut": "rushes.cuts.clips:ClipLengths"}
"""Verb with stages → dataclass of its own settings, as "module:Class"."""
_SETTINGS = {
    "ingest": "rushes.footage.ignore:Ingest",
    "coverage": "rushes.similarity.coverage:Coverage",
    "split": "rushes.selection.splits:Split",
    "dedup": "rushes.dedup.keep:Dedup",
    "hydrus": "rushes.hydrus.settings:Hydrus",
}
"""Verbs without stages: dataclass of their settings."""
_ENCODING = "rushes.media.write.encode:Encoding"
_NAMED = ("select", "export")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """One `[export.NAME]` of the recipe."""

    name: str
    selection: str
    to: str
    """Name of the exporter."""
    caption: str
    """Text for clips that have no caption of their own."""
    encoding: Any
    exporter: Any

    def with_format(self, to: str) -> "ExportPlan":
        """Return the plan with another exporter and that exporter's defaults."""
        exporter_class = registry.load(f"exporter/{to}")
        return replace(self, to=to, exporter=exporter_class(exporter_class.Params()))


class Recipe:
    """All settings of a project, checked and typed."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        """Check every key and value.

        Raises:
            RecipeError: An unknown key or a wrong value; the message names it.
        """
        known = [*KINDS, *_SETTINGS, *_NAMED]
        _check_keys("", raw, known)
        self._raw = raw
        for section, table in raw.items():
            if not isinstance(table, Mapping):
                raise RecipeError(f"{section} must be a table: write [{section}]")
        _check_numbers("", raw)
        self._stages: dict[str, dict[str, Any]] = {}
        self._own: dict[str, Any] = {}
        for section in KINDS:
            self._read_verb(section, raw.get(section, {}))
        for section, settings in _SETTINGS.items():
            self._own[section] = typed(section, raw.get(section, {}), _attribute(settings))
        check_reads(self._stages)
        reals = _real_columns(self._stages["score"])
        self.selections: dict[str, tuple[Rule, ...]] = {
            name: tuple(_rules(f"select.{name}", table, reals))
            for name, table in _named_tables("select", raw)
        }
        self.exports: dict[str, ExportPlan] = {
            name: self._read_export(name, table) for name, table in _named_tables("export", raw)
        }

    def stages(self, section: str) -> dict[str, Any]:
        """Return the stages of a verb by name, in the recipe's order."""
        return self._stages[section]

    def own(self, section: str) -> Any:
        """Return the settings of a verb itself."""
        return self._own[section]

    def resolved(self) -> dict[str, Any]:
        """Return every setting, defaults included, as tables like those of the TOML."""
        tables: dict[str, Any] = {}
        for section in KINDS:
            table: dict[str, Any] = {"use": list(self._stages[section])}
            if section in self._own:
                table |= _settings(self._own[section])
            for name, stage in self._stages[section].items():
                if settings := _settings(stage.params):
                    table[name] = settings
            tables[section] = table
        tables |= {section: _settings(self._own[section]) for section in _SETTINGS}
        tables["select"] = {
            name: {rule.column: str(rule).removeprefix(f"{rule.column} ") for rule in rules}
            for name, rules in self.selections.items()
        }
        tables["export"] = {
            plan.name: {"selection": plan.selection, "to": plan.to, "caption": plan.caption}
            | _settings(plan.encoding)
            | ({plan.to: s} if (s := _settings(plan.exporter.params)) else {})
            for plan in self.exports.values()
        }
        return tables

    @property
    def digest(self) -> str:
        """12 hex digits that change when any setting does."""
        return hashlib.sha256(repr(self.resolved()).encode()).hexdigest()[:12]

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """Identities of all results, each built on those that it reads."""
        return fingerprints(self._stages, self.own("cut"))

    def without(self, section: str, names: Collection[str]) -> "Recipe":
        """Return the recipe without some stages of a verb.

        Raises:
            RecipeError: Another stage reads one of them.
        """
        use = [name for name in self.stages(section) if name not in names]
        return Recipe({**self._raw, section: {**self._raw.get(section, {}), "use": use}})

    def _read_verb(self, section: str, table: Mapping[str, Any]) -> None:
        kind = KINDS[section]
        known_stages = registry.names(kind)
        own_class = _attribute(_OWN[section]) if section in _OWN else None
        own_keys = [f.name for f in fields(own_class)] if own_class else []
        _check_keys(section, table, ["use", *own_keys, *known_stages])
        defaults = tomllib.loads(DEFAULT)[section]["use"]
        use = table.get("use", defaults)
        if not isinstance(use, list) or not all(isinstance(name, str) for name in use):
            raise RecipeError(f"{section}.use must be a list of names, not {use!r}")
        stages = {}
        for name in use:
            stage_class = registry.load(f"{kind}/{name}")
            settings = table.get(name, {})
            stages[name] = stage_class(typed(f"{section}.{name}", settings, stage_class.Params))
        self._stages[section] = stages
        for name in set(table) & set(known_stages) - set(use):
            # Settings of unused stages are checked too, so that no typo hides there.
            typed(f"{section}.{name}", table[name], registry.load(f"{kind}/{name}").Params)
        if own_class:
            own = {key: table[key] for key in own_keys if key in table}
            self._own[section] = typed(section, own, own_class)

    def _read_export(self, name: str, table: Mapping[str, Any]) -> ExportPlan:
        where = f"export.{name}"
        encoding_class = _attribute(_ENCODING)
        encoding_keys = [f.name for f in fields(encoding_class)]
        formats = registry.names("exporter")
        _check_keys(where, table, ["selection", "to", "caption", *encoding_keys, *formats])
        to = table.get("to", "folder")
        selection = table.get("selection", name)
        if selection not in self.selections:
            raise RecipeError(
                f"{where}.selection: there is no [select.{selection}]"
                f"{nearest(str(selection), list(self.selections))}"
            )
        exporter_class = registry.load(f"exporter/{to}")
        return ExportPlan(
            name=name,
            selection=selection,
            to=to,
            caption=str(table.get("caption", "")),
            encoding=typed(
                where, {key: table[key] for key in encoding_keys if key in table}, encoding_class
            ),
            exporter=exporter_class(
                typed(f"{where}.{to}", table.get(to, {}), exporter_class.Params)
            ),
        )


def load(path: Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe file and apply `--set` changes such as "cut.max_s=10".

    Raises:
        RecipeError: The file is missing or not TOML, or a key or value is wrong.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error
    for change in changes:
        _apply(raw, change)
    try:
        return Recipe(raw)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}" if not changes else str(error)) from None


def typed(where: str, settings: Any, params_class: type) -> Any:
    """Return `settings` as an instance of the dataclass `params_class`.

    Raises:
        RecipeError: An unknown key, a wrong type, or a value that the class itself refuses.
    """
    import msgspec

    if not isinstance(settings, Mapping):
        raise RecipeError(f"{where} must be a table of settings, not {settings!r}")
    _check_keys(where, settings, [f.name for f in fields(params_class)])
    try:
        return msgspec.convert(dict(settings), params_class)
    except msgspec.ValidationError as error:
        message = str(error).replace(" - at `$.", f" - at `{where}.")
        raise RecipeError(f"{where}: {message}") from None


def _check_keys(where: str, table: Any, known: list[str]) -> None:
    if not isinstance(table, Mapping):
        raise RecipeError(f"{where} must be a table, not {table!r}")
    for key in table:
        if key not in known:
            full = f"{where}.{key}" if where else key
            hint = nearest(key, known)
            raise RecipeError(f"unknown key {full}{hint or '; known: ' + ', '.join(known)}")


def _named_tables(section: str, raw: Mapping[str, Any]) -> list[tuple[str, Any]]:
    tables = raw.get(section, tomllib.loads(DEFAULT)[section])
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise RecipeError(f"{section}.{name}: write it under a name, as in [{section}.main]")
    return list(tables.items())


_MAY_BE_ENDLESS = ("cut.max_s",)
"""Settings that may be infinite."""
_NEVER_NEGATIVE = ("_s", "_px", "_hz", "_frames", "_size", "fps")
"""Ends of the names of settings that are lengths, sizes or rates."""


def _check_numbers(where: str, value: Any) -> None:
    """Check the numbers of a table, at any depth.

    Raises:
        RecipeError: One is nan, infinite, or a negative length; the message has its key.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_numbers(f"{where}.{key}" if where else key, inner)
    elif isinstance(value, int | float):
        if not math.isfinite(value) and (where not in _MAY_BE_ENDLESS or value != math.inf):
            raise RecipeError(f"{where} = {value}: write a finite number")
        if value < 0 and where.endswith(_NEVER_NEGATIVE):
            raise RecipeError(f"{where} = {value}: it cannot be negative")


def _real_columns(scorers: Mapping[str, Any]) -> set[str]:
    """Return the columns of numbers that hardly ever equal another number."""
    scores = {
        f"{name}.{field.name}"
        for name, scorer in scorers.items()
        for field in scorer.fields
        if field.dtype == "real"
    }
    return {"duration_s", "fps", *scores}


def _rules(where: str, table: Mapping[str, Any], reals: Collection[str]) -> list[Rule]:
    """Return the rules of a selection.

    Args:
        where: Name of its table.
        table: Column → rule; columns of a scorer may be in a table of its own.
        reals: Columns for which a bare number is no rule.
    """
    texts: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            texts += [(f"{key}.{field}", text) for field, text in value.items()]
        else:
            texts.append((key, value))
    for column, text in texts:
        if column in reals and isinstance(text, int | float) and not isinstance(text, bool):
            raise RecipeError(
                f"{where}.{column} = {text}: no value is exactly {text}; write it as a rule: "
                f'">= {text}" or "<= {text}"'
            )
    return [parse_rule(column, text) for column, text in texts]


def _attribute(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def _settings(params: Any) -> dict[str, Any]:
    """Return a dataclass as a TOML table, in which None is absence."""
    return {key: value for key, value in asdict(params).items() if value is not None}


def _apply(raw: dict[str, Any], change: str) -> None:
    key, separator, text = change.partition("=")
    if not separator or not key.strip():
        raise RecipeError(f"--set {change!r}: write it as a.b=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()  # a bare word, as in --set export.main.to=webdataset
    table = raw
    *parents, last = key.strip().split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise RecipeError(f"--set {change!r}: {parent} is a value, not a table")
    table[last] = value
