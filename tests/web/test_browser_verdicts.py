"""Verdicts in a real browser: by keyboard alone, many at once, and with the server killed."""

import http.client
import json
import threading
import urllib.request

import pytest

from rushes.project import Project
from tests.web.browsing import (
    Server,
    clips_of,
    needs_browser,
    open_first,
    until,
    wait_for,
)

pytestmark = [pytest.mark.browser, needs_browser]

CLIPS = 50


def test_fifty_clips_are_reviewed_by_keyboard_alone(visit, served):
    page = visit()
    clips = [row["clip"] for row in clips_of(served.folder)]
    wanted = {clip: "drop" if at % 3 == 0 else "keep" for at, clip in enumerate(clips)}
    assert len(wanted) == CLIPS
    open_first(page)
    for at, (clip, verdict) in enumerate(wanted.items()):
        # The first ten one after another; then typed ahead: each key is for a clip of its own.
        if at <= 10:
            wait_for(page, "clip => location.hash === '#' + clip", clip)
        page.keyboard.press("n" if verdict == "drop" else "y")
    page.get_by_text("this was the last clip").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_selector("#viewer", state="hidden")
    wait_for(
        page, "() => document.querySelector('[data-verdict=undecided]').innerText.endsWith(' 0')"
    )
    page.locator(f".card[data-clip='{clips[-1]}'] .badge.keep").wait_for()
    assert {row["clip"]: row["verdict"] for row in clips_of(served.folder)} == wanted


def test_a_range_is_selected_and_decided_together(visit, served):
    page = visit()
    page.locator("#grid").focus()
    for key in ("x", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    wait_for(page, "() => document.querySelector('#batch b')?.textContent === '4 selected'")
    page.keyboard.press("n")
    wait_for(page, "() => document.querySelectorAll('.badge.drop').length === 4")
    page.keyboard.press("z")
    wait_for(page, "() => document.querySelectorAll('.badge.drop').length === 0")


def test_every_acknowledged_verdict_and_typed_text_outlive_kill_9(served, visit):
    page = visit()
    clips = [row["clip"] for row in clips_of(served.folder)]
    first = open_first(page)
    page.keyboard.press("c")
    page.keyboard.type("half a capt")
    acknowledged = {}

    def burst(which):
        for number in range(10_000):
            clip = clips[(number * 3 + which) % len(clips)]
            value = f"{which}.{number}"
            request = urllib.request.Request(
                f"{served.address}/api/decide",
                json.dumps({"clips": [clip], "values": {"reason": value}}).encode(),
                {"cookie": f"rushes_{served.port}={served.token}", "x-rushes-who": str(which)},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    answer.read()
            except (OSError, http.client.HTTPException):
                return
            acknowledged.setdefault(clip, []).append(value)

    threads = [threading.Thread(target=burst, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: sum(map(len, acknowledged.values())) > 60)
    served.kill()
    for thread in threads:
        thread.join(20)
    page.wait_for_selector("#lost:not([hidden])")
    assert "Your typed text is kept" in page.locator("#lost").inner_text()
    page.keyboard.press("Escape")  # leaves the field, which would store it
    page.get_by_text("the server does not answer; is `rushes review` still running?").wait_for()
    again = Server(served.folder, served.port)
    try:
        page.wait_for_function(
            "() => document.querySelector('#lost').textContent.includes('restarted')"
        )
        assert sum(map(len, acknowledged.values())) > 60
        with Project.open(served.folder, workers=0) as project:
            stored = {}
            for verdict in project.context.catalog.verdicts.since():
                stored.setdefault(verdict.clip, set()).add(verdict.value)
        for clip, values in acknowledged.items():
            assert set(values) <= stored[clip]
        other = page.context.new_page()
        other.goto(again.link)  # its cookie is the old page's, too
        page.wait_for_selector("#lost", state="hidden")
        other.wait_for_selector(".card[data-clip]")
        assert open_first(other) == first
        wait_for(other, "() => document.querySelector('#caption').value === 'half a capt'")
        other.get_by_text(
            "the text that you typed last time was not stored yet; it is here"
        ).wait_for()
        page.keyboard.press("Escape")  # to the grid; what was not stored goes first
        page.locator(".title").get_by_text("half a capt").wait_for()
        with Project.open(served.folder, workers=0) as project:
            project.verdict("keep", clips[:1], who="carol")
        page.wait_for_selector(f".card[data-clip='{clips[0]}'] .badge.keep")
    finally:
        again.stop()
