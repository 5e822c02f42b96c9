"""Imports point down, plug-ins stand alone, every module has a place and a line in the docs."""

import ast
import re
from pathlib import Path

import pytest

import rushes
from rushes import registry

ROOT = Path(rushes.__file__).parent
DOCS = ROOT.parents[1] / "docs" / "architecture.md"

ORDER = [  # a module imports only from lines above its own, and in its own line only to the left
    ["__init__"],
    ["errors", "records", "files"],
    ["stage", "registry", "rules", "recipe", "wheels"],
    ["media.probe", "media.decode", "media.picture", "media.stills", "media.framing",
     "media.sound", "media.encode", "reaches"],
    ["catalog.schema", "catalog.database", "catalog.catalog", "catalog"],
    ["probes", "detectors", "scorers", "exporters"],
    ["runner", "ingest", "scan", "cut", "clipping", "score", "select", "listing", "timeline",
     "export"],
    ["project"],
    ["testing", "contract", "progress", "printing", "cli"],
    ["__main__"],
]  # fmt: skip
ROW = {name: row for row, names in enumerate(ORDER) for name in names}
PLACE = {name: place for place, name in enumerate(name for names in ORDER for name in names)}
PLUGINS = ("probes", "detectors", "scorers", "exporters")
CLI_SEES = {"__init__", "project", "records", "errors", "printing", "progress"}


def modules():
    """Return name → path: "media.probe", "scorers.motion", "catalog"."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def imports(path):
    """Yield the modules of this package that a module imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] != "rushes", f"{path}: write from rushes import …"
        if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] != "rushes":
            continue
        assert node.level == 0, f"{path}: relative import"
        inner = node.module.removeprefix("rushes").lstrip(".")
        if inner:
            yield from {
                full if (full := f"{inner}.{alias.name}") in MODULES else inner
                for alias in node.names
            }
        else:
            for alias in node.names:
                yield "__init__" if alias.name == "__version__" else alias.name


def place(name):
    return PLACE[name.split(".")[0]] if name.split(".")[0] in PLUGINS else PLACE[name]


MODULES = modules()
CODE = [name for name in MODULES if name not in (*PLUGINS, "media")]


@pytest.mark.parametrize("name", CODE)
def test_imports_point_down(name):
    family = name.split(".")[0]
    assert name in PLACE or family in PLUGINS, f"give {name} a place in ORDER, and in {DOCS.name}"
    for other in imports(MODULES[name]):
        assert other in PLACE or other.split(".")[0] in PLUGINS, f"{name} imports {other}"
        assert place(other) < place(name), f"{name} imports {other}, which is not below it"


def test_plugins_stand_alone():
    stages = {value.partition(":")[0].removeprefix("rushes.") for value in
              registry.BUILT_IN.values()}  # fmt: skip
    for name in (n for n in CODE if n.split(".")[0] in PLUGINS):
        assert name in stages, f"{name} is in no line of the registry"
        for other in imports(MODULES[name]):
            assert ROW[other] <= ROW["media.probe"], f"{name} imports {other}"


def test_nothing_but_the_registry_knows_a_plugin_by_name():
    for name in CODE:
        for other in imports(MODULES[name]):
            assert other.split(".")[0] not in PLUGINS, f"{name} imports {other}"


def test_the_command_line_sees_the_project_and_nothing_below():
    assert set(imports(MODULES["cli"])) <= CLI_SEES


@pytest.mark.parametrize(
    ("word", "home"),
    [("sqlalchemy", "catalog"), ("sqlite3", "catalog"), ("av", "media"), ("subprocess", "wheels")],
)
def test_each_engine_has_one_home(word, home):
    for name, path in MODULES.items():
        if name.split(".")[0] in (home, "testing", "contract"):
            continue
        tree = ast.parse(path.read_text())
        used = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert word not in used, f"{name} imports {word}"


def test_no_module_is_two():
    for name, path in MODULES.items():
        lines = path.read_text().count("\n")
        assert lines <= 500, f"{name} has {lines} lines: it holds two ideas"
    banned = {"utils", "util", "helpers", "common", "misc", "manager"}
    assert not banned & {part for name in MODULES for part in name.split(".")}


def test_the_docs_name_every_module_in_its_row():
    rows = dict(
        (path.removesuffix(".py").replace("/", "."), int(row))
        for row, path in re.findall(r"^\| (\d) \| `([\w/]+\.py)` \|", DOCS.read_text(), re.M)
    )
    expected = {name for name in CODE if not name.startswith("__") and name != "catalog"}
    assert set(rows) == expected
    for name, path in MODULES.items():
        for other in imports(path) if name in rows else ():
            assert rows.get(other, 0) <= rows[name], f"{name} imports {other}; see {DOCS.name}"
