"""Trimming while one goes through the clips: where it goes on, and what is not lost on the way."""

import pytest

from tests.web.browsing import clip_id, clips_of, needs_browser, open_first, until, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

FILTERED = "/?rule=motion.speed+%3E%3D+0&verdict=undecided"  # a clip without scores fails it
ORDER = """async () => {
    const { row } = await import("/page/grid/grid.js");
    const { state } = await import("/page/app/state.js");
    const places = Array.from({ length: state.query.count }, (_, at) => at);
    return Promise.all(places.map(async (at) => (await row(at)).clip));
}"""


def says(page, words):
    wait_for(page, "w => document.querySelector('.said').textContent.includes(w)", words)


def at(page, words):
    """Wait for what the clock and the place say."""
    for name in (".at", ".place"):
        if words in page.locator(name).inner_text():
            return
    wait_for(
        page,
        "w => ['.at', '.place'].some((n) => document.querySelector(n).textContent.includes(w))",
        words,
    )


def comes(page, clip):
    wait_for(page, "clip => location.hash === '#' + clip", clip)
    wait_for(page, "() => document.querySelector('video').readyState > 1")


def set_in(page, frame):
    page.keyboard.press("k")
    page.keyboard.press("Home")
    for _ in range(frame - 1):
        page.keyboard.press(".")
    page.keyboard.press("i")


def test_after_trim_split_and_undo_the_next_clip_is_the_one_that_followed(visit, served):
    page = visit()
    page.goto(served.address + FILTERED)
    page.wait_for_selector(".card[data-clip]")
    order = page.evaluate(ORDER)
    count = len(order)
    open_first(page)
    for step in (1, 2):  # they do not pass the filter any more, and keep their places
        page.keyboard.press("y")
        comes(page, order[step])
    at(page, f"3 of {count} · 48 undecided")
    says(page, "kept")
    set_in(page, 4)
    page.keyboard.press("Shift+T")
    says(page, "trimmed (z)")
    trimmed = clip_id(page)
    assert trimmed != order[2]
    at(page, f"3 of {count} · 48 undecided")
    page.keyboard.press("y")
    comes(page, order[3])
    set_in(page, 7)
    page.keyboard.press("x")  # no marks, but it stands at the seventh frame
    page.keyboard.press("s")
    says(page, "split (z)")
    halves = [clip_id(page)]
    at(page, f"4 of {count + 1} ")
    page.keyboard.press("y")
    wait_for(page, "clip => location.hash !== '#' + clip", halves[0])
    halves.append(clip_id(page))
    page.keyboard.press("n")
    comes(page, order[4])
    page.keyboard.press("PageUp")
    comes(page, halves[1])
    assert page.locator(".measured").inner_text().count("Not measured yet") == 1
    for gone in ("verdict", "verdict", "split"):
        page.keyboard.press("z")
        says(page, f"{gone} undone")
    comes(page, order[3])
    at(page, f"4 of {count} ")
    page.keyboard.press("PageDown")
    comes(page, order[4])
    page.keyboard.press("Escape")
    badge = page.locator(f".card[data-clip='{trimmed}'] .badge")
    badge.get_by_text("not measured yet").wait_for()
    rows = {row["clip"]: row["verdict"] for row in clips_of(served.folder)}
    assert [rows[clip] for clip in (*order[:2], trimmed)] == ["keep"] * 3
    assert rows[order[3]] is None


def test_open_marks_are_applied_with_a_verdict_or_kept_and_likely_cuts_are_found(visit, served):
    page = visit()
    before = [row["clip"] for row in clips_of(served.folder)]
    first = open_first(page)
    wait_for(page, "() => document.querySelector('video').readyState > 1")
    trim = page.locator(".trim")
    set_in(page, 5)
    assert trim.is_enabled() and "accent" in trim.get_attribute("class")
    page.keyboard.press("PageDown")
    says(page, "in and out are not applied yet")
    comes(page, before[1])
    assert trim.is_disabled()
    page.keyboard.press("PageUp")
    comes(page, first)
    assert trim.is_enabled()
    at(page, "frame 1 of 8")
    page.keyboard.press("y")
    comes(page, before[1])
    row = clips_of(served.folder)[0]
    assert (row["frames"], row["verdict"]) == (8, "keep") and row["clip"] != first
    page.keyboard.press("z")  # both, in one step
    comes(page, first)
    says(page, "trim undone")
    assert [row["clip"] for row in clips_of(served.folder)] == before
    assert trim.is_disabled() and clips_of(served.folder)[0]["verdict"] is None
    set_in(page, 3)
    assert "frame 3 of 12" in page.locator(".handle.in").get_attribute("aria-valuetext")
    page.keyboard.press("x")
    assert trim.is_disabled()

    page.keyboard.press("m")
    says(page, "merged (z)")
    joined = clip_id(page)
    page.keyboard.press("Home")
    page.keyboard.press("]")
    at(page, "frame 13 of 24")
    page.keyboard.press("]")
    says(page, "no likely cut after this")
    page.keyboard.press("s")
    wait_for(page, "clip => location.hash !== '#' + clip", joined)
    assert until(lambda: [row["clip"] for row in clips_of(served.folder)] == before)


def test_fields_keep_what_is_meant_and_go_along_to_the_next_clip(visit, served):
    page = visit()
    press, write = page.keyboard.press, page.keyboard.type
    clips = [row["clip"] for row in clips_of(served.folder)]
    open_first(page)
    press("Tab")
    assert page.evaluate("document.activeElement.closest('#viewer') !== null")
    assert not page.locator("#top").evaluate("node => node.matches(':not([inert])')")
    press("c")
    write("a fox")
    press("Control+Shift+Enter")
    write("a hare")  # at once, and it is meant for the next clip
    comes(page, clips[1])
    wait_for(page, "() => document.querySelector('#caption').value === 'a hare'")
    press("PageUp")
    comes(page, clips[0])
    write("es")
    press("Escape")
    press("c")
    write("!")  # after what is there
    press("Escape")
    press("t")
    write("sea, boat,")
    press("Enter")
    page.locator(".tags li").nth(1).wait_for()
    press("Escape")

    press("r")
    write("dark")
    press("Enter")
    press("Shift+N")
    write("sha")
    press("Escape")
    assert page.input_value("#reason") == "dark"
    for key in "kll":
        press(key)
    press("Shift+N")
    assert page.locator(".reasons .chip").nth(1).inner_text().split() == ["2", "shaky"]
    press("2")
    comes(page, clips[1])
    says(page, "dropped")
    wait_for(page, "() => document.querySelector('.at').textContent.includes('2×')")
    assert page.evaluate("document.querySelector('video').playbackRate") == 2
    press("k")
    press("n")
    comes(page, clips[2])
    at(page, "frame 1 of 12")
    assert page.evaluate("document.querySelector('video').paused")

    rows = clips_of(served.folder)[:3]
    assert [row["verdict"] for row in rows] == ["drop", "drop", None]
    told = "clip => fetch(`/api/clip/${clip}`).then((answer) => answer.json())"
    assert [page.evaluate(told, clip)["reason"] for clip in clips[:2]] == ["shaky", None]
    assert [row["caption"] for row in rows[:2]] == ["a foxes!", "a hare"]
    assert rows[0]["tags"] == ["sea", "boat"]
