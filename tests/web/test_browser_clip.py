"""One clip in a real browser: its ends, its caption and its tags."""

import pytest

from tests.web.browsing import clip_id, clips_of, needs_browser, open_first, until, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

NASTY = "</textarea><img src=x onerror=\"document.title='owned'\"> a fox & <b>co</b>"


def stop_at(page, frame):
    """Stop the player at a frame, counted from the clip's first."""
    wait_for(page, "() => document.querySelector('video').readyState > 1")
    page.keyboard.press("k")
    page.evaluate(
        """async (frame) => {
            const { player } = await import('/page/clip/viewer.js');
            player.seek(player.marks.in + frame);
        }""",
        frame,
    )


def test_trim_split_merge_undo_and_redo(visit, served):
    page = visit()
    before = [row["clip"] for row in clips_of(served.folder)]
    first = open_first(page)

    def now():
        return [row["clip"] for row in clips_of(served.folder)]

    stop_at(page, 4)
    wait_for(page, "() => document.querySelector('.at').textContent.includes('frame 5 of 12')")
    page.keyboard.press("i")
    wait_for(page, "() => !document.querySelector('.trim').disabled")
    page.keyboard.press("Shift+T")
    wait_for(page, "clip => location.hash !== '#' + clip", first)
    wait_for(page, "() => document.querySelector('.at').textContent.includes('of 8')")
    trimmed = clip_id(page)
    assert now() == [trimmed, *before[1:]]

    page.keyboard.press("z")
    wait_for(page, "clip => location.hash === '#' + clip", first)
    assert now() == before
    page.keyboard.press("Shift+Z")
    wait_for(page, "clip => location.hash === '#' + clip", trimmed)

    stop_at(page, 3)
    wait_for(page, "() => document.querySelector('.at').textContent.includes('frame 4 of 8')")
    page.keyboard.press("s")
    wait_for(page, "clip => location.hash !== '#' + clip", trimmed)
    wait_for(page, "() => document.querySelector('.at').textContent.includes('of 3')")
    rows = clips_of(served.folder)
    assert [row["frames"] for row in rows[:2]] == [3, 5]
    half = clip_id(page)
    page.keyboard.press("m")
    wait_for(page, "clip => location.hash !== '#' + clip", half)
    wait_for(page, "() => document.querySelector('.at').textContent.includes('of 8')")
    assert now() == [trimmed, *before[1:]]
    for _ in range(3):
        page.keyboard.press("z")
    wait_for(page, "clip => location.hash === '#' + clip", first)
    assert now() == before


def test_a_caption_with_markup_stays_text_and_is_not_lost_on_the_way(visit, served):
    page = visit()
    first = open_first(page)
    page.keyboard.press("c")
    page.keyboard.type(NASTY)
    page.keyboard.press("Escape")  # leaves the field, which stores it
    page.keyboard.press("t")
    page.keyboard.type("sea")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tags li")  # although the field has the focus
    assert page.locator("#tag").evaluate("field => field === document.activeElement")
    page.keyboard.type("half a tag")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("End")
    page.keyboard.type("!")
    page.locator(".step button").last.click()
    wait_for(page, "clip => location.hash !== '#' + clip", first)
    row = until(lambda: next(
        (r for r in clips_of(served.folder) if r["clip"] == first and r["caption"] == NASTY + "!"),
        None,
    ))  # fmt: skip
    assert row and row["tags"] == ["sea", "half a tag"]
    page.keyboard.press("Escape")
    page.wait_for_selector(f".card[data-clip='{first}'] .title")
    title = page.locator(f".card[data-clip='{first}'] .title")
    wait_for(page, "clip => document.querySelector(`.card[data-clip='${clip}'] .title`)"
                   ".textContent.startsWith('</textarea>')", first)  # fmt: skip
    assert title.locator("*").count() == 0
    assert page.title() != "owned" and page.locator("img[src='x']").count() == 0
