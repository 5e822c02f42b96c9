"""Two people, two pages, in a real browser."""

import pytest

from rushes.project import Project
from tests.web.browsing import clips_of, needs_browser, open_first, serving, visiting, wait_for

pytestmark = [pytest.mark.browser, needs_browser]


def test_two_pages_at_once(visit, served):
    ann, bob = visit("ann"), visit("bob")
    first = open_first(bob)
    ann.locator("#grid").focus()
    ann.keyboard.press("n")
    bob.wait_for_selector(".side .verdict .drop[aria-pressed=true]")
    assert "ann" in bob.locator(".story").inner_text()
    assert "ann decided" in bob.locator("#toasts").inner_text()
    bob.keyboard.press("z")  # undoes bob's own steps, of which there are none
    wait_for(bob, "() => document.querySelector('#toasts').textContent.includes('nothing to undo')")
    bob.keyboard.press("c")
    bob.keyboard.type("bob is typing")
    ann.keyboard.press("ArrowLeft")
    ann.keyboard.press("4")
    bob.wait_for_selector(".stars [aria-label='4 of 5 stars'][aria-pressed=true]")
    assert bob.locator("#caption").input_value() == "bob is typing"
    # Somebody at the command line divides a clip: both pages follow.
    with Project.open(served.folder, workers=0) as project:
        project.verdict("keep", [first], who="carol")
    ann.wait_for_selector(f".card[data-clip='{first}'] .badge.keep")


def test_a_step_is_taken_back_in_another_session_and_typed_text_is_still_there(
    visit, served, chromium
):
    page = visit("ann")
    first = open_first(page)
    page.keyboard.press("y")
    wait_for(page, "clip => location.hash !== '#' + clip", first)
    page.keyboard.press("c")
    page.keyboard.type("not yet stored")
    page.reload()
    wait_for(page, "() => document.querySelector('#caption')?.value === 'not yet stored'")
    assert not any(row["caption"] for row in clips_of(served.folder))
    served.stop()
    with serving(served.folder) as again, visiting(chromium, again) as open_again:
        page = open_again("ann")
        page.wait_for_selector(f".card[data-clip='{first}'] .badge.keep")
        page.locator("#grid").focus()
        page.keyboard.press("z")
        page.locator(f".card[data-clip='{first}'] .badge.keep").wait_for(state="detached")
        assert clips_of(served.folder)[0]["verdict"] is None
