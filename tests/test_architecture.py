"""Imports point down, plug-ins stand alone, every module has a place and a line in the docs."""

import ast
import re
from pathlib import Path

import pytest

import rushes
from rushes import registry

ROOT = Path(rushes.__file__).parent
DOCS = ROOT.parents[1] / "docs" / "architecture.md"

TABLE = [  # (row, module) in the order of the page
    (int(row), path.removesuffix(".py").replace("/", "."))
    for row, path in re.findall(r"^\| (\d) \| `([\w/]+\.py)` \|", DOCS.read_text(), re.M)
]
ROW = {name: row for row, name in TABLE}
LINE = {name: line for line, (_, name) in enumerate(TABLE)}
FIXED = {"records": 0, "errors": 0, "stage": 1, "registry": 1, "recipe": 1, "media": 2,
         "catalog": 3, "probes": 3, "detectors": 3, "scorers": 3, "captioners": 3, "exporters": 3,
         "runner": 4, "project": 5, "cli": 6}  # fmt: skip
PLUGINS = ("probes", "detectors", "captioners", "scorers", "exporters")
CLI_SEES = {"web.serve", "__init__", "project", "records", "errors", "printing", "progress"}


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


MODULES = modules()
CODE = [name for name in MODULES if not name.startswith("__")]
PACKAGES = {name for name in MODULES if MODULES[name].name == "__init__.py"}


def lines(name):
    """Return the lines of the table that a module, or all files of a package, stands in."""
    return [line for n, line in LINE.items() if n == name or n.startswith(f"{name}.")]


def test_the_docs_name_every_module():
    assert set(LINE) == set(CODE) - PACKAGES, f"{DOCS.name} must list each module in its row"
    assert len(LINE) == len(TABLE)
    assert [row for row, _ in TABLE] == sorted(row for row, _ in TABLE)


def test_the_layers_are_where_they_belong():
    for name, row in FIXED.items():
        for line in lines(name):
            assert TABLE[line][0] == row, f"{TABLE[line][1]} belongs in row {row}"


@pytest.mark.parametrize("name", CODE)
def test_imports_point_down(name):
    family = name.split(".")[0]
    assert lines(name), f"{DOCS.name} does not list {name}"
    for other in imports(MODULES[name]):
        if other == "__init__" or (other.split(".")[0] == family and family not in PLUGINS):
            continue
        assert lines(other), f"{name} imports {other}, which {DOCS.name} does not list"
        assert max(lines(other)) < min(lines(name)), f"{name} imports {other}, not above it"


def test_plugins_stand_alone():
    paths = registry.BUILT_IN.values()
    stages = {path.partition(":")[0].removeprefix("rushes.") for path in paths}
    for name in (n for n in CODE if n.split(".")[0] in PLUGINS and n not in PACKAGES):
        assert name in stages, f"{name} is in no line of the registry"
        for other in imports(MODULES[name]):
            assert ROW[other] <= 2, f"{name} imports {other}"


def test_nothing_but_the_registry_knows_a_plugin_by_name():
    for name in CODE:
        for other in imports(MODULES[name]):
            assert other.split(".")[0] not in PLUGINS, f"{name} imports {other}"


def test_the_command_line_sees_the_project_and_nothing_below():
    for name in (name for name in MODULES if name.split(".")[0] == "cli"):
        seen = {other for other in imports(MODULES[name]) if other.split(".")[0] != "cli"}
        assert seen <= CLI_SEES, name


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
