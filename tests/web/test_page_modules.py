"""The page's scripts: each import leads to a file, and no circle comes of them."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import rushes.web

PAGE = Path(rushes.web.__file__).parent / "page"
IMPORT = re.compile(r"""^(?:import|export)\b[^;"'`]*?\bfrom\s*["'](?P<path>[^"']+)["']""", re.M)
BARE = re.compile(r"""^import\s*["'](?P<path>[^"']+)["']""", re.M)
LATE = re.compile(r"""\bimport\(\s*["'](?P<path>[^"']+)["']""")


def imports(text, folder):
    """Return the files that a script imports, at its top or late."""
    paths = [match["path"] for kind in (IMPORT, BARE, LATE) for match in kind.finditer(text)]
    return {(folder / path).resolve() for path in paths}


def graph():
    return {path.resolve(): imports(path.read_text(), path.parent) for path in PAGE.rglob("*.js")}


def test_imports_are_read_as_a_browser_reads_them():
    text = """import { a } from "./a.js";
import * as b
  from '../x/b.js';
import "./c.js";
export { d } from "./d.js";
const from = "import nothing";
const e = await import("./e.js");
"""
    found = {str(path.relative_to("/page")) for path in imports(text, Path("/page/y"))}
    assert found == {"y/a.js", "x/b.js", "y/c.js", "y/d.js", "y/e.js"}


def test_scripts_import_what_is_there_and_in_no_circle():
    arrows = graph()
    missing = {target for targets in arrows.values() for target in targets} - set(arrows)
    assert not missing
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        circle = " → ".join(str(path.relative_to(PAGE)) for path in error.args[1])
        raise AssertionError(circle) from None


def test_each_element_that_a_script_asks_for_by_id_is_there():
    scripts = "".join(path.read_text() for path in PAGE.rglob("*.js"))
    asked = set(re.findall(r'\$\("([\w-]+)"\)', scripts))
    page = (PAGE / "index.html").read_text()
    made = set(re.findall(r'\bid="([\w-]+)"', page)) | set(re.findall(r'\bid: "([\w-]+)"', scripts))
    assert asked and asked <= made, asked - made
