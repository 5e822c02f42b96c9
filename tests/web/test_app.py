"""Each route: what it answers, and in what words it refuses."""

import errno
import os
import threading
from pathlib import Path

import pytest

from rushes.project import Project
from rushes.web.jobs import Jobs


@pytest.fixture
def query(page):
    return page.post("/api/query", json={"rules": []}).json()["query"]


@pytest.fixture
def clips(page, query):
    return [row["clip"] for row in page.get(f"/api/clips?query={query}").json()]


def test_the_page_and_its_parts_are_served(page):
    assert page.get("/").headers["content-type"].startswith("text/html")
    for name, kind in (("app/main.js", "javascript"), ("style.css", "css")):
        answer = page.get(f"/page/{name}")
        assert answer.status_code == 200 and kind in answer.headers["content-type"]


def test_the_state_names_what_the_page_needs(page):
    state = page.get("/api/state").json()
    assert state["clips"] == 6
    assert state["verdicts"] == {"undecided": 6}
    assert "motion.speed" in [column["name"] for column in state["columns"]]
    assert state["selections"]["main"]
    assert set(state["verbs"]) >= {"scan", "cut", "score", "caption"}


def test_a_query_is_scrolled_and_forgotten_ones_say_so(page, query, clips):
    assert len(clips) == 6
    rows = page.get(f"/api/clips?query={query}&first=2&count=3").json()
    assert [row["clip"] for row in rows] == clips[2:5]
    assert page.get(f"/api/ids?query={query}").json() == clips
    assert page.get(f"/api/ids?query={query}&first=1&count=2").json() == clips[1:3]
    assert page.get(f"/api/place?query={query}&clip={clips[4]}").json() == {"place": 4}
    assert page.get(f"/api/place?query={query}&clip=nope").json() == {"place": None}
    for path in ("/api/clips?query=9.9", "/api/ids?query=9.9"):
        answer = page.get(path)
        assert (answer.status_code, answer.text) == (410, "this query is forgotten; send it again")


def test_a_search_narrows_a_query(page, clips):
    values = {"caption": "a lighthouse at dusk"}
    page.post("/api/decide", json={"clips": [clips[3]], "values": values})
    found = page.post("/api/query", json={"rules": [], "text": "lighthouse"}).json()
    rows = page.get(f"/api/clips?query={found['query']}").json()
    assert [row["clip"] for row in rows] == [clips[3]]
    like = page.post("/api/query", json={"rules": [], "like": clips[0]}).json()
    assert like["count"] >= 1


def test_a_clip_tells_all_that_is_known(page, clips):
    clip = page.get(f"/api/clip/{clips[0]}").json()
    assert clip["plays"] is True
    assert len(clip["frame_pts"]) == len(clip["frame_times_s"])
    assert clip["frame_pts"][clip["frame_in"]] == clip["in_pts"]
    assert clip["frame_out"] - clip["frame_in"] == clip["frames"]
    assert (clip["before"], clip["after"]) == (None, clips[1])
    assert clip["scores"]["motion.speed"] > 0


