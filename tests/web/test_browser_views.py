"""Views in a real browser: tabs, the address, Back and Forward, the Overview, keys of each view."""

import pytest

from rushes.project import Project
from rushes.testing import Take, make_video
from tests.web.browsing import needs_browser, open_first, until, wait_for

pytestmark = [pytest.mark.browser, needs_browser]


def tab(page, name):
    page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()


def shows(page, name):
    page.wait_for_selector(f"main[data-view={name}]:not([hidden])", state="attached")
    assert page.locator("#views [aria-current]").inner_text().lower() == name


def standing(page):
    return page.evaluate(
        """[+document.querySelector('.card.cursor')?.dataset.at,
            document.querySelector('#grid').scrollTop]"""
    )


def test_a_view_is_left_and_found_again_as_it_was_by_tab_and_by_back(visit):
    page = visit()
    page.select_option("#sort", "motion.speed")
    page.wait_for_selector(".time b")
    page.locator("#grid").focus()
    page.keyboard.press("End")
    before, address = standing(page), page.url
    assert before[0] == 49 and before[1] > 0
    page.keyboard.press("v")  # a side view, and back
    page.wait_for_selector("#only:not([hidden])")
    page.keyboard.press("Escape")
    assert until(lambda: (standing(page), page.url) == (before, address))

    tab(page, "Overview")
    shows(page, "overview")
    assert page.url.endswith("/?view=overview")
    for gone in ("#search", "#filters", "#grid", "#undo", "#counts"):
        assert not page.locator(gone).is_visible(), gone
    page.keyboard.press("y")  # a key of the other view
    page.go_back()
    shows(page, "clips")
    assert until(lambda: (standing(page), page.url) == (before, address)), (
        standing(page),
        page.url,
    )
    assert page.locator("[data-verdict=undecided] small").inner_text().strip() == "50"
    page.go_forward()
    shows(page, "overview")
    page.keyboard.press("Escape")
    shows(page, "clips")
    assert until(lambda: (standing(page), page.url) == (before, address)), (
        standing(page),
        page.url,
    )

    first = page.locator(".card.cursor").get_attribute("data-clip")
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer:not([hidden])")
    page.go_back()
    page.wait_for_selector("#viewer", state="hidden")
    page.go_back()  # past the entry of the clip, which is closed
    shows(page, "overview")
    page.evaluate("clip => { location.hash = clip; }", first)
    shows(page, "overview")


def test_each_view_lists_its_own_keys(visit):
    page = visit()
    page.locator("#grid").focus()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("merge with the next").wait_for()
    page.keyboard.press("?")
    tab(page, "Overview")
    page.wait_for_selector(".totals")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("to the clips").wait_for()
    assert not dialog.get_by_text("merge with the next").count()
    page.go_back()  # closes the dialog, and nothing else
    wait_for(page, "() => !document.querySelector('dialog').open")
    shows(page, "overview")


def test_the_overview_says_what_there_is_and_what_is_to_be_done(visit, served, tmp_path):
    with Project.open(served.folder, workers=0) as project:
        project.select()
        more = tmp_path / "more"
        more.mkdir()
        make_video(more / "new.mp4", [Take(frames=12, seed=900), Take(frames=12, seed=901)])
        (more / "broken.mp4").write_bytes(b"no video" * 100)
        project.ingest([more])
    page = visit(ready=".card[data-clip]")
    page.goto(served.address + "/?view=overview")
    totals = page.locator(".totals")
    totals.get_by_text("6 videos").wait_for()
    assert "1 not scanned" in totals.inner_text() and "50 clips" in totals.inner_text()
    assert "main, revision 1" in page.locator(".overview").inner_text()
    failure = page.locator(".overview tr", has_text="broken.mp4")
    assert failure.locator("code").inner_text().startswith("rushes ")
    assert page.get_by_text("No export yet").is_visible()
    row = page.locator(".overview tr", has=page.get_by_role("button", name="Scan", exact=True))
    assert "1 to do" in row.inner_text()
    row.get_by_role("button").click()
    page.get_by_text("scan: done, 1 video").wait_for()
    row.get_by_text("up to date").wait_for()
    assert "not scanned" not in totals.inner_text()
    page.get_by_role("button", name="Cut", exact=True).click()
    totals.get_by_text("52 clips").wait_for()
    tab(page, "Clips")  # which has not been shown yet in this page
    page.wait_for_selector(".card[data-clip]")
    page.locator("#counts").get_by_text("52 of 52 clips").wait_for()


def test_clips_follow_what_happened_while_another_view_was_shown(visit, served):
    page = visit()
    first = open_first(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("#viewer", state="hidden")
    tab(page, "Overview")
    page.wait_for_selector(".totals")
    with Project.open(served.folder, workers=0) as project:
        project.verdict("keep", [first], who="carol")
    page.locator(".totals").get_by_text("1 kept, 0 dropped").wait_for()
    page.locator("#people").get_by_text("carol · 1").wait_for()
    tab(page, "Clips")
    page.wait_for_selector(f".card[data-clip='{first}'] .badge.keep")
