"""The tables of figures in README.md, written from the results of `make bench`."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.measuring import RESULTS

README = RESULTS.parents[1] / "README.md"

_SPEED = {
    "rushes_without_network": "Rushes, scan + cut by change alone",
    "rushes_cascade": "Rushes, scan + cut, network where in doubt",
    "scenedetect_adaptive": "PySceneDetect, adaptive detector",
    "network_everywhere": "Rushes, network on every frame",
}
_BLOCK = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- /bench -->\n)", re.DOTALL)


def filled(text: str) -> str:
    """Return a page with each block of figures holding the last results of its benchmark."""
    return _BLOCK.sub(lambda block: block[1] + _written(block[2]) + block[3], text)


def fill() -> None:
    """Write the last results into README.md."""
    README.write_text(filled(README.read_text()))


def _written(name: str) -> str:
    figures = json.loads((RESULTS / f"{name}.json").read_text())
    about = (RESULTS / f"{name}.md").read_text().splitlines()[2]
    lines = [*_TABLES[name](figures), f"\n[{about}](benchmarks/results/{name}.md)"]
    return "".join(f"{line}\n" for line in lines)


def _speed(figures: dict[str, Any]) -> Iterator[str]:
    yield "| CPU time of all processes, over a bare single-thread decode of the same file | ratio |"
    yield "|---|---|"
    for name, label in _SPEED.items():
        if name in figures:
            yield f"| {label} | {figures[name]['ratio']:.2f} |"


def _cuts(figures: dict[str, Any]) -> Iterator[str]:
    """Yield a row for each detector: F1 and contaminated clips on each set of footage."""
    titles = [re.split(r"[:,]", title)[0] for title in figures]
    yield f"| F1, contaminated clips | {' | '.join(titles)} |"
    yield "|---|" + "---|" * len(titles)
    for name in dict.fromkeys(name for detectors in figures.values() for name in detectors):
        cells = []
        for detectors in figures.values():
            score = detectors[name]["tolerance_2"] if name in detectors else None
            share = score["contaminated"] / max(score["clips"], 1) if score else 0.0
            cells.append(f"{score['f1']:.3f}, {share:.1%}" if score else "–")
        yield f"| {name} | {' | '.join(cells)} |"


_TABLES: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {"speed": _speed, "cuts": _cuts}
