"""Finding clips in a real browser: leafing, sorting, grouping, words, likeness, duplicates."""

import pytest

from rushes.project import Project
from rushes.testing import Take, make_video
from tests.web.browsing import clips_of, needs_browser, serving, until, visiting, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

RECIPE = """
[scan]
use = ["change", "still", "motion"]
[cut]
use = ["content"]
[score]
use = ["motion", "layout"]
[select.main]
"""
SPEEDS = {"coast.mp4": (1, 3), "harbour.mp4": (0.5, 6)}  # pixels a frame


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A server of six clips: two videos of two shots, and a smaller copy of the first."""
    folder = tmp_path_factory.mktemp("library")
    films = folder / "films"
    films.mkdir()
    for video, (name, speeds) in enumerate(SPEEDS.items()):
        takes = [
            Take(frames=48, seed=7 * video + shot, pan_px=(speed, 0))
            for shot, speed in enumerate(speeds)
        ]
        make_video(films / name, takes)
        if not video:
            make_video(films / "a copy.mp4", takes, options={"crf": "30"})
    with Project.open(folder / "project", create=True, workers=0):
        (folder / "project" / "recipe.toml").write_text(RECIPE)
    with Project.open(folder / "project", workers=0) as project:
        project.run([films], only=["ingest", "scan", "cut", "score"])
        assert len(project.ls("clips")) == 6 and not project.failures()
    with serving(folder / "project") as server:
        yield server


def order(page):
    cards = (
        "all => all.map((one) => [+one.dataset.at, one.dataset.clip]).sort((a, b) => a[0] - b[0])"
    )
    return [clip for _, clip in page.eval_on_selector_all(".card[data-clip]", cards)]


def groups(page):
    heads = page.locator(".head button:first-child").all_inner_texts()
    return [one.removesuffix("s").removesuffix(" clip").split() for one in heads]


def test_leafing_sorting_grouping_searching_and_duplicates(chromium, library):
    rows = clips_of(library.folder)
    ids = [row["clip"] for row in rows]
    with visiting(chromium, library) as visit:
        page = visit()
        assert order(page) == ids

        card = page.locator(".card").first.bounding_box()
        still = f"/still/{ids[0]}/{{}}.jpg?h=180"
        picture = page.locator(".card img").first
        assert picture.get_attribute("src") == still.format(2)
        for which, share in enumerate((0.1, 0.35, 0.6, 0.9)):
            page.mouse.move(card["x"] + share * card["width"], card["y"] + 40)
            assert picture.get_attribute("src") == still.format(which)
        wait_for(page, "() => document.querySelector('.card img').naturalWidth > 0")
        page.mouse.move(card["x"] - 5, card["y"] + 40)
        assert picture.get_attribute("src") == still.format(2)

        by_speed = [row["clip"] for row in sorted(rows, key=lambda row: -row["motion.speed"])]
        page.select_option("#sort", "motion.speed")
        assert until(lambda: order(page) == by_speed), order(page)
        page.select_option("#sort", "-motion.speed")
        assert until(lambda: order(page)[0] == by_speed[-1]), order(page)
        page.select_option("#group", "video")
        assert until(lambda: len(groups(page)) == 3), groups(page)
        assert all(count == "2" for *_, count in groups(page))
        tops = page.eval_on_selector_all(
            ".group", "all => all.map((one) => one.getBoundingClientRect().top)"
        )
        assert tops == sorted(tops)
        slow_first = {clip: -at for at, clip in enumerate(by_speed)}  # inside a group, too
        grouped = [
            row["clip"]
            for *_, name, _ in groups(page)
            for row in sorted(rows, key=lambda row: slow_first[row["clip"]])
            if row["video"].endswith(name)
        ]
        assert until(lambda: order(page) == grouped), order(page)
        page.locator("#grid").focus()
        page.keyboard.press("Home")
        page.keyboard.press("y")
        page.wait_for_selector(".badge.keep")
        page.select_option("#group", "verdict")
        assert until(lambda: groups(page) == [["undecided", "5"], ["keep", "1"]]), groups(page)
        page.locator("#undo").click()
        page.locator(".badge.keep").wait_for(state="detached")
        page.select_option("#group", "")
        page.select_option("#sort", "")

        page.fill("#text", "harbour")
        page.keyboard.press("Enter")
        assert until(lambda: sorted(order(page)) == sorted(ids[4:])), order(page)
        page.locator("#text").focus()
        page.fill("#text", "nothing that is there")
        page.keyboard.press("Enter")
        page.get_by_text("No match for “nothing that is there”").wait_for()
        page.fill("#text", "")
        assert until(lambda: order(page) == ids), order(page)

        page.locator("#grid").focus()
        page.keyboard.press("Home")
        page.keyboard.press("w")
        # The copy's first shot is most like the first shot of what it is a copy of.
        assert until(lambda: order(page)[0] == ids[2]), order(page)
        page.keyboard.press("Escape")
        assert until(lambda: order(page) == ids), order(page)

        page.get_by_role("button", name="Jobs").click()
        page.get_by_role("button", name="Find duplicates").click()
        page.get_by_text("dedup: done").wait_for()
        page.locator("#grid").focus()
        page.keyboard.press("Home")
        page.keyboard.press("d")
        assert until(lambda: sorted(order(page)) == sorted([ids[0], ids[2]])), order(page)
        assert "duplicates" in page.locator("#only").inner_text()
        page.get_by_role("button", name="Keep the best, drop the other 1").click()
        page.get_by_text("1 kept, 1 dropped; z undoes it").wait_for()
        page.wait_for_selector(".card:has(.best) .badge.keep")
        assert page.locator(".best").count() == page.locator(".badge.drop").count() == 1
        page.get_by_role("status").get_by_role("button", name="Undo").click()
        page.get_by_text("verdict of 2 clips undone").wait_for()
        page.keyboard.press("Escape")
        assert until(lambda: order(page) == ids), order(page)
