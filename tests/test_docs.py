"""The documents agree with the program."""

import ast
import importlib.util
import inspect
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

import rushes
from rushes import cli, records
from rushes.project import Project
from rushes.recipe.recipe import DEFAULT, Recipe
from rushes.stages import registry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "src" / "rushes"

NO_COMMAND = {
    "open": "every command does it",
    "close": "every command does it",
    "plan": "run --dry-run",
    "failures": "ls failures",
    "steps": "undo and redo, where a person has none",
}
"""Public methods of `Project` that have no command of their own, and where they are met."""

VERBS = [
    name
    for name, member in inspect.getmembers(Project, callable)
    if not name.startswith("_") and name not in NO_COMMAND
]


def headings(path):
    return re.findall(r"^#{2,3} `?(?:rushes )?([\w| -]+)`?$", path.read_text(), re.M)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_command_and_a_heading(verb):
    assert verb in cli.cli.commands, f"Project.{verb} has no command"
    assert verb in headings(DOCS / "cli.md"), f"docs/cli.md has no heading for {verb}"


@pytest.mark.parametrize("command", cli.cli.commands)
def test_every_command_is_a_verb_and_has_a_heading(command):
    assert command in VERBS or command == "doctor"
    assert command in headings(DOCS / "cli.md"), f"docs/cli.md has no heading for {command}"


@pytest.mark.parametrize("command", cli.cli.commands)
def test_every_option_is_in_the_docs(command):
    text = (DOCS / "cli.md").read_text()
    for option in cli.cli.commands[command].params:
        for flag in option.opts:
            if flag.startswith("--"):
                assert flag in text, f"docs/cli.md does not mention {flag} of {command}"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_what_it_does(verb):
    text = inspect.getdoc(getattr(Project, verb))
    assert text
    assert text.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("key", registry.BUILT_IN)
def test_every_stage_says_what_it_measures_and_when_it_lies(key):
    stage = registry.load(key)
    assert stage.__doc__, key
    assert stage.Params.__doc__, key
    for field in getattr(stage, "fields", ()):
        assert field.about, f"{key}.{field.name} says nothing about itself"
        assert field.dtype == "text" or field.low is None or field.high is None or (
            field.low < field.high
        )  # fmt: skip


def params_classes():
    for key in registry.BUILT_IN:
        yield pytest.param(registry.load(key).Params, id=key)
    recipe = Recipe(tomllib.loads(DEFAULT))
    for verb in ("ingest", "cut", "coverage", "split", "dedup", "hydrus"):
        yield pytest.param(type(recipe.own(verb)), id=verb)
    yield pytest.param(type(recipe.exports["main"].encoding), id="export")


@pytest.mark.parametrize("params", list(params_classes()))
def test_every_setting_explains_itself(params):
    """A text below each field, and few fields: more are hard-coded until someone needs them."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(params))).body
    for line, after in zip(found.body, [*found.body[1:], None], strict=True):
        if isinstance(line, ast.AnnAssign):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            assert is_text, f"{ast.unparse(line)} has no text below it"
    assert len(params.__dataclass_fields__) <= 12


def test_every_link_leads_somewhere():
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_every_module_that_a_page_names_is_there(page):
    """Backticked paths, such as `cuts/run.py` or `reports/page.css`, and dotted module names."""
    text = page.read_text()
    homes = (ROOT, PACKAGE, PACKAGE / "web", page.parent)
    for path in re.findall(r"`((?:[\w.*-]+/)+[\w.*-]+\.(?:py|js|css|html))[`:]", text):
        is_ours = path.split("/")[0] not in ("dist", "htm", "tools")  # of other projects
        assert not is_ours or any(list(home.glob(path)) for home in homes), path
    for dotted in re.findall(r"\b(?:from|import) (rushes(?:\.\w+)+)", text):
        assert importlib.util.find_spec(dotted), f"{page.name} imports {dotted}"


def texts_of(path):
    """Yield (line, docstring) of a module: also those below attributes and constants."""
    for node in ast.walk(ast.parse(path.read_text())):
        body = getattr(node, "body", None)
        for line in body if isinstance(body, list) else ():
            if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
                yield line.lineno, str(line.value.value).strip()


def test_docstrings_open_with_a_noun_or_a_verb():
    """A reader wants the thing's name, not a riddle: "Sharpness of a clip", not "How sharp …"."""
    riddle = re.compile(r"(What|Whatever|As far as|Which|How|Of it|Of them)\b")
    sources = [*PACKAGE.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), DOCS / "generate.py"]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:60]}"
        for path in sources
        for line, text in texts_of(path)
        if riddle.match(text)
    ]
    assert found == []


