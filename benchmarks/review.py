"""How quick the review page is: at 100,000 clips in a browser, at a million in its columns."""

import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import write_results
from rushes.project import Project
from rushes.records import Clip
from rushes.reviewing.columns import Columns
from rushes.reviewing.desk import Desk, parse_rules
from rushes.testing import Take, make_video
from tests.web.browsing import CHROMIUM, Server, browser

CLIPS = 100_000
VIDEOS = 4
FRAMES = 250
MANY = 1_000_000
BARS_MS = {"first paint": 1000.0, "a filter over a million clips": 50.0}
RECIPE = """
[scan]
use = ["change", "still", "motion"]
[cut]
use = ["content"]
min_s = 0.2
[score]
use = ["motion", "sharpness", "exposure"]
[select.main]
"""


def main(scratch: Path) -> None:
    """Measure and write benchmarks/results/review.md."""
    figures: dict[str, Any] = {"million_ms": million()}
    folder = scratch / "project"
    filled(folder, scratch)
    figures["start_s"] = start(folder)
    figures["browser_ms"] = in_browser(folder) if CHROMIUM else {}
    print(write_results("review", told(figures), figures).read_text())


def million() -> dict[str, float]:
    """Return what questions about a million clips take, in ms: the middle of several."""
    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {"duration_s": rng.gamma(2, 2, MANY)}
    for at in range(8):
        values = rng.normal(size=MANY)
        values[rng.random(MANY) < 0.05] = np.nan
        arrays[f"score.{at}"] = values
    arrays["verdict"] = np.array(["undecided"] * MANY, object)
    arrays["video"] = np.array([f"{at // 100}.mp4" for at in range(MANY)], object)
    columns = Columns(arrays)
    steady = ["score.1 >= -1", "score.2 -2..2", "score.3 top 75%", "verdict = undecided"]
    moving = (parse_rules([*steady, f"score.4 >= {step / 50}"]) for step in range(1000))
    asked = {
        "a filter over a million clips": lambda: columns.filtered(next(moving)),
        "the clips beside a threshold": lambda: columns.beside("score.4", 0.5, next(moving)),
        "a histogram, the first time": lambda: Columns(arrays).histogram("score.5"),
        "an order by a score": lambda: columns.sorted_rows(np.arange(MANY), "score.6"),
        "groups by source": lambda: columns.grouped_rows(np.arange(MANY), "video"),
    }
    columns.filtered(next(moving))
    return {name: round(timed_ms(ask), 1) for name, ask in asked.items()}


