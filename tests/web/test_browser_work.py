"""Long work in a real browser: started, seen, stopped, finished; and what others do meanwhile."""

import os
import re
import shutil
from pathlib import Path

import pytest

from rushes.project import Project
from rushes.testing import Take, make_video
from tests.web.browsing import needs_browser, serving, until, visiting

pytestmark = [pytest.mark.browser, needs_browser]

RECIPE = """
[scan]
use = ["change", "still"]
[cut]
use = ["content"]
min_s = 0.2
[score]
use = []
[select.main]
"""
# A plug-in as anybody could install it. Until the gate is open, it comes as far as AT_ONCE clips.
SLOW = """
import os
import time
from pathlib import Path

from rushes.records import Field
from rushes.stages.protocols import AnnotatorDefaults

AT_ONCE = 32  # as many as a worker is given


class Slow(AnnotatorDefaults):
    name = "slow"
    version = 1
    fields = (Field(name="place", about="where it stands"),)
    done = 0

    def annotate(self, items):
        for _ in items:
            self.done += 1
            time.sleep(0 if Path(os.environ["GATE"]).exists() else 0.04)
            while self.done > AT_ONCE and not Path(os.environ["GATE"]).exists():
                time.sleep(0.02)
        return [{"place": float(item.clip.in_pts)} for item in items]
"""


@pytest.fixture
def plugged(fifty, tmp_path):
    """A server of the fifty clips whose recipe has the slow scorer, and the gate's path."""
    plugins, gate = tmp_path / "plugins", tmp_path / "open"
    about = plugins / "slow-1.0.dist-info"
    about.mkdir(parents=True)
    (plugins / "slow.py").write_text(SLOW)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[rushes.stages]\nscorer/slow = slow:Slow\n")
    folder = Path(shutil.copytree(fifty, tmp_path / "project"))
    recipe = folder / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('use = ["motion"]', 'use = ["motion", "slow"]'))
    path = os.pathsep.join([str(plugins), os.environ.get("PYTHONPATH", "")])
    with serving(folder, PYTHONPATH=path, GATE=str(gate), workers=1) as server:
        yield server, gate


def scored(page):
    """How many clips have a score of the slow scorer."""
    return page.evaluate(
        """async () => {
            const { post } = await import("/page/app/api.js");
            return (await post("/api/query", { rules: ["slow.place >= 0"] })).count;
        }"""
    )


def start(page, verb):
    page.get_by_role("button", name="Jobs").click()
    page.get_by_role("dialog").get_by_role("button", name=verb, exact=True).click()


def test_scoring_shows_how_far_it_is_is_stopped_and_finished(chromium, plugged):
    server, gate = plugged
    with visiting(chromium, server) as visit:
        page = visit()
        start(page, "Score")
        bar = page.locator("#progress")
        bar.get_by_text(re.compile(r"score: 32 of 50 clips, [\d.]+ s left")).wait_for()
        start(page, "Scan")
        page.get_by_text("score is running: wait for it, or stop it first").wait_for()
        page.keyboard.press("Escape")
        bar.get_by_role("button", name="Stop").click()
        page.get_by_text("score: stopped; finished work is kept").wait_for()
        assert not bar.is_visible()
        page.select_option("#sort", "slow.place")  # it is there without reload
        assert scored(page) == 32
        gate.touch()
        start(page, "Score")
        page.get_by_text("score: done").wait_for()
        assert scored(page) == 50
        page.locator(".card[data-at='0'] .time").get_by_text("0:04.50").wait_for()


def test_an_empty_project_says_what_to_do_and_follows_what_others_do(chromium, tmp_path):
    films, folder = tmp_path / "films", tmp_path / "project"
    films.mkdir()
    with Project.open(folder, create=True, workers=0):
        (folder / "recipe.toml").write_text(RECIPE)
    with serving(folder) as server, visiting(chromium, server) as visit:
        page = visit(ready="#empty:not([hidden])")
        assert "There are no clips yet" in page.locator("#empty").inner_text()
        assert "rushes run PATH" in page.locator("#empty").inner_text()
        make_video(films / "one.mp4", [Take(frames=12, seed=1), Take(frames=12, seed=2)])
        with Project.open(folder, workers=0) as project:
            project.run([films], only=["ingest", "scan", "cut"])
        page.locator("#counts").get_by_text("2 of 2 clips").wait_for()
        assert until(lambda: page.locator(".card[data-clip]").count() == 2)
        assert page.locator("#empty").is_hidden()
        make_video(films / "two.mp4", [Take(frames=12, seed=3)])
        with Project.open(folder, workers=0) as project:
            project.ingest([films])
        start(page, "Scan")
        page.get_by_text("scan: done").wait_for()
        start(page, "Cut")
        page.locator("#counts").get_by_text("3 of 3 clips").wait_for()
