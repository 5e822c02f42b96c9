"""What the page looks like in a real browser: on a phone, and its contrast."""

from pathlib import Path

import pytest

from tests.web.browsing import clip_id, needs_browser, open_first, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()


def test_a_phone_shows_one_column_that_scrolls(visit):
    page = visit(device_scale_factor=1, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 800})
    page.locator(".card").first.tap()
    page.wait_for_selector("#viewer:not([hidden])")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    stage, caption = page.locator(".stage").bounding_box(), page.locator("#caption").bounding_box()
    assert caption["y"] >= stage["y"] + stage["height"]
    keep = page.locator(".side .verdict .keep").bounding_box()
    assert keep["y"] + keep["height"] <= 800 and keep["height"] >= 40
    before = clip_id(page)
    page.locator(".side .verdict .keep").tap()
    wait_for(page, "clip => location.hash !== '#' + clip", before)


def test_words_on_the_page_have_contrast(visit):
    """WCAG AA: 4.5 for text, in both schemes, of whatever text the page shows."""
    for scheme in ("dark", "light"):
        page = visit(color_scheme=scheme)
        page.select_option("#add", "motion.speed")
        page.wait_for_selector("[data-column='motion.speed'] .told")
        faint = page.evaluate(CONTRAST)
        open_first(page)
        faint += page.evaluate(CONTRAST)
        assert not faint, (scheme, faint)


@pytest.mark.parametrize("width_px", [900, 390])
def test_charts_open_and_close_on_a_narrow_screen(visit, width_px):
    page = visit()
    page.set_viewport_size({"width": width_px, "height": 800})
    page.locator("#show-charts").click()
    page.get_by_role("dialog", name="Charts").get_by_text("Length").wait_for()
    box = page.locator("#dialog").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width_px
    page.keyboard.press("Escape")
    wait_for(page, "() => !document.querySelector('dialog').open")
    page.locator(".card").first.click()
    page.wait_for_selector("#viewer:not([hidden])")