def test_stills_sources_and_previews(page, clips):
    row = page.get(f"/api/clip/{clips[0]}").json()
    still = page.get(f"/still/{clips[0]}/0.jpg?h=64")
    assert still.content[:2] == b"\xff\xd8"
    assert page.get(f"/still/{clips[0]}/99999999999.jpg?h=64").status_code == 200
    part = page.get(f"/source/{row['video_id']}", headers={"range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    preview = page.get(f"/preview/{clips[0]}.mp4")
    assert preview.headers["content-type"] == "video/mp4"
    assert b"ftyp" in preview.content[:12]


def test_a_source_that_is_gone_says_so(page, clips, project):
    row = page.get(f"/api/clip/{clips[0]}").json()
    catalog = project.context.catalog
    catalog.set_paths(dict.fromkeys(catalog.videos(), "/nowhere/film.mp4"))
    for path in (f"/source/{row['video_id']}", f"/preview/{clips[1]}.mp4"):
        answer = page.get(path)
        assert answer.status_code == 404
        assert "the file is gone" in answer.text


def test_a_decision_is_kept_taken_back_and_done_again(page, clips):
    def verdict():
        return page.get(f"/api/clip/{clips[1]}").json()["verdict"]

    body = {"clips": [clips[1]], "values": {"verdict": "drop", "reason": "shaky", "stars": 2}}
    assert page.post("/api/decide", json=body).json()["clips"] == [clips[1]]
    assert verdict() == "drop"
    assert page.post("/api/undo").json()["now"] == [clips[1]]
    assert verdict() is None
    history = page.get(f"/api/clip/{clips[1]}").json()["history"]
    assert [(one["value"], one["is_undone"]) for one in history] == [
        ("drop", True), ("shaky", True), (2, True),
    ]  # fmt: skip
    page.post("/api/redo")
    assert verdict() == "drop"
    assert page.get("/api/state").json()["reasons"] == ["shaky"]
    assert page.post("/api/undo", headers={"x-rushes-who": "bob"}).json()["kinds"] == []


def test_a_split_is_shown_at_once_and_old_queries_are_forgotten(page, query, clips):
    clip = page.get(f"/api/clip/{clips[0]}").json()
    middle = clip["frame_pts"][clip["frame_in"] + 10]
    spans = [[clip["in_pts"], middle], [middle, clip["out_pts"]]]
    made = page.post("/api/spans", json={"clips": [clips[0]], "spans": spans}).json()["clips"]
    assert len(made) == 2
    assert page.get(f"/api/clip/{clips[0]}").status_code == 404
    assert page.get(f"/api/clips?query={query}").status_code == 410
    assert page.get("/api/state").json()["clips"] == 7
    assert page.post("/api/undo").json()["now"] == [clips[0]]
    assert page.post("/api/redo").json()["now"] == made


def test_words_are_replaced_after_a_look(page, clips):
    values = {"caption": "a dog and a dog"}
    page.post("/api/decide", json={"clips": clips[:2], "values": values})
    body = {"clips": clips, "find": "dog", "replace": "cat"}
    shown = page.post("/api/replace", json={**body, "dry_run": True}).json()["changes"]
    assert [one["after"] for one in shown] == ["a cat and a cat"] * 2
    assert page.get(f"/api/clip/{clips[0]}").json()["caption"] == "a dog and a dog"
    page.post("/api/replace", json=body)
    assert page.get(f"/api/clip/{clips[1]}").json()["caption"] == "a cat and a cat"
    page.post("/api/undo")
    assert page.get(f"/api/clip/{clips[0]}").json()["caption"] == "a dog and a dog"


def test_rules_become_those_of_the_recipe_after_a_look(page, project):
    recipe = project.folder / "recipe.toml"
    before = recipe.read_text()
    body = {"rules": ["motion.speed 1..20", "video != 'a | b' | c"]}
    plan = page.post("/api/recipe", json=body).json()
    assert {"column": "motion.speed", "before": "top 90%", "after": "1..20"} in plan["changes"]
    assert {"column": "frames_damaged", "before": "<= 0", "after": None} in plan["changes"]
    assert recipe.read_text() == before
    assert page.post("/api/recipe", json={**body, "stamp": "of another"}).status_code == 409
    recipe.write_text(before + "# by hand\n")
    answer = page.post("/api/recipe", json={**body, "stamp": plan["stamp"]})
    assert (answer.status_code, "changed" in answer.text) == (409, True)
    stamp = page.post("/api/recipe", json=body).json()["stamp"]
    assert page.post("/api/recipe", json={**body, "stamp": stamp}).json() == {"saved": "main"}
    assert "# by hand" in recipe.read_text()
    assert page.get("/api/state").json()["selections"]["main"] == body["rules"]
    assert page.post("/api/recipe", json=body).json()["changes"] == []


def test_a_count_says_what_an_export_would_hold(page, project, clips):
    page.post("/api/decide", json={"clips": clips[:1], "values": {"verdict": "drop"}})
    asked = {"rules": ["verdict = drop"], "select": ["frames > 0"]}
    found = page.post("/api/count", json=asked).json()
    assert (found["count"], found["held"]["count"], found["held"]["dropped"]) == (1, 5, 1)
    frozen = project.select()
    rules = page.get("/api/state").json()["selections"]["main"]
    held = page.post("/api/count", json={"rules": [], "select": rules}).json()["held"]
    assert (held["count"], held["duration_s"]) == (len(frozen.clips), frozen.duration_s)
    asked["select"] = ["speed > 3"]
    assert "no column 'speed'" in page.post("/api/count", json=asked).json()["held"]["trouble"]


def test_the_values_of_a_column_of_text_are_told(page):
    found = page.get("/api/values?column=video").json()
    assert sorted(count for _, count in found["counts"]) == [1, 2, 3]
    assert (found["distinct"], found["missing"]) == (3, 0)


BAD = [
    ("/api/query", {"rules": "all"}, "rules must be a list of texts"),
    ("/api/query", {"rules": ["motion.sped > 3"]}, "no column 'motion.sped'"),
    ("/api/query", {"rules": ["motion.speed at most 2%"]}, "a quota belongs in"),
    ("/api/query", {"rules": ["video top 50%"]}, "video is text"),
    ("/api/query", {"rules": ["video 1..2"]}, "video is text"),
    ("/api/query", {"rules": [""]}, "is not a rule"),
    ("/api/query", {"rules": [], "sort": "nope"}, "no column 'nope' to sort by"),
    ("/api/query", {"rules": [], "group": "nope"}, "no column 'nope' to group by"),
    ("/api/query", {"rules": [], "like": "nope"}, "nope"),
    ("/api/count", {"rules": [3]}, "rules must be a list of texts"),
    ("/api/around", {"column": "motion.speed", "threshold": "x"}, "threshold must be a number"),
    ("/api/around", {"column": "video", "threshold": 1}, "no column of numbers 'video'"),
    ("/api/around", {"threshold": 1}, "no column of numbers"),
    ("/api/decide", {"clips": ["nope"], "values": {"verdict": "keep"}}, "there is no clip nope"),
    ("/api/decide", {"clips": [], "values": 3}, "values must be an object"),
    ("/api/decide", {"clips": "all", "values": {}}, "clips must be a list of texts"),
    ("/api/decide", {"clips": [], "values": {"verdict": []}}, "verdict cannot be"),
    ("/api/decide", {"clips": [], "values": {"nope": 1}}, "there is no decision called 'nope'"),
    ("/api/spans", {"clips": [], "spans": [[0, 1]]}, "there is no clip"),
    ("/api/spans", {"clips": ["nope"], "spans": [[0, 1]]}, "there is no clip nope"),
    ("/api/spans", {"clips": [], "spans": [[0, 1, 2]]}, "spans must be pairs"),
    ("/api/spans", {"clips": [], "spans": [[0, 10**30]]}, "spans must be pairs"),
    ("/api/spans", {"clips": []}, "spans must be pairs"),
    ("/api/replace", {"clips": []}, "enter the text to replace"),
    ("/api/replace", {"clips": ["nope"], "find": "a"}, "there is no clip nope"),
    ("/api/recipe", {"rules": ["motion.sped > 3"]}, "motion.sped"),
]


@pytest.mark.parametrize(("path", "body", "words"), BAD)
def test_what_makes_no_sense_is_refused_in_words(page, path, body, words):
    answer = page.post(path, json=body)
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert words in answer.text
    assert "Traceback" not in answer.text and answer.text


POSTS = ("query", "count", "replace", "charts", "around", "decide", "spans", "recipe", "jobs")


@pytest.mark.parametrize("route", POSTS)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"3", b"\xff", b'{"a": NaN}', b"[" * 100_000,
     b'{"clips": ["\\ud800"], "rules": ["\\ud800"]}'],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(page, route, body):
    answer = page.post(f"/api/{route}", content=body)
    assert answer.status_code == 400
    assert "JSON" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/api/clips?query=x&first=-1", "/api/clips?query=x&count=a", "/api/ids?query=x&first=1e3",
     "/api/histogram", "/api/histogram?column=video", "/api/values?column=nope",
     "/still/x/0.jpg?h=tall"],
)  # fmt: skip
def test_a_question_with_a_wrong_number_is_refused(page, path):
    answer = page.get(path)
    assert answer.status_code == 400
    assert answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/decide", 405), ("POST", "/api/state", 405), ("GET", "/nope", 404),
     ("GET", "/api/clip/", 404), ("GET", "/still/x/y.jpg", 404), ("GET", "/page/nope.js", 404),
     ("GET", "/page/", 404)],
)  # fmt: skip
def test_a_wrong_address_or_method_is_refused(page, method, path, status):
    assert page.request(method, path).status_code == status


