"""Imports form no circle, plug-ins stand alone, each engine has one home, the docs name all."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import rushes
from rushes.stages import registry

ROOT = Path(rushes.__file__).parent
DOCS = ROOT.parents[1] / "docs" / "architecture.md"

SHELVES = (
    "annotation.captioners",
    "annotation.scorers",
    "cuts.detectors",
    "exports.formats",
    "footage.probes",
    "footage.sources",
)
"""Packages of plug-ins."""
CLOSED = ("catalog", "context", "footage.scan", "project", "recipe", "runner", "workspace")
"""Modules and packages that no plug-in reaches, whoever imports them on its behalf."""
HOMES = {
    "av": ("media", "testing"),
    "diffusers": ("annotation", "training"),
    "obstore": ("remote",),
    "peft": ("annotation", "training"),
    "ray": ("runner.ray",),
    "sqlalchemy": ("catalog",),
    "sqlite3": ("catalog",),
    "subprocess": ("media", "models.wheel", "testing"),
    "torch": ("annotation", "cuts.network", "training"),
    "transformers": ("annotation", "training"),
}
"""Engine → the packages and modules that may import it."""
CLI_SEES = {"errors", "project", "records", "version", "web.serve", "words"}
UNTOLD = {"utils", "util", "helpers", "common", "misc", "manager"}


def sources(root=ROOT):
    """Return module → its syntax tree: "media.probe", "catalog"; the package itself is ""."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = ast.parse(path.read_text(), str(path))
    return found


def imported(tree):
    """Yield (module, name or None) for each import of a tree, at its top or inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from ((node.module, alias.name) for alias in node.names)


def graph(trees):
    """Return module → the modules of this package that it imports."""
    arrows = {}
    for module, tree in trees.items():
        arrows[module] = set()
        for name, member in imported(tree):
            if name.split(".")[0] != "rushes":
                continue
            inner = name.removeprefix("rushes").lstrip(".")
            full = f"{inner}.{member}".lstrip(".")
            arrows[module].add(full if full in trees else inner)
        arrows[module].discard(module)
    return arrows


def within(module, places):
    return any(module == place or module.startswith(f"{place}.") for place in places)


def circle(arrows):
    """Return the names of a circle, or None."""
    try:
        tuple(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        return error.args[1]
    return None


def between_packages(arrows):
    """Return package → packages that its files import; a file on the top floor is one, too."""
    packages = {}
    for module, others in arrows.items():
        package = module.split(".")[0]
        if package in ("", "__main__"):  # the door to all the others
            continue
        into = packages.setdefault(package, set())
        into |= {other.split(".")[0] for other in others if other} - {package}
    return packages


def reached(arrows, module):
    """Return all modules that importing one brings in."""
    seen, waiting = set(), [module]
    while waiting:
        for other in arrows.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def plugin_breaches(arrows):
    """Return a line for each plug-in that reaches an engine or another plug-in."""
    lines = []
    for module in arrows:
        if not within(module, SHELVES) or module in SHELVES:
            continue
        for other in sorted(reached(arrows, module)):
            if within(other, CLOSED):
                lines.append(f"{module} reaches {other}")
            if within(other, SHELVES) and other not in SHELVES:
                lines.append(f"{module} reaches the plug-in {other}")
    return lines


def engine_breaches(trees):
    """Return a line for each import of an engine outside its home."""
    lines = []
    for module, tree in trees.items():
        for name, _ in imported(tree):
            engine = name.split(".")[0]
            if engine in HOMES and not within(module, HOMES[engine]):
                lines.append(f"{module} imports {engine}")
    return lines


TREES = sources()
ARROWS = graph(TREES)


def test_files_import_no_circle():
    assert circle(ARROWS) is None


def test_packages_import_no_circle():
    assert circle(between_packages(ARROWS)) is None


def test_plugins_reach_no_engine_and_no_other_plugin():
    assert plugin_breaches(ARROWS) == []


def test_each_engine_has_one_home():
    assert engine_breaches(TREES) == []


@pytest.mark.parametrize(
    ("planted", "breach"),
    [
        ({"a/b.py": "from rushes.a import c", "a/c.py": "from rushes.a.b import x"}, "files"),
        ({"a/b.py": "from rushes.c.d import x", "a/e.py": "", "c/d.py": "",
          "c/f.py": "from rushes.a.e import x"}, "packages"),
        ({"annotation/scorers/red.py": "from rushes.media.grey import x",
          "media/grey.py": "def late():\n    from rushes.catalog.catalog import Catalog",
          "catalog/catalog.py": ""}, "plug-in"),
        ({"annotation/scorers/red.py": "from rushes.annotation.scorers.blue import Blue",
          "annotation/scorers/blue.py": ""}, "plug-in"),
        ({"selection/rules.py": "def late():\n    import sqlite3"}, "engine"),
        ({"exports/run.py": "from torch.nn import Module"}, "engine"),
    ],
)  # fmt: skip
def test_a_planted_breach_is_found(tmp_path, planted, breach):
    for name, text in planted.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    trees = sources(tmp_path)
    arrows = graph(trees)
    found = {
        "files": bool(circle(arrows)),
        "packages": bool(circle(between_packages(arrows))),
        "plug-in": bool(plugin_breaches(arrows)),
        "engine": bool(engine_breaches(trees)),
    }
    assert found[breach]
    assert sum(found.values()) == 1 + (breach == "files" and found["packages"])


def test_every_plugin_is_in_the_registry_and_only_the_registry_knows_it():
    listed = {path.partition(":")[0].removeprefix("rushes.") for path in registry.BUILT_IN.values()}
    shelved = {name for name in TREES if within(name, SHELVES) and name not in SHELVES}
    assert shelved == listed
    for module, others in ARROWS.items():
        assert not others & shelved, f"{module} imports a plug-in by name"


def test_the_command_line_sees_the_project_and_nothing_below():
    for module in (name for name in TREES if within(name, ("cli",))):
        seen = {other for other in ARROWS[module] if not within(other, ("cli",))}
        assert seen <= CLI_SEES, module


def test_the_docs_name_every_package_once():
    by_hand = DOCS.read_text().partition("## Every module")[0]
    told = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", by_hand, re.M)
    packages = {name.split(".")[0] for name in TREES} - {"", "__main__"}
    assert sorted(told) == sorted(packages)


def test_ten_tasks_of_a_newcomer_lead_to_a_path_that_is_there():
    answers = re.findall(r"^\| [a-z][^|]+ \| `([\w/.]+)`[^|]*\|$", DOCS.read_text(), re.M)
    assert len(answers) >= 10
    for answer in answers:
        assert (ROOT / answer).exists(), answer


def test_no_module_is_two():
    for module in TREES:
        path = ROOT / module.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        lines = path.read_text().count("\n")
        assert lines <= 400, f"{module} has {lines} lines: it holds two ideas"
    assert not UNTOLD & {part for name in TREES for part in name.split(".")}
