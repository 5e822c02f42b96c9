"""Many clips at once in a real browser: chosen by lasso, range and query, and what is done then."""

import pytest

from tests.web.browsing import clips_of, needs_browser, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

CAPTIONS = ["a red fox", "a red car on a red road", "a blue car", "Red", "", "", ""]


def box(page, at):
    return page.locator(f".card[data-at='{at}']").bounding_box()


def lasso(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    assert page.locator(".lasso").is_visible()
    page.mouse.up()
    page.wait_for_selector(".lasso", state="detached")


def selected(page):
    return page.eval_on_selector_all(".card.selected", "all => all.map((one) => +one.dataset.at)")


def drops(page):
    return page.locator(".badge.drop").count()


def test_clips_are_chosen_by_lasso_range_and_query_and_decided_together(visit, served):
    page = visit()
    first, last = box(page, 0), box(page, 1)
    columns = page.evaluate("[...document.querySelectorAll('.card')].findIndex((one, at, all) =>"
                            "at && one.getBoundingClientRect().x === "
                            "all[0].getBoundingClientRect().x)")  # fmt: skip
    below = box(page, columns)
    # From the space left of the first card into the second one of the second row.
    lasso(page, (first["x"] - 4, first["y"] + 9), (last["x"] + 20, below["y"] + 20))
    block = [0, 1, columns, columns + 1]
    assert selected(page) == block
    assert page.locator("#batch b").inner_text() == "4 selected"
    other = box(page, 2)
    page.keyboard.down("Shift")
    lasso(page, (other["x"] - 4, other["y"] + 20), (other["x"] + 20, other["y"] + 40))
    page.keyboard.up("Shift")
    assert selected(page) == sorted([*block, 2])
    page.keyboard.press("Escape")
    assert selected(page) == [] and not page.locator("#batch").is_visible()

    lasso(page, (first["x"] - 4, first["y"] + 9), (last["x"] + 20, below["y"] + 20))
    page.keyboard.press("n")
    wait_for(page, "() => document.querySelectorAll('.badge.drop').length === 4")
    page.keyboard.press("Escape")
    page.locator("[data-verdict=drop]").click()
    wait_for(page, "() => document.querySelector('#counts').textContent.startsWith('4 of 50')")
    page.locator("#grid").focus()
    page.keyboard.press("a")
    wait_for(page, "() => document.querySelector('#batch b')?.textContent === '4 selected'")
    page.locator("#batch .keep").click()
    wait_for(page, "() => document.querySelector('[data-verdict=keep]').innerText.endsWith(' 4')")
    page.locator("[data-verdict='']").click()
    page.wait_for_selector(".badge.keep")
    rows = clips_of(served.folder)
    assert [at for at, row in enumerate(rows) if row["verdict"] == "keep"] == block
    page.keyboard.press("z")
    wait_for(page, "() => document.querySelectorAll('.badge.drop').length === 4")


def test_a_batch_is_tagged_and_words_in_captions_are_replaced_after_a_look(visit, served):
    clips = [row["clip"] for row in clips_of(served.folder)]
    page = visit()
    page.evaluate(
        """async (captions) => {
            const { post } = await import("/page/app/api.js");
            for (const [clip, caption] of captions) {
                await post("/api/decide", { clips: [clip], values: { caption } });
            }
        }""",
        [[clip, text] for clip, text in zip(clips, CAPTIONS, strict=False) if text],
    )

    def captions():
        return [row["caption"] or "" for row in clips_of(served.folder)[: len(CAPTIONS)]]

    page.get_by_text("a red fox").wait_for()
    page.locator(".card[data-at='0'] .tick").click(force=True)
    page.locator(".card[data-at='6'] .picture").click(modifiers=["Shift"])
    wait_for(page, "() => document.querySelector('#batch b')?.textContent === '7 selected'")
    page.get_by_role("button", name="Tag…").click()
    page.locator("input[name=add]").fill("sea, two boats")
    page.keyboard.press("Enter")
    page.get_by_text("7 clips: tagged; z undoes it").wait_for()
    assert [row["tags"] for row in clips_of(served.folder)[:8]] == [["sea", "two boats"]] * 7 + [[]]

    page.get_by_role("button", name="Replace in captions…").click()
    page.locator("input[name=find]").fill("red")
    page.locator("input[name=replace]").fill("green")
    page.get_by_text("2 captions would change").wait_for()
    page.locator(".preview").get_by_text("a green car on a green road").wait_for()
    assert page.locator(".preview del").all_inner_texts() == CAPTIONS[:2]
    page.get_by_role("button", name="Cancel").click()
    assert captions() == CAPTIONS
    page.get_by_role("button", name="Replace in captions…").click()
    page.locator("input[name=find]").fill("red")
    page.locator("input[name=replace]").fill("green")
    page.keyboard.press("Enter")
    page.get_by_text("2 captions changed; z undoes it").wait_for()
    assert captions() == ["a green fox", "a green car on a green road", *CAPTIONS[2:]]
    page.locator(".title").get_by_text("a green fox").wait_for()
    page.keyboard.press("z")
    page.locator(".title").get_by_text("a red fox").wait_for()
    assert captions() == CAPTIONS
    page.keyboard.press("z")
    page.get_by_text("tags of 7 clips undone").wait_for()
    assert not any(row["tags"] for row in clips_of(served.folder))
