"""Two people, two pages, in a real browser."""

import pytest

from rushes.project import Project
from tests.web.browsing import needs_browser, open_first, wait_for

pytestmark = [pytest.mark.browser, needs_browser]


def test_two_pages_at_once(visit, served):
    ann, bob = visit("ann"), visit("bob")
    first = open_first(bob)
    ann.locator("#grid").focus()
    ann.keyboard.press("n")
    bob.wait_for_selector(".side .verdict .drop[aria-pressed=true]")
    assert "ann" in bob.locator(".story").inner_text()
    assert "ann decided" in bob.locator("#toasts").inner_text()
    bob.keyboard.press("z")  # takes back what is bob's, which is nothing
    wait_for(
        bob, "() => document.querySelector('#toasts').textContent.includes('nothing to take back')"
    )
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
