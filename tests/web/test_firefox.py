"""The page in Firefox: what could be otherwise there than in Chromium."""

import pytest

from tests.web.browsing import clips_of, until
from tests.web.marionette import Firefox, needs_firefox

pytestmark = [pytest.mark.browser, needs_firefox]


@pytest.fixture
def firefox(tmp_path):
    profile = tmp_path / "profile"
    profile.mkdir()
    opened = Firefox(profile)
    try:
        films = "document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"
        if not opened.run(f"return {films}"):
            pytest.skip("this Firefox has no H.264: it takes libavcodec for it")
        yield opened
    finally:
        opened.close()


def test_grid_slider_clip_and_keys(firefox, served):
    page = firefox
    page.tell("Navigate", url=served.link)
    cards = "[...document.querySelectorAll('.card[data-clip]')]"
    page.wait_for(f"{cards}.length > 10")
    page.wait_for(f"{cards}.slice(0, 6).every((one) => one.querySelector('img').naturalWidth > 0)")

    page.run("document.querySelector('#grid').focus()")
    page.press("Enter")
    page.wait_for("!document.querySelector('#viewer').hidden")
    clip = page.run("return location.hash.slice(1)")
    assert page.wait_for("document.querySelector('video').currentTime") > 0
    began = page.run("return document.querySelector('video').currentTime")
    page.wait_for(f"document.querySelector('video').currentTime > {began}")  # it plays
    page.press("k")
    page.wait_for("document.querySelector('video').paused")
    frame = "+document.querySelector('.at').textContent.match(/frame (\\d+)/)[1]"
    before = page.run(f"return {frame}")
    back = before > 6
    page.press("," if back else ".")
    page.wait_for(f"{frame} === {before + (-1 if back else 1)}")

    page.press("y")
    page.wait_for(f"location.hash !== '#{clip}'")
    page.press("Escape")
    page.wait_for(f"document.querySelector(\".card[data-clip='{clip}'] .badge.keep\")")
    verdicts = {row["clip"]: row["verdict"] for row in clips_of(served.folder)}
    assert verdicts.pop(clip) == "keep" and not any(verdicts.values())

    page.run(
        """const add = document.querySelector("#add");
        add.value = "motion.speed";
        add.dispatchEvent(new Event("change"));"""
    )
    slider = "document.querySelector(\"[data-column='motion.speed'] input.low\")"
    page.wait_for(f"{slider} !== null")
    page.run(f"{slider}.focus()")
    page.press(*["ArrowRight"] * 20)
    page.wait_for("/^[1-4]?\\d of 50 clips/.test(document.querySelector('#counts').textContent)")
    assert page.run(f"return document.activeElement === {slider}")
    assert until(lambda: page.errors(served.address) == []), page.errors(served.address)
