"""The page in a real browser: by keyboard alone, two at once, and with the server killed."""

import json
import shutil
import threading
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from rushes.project import Project
from rushes.testing import Take, make_video
from tests.web.browsing import Server, browser, needs_browser, until

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()

pytestmark = [pytest.mark.browser, needs_browser]

VIDEOS, SHOTS = 5, 10
NASTY = "</textarea><img src=x onerror=\"document.title='owned'\"> a fox & <b>co</b>"


@pytest.fixture(scope="module")
def fifty(tmp_path_factory):
    """A project of fifty clips of half a second, that a browser can play."""
    folder = tmp_path_factory.mktemp("fifty")
    films = folder / "films"
    films.mkdir()
    for video in range(VIDEOS):
        takes = [
            Take(frames=12, seed=100 * video + shot, pan_px=(shot % 4, video % 3))
            for shot in range(SHOTS)
        ]
        make_video(films / f"film {video}.mp4", takes)
    settings = ["cut.min_s=0.2", 'scan.use=["change","still"]', 'cut.use=["content"]',
                "score.use=[]", "select.main={}"]  # fmt: skip
    project_folder = folder / "project"
    with Project.open(project_folder, create=True, workers=0, changes=settings):
        pass
    recipe = project_folder / "recipe.toml"
    recipe.write_text(
        '[scan]\nuse = ["change", "still", "motion"]\n[cut]\nuse = ["content"]\nmin_s = 0.2\n'
        '[score]\nuse = ["motion"]\n[select.main]\n'
    )
    with Project.open(project_folder, workers=0) as project:
        project.run([films], only=["ingest", "scan", "cut", "score"])
        assert len(project.ls("clips")) == VIDEOS * SHOTS
    return project_folder


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@pytest.fixture
def served(fifty, tmp_path):
    """A server over a copy of the project, so that no test sees what another decided."""
    folder = shutil.copytree(fifty, tmp_path / "project")
    with ExitStack() as stack:
        server = Server(folder)
        stack.callback(server.stop)
        server.folder = folder
        yield server


@pytest.fixture
def visit(chromium, served):
    """Open the page as somebody; every error of a script fails the test."""
    contexts, errors = [], []

    def open_as(who="ann", **options):
        context = chromium.new_context(viewport={"width": 1200, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(f"localStorage.who ||= {json.dumps(who)}")
        page.goto(served.link)
        page.wait_for_selector(".card[data-clip]")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert not errors, errors


def clips_of(folder):
    with Project.open(folder, workers=0) as project:
        return project.ls("clips")


def wait_for(page, expression, argument=None):
    page.wait_for_function(expression, arg=argument)


def clip_id(page):
    return page.evaluate("location.hash.slice(1)")


def open_first(page):
    page.locator("#grid").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer:not([hidden])")
    return clip_id(page)


def test_fifty_clips_are_reviewed_by_keyboard_alone(visit, served):
    page = visit()
    page.locator("#grid").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#viewer:not([hidden])")
    wanted = {}
    for number in range(VIDEOS * SHOTS):
        clip = clip_id(page)
        key, verdict = [("y", "keep"), ("n", "drop")][number % 3 == 0]
        wanted[clip] = verdict
        page.keyboard.press(key)
        if number < VIDEOS * SHOTS - 1:
            wait_for(page, "clip => location.hash !== '#' + clip", clip)
    wait_for(page, "() => document.querySelector('#toasts').textContent.includes('last clip')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#viewer", state="hidden")
    wait_for(
        page, "() => document.querySelector('[data-verdict=undecided]').innerText.endsWith(' 0')"
    )
    assert len(wanted) == VIDEOS * SHOTS
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


def test_trim_split_join_undo_and_redo(visit, served):
    page = visit()
    before = [row["clip"] for row in clips_of(served.folder)]
    first = open_first(page)

    def now():
        return [row["clip"] for row in clips_of(served.folder)]

    wait_for(page, "() => document.querySelector('video').readyState > 1")
    page.keyboard.press("k")
    page.evaluate("""async () => {
        const player = await import('/page/player.js');
        player.seek(player.marks.in + 4);
    }""")
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

    wait_for(page, "() => document.querySelector('video').readyState > 1")
    page.keyboard.press("k")
    page.evaluate("""async () => {
        const player = await import('/page/player.js');
        player.seek(player.marks.in + 3);
    }""")
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
    ann.keyboard.press("4")
    bob.wait_for_selector(".badge:has-text('★')", state="attached")
    assert bob.locator("#caption").input_value() == "bob is typing"
    # Somebody at the command line divides a clip: both pages follow.
    with Project.open(served.folder, workers=0) as project:
        project.verdict("keep", [first], who="carol")
    ann.wait_for_selector(f".card[data-clip='{first}'] .badge.keep")


def test_filters_sliders_and_a_look_aside(visit):
    page = visit()
    page.select_option("#add", "motion.speed")
    slider = page.locator("[data-column='motion.speed']")
    slider.get_by_role("button", name="−25%").click()
    wait_for(page, "() => /^3[78] of 50 clips/.test(document.querySelector('#counts').textContent)")
    slider.locator("input.low").focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    wait_for(page, "() => document.querySelectorAll('.beside img').length > 2")
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
    wait_for(page, "() => document.querySelector('#saved').textContent.includes('recipe.toml')")


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
