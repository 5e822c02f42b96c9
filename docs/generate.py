"""Rewrite the parts of docs/ that the code knows best: `make docs`."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import rushes
from rushes.cli import cli
from rushes.errors import RecipeError
from rushes.project import Project
from rushes.records import Field
from rushes.stages import registry
from rushes.stages.fingerprints import models_of
from rushes.workspace import Workspace

CLI_PAGE = Path(__file__).parent / "cli.md"
SCORES_PAGE = Path(__file__).parent / "scores.md"
COSTS = Path(__file__).parents[1] / "benchmarks" / "results" / "scores.json"
ARCHITECTURE_PAGE = Path(__file__).parent / "architecture.md"
MODULES_MARK = (
    "<!-- modules: all below is written by `make docs` from the first line of each docstring -->\n"
)
SCORES_MARK = "<!-- scores: all below is written by `make docs` -->\n"
PYTHON_PAGE = Path(__file__).parent / "python.md"
METHODS_MARK = "<!-- methods: all below is written by `make docs` -->\n"


def with_help(text: str) -> str:
    """Return a page with each ```help block holding what `--help` prints today."""

    def filled(match: re.Match[str]) -> str:
        command = match[1]
        arguments = command.split()[1:]
        shown = CliRunner().invoke(cli, [*arguments, "--help"], prog_name="rushes").output
        return f"<!-- help: {command} -->\n```\n{shown.rstrip()}\n```\n"

    return re.sub(r"<!-- help: ([\w ]+) -->\n(?:```\n.*?\n```\n)?", filled, text, flags=re.DOTALL)


def with_scores(text: str) -> str:
    """Return a page that below its mark holds what the scorers say of themselves today."""
    return _below(SCORES_MARK, text, _scores())


def with_modules(text: str) -> str:
    """Return a page that below its mark lists every module by the first line of its docstring."""
    return _below(MODULES_MARK, text, _modules())


def with_methods(text: str) -> str:
    """Return a page that below its mark lists the public methods of `Project`."""
    return _below(METHODS_MARK, text, _methods())


def _below(mark: str, text: str, lines: Iterator[str]) -> str:
    written, found, _ = text.partition(mark)
    if not found:
        raise ValueError(f"the page has no line {mark.strip()!r}")
    return written + mark + "\n" + "\n".join(lines) + "\n"


def _modules() -> Iterator[str]:
    source = Path(rushes.__file__).parent
    yield "| module | |"
    yield "|---|---|"
    for path in sorted(source.rglob("*.py"), key=lambda path: (path.parent, path.name)):
        if path.name not in ("__init__.py", "__main__.py"):
            told = ast.get_docstring(ast.parse(path.read_text())) or ""
            first = told.splitlines()[0].replace("|", "\\|")
            yield f"| `{path.relative_to(source).as_posix()}` | {first} |"


def _methods() -> Iterator[str]:
    yield "| method | |"
    yield "|---|---|"
    for name in [*vars(Workspace), *vars(Project)]:
        member = getattr(Project, name)
        if not name.startswith("_") and callable(member):
            parameters = [p for p in inspect.signature(member).parameters if p != "self"]
            told = (inspect.getdoc(member) or "").splitlines()[0].replace("|", "\\|")
            yield f"| `{name}({', '.join(parameters)})` | {told} |"


def _scores() -> Iterator[str]:
    stages = {
        key.partition("/")[2]: registry.load(key)
        for key in sorted(registry.BUILT_IN)
        if key.startswith("scorer/")
    }
    costs = json.loads(COSTS.read_text()) if COSTS.exists() else {}
    yield "| column | label | unit | better | meaning |"
    yield "|---|---|---|---|---|"
    for name, stage in stages.items():
        for field in stage.fields:
            cells = field.label, _unit(field), _better(field), _meaning(field)
            yield f"| `{name}.{field.name}` | {' | '.join(map(_cell, cells))} |"
    for name, stage in stages.items():
        yield f"\n## {name}\n"
        yield inspect.getdoc(stage) or ""
        yield f"\n{_cost(name, costs)}{_needs(stage)}"


def _unit(field: Field) -> str:
    if field.dtype == "vector":
        return f"vector {'×'.join(str(n or 'any') for n in field.shape)}"
    if field.dtype == "text":
        return "text"
    if not field.unit and field.low is not None and field.high is not None:
        between = "or" if field.dtype == "integer" and field.high - field.low == 1 else "to"
        return f"{field.low:g} {between} {field.high:g}"
    return field.unit_shown or ("count" if field.dtype == "integer" else "number")


def _better(field: Field) -> str:
    return {True: "higher", False: "lower", None: ""}[field.higher_is_better]


def _meaning(field: Field) -> str:
    return field.about + (f": {', '.join(field.values)}" if field.values else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _cost(name: str, costs: dict[str, dict[str, float]]) -> str:
    if name not in costs:
        return "Cost: not measured on the machine that wrote this page."
    cost = costs[name]
    return (
        f"Cost: {cost['ms_per_clip_second']:.2g} ms of CPU for a second of clip, "
        f"{cost['percent_of_decode']:.2g} % of decoding it."
    )


def _needs(stage: Any) -> str:
    parts = []
    if probes := stage.inputs.probes:
        parts.append(f"the scan's {', '.join(f'`{probe}`' for probe in probes)}")
    if stage.frames is not None:
        most = stage.frames.stills
        size = stage.frames.short_side_px
        which = "all stills" if most is None else f"{most} still{'s' if most > 1 else ''}"
        parts.append(which + (f" at {size} lines" if size else ""))
    if reads := stage.inputs.scorers:
        parts.append(f"the scores {', '.join(f'`{name}`' for name in reads)}")
    if models := _models(stage):
        parts.append(models)
    return f" Reads {'; '.join(parts)}." if parts else " Reads the source's sound."


def _models(stage: Any) -> str:
    try:
        names = models_of(stage(stage.Params()))
    except RecipeError:
        return "a model that the recipe must name"
    listed = ", ".join(f"`{name}`" for name in names)
    return f"the model{'s' if len(names) > 1 else ''} {listed}" if names else ""


if __name__ == "__main__":
    CLI_PAGE.write_text(with_help(CLI_PAGE.read_text()))
    SCORES_PAGE.write_text(with_scores(SCORES_PAGE.read_text()))
    PYTHON_PAGE.write_text(with_methods(PYTHON_PAGE.read_text()))
    ARCHITECTURE_PAGE.write_text(with_modules(ARCHITECTURE_PAGE.read_text()))
