"""Two players on one page in a real browser: each has a <video>, a clip and marks of its own."""

import pytest

from tests.web.browsing import clips_of, needs_browser, wait_for

pytestmark = [pytest.mark.browser, needs_browser]

TWO = """async (ids) => {
    const { get } = await import("/page/app/api.js");
    const { createPlayer } = await import("/page/clip/player.js");
    const { createTimeline } = await import("/page/clip/timeline.js");
    localStorage.setItem("muted", "1");
    localStorage.setItem("loops", "1");
    window.two = await Promise.all(ids.map(async (id) => {
        const clip = await get(`/api/clip/${id}`);
        const seen = new Set();
        const onFrame = () => {
            seen.add(player.frameNow());
            line.drawHead();
        };
        const player = createPlayer({ onFrame });
        const line = createTimeline(player);
        document.body.append(player.video, line.node, line.clock);
        player.show(clip);
        line.show(clip);
        return { clip, player, line, seen };
    }));
}"""


def test_two_players_play_two_clips_at_once_and_do_not_touch_each_other(visit, served):
    ids = [row["clip"] for row in clips_of(served.folder)]
    page = visit()
    page.evaluate(TWO, [ids[0], ids[10]])  # of two sources
    wait_for(page, "() => two.every(({ seen }) => seen.size > 4)")
    playing = "() => two.map(({ player }) => player.isPlaying())"
    assert page.evaluate(playing) == [True, True]
    page.evaluate("two[0].player.stopHere()")
    page.evaluate("two[1].seen.clear()")
    wait_for(page, "() => two[1].seen.size > 4")
    assert page.evaluate(playing) == [False, True]

    marks = "() => two.map(({ clip, player }) => player.marks.in - clip.frame_in)"
    page.evaluate("two[0].line.setMark('in', two[0].clip.frame_in + 3)")
    assert page.evaluate(marks) == [3, 0]
    assert page.evaluate("two.map(({ player }) => player.isTrimmed())") == [True, False]
    wait_for(page, "() => two[0].line.clock.textContent.includes('frame 1 of 9')")
    page.evaluate("two[1].player.goTo(two[1].clip.frame_in + 7)")
    wait_for(page, "() => two[1].player.frameNow() === two[1].clip.frame_in + 7")
    wait_for(page, "() => two[1].line.clock.textContent.includes('frame 8 of 12')")
    page.evaluate("two[0].player.stop()")
    assert page.evaluate("two.map(({ player }) => Boolean(player.video.getAttribute('src')))") == [
        False, True,
    ]  # fmt: skip
