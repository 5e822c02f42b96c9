"""Cost of each scorer after a scan, alone, against a bare decode of the same videos."""

import shutil
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.measuring import cost_of, write_results
from benchmarks.speed import videos
from rushes.errors import RushesError
from rushes.models import store
from rushes.project import Project
from rushes.recipe.recipe import Recipe
from rushes.recipe.runnable import for_stages
from rushes.stages import registry
from rushes.stages.fingerprints import probe_inputs, scorer_inputs

ROUNDS = 2
DECODE_EVERY = 4
"""Scorers between two measurements of the decode."""
BAR_PERCENT = 5.0


def _stage(name: str) -> Any:
    stage = registry.load(f"scorer/{name}")
    return stage(stage.Params())


def _closure(name: str) -> list[str]:
    """Return a scorer with all that it reads, itself last."""
    return [*(x for read in scorer_inputs(_stage(name)) for x in _closure(read)), name]


def _probes() -> list[str]:
    """Return the default scan's probes and what scorers need beyond those."""
    found = list(Recipe({}).stages("scan"))
    for name in registry.names("scorer"):
        needed = probe_inputs(_stage(name))
        found += [probe for probe in needed if probe not in found]
    return found


def _lacking(names: list[str]) -> str:
    """Return why some of the scorers cannot run here, or an empty text."""
    stages = {name: _stage(name) for name in names}
    try:
        return "; ".join(for_stages(stages, store.CACHE)[1].values())
    except RushesError as error:
        return str(error)


def _score(folder: Path, use: list[str]) -> float:
    """Score a project's clips in this process and return the CPU seconds it took."""
    changes = [f"scan.use={_probes()!r}", f"score.use={list(dict.fromkeys(use))!r}"]
    with Project.open(folder, workers=0, changes=changes) as project:
        started = time.process_time()
        project.score()
        cpu_s = time.process_time() - started
        if failed := [f for f in project.failures() if f.stage == f"scorer/{use[-1]}"]:
            print(f"scores: {use[-1]}: {len(failed)} clips failed: {failed[0].message}")
        return cpu_s


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/scores.md."""
    paths = videos(scratch)
    base = scratch / "base"
    changes = [f"scan.use={_probes()!r}", "score.use=[]"]
    with Project.open(base, create=True, workers=0, changes=changes) as project:
        project.run(paths, only=["ingest", "scan", "cut"])
        rows = list(project.ls("clips"))
    clips_s = sum(row["duration_s"] for row in rows)
    videos_s = _length_s(base)
    decodes: list[float] = []
    figures: dict[str, dict[str, float]] = {}
    left_out: dict[str, str] = {}
    for name in registry.names("scorer"):
        chain = _closure(name)
        if why := _lacking(chain):
            left_out[name] = why
            continue
        if len(figures) % DECODE_EVERY == 0:  # spread, so that a noisy minute does not decide
            decodes.append(cost_of("decode", *map(str, paths)).cpu_s)
        taken = []
        try:
            for number in range(1 + ROUNDS):  # the first loads models and is not counted
                copy = Path(shutil.copytree(base, scratch / f"{name}_{number}"))
                if chain[:-1]:
                    _score(copy, chain[:-1])
                taken.append(_score(copy, chain))
                shutil.rmtree(copy)
        except RushesError as error:
            left_out[name] = str(error)
            continue
        cpu_s = min(taken[1:])
        figures[name] = {"ms_per_clip_second": 1000 * cpu_s / clips_s, "cpu_s": cpu_s}
    decode_s = statistics.median(decodes)
    for figure in figures.values():
        of_decode = figure["cpu_s"] / clips_s / (decode_s / videos_s)
        figure["percent_of_decode"] = 100 * of_decode
    lines = [
        f"{', '.join(path.name for path in paths)}: {len(rows)} clips, {clips_s:.0f} s of "
        f"{videos_s:.0f} s. CPU time of one process; better of {ROUNDS} rounds after one "
        f"that loads models. Bare decode, middle of {len(decodes)} spread over the run: "
        f"{1000 * decode_s / videos_s:.0f} ms for a second of video.\n",
        "| scorer | ms per second of clip | % of decode | ≤ 5 % |",
        "|---|---|---|---|",
    ]
    for name, figure in sorted(figures.items(), key=lambda item: item[1]["cpu_s"]):
        percent = figure["percent_of_decode"]
        verdict = "yes" if percent <= BAR_PERCENT else "no"
        ms = figure["ms_per_clip_second"]
        lines.append(f"| {name} | {ms:.2f} | {percent:.1f} | {verdict} |")
    lines += ["", *(f"Left out: {name} ({why})." for name, why in left_out.items())]
    print(write_results("scores", "\n".join(lines) + "\n", figures).read_text())


def _length_s(folder: Path) -> float:
    """Return how many seconds of video a project knows."""
    with Project.open(folder, workers=0) as project:
        return float(sum(row["duration_s"] for row in project.ls("videos")))
