"""Looks aside and back, the cursor, and the focus, in a real browser."""

import pytest

from tests.web.browsing import clip_id, needs_browser, open_first, until, wait_for

pytestmark = [pytest.mark.browser, needs_browser]


def cursor(page):
    return page.evaluate("+document.querySelector('.card.cursor')?.dataset.at")


def count(page):
    return page.locator("#counts").inner_text().split()[0]


def standing(page):
    return cursor(page), page.evaluate("document.querySelector('#grid').scrollTop"), page.url


def focused(page):
    return page.evaluate("document.activeElement.id")


def dropped(page):
    return page.locator("[data-verdict=drop] small").inner_text().strip()


def is_seen(page):
    return page.evaluate(
        """() => {
            const { top, bottom } = document.querySelector(".card.cursor").getBoundingClientRect();
            return top >= document.querySelector("#top").offsetHeight && bottom <= innerHeight;
        }"""
    )


def test_looks_aside_end_where_they_began_by_escape_and_by_back(visit):
    page = visit()
    page.select_option("#sort", "motion.speed")
    page.wait_for_selector(".time b")
    page.locator("#grid").focus()
    page.keyboard.press("End")
    before = standing(page)
    assert before[0] == 49 and before[1] > 0
    page.keyboard.press("v")
    page.wait_for_selector("#only:not([hidden])")
    wait_for(page, "() => document.querySelector('#counts').textContent.startsWith('10 ')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer:not([hidden])")
    page.go_back()
    page.wait_for_selector("#viewer", state="hidden")
    assert count(page) == "10"
    page.go_back()
    page.wait_for_selector("#only", state="hidden")
    assert until(lambda: standing(page) == before), (standing(page), before)

    page.keyboard.press("/")
    page.keyboard.type("film 3")
    page.keyboard.press("Enter")
    wait_for(page, "() => document.querySelector('#counts').textContent.includes(' found')")
    page.keyboard.press("/")
    page.keyboard.type("!")
    page.keyboard.press("Escape")  # what is being typed is given up, and nothing else
    assert (page.locator("#text").input_value(), focused(page)) == ("film 3", "grid")
    page.keyboard.press("Escape")
    assert until(lambda: standing(page) == before), (standing(page), before)
    assert page.locator("#text").input_value() == ""


def test_what_is_decided_is_in_sight_and_the_pointer_leaves_the_focus(visit):
    page = visit()
    page.locator("[data-verdict=undecided]").click()
    assert focused(page) == "grid"
    page.mouse.move(700, 400)
    page.mouse.wheel(0, 900)
    wait_for(page, "() => document.querySelector('#grid').scrollTop > 800")
    page.keyboard.press("n")
    page.get_by_text("Nothing was decided").wait_for()
    assert is_seen(page) and cursor(page) > 0 and dropped(page) == "0"
    here = cursor(page)
    page.keyboard.press("Delete")
    wait_for(page, "at => document.querySelector('.card.cursor').dataset.at == at", here + 1)
    assert until(lambda: dropped(page) == "1")
    page.keyboard.press("Control+z")
    assert until(lambda: dropped(page) == "0")

    # Up and down keep their column, also past the shorter last row of a group.
    page.select_option("#group", "video")
    page.wait_for_selector(".head")
    page.locator("#grid").focus()
    page.keyboard.press("Home")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    places = []
    for _ in range(4):
        page.keyboard.press("ArrowDown")
        places.append(cursor(page))
    assert places == [7, 9, 13, 17]  # four in a row, ten in a group
    page.locator(".head button").first.click()
    wait_for(page, "() => document.querySelector('#batch b')?.textContent === '10 selected'")
    page.keyboard.press("Escape")

    first = open_first(page)
    page.locator("button[title^='Next']").click()
    wait_for(page, "clip => location.hash !== '#' + clip", first)
    assert clip_id(page) != first
    page.keyboard.press("n")  # and not a press of the button once more
    assert until(lambda: dropped(page) == "1")
