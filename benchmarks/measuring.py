"""Run something in a process of its own and say what it cost; write results down."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def _commit() -> str:
    """Return the commit that is measured; a plus for changes that are in no commit."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=RESULTS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return described.stdout.strip() or "?"


COMMIT = _commit()
"""Taken when a run begins: all tables of one run bear the same, whatever is committed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Resources that one process used, its children included."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def cost_of(contender: str, *paths: str) -> Cost:
    """Run a contender over files, in a process of its own, and return what it says it took."""
    command = [sys.executable, "-m", "benchmarks.contenders", contender, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{contender}: {done.stderr.strip().splitlines()[-1]}")
    return Cost(**json.loads(done.stdout.strip().splitlines()[-1]))


def figures_of(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module in a process of its own, on one thread, and return the JSON that it prints.

    On a busy machine the threads of a matrix product wait for one another at full load, and the
    CPU time would tell of that.
    """
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | one_thread
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def footage() -> Path | None:
    """Return the folder of shared footage, if it is there."""
    named = os.environ.get("RUSHES_FOOTAGE")
    found = Path(named) if named else Path(__file__).parents[2] / "shared" / "footage"
    return found if found.is_dir() else None


def machine() -> str:
    """Return what the figures were taken on."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{platform.machine()}, {cores} cores, {memory_gib:.0f} GiB, Python {python}"


def write_results(name: str, text: str, figures: dict[str, Any]) -> Path:
    """Write a results file (Markdown) and its figures (JSON) and return the former."""
    RESULTS.mkdir(exist_ok=True)
    head = f"# {name}\n\n{date.today()}, commit {COMMIT}, {machine()}\n\n"
    path = RESULTS / f"{name}.md"
    path.write_text(head + text)
    path.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    return path