def test_every_record_explains_itself():
    for name, record in inspect.getmembers(records, inspect.isclass):
        if record.__module__ in (records.__name__, "rushes"):
            assert record.__doc__, name


def toml_blocks():
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for number, block in enumerate(re.findall(r"```toml\n(.*?)```", path.read_text(), re.S)):
            yield pytest.param(block, id=f"{path.name}-{number}")


@pytest.mark.parametrize("block", list(toml_blocks()))
def test_every_recipe_in_the_docs_loads(block):
    raw = tomllib.loads(block)
    if "project" in raw:  # how a package declares a stage, not a recipe
        assert "rushes.stages" in raw["project"]["entry-points"]
        return
    for plan in raw.get("export", {}).values():
        raw.setdefault("select", {}).setdefault(plan.get("selection", "main"), {})
    Recipe(raw)


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_scores_is_what_scorers_say_of_themselves(generate):
    text = (DOCS / "scores.md").read_text()
    assert generate.with_scores(text) == text, "run: make docs"
    for key in registry.BUILT_IN:
        if key.startswith("scorer/"):
            name = key.partition("/")[2]
            assert f"\n## {name}\n" in text
            for field in registry.load(key).fields:
                assert f"| `{name}.{field.name}` |" in text


def test_the_list_of_modules_is_what_their_docstrings_say(generate):
    text = (DOCS / "architecture.md").read_text()
    assert generate.with_modules(text) == text, "run: make docs"


def test_the_table_of_methods_is_the_projects_own(generate):
    text = (DOCS / "python.md").read_text()
    assert generate.with_methods(text) == text, "run: make docs"
    for verb in [*VERBS, *NO_COMMAND]:
        assert f"\n| `{verb}(" in text


def test_the_example_in_python_runs(films, tmp_path, monkeypatch, capsys):
    (example,) = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/python.md", "exec"), {})
    out = capsys.readouterr().out
    assert "unknown key cut.max (did you mean 'max_s'?)" in out
    (line,) = re.findall(r"^(\d+) of 6 clips, ", out, re.M)
    written = sorted((tmp_path / "my-dataset" / "exports" / "main").glob("*.mp4"))
    assert 0 < len(written) == int(line) < 6
    dropped = out.splitlines()[5].split()[0]  # six clips were listed, the slowest last
    ids = [path.stem.rpartition("_")[2] for path in written]
    assert all(clip in out for clip in ids)
    assert not any(dropped.startswith(clip) for clip in ids)


def test_the_names_in_python_are_the_public_ones():
    told = set(re.findall(r"`(\w+)`", (DOCS / "python.md").read_text()))
    assert set(rushes.__all__) <= told


def test_the_help_in_the_docs_is_the_programs_own(monkeypatch, generate):
    monkeypatch.setenv("COLUMNS", "80")
    text = (DOCS / "cli.md").read_text()
    assert set(re.findall(r"<!-- help: rushes (\w+) -->", text)) >= set(VERBS)
    assert generate.with_help(text) == text, "run: make docs"


def test_the_readme_shows_commands_that_exist():
    for name in re.findall(
        r"^\s*(?:\$ )?rushes ([a-z]+)\b", (ROOT / "README.md").read_text(), re.M
    ):
        assert name in cli.cli.commands, f"README.md shows rushes {name}"
