"""Sliders, filters and looks aside in a real browser."""

import pytest

from tests.web.browsing import needs_browser, wait_for

pytestmark = [pytest.mark.browser, needs_browser]


def test_filters_sliders_and_a_look_aside(visit):
    page = visit()
    page.select_option("#add", "motion.speed")
    slider = page.locator("[data-column='motion.speed']")
    slider.get_by_role("button", name="−25%").click()
    wait_for(page, "() => /^3[78] of 50 clips/.test(document.querySelector('#counts').textContent)")
    slider.locator("input.low").focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    wait_for(page, "() => document.querySelectorAll('.around img').length > 2")
    shown = page.locator("#counts").inner_text()
    page.reload()
    page.wait_for_selector(".card[data-clip]")
    wait_for(page, "text => document.querySelector('#counts').textContent === text", shown)
    page.locator("#grid").focus()
    page.keyboard.press("v")
    page.wait_for_selector("#only:not([hidden])")
    wait_for(page, "() => document.querySelector('#counts').textContent.startsWith('10 of 50')")
    page.keyboard.press("Escape")
    wait_for(page, "text => document.querySelector('#counts').textContent === text", shown)
    page.locator("#save").click()
    page.locator("#dialog button.accent").click()
    wait_for(page, "() => document.querySelector('#saved').textContent.includes('recipe.toml')")