# ---- long work ---------------------------------------------------------------------------------


def test_long_work_runs_reports_and_refuses_a_second(page, app):
    assert page.post("/api/jobs", json={"verb": "nope"}).status_code == 400
    started = page.post("/api/jobs", json={"verb": "score"}).json()
    assert (started["verb"], started["is_running"]) == ("score", True)
    assert page.delete("/api/jobs").status_code == 200


def test_work_tells_how_it_ended(project_folder):
    work = Jobs(lambda **more: Project.open(project_folder, workers=0, **more))
    assert work.start("score")
    work.wait(60)
    assert (work.progress.is_running, work.progress.message) == (False, "score: nothing new")


def test_work_stops_where_it_stands(project_folder):
    began = threading.Event()

    def slow(**more):
        project = Project.open(project_folder, workers=0, changes=["cut.min_s=0.5"], **more)
        reporter = more["reporter"]

        def cut():
            reporter.begin("cut", 100, "videos")
            began.set()
            while True:
                reporter.advance(0)

        project.cut = cut
        return project

    work = Jobs(slow)
    assert work.start("cut")
    assert began.wait(30)
    assert not work.start("score")
    work.stop()
    work.wait(30)
    assert work.progress.message == "cut: stopped; finished work is kept"
    assert work.start("score")
    work.wait(60)


def test_a_failure_of_long_work_is_told(project_folder):
    def broken(**more):
        raise RuntimeError("the roof is on fire")

    work = Jobs(broken)
    work.start("scan")
    work.wait(10)
    assert work.progress.message == "RuntimeError: the roof is on fire"


def test_a_recipe_that_cannot_be_written_is_said_and_stays(page, project, monkeypatch):
    path = project.folder / "recipe.toml"
    before = path.read_bytes()
    asked = {"rules": ["frames >= 1"]}
    stamp = page.post("/api/recipe", json=asked).json()["stamp"]

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(Path, "replace", full)
    answer = page.post("/api/recipe", json=asked | {"stamp": stamp})
    assert answer.status_code == 507
    assert answer.text.startswith("No space left on device: nothing was changed")
    assert path.read_bytes() == before
