"""Verdicts in a real browser: by keyboard alone, many at once, and with the server killed."""

import json
import threading
import urllib.request

import pytest

from rushes.project import Project
from tests.web.browsing import (
    Server,
    clip_id,
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
    page.locator("#grid").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer:not([hidden])")
    wanted = {}
    for number in range(CLIPS):
        clip = clip_id(page)
        key, verdict = [("y", "keep"), ("n", "drop")][number % 3 == 0]
        wanted[clip] = verdict
        page.keyboard.press(key)
        if number < CLIPS - 1:
            wait_for(page, "clip => location.hash !== '#' + clip", clip)
    wait_for(page, "() => document.querySelector('#toasts').textContent.includes('last clip')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#viewer", state="hidden")
    wait_for(
        page, "() => document.querySelector('[data-verdict=undecided]').innerText.endsWith(' 0')"
    )
    assert len(wanted) == CLIPS
    assert {row["clip"]: row["verdict"] for row in clips_of(served.folder)} == wanted


def test_keys_in_a_burst_are_for_one_clip_each(visit, served):
    page = visit()
    open_first(page)
    for key in "yynyn":
        page.keyboard.press(key)
    wait_for(
        page, "() => document.querySelector('[data-verdict=drop] small').innerText.trim() === '2'"
    )
    verdicts = [row["verdict"] for row in clips_of(served.folder)[:6]]
    assert verdicts == ["keep", "keep", "drop", "keep", "drop", None]


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


def test_every_acknowledged_verdict_outlives_kill_9(served, visit):
    page = visit()
    clips = [row["clip"] for row in clips_of(served.folder)]
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
            except OSError:
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
    assert "What you typed is kept" in page.locator("#lost").inner_text()
    again = Server(served.folder, served.port)
    try:
        page.wait_for_function("() => document.querySelector('#lost').textContent.includes('anew')")
        assert sum(map(len, acknowledged.values())) > 60
        with Project.open(served.folder, workers=0) as project:
            stored = {}
            for verdict in project._catalog.verdicts.since():
                stored.setdefault(verdict.clip, set()).add(verdict.value)
        for clip, values in acknowledged.items():
            assert set(values) <= stored[clip]
        page.context.new_page().goto(again.link)  # its cookie is the old page's, too
        page.wait_for_selector("#lost", state="hidden")
        with Project.open(served.folder, workers=0) as project:
            project.verdict("keep", clips[:1], who="carol")
        page.wait_for_selector(f".card[data-clip='{clips[0]}'] .badge.keep")
    finally:
        again.stop()
