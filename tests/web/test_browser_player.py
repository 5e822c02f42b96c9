"""The player in a real browser: every frame that it shows carries its number."""

import re

import numpy as np
import pytest

from rushes.project import Project
from rushes.testing import Take, make_video, read_number
from tests.web.browsing import (
    clips_of,
    needs_browser,
    open_first,
    serving,
    until,
    visiting,
    wait_for,
)

pytestmark = [pytest.mark.browser, needs_browser]

FRAMES = 30
PTS = [0]  # of 1/1000 s: no two neighbours last equally long
for frame in range(FRAMES):
    PTS.append(PTS[-1] + (25, 60, 40)[frame % 3])
RECIPE = """
[scan]
use = ["change", "still"]
[cut]
use = ["content"]
min_s = 0.2
[score]
use = []
"""
PICTURE = """() => {
    const video = document.querySelector("video");
    if (video.seeking || video.readyState < 2) return null;
    const canvas = new OffscreenCanvas(160, 90).getContext("2d");
    canvas.drawImage(video, 0, 0, 160, 90);
    return [...canvas.getImageData(0, 0, 160, 15).data].filter((_, at) => at % 4 === 0);
}"""
# What the clock says at each frame that is painted, until told to stop.
RECORD = """() => {
    window.seen = [];
    const look = () => {
        const at = +document.querySelector(".at").textContent.match(/frame (-?\\d+)/)[1];
        if (window.seen?.at(-1) !== at) window.seen?.push(at);
        if (window.seen) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    """A server of four videos of one clip each: VFR, MPEG-2, Matroska, and one that is gone."""
    folder = tmp_path_factory.mktemp("reels")
    films = folder / "films"
    films.mkdir()
    many = {"takes": [Take(frames=FRAMES, pan_px=(1, 0))], "numbered": True, "gop": 30}
    make_video(films / "a vfr.mp4", pts=PTS, b_frames=0, **many)
    make_video(films / "b old.mpg", fps=25, **many)
    make_video(films / "c.mkv", fps=25, beeps_s=(0.5,), **many)
    make_video(films / "d gone.mp4", [Take(frames=12, seed=4)])
    with Project.open(folder / "project", create=True, workers=0):
        (folder / "project" / "recipe.toml").write_text(RECIPE)
    with Project.open(folder / "project", workers=0) as project:
        project.run([films], only=["ingest", "scan", "cut"])
        assert len(project.ls("clips")) == 4
    (films / "d gone.mp4").unlink()
    with serving(folder / "project") as server:
        yield server


@pytest.fixture
def page(chromium, reels):
    with visiting(chromium, reels) as open_as:
        yield open_as()


def shown(page):
    """The number that is drawn into the picture in sight; None between two."""
    red = page.evaluate(PICTURE)
    if red is None:
        return None
    # Numbers fill a sixth of the height; below them it does not matter what there is.
    picture_HW = np.zeros((90, 160), np.uint8)
    picture_HW[:15] = np.array(red, np.uint8).reshape(15, 160)
    return read_number(np.repeat(picture_HW[:, :, None], 3, axis=2))


def shows(page, number):
    return until(lambda: shown(page) == number, 5) or pytest.fail(f"{shown(page)}, not {number}")


def is_paused(page):
    return page.evaluate("document.querySelector('video').paused")


def clock(page):
    return page.locator(".at").inner_text()


def test_shuttle_steps_and_ends_are_exact_where_frames_last_unequally(page, reels):
    open_first(page)
    press = page.keyboard.press
    press("q")  # no loop
    wait_for(page, "() => document.querySelector('video').paused")
    shows(page, FRAMES - 1)
    assert f"frame {FRAMES} of {FRAMES}" in clock(page)
    keys = (",", ",", "ArrowLeft", ".", "ArrowRight", ".")
    for key, number in zip(keys, (28, 27, 26, 27, 28, 29), strict=True):
        press(key)
        shows(page, number)

    press("Space")  # begins anew where it has ended
    wait_for(page, "() => !document.querySelector('video').paused")
    press("k")
    assert is_paused(page) and shown(page) != FRAMES - 1
    # At one blow, or on a slow machine the clip is over before the last of them.
    assert page.evaluate(
        """() => [1, 2, 3, 4].map(() => {
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "l", bubbles: true }));
            return document.querySelector("video").playbackRate;
        })"""
    ) == [1, 2, 4, 8]
    wait_for(page, "() => document.querySelector('video').paused")
    shows(page, FRAMES - 1)  # and not some frames beyond, where eight times the speed would be

    page.evaluate(RECORD)
    press("j")
    wait_for(page, "() => document.querySelector('.at').textContent.includes('-1×')")
    press("j")
    wait_for(page, "() => document.querySelector('.at').textContent.includes('-2×')")
    wait_for(page, "() => window.seen.at(-1) < 20")
    press("k")
    held = until(lambda: shown(page))
    assert 0 < held < 20 and is_paused(page) and "×" not in clock(page)
    press("j")
    wait_for(page, "() => window.seen.at(-1) === 1")
    shows(page, 0)
    backwards = page.evaluate("() => { const all = seen; seen = null; return all; }")
    assert backwards == sorted(backwards, reverse=True) and len(backwards) > 2


def test_a_trim_by_the_handles_lands_on_exact_frames(page, reels):
    first = open_first(page)
    press = page.keyboard.press
    wait_for(page, "() => document.querySelector('video').readyState > 1")
    press("k")
    page.locator(".handle.in").focus()
    for _ in range(4):
        press("ArrowRight")
    shows(page, 4)
    page.locator(".handle.out").focus()
    for _ in range(3):
        press("ArrowLeft")
    shows(page, FRAMES - 4)
    for _ in range(6):
        press(",")
    press("o")  # the frame in sight is the last one
    shows(page, FRAMES - 10)
    assert page.locator(".handle.out").get_attribute("aria-valuenow") == str(FRAMES - 9)
    if page.locator(".loop").get_attribute("aria-pressed") == "false":
        press("q")
    page.evaluate(RECORD)
    press("Space")
    # Around and around, from in to out.
    wait_for(page, "() => seen.filter((at, i) => i && at < seen[i - 1]).length > 1")
    seen = page.evaluate("() => { const all = seen; seen = null; return all; }")
    assert set(seen) <= set(range(1, FRAMES - 12)) and len(set(seen)) > 2
    press("k")
    press("Shift+T")
    wait_for(page, "clip => location.hash !== '#' + clip", first)
    press("k")
    while (at := shown(page)) != 4:
        press("," if (at or 0) > 4 else ".")
    assert f"frame 1 of {FRAMES - 13}" in clock(page)
    row = clips_of(reels.folder)[0]
    assert (row["in_s"], row["out_s"]) == (PTS[4] / 1000, PTS[FRAMES - 9] / 1000)
    assert row["frames"] == FRAMES - 13
    press("z")
    wait_for(page, "clip => location.hash === '#' + clip", first)


def test_what_a_browser_does_not_play_is_shown_from_a_preview_and_what_is_gone_says_so(page):
    open_first(page)
    for name, source in (("b old.mpg", "/preview/"), ("c.mkv", "/")):
        page.keyboard.press("PageDown")
        wait_for(page, "name => document.querySelector('.where').textContent.includes(name)", name)
        wait_for(page, "() => document.querySelector('video').readyState > 1")
        assert source in page.evaluate("document.querySelector('video').src")
        page.keyboard.press("k")
        page.locator(".handle.in").focus()
        page.keyboard.press("ArrowLeft")  # to the first frame
        shows(page, 0)
        page.keyboard.press(".")
        shows(page, 1)
    page.keyboard.press("PageDown")
    note = page.locator(".note")
    note.get_by_text("the file is gone; put it back, or ingest where it moved to").wait_for()
    assert re.search("This clip cannot be played.*d gone.mp4", note.inner_text())
