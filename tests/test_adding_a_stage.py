"""The example of docs/adding-a-stage.md is true: the scorer, and the test that goes with it."""

import re
import sys
from pathlib import Path

import pytest

from rushes.stages import protocols, registry

PAGE = (Path(__file__).parents[1] / "docs" / "adding-a-stage.md").read_text()
SCORER, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.fixture
def tests_of_the_page(tmp_path, monkeypatch):
    """The functions of the page's test, with its scorer in the registry."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "colour_of_the_page.py").write_text(SCORER)
    monkeypatch.syspath_prepend(str(tmp_path / "package"))
    monkeypatch.setitem(registry.BUILT_IN, "scorer/colour", "colour_of_the_page:Colour")
    registry.stages.cache_clear()
    functions = {}
    exec(compile(TEST, "adding-a-stage.md", "exec"), functions)
    yield functions
    monkeypatch.undo()
    registry.stages.cache_clear()
    sys.modules.pop("colour_of_the_page", None)


def test_the_scorer_is_short():
    assert len(SCORER.splitlines()) <= 35


@pytest.mark.parametrize("name", re.findall(r"^def (test_\w+)", TEST, re.M))
def test_the_tests_of_the_page_pass(tests_of_the_page, tmp_path, name):
    folder = tmp_path / "work"
    folder.mkdir()
    tests_of_the_page[name](folder)


def test_every_kind_of_plug_in_has_its_heading_and_every_file_exists():
    told = {heading.lower() for heading in re.findall(r"^#{2,3} (?:A )?([\w ]+)$", PAGE, re.M)}
    kinds = {"exporter": "export format"}
    for kind in {key.partition("/")[0] for key in registry.BUILT_IN} | {"trainer"}:
        assert kinds.get(kind, kind) in told, kind
    for path in re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE):
        root = Path(protocols.__file__).parents[1]
        assert (root / path).exists() or (root.parents[1] / path).exists(), path
