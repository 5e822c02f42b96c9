"""Latencies of the review page: 100,000 clips in a browser, a million in its columns."""

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import write_results
from rushes.catalog.signals import PROBE_FIELDS
from rushes.project import Project
from rushes.records import Clip, CutResult, Video
from rushes.review.columns import Columns
from rushes.review.session import parse_rules
from rushes.testing import Take, make_video
from tests.web.browsing import CHROMIUM, Server, browser

FILMS = 4
VIDEOS = 2000
PER_VIDEO = 50
CLIPS = VIDEOS * PER_VIDEO
MANY = 1_000_000
BURST_S = 10
PER_SECOND = 30
BARS_MS = {
    "first paint": 1000.0,
    "a filter over a million clips": 50.0,
    "a verdict on all clips": 2000.0,
    "one more video of 50 clips": 150.0,
    "500 new scores": 150.0,
}
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
    figures["start_ms"] = start(folder)
    figures["browser_ms"] = in_browser(folder) if CHROMIUM else {}
    figures["at_once_ms"] = at_once(folder) if CHROMIUM else {}
    figures["taken_in_ms"] = taken_in(folder)
    figures["burst"] = burst(folder) if CHROMIUM else {}
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
        "a filter over a million clips": lambda: columns.filter_counts(next(moving)),
        "the clips beside a threshold": lambda: columns.around_threshold(
            "score.4", 0.5, next(moving)
        ),
        "a histogram, the first time": lambda: Columns(arrays).histogram("score.5"),
        "an order by a score": lambda: columns.sorted_rows(np.arange(MANY), "score.6"),
        "groups by source": lambda: columns.grouped_rows(np.arange(MANY), "video"),
    }
    columns.filter_counts(next(moving))
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
    """Make a project of 2,000 videos of 50 clips; the videos are copies of a few films."""
    films = scratch / "films"
    films.mkdir()
    for number in range(FILMS):
        takes = [Take(frames=50, seed=10 * number + at, pan_px=(at, 1)) for at in range(5)]
        make_video(films / f"film {number}.mp4", takes, fps=25)
    with Project.open(folder, create=True, workers=0):
        (folder / "recipe.toml").write_text(RECIPE)
    with Project.open(folder, workers=0) as project:
        project.run([films], only=["ingest", "scan"])
        films_in = [Film(project, no) for no in project.context.catalog.videos()]
        for film in films_in:
            film.cut(film.no, film.video)
        for copy, film in itertools.product(range(1, VIDEOS // FILMS), films_in):
            film.add_copy(copy)
        score(project, list(project.context.clips()))


class Film:
    """A video of a project, of which there can be copies; each is cut into clips."""

    def __init__(self, project: Project, no: int) -> None:
        self._catalog, self._prints = project.context.catalog, project.context.recipe.fingerprints
        self.no, self.video = no, self._catalog.videos()[no]
        self._scanned, _ = self._catalog.scans()[no]
        self._rows = {
            f"probe/{name}": (PROBE_FIELDS, print_, rows[no])
            for name, print_ in self._prints.probes.items()
            for rows in [self._catalog.stages.rows(f"probe/{name}", PROBE_FIELDS, print_)]
        }

    def add_copy(self, copy: int) -> None:
        """Add a video that shows what this one does, as ingest, scan and cut would."""
        name = f"{copy} {self.video.given}"
        video = replace(self.video, id=f"{copy:08x}{self.no:08x}", given=name)
        no = self._catalog.add_file(f"/{name}", 1, 1, video) or 0
        self._catalog.commit_scan(no, self._scanned, self._rows, video.path, None)
        self.cut(no, video)

    def cut(self, no: int, video: Video) -> None:
        """Cut a video into clips of five frames."""
        step = (video.end_pts - video.start_pts) // PER_VIDEO
        clips = [
            Clip(video_id=video.id, in_pts=at, out_pts=at + step, frames=5)
            for at in range(video.start_pts, video.start_pts + step * PER_VIDEO, step)
        ]
        found = CutResult(cuts=[], clips=clips, shots=PER_VIDEO, shots_too_short=0)
        self._catalog.commit_cuts(no, self._prints.cut, found)


def score(project: Project, numbers: list[int], only: str = "") -> None:
    """Give clips scores by chance."""
    rng = np.random.default_rng(len(numbers))
    for name, scorer in project.context.recipe.stages("score").items():
        if only in ("", name):
            values = {f.name: rng.gamma(2, 5, len(numbers)).round(4) for f in scorer.fields}
            rows = {
                no: {field: float(column[at]) for field, column in values.items()}
                for at, no in enumerate(numbers)
            }
            print_ = project.context.recipe.fingerprints.scorers[name]
            project.context.catalog.stages.commit(f"scorer/{name}", scorer.fields, print_, rows)


def spent_ms(work: Callable[[], Any]) -> tuple[float, float]:
    """Return what something takes, in ms: wall, and processor."""
    began, cpu_s = time.perf_counter(), time.process_time()
    work()
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
    return round(1000 * wall_s, 1), round(1000 * cpu_s, 1)


def start(folder: Path) -> tuple[float, float]:
    """Return the time to open a review session, in ms: wall and processor."""
    with Project.open(folder, workers=0) as project:
        return spent_ms(project.review)


def taken_in(folder: Path) -> dict[str, tuple[float, float]]:
    """Return the time of a refresh after changes by others, in ms: the median of five."""
    with Project.open(folder, workers=0) as project, Project.open(folder, workers=0) as other:
        live = project.review().live
        catalog, prints = other.context.catalog, other.context.recipe.fingerprints
        film, copies = Film(other, next(iter(catalog.videos()))), itertools.count(10**6)

        def took_ms(change: Callable[[], Any]) -> tuple[float, float]:
            took = []
            for _ in range(5):
                change()
                took.append(spent_ms(live.refresh))
            return sorted(took)[2]

        some = list(catalog.clips(prints.cut))[1000:1500]
        return {
            "one more video of 50 clips": took_ms(lambda: film.add_copy(next(copies))),
            "500 new scores": took_ms(lambda: score(other, some, "motion")),
            "a verdict": took_ms(lambda: other.verdict("keep", live.ids[:1], who="bob")),
        }


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
_CLIPS = """async () => {
  const { get, post } = await import("/page/app/api.js");
  const found = await post("/api/query", { rules: [], sort: "", group: "" });
  window.clips = await get(`/api/ids?query=${found.query}`);
}"""
_STEP = """async ([path, values]) => {
  const { post } = await import("/page/app/api.js");
  const body = values ? { clips: window.clips, values } : {};
  const began = performance.now();
  await post(path, body);
  return performance.now() - began;
}"""
_STEPS: dict[str, tuple[str, Any]] = {
    "a verdict on all clips": ("/api/decide", {"verdict": "keep"}),
    "its undo": ("/api/undo", None),
    "its redo": ("/api/redo", None),
    "a tag on all clips": ("/api/decide", {"tags": {"add": ["sea"]}}),
}
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


def at_once(folder: Path) -> dict[str, tuple[float, float]]:
    """Return how long it takes to decide about all clips at once, in ms: wall, and processor."""
    server = Server(folder)
    try:
        with browser() as chromium:
            page = chromium.new_page()
            page.goto(server.link)
            page.evaluate(_CLIPS)
            found = {}
            for what, step in _STEPS.items():
                cpu_s = server_cpu_s(server)
                took_ms = round(page.evaluate(_STEP, list(step)))
                found[what] = (took_ms, round(1000 * (server_cpu_s(server) - cpu_s)))
            return found
    finally:
        server.stop()


def burst(folder: Path) -> dict[str, float]:
    """Return what a server with an open page costs while many videos a second are cut."""
    server = Server(folder)
    try:
        with browser() as chromium, Project.open(folder, workers=0) as project:
            page = chromium.new_page()
            page.goto(server.link)
            page.wait_for_selector(".card")
            page.evaluate(_CLIPS)
            page.evaluate("clips.length = 1")
            film = Film(project, next(iter(project.context.catalog.videos())))
            verdicts_ms = []
            cpu_s, began = server_cpu_s(server), time.monotonic()
            for count in range(BURST_S * PER_SECOND):
                film.add_copy(2 * 10**6 + count)
                if count % PER_SECOND == 0:
                    verdicts_ms.append(page.evaluate(_STEP, ["/api/decide", {"stars": 3}]))
                time.sleep(max(0.0, began + count / PER_SECOND - time.monotonic()))
            wall_s = time.monotonic() - began
            share = (server_cpu_s(server) - cpu_s) / wall_s
            return {
                "videos a second": round(BURST_S * PER_SECOND / wall_s, 1),
                "share of a core": round(share, 2),
                "a verdict meanwhile, the slowest of 10, ms": round(max(verdicts_ms)),
            }
    finally:
        server.stop()


def server_cpu_s(server: Server) -> float:
    """Return what a server's process has used of a core so far."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [f"{CLIPS:,} clips in headless Chromium, the server on the same machine:", ""]
    lines += table(figures["browser_ms"], "ms")
    lines += ["What is slow there, and how much of it the server's processor was busy:", ""]
    slow = {"laying the clips out at the start": figures["start_ms"]}
    lines += table(slow | figures["at_once_ms"], "ms", "processor, ms")
    lines += ["What others do meanwhile, taken in by the server:", ""]
    lines += table(figures["taken_in_ms"], "ms", "processor, ms")
    if figures["burst"]:
        lines += [f"A page is open while {PER_SECOND} videos a second are cut, 50 clips each:", ""]
        lines += table(figures["burst"], "")
    lines += [f"{MANY:,} clips, in the server's arrays:", "", *table(figures["million_ms"], "ms")]
    everything = {
        what: took if isinstance(took, float | int) else took[0]
        for some in ("browser_ms", "at_once_ms", "taken_in_ms", "million_ms")
        for what, took in figures[some].items()
    }
    for what, bar_ms in BARS_MS.items():
        if what in everything:
            met = "met" if everything[what] < bar_ms else "MISSED"
            lines.append(f"Bar: {what} < {bar_ms:.0f} ms: {met} ({everything[what]}).")
    load = f"{os.getloadavg()[1]:.1f}"
    lines += ["", f"Others used the machine, too: load {load} (five minutes) at the end."]
    return "\n".join(lines) + "\n"


def table(figures: dict[str, Any], *units: str) -> list[str]:
    """Return figures as lines of Markdown: one number each, or one for each unit."""
    rows = {w: took if isinstance(took, list | tuple) else [took] for w, took in figures.items()}
    return [
        f"| what | {' | '.join(units)} |",
        "|---" * (1 + len(units)) + "|",
        *(f"| {what} | {' | '.join(map(str, took))} |" for what, took in rows.items()),
        "",
    ]