def timed_ms(ask: Any, times: int = 9) -> float:
    """Return the middle of how long something takes."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    return sorted(took)[times // 2]


def filled(folder: Path, scratch: Path) -> None:
    """Make a project of a few videos that are cut into a hundred thousand overlapping clips."""
    films = scratch / "films"
    films.mkdir()
    for number in range(VIDEOS):
        takes = [Take(frames=50, seed=10 * number + at, pan_px=(at, 1)) for at in range(5)]
        make_video(films / f"film {number}.mp4", takes, fps=25)
    with Project.open(folder, create=True, workers=0):
        (folder / "recipe.toml").write_text(RECIPE)
    rng = np.random.default_rng(1)
    with Project.open(folder, workers=0) as project:
        project.run([films], only=["ingest", "scan"])
        catalog, prints = project._catalog, project.recipe_now.fingerprints
        for no, video in catalog.videos().items():
            pts = project.review()._footage.signals("change", no).pts.tolist()
            pairs = itertools.combinations(range(0, FRAMES, 1), 2)
            clips = [
                Clip(video_id=video.id, in_pts=pts[a], out_pts=pts[b], frames=b - a)
                for a, b in itertools.islice(pairs, CLIPS // VIDEOS)
            ]
            catalog.commit_cuts(no, prints.cut, [], clips, shots=len(clips), shots_too_short=0)
        numbers = list(catalog.clips(prints.cut))
        for name, scorer in project.recipe_now.stages("score").items():
            values = {f.name: rng.gamma(2, 5, len(numbers)).round(4) for f in scorer.fields}
            rows = {
                no: {field: float(column[at]) for field, column in values.items()}
                for at, no in enumerate(numbers)
            }
            catalog.commit_rows(f"scorer/{name}", scorer.fields, prints.scorers[name], rows)


def start(folder: Path) -> float:
    """Return how long it takes to lay the clips out."""
    with Project.open(folder, workers=0) as project:
        began = time.perf_counter()
        desk: Desk = project.review()
        took_s = time.perf_counter() - began
        assert len(desk.board) == CLIPS
    return round(took_s, 2)


_SLIDE = """async () => {
  const low = document.querySelector('[data-column="motion.speed"] input.low');
  const told = document.querySelector('[data-column="motion.speed"] .told');
  const counts = document.querySelector('#counts');
  const took = [];
  for (let step = 10; step < 310; step += 10) {
    const before = told.textContent;
    const began = performance.now();
    low.value = step;
    low.dispatchEvent(new Event('input'));
    while (told.textContent === before && performance.now() - began < 3000) {
      await new Promise((done) => setTimeout(done, 1));
    }
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b);
}"""
_PAINTS = """() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0].startTime;
  return [paint, performance.now()];
}"""


def in_browser(folder: Path) -> dict[str, float]:
    """Return what a person waits for, in ms."""
    server = Server(folder)
    try:
        with browser() as chromium:
            paints, cards = [], []
            for _ in range(5):
                context = chromium.new_context(viewport={"width": 1400, "height": 860})
                page = context.new_page()
                page.goto(server.link, wait_until="commit")
                page.wait_for_function(
                    "() => { const i = document.querySelector('.card img');"
                    " return i && i.complete && i.naturalWidth; }",
                    polling=10,
                )
                paint, card = page.evaluate(_PAINTS)
                paints.append(paint)
                cards.append(card)
                if len(paints) < 5:
                    context.close()
            page.select_option("#add", "motion.speed")
            page.wait_for_selector('[data-column="motion.speed"] .told:not(:empty)')
            took = page.evaluate(_SLIDE)
            grid = page.locator("#grid")
            began = time.perf_counter()
            grid.evaluate("grid => grid.scrollTop = grid.scrollHeight / 2")
            page.wait_for_function(
                "() => [...document.querySelectorAll('.card')].every((c) => c.dataset.clip)"
                " && +document.querySelector('.card').dataset.at > 1000",
                polling=10,
            )
            scroll = 1000 * (time.perf_counter() - began)
            grid.focus()
            page.keyboard.press("Home")
            decided = []
            page.keyboard.press("Enter")
            page.wait_for_selector("#viewer:not([hidden])")
            for _ in range(10):
                before = page.evaluate("location.hash")
                began = time.perf_counter()
                page.keyboard.press("y")
                page.wait_for_function("h => location.hash !== h", arg=before, polling=10)
                decided.append(1000 * (time.perf_counter() - began))
    finally:
        server.stop()
    return {
        "first paint": round(sorted(paints)[2]),
        "the first picture": round(sorted(cards)[2]),
        "a slider, the middle of 30 moves": round(took[len(took) // 2], 1),
        "a slider, the slowest of 30 moves": round(took[-1], 1),
        "a jump to the middle of the grid": round(scroll),
        "from a verdict to the next clip": round(sorted(decided)[5]),
    }


def told(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [f"{CLIPS:,} clips in headless Chromium, the server on the same machine:", ""]
    lines += ["| what | ms |", "|---|---|"]
    lines += [f"| {what} | {ms} |" for what, ms in figures["browser_ms"].items()]
    lines += ["", f"The server lays {CLIPS:,} clips out in {figures['start_s']} s.", ""]
    lines += [f"{MANY:,} clips, in the server's arrays:", "", "| what | ms |", "|---|---|"]
    lines += [f"| {what} | {ms} |" for what, ms in figures["million_ms"].items()]
    everything = figures["browser_ms"] | figures["million_ms"]
    lines += [""]
    for what, bar_ms in BARS_MS.items():
        if what in everything:
            met = "met" if everything[what] < bar_ms else "MISSED"
            lines.append(f"Bar: {what} < {bar_ms:.0f} ms: {met} ({everything[what]}).")
    return "\n".join(lines) + "\n"
