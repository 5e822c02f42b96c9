"""The left column in a real browser: filters of text, saving, what an export would hold."""

import json

import pytest

from rushes.recipe.rules import parse_where
from tests.web.browsing import needs_browser, until, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

RULES = """[select.main]
frames = ">= 2"   # no flashes
motion.sped = "> 3"
height_px = "at most 45"
"""
NASTY = ["<img src=x onerror=\"document.title='owned'\">", "a | b", "it's", "'", '"q"', "007",
         "nan", "x and y", " ", "1_0", "٣", "!= a", "a\nb", "top 5%", "ä/ö.mp4", "-",
         "3..4"]  # fmt: skip


def counts(page, start):
    wait_for(page, "t => document.querySelector('#counts').textContent.startsWith(t)", start)


def says(page, where, words):
    wait_for(
        page, "([at, words]) => document.querySelector(at)?.textContent.includes(words)",
        [where, words],
    )  # fmt: skip


def test_text_is_filtered_saved_and_nothing_of_the_recipe_is_lost(visit, served):
    recipe = served.folder / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("[select.main]\n", RULES))
    page, other = visit("ann"), visit("bob")
    says(page, "[data-column='motion.sped'] .told", "mistyped")
    says(page, "#held", "did you mean 'motion.speed'")
    says(page, "#also", "height_px at most 45")
    page.get_by_role("button", name="Remove the filter motion.sped").click()
    says(page, "#held", "hold 45 clips")
    says(page, "#held", "5 over quota")

    page.select_option("#add", "video")
    box = page.locator("[data-column='video']")
    box.locator(".chip").first.click()
    counts(page, "40 of 50")
    says(page, "[data-column='video'] .told", "removes 10 (10 only by this)")
    box.get_by_role("button", name="none").click()
    counts(page, "0 of 50")
    box.locator(".chip").nth(1).click()
    counts(page, "10 of 50")
    page.reload()
    counts(page, "10 of 50")
    assert box.locator(".chip[aria-pressed=true]").count() == 1
    page.locator("#grid").focus()
    page.keyboard.press("n")
    says(page, "#held", "hold 9 clips")
    says(page, "#held", "(1 dropped)")

    page.locator("#save").click()
    says(page, "#dialog", "− motion.sped > 3")
    says(page, "#dialog", "+ video = ")
    recipe.write_text(recipe.read_text().replace(">= 2", ">= 3"))  # by hand, meanwhile
    page.locator("#dialog button.accent").click()
    says(page, "#dialog", "frames: >= 3 → >= 2")
    page.locator("#dialog button.accent").click()
    says(page, "#saved", "recipe.toml")
    wait_for(page, "() => document.querySelector('#save').disabled")
    text = recipe.read_text()
    assert 'frames = ">= 2"   # no flashes\nheight_px = "at most 45"\nvideo = "= ' in text
    assert "motion.sped" not in text and text.startswith("[scan]")
    told = "async () => (await import('/page/app/state.js')).state.selections.main.join()"
    assert until(lambda: "video =" in other.evaluate(told))
    other.locator("#revert").click()
    counts(other, "10 of 50")


def test_many_values_are_found_and_whatever_is_in_them_is_text(visit):
    page = visit()
    found = [[value, 9] for value in NASTY] + [[f"clip {at:04}.mp4", 1] for at in range(2000)]
    answer = {"counts": found, "distinct": len(found), "missing": 12}
    page.route("**/api/values*", lambda route: route.fulfill(body=json.dumps(answer)))
    page.select_option("#add", "video")
    box = page.locator("[data-column='video']")
    says(page, "[data-column='video'] .told", "12 without a value")
    assert box.locator(".chip").count() == 12
    assert box.locator(".chip").first.get_attribute("title") == NASTY[0]
    box.get_by_role("button", name="2,005 more").click()
    assert box.locator(".chip").count() == 500
    says(page, "[data-column='video'] .chips", "and 1,517 rarer values")
    page.keyboard.type("clip 1")
    says(page, "[data-column='video'] .chips", "and 500 rarer values")
    box.get_by_role("button", name="none").click()
    counts(page, "50 of 50")  # none of the real ones is among them
    rules = page.evaluate("async () => (await import('/page/app/state.js')).filterRules()")
    assert [len(rule.values) for rule in parse_where(" and ".join(rules))] == [1000]
    page.reload()  # more than an address can hold
    wait_for(page, "() => document.querySelectorAll('[data-column=video] .chip').length === 24")
    assert page.title() != "owned" and page.locator("img[src='x']").count() == 0
    for sign in ("=", "!="):
        wrote, read = page.evaluate(
            """async ([sign, values]) => {
                const { readRule, ruleOf } = await import('/page/filters/rules.js');
                const filter = { values: new Set(values), isNot: sign === '!=' };
                const text = ruleOf('a.b', filter, false);
                return [text, [...readRule(text)[1].values]];
            }""",
            [sign, NASTY],
        )
        (rule,) = parse_where(wrote)  # as the server reads it, prints it, and is read again
        assert (rule.operator, list(rule.values), read) == (sign, NASTY, NASTY)
        again = (
            "async text => [...(await import('/page/filters/rules.js')).readRule(text)[1].values]"
        )
        assert page.evaluate(again, str(rule)) == NASTY
