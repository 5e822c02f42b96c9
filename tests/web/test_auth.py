"""Who may talk to the page, and what they can make it do."""

import json

import pytest

from rushes.web.auth import MOST_BYTES
from tests.web.conftest import COOKIE, HOST, TOKEN

PATHS = (
    "/",
    "/page/app/main.js",
    "/api/state",
    "/api/clips?query=1.1",
    "/api/clip/x",
    "/api/events",
    "/still/x/0.jpg",
    "/source/x",
    "/preview/x.mp4",
)
POSTS = (
    "/api/query", "/api/count", "/api/replace", "/api/charts", "/api/around", "/api/decide",
    "/api/spans", "/api/undo", "/api/redo", "/api/recipe", "/api/jobs",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(anyone, path):
    answer = anyone.get(path)
    assert answer.status_code == 401
    assert "open the link" in answer.text
    assert anyone.get(path, headers={"cookie": f"{COOKIE}=another"}).status_code == 401


@pytest.mark.parametrize("path", POSTS)
def test_without_the_token_nothing_is_done(anyone, path):
    assert anyone.post(path, json={}).status_code == 401
    assert anyone.post(f"{path}?token={TOKEN}", json={}).status_code == 401
    assert anyone.delete("/api/jobs").status_code == 401


def test_the_link_puts_the_token_into_a_cookie_that_no_script_and_no_other_site_sees(anyone):
    answer = anyone.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert f"{COOKIE}={TOKEN}" in cookie
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert anyone.get("/?token=wrong", headers={"cookie": ""}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "=", "rushes_7874", "a=b;;=;\x7f", f'"{COOKIE}"="x"', "é"])
def test_a_broken_cookie_is_no_key(raw, cookie):
    assert raw("/api/state", headers={"cookie": cookie}).status == 401


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:80",
        "http://[",
        f"http://{HOST}.evil.example",
    ],
)
def test_another_pages_request_is_refused(page, origin):
    for method, path in (("POST", "/api/decide"), ("GET", "/api/state")):
        answer = page.request(method, path, headers={"origin": origin})
        assert answer.status_code == 403
    assert page.get("/api/state", headers={"origin": f"http://{HOST}"}).status_code == 200


def test_a_post_that_a_browser_calls_foreign_is_refused(page):
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200)):
        answer = page.post("/api/count", json={"rules": []}, headers={"sec-fetch-site": site})
        assert answer.status_code == status


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7874", "127.0.0.1", ""])
def test_another_name_for_this_host_is_refused(raw, host):
    assert raw("/api/state", headers={"host": host}).status == 421


OUTSIDE = (
    "../catalog.db", "..%2fcatalog.db", "%2e%2e/catalog.db", "%2e%2e%2fcatalog.db",
    "..\\catalog.db", "/etc/passwd", "%2fetc%2fpasswd", "....//catalog.db", "a/../../catalog.db",
    "%00", "%ff", "x" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize(
    "where",
    ["/page/{}", "/api/clip/{}", "/still/{}/0.jpg", "/source/{}", "/preview/{}.mp4", "/{}"],
)
def test_no_path_leads_out(raw, where, path):
    answer = raw(where.format(path))
    assert answer.status in (400, 404)
    assert b"SQLite" not in answer.body and b"root:" not in answer.body


def test_a_query_leads_nowhere_either(page, raw):
    for text in ("../catalog.db", "%2e%2e%2fcatalog.db"):
        assert raw(f"/api/clips?query={text}").status == 410
        assert raw(f"/api/ids?query={text}").status == 410
        assert raw(f"/api/histogram?column={text}").status == 400
        body = {"clips": [text], "values": {"verdict": "keep"}}
        assert page.post("/api/decide", json=body).status_code == 400


def test_a_huge_body_is_refused_by_its_length_and_as_it_comes(raw, page):
    answer = raw("/api/count", method="POST", headers={"content-length": str(MOST_BYTES + 1)})
    assert answer.status == 413
    assert raw("/api/count", method="POST", headers={"content-length": "9" * 5000}).status == 413
    assert raw("/api/count", method="POST", headers={"content-length": "-5"}).status == 413
    chunk = b" " * 2**20
    answer = raw("/api/count", method="POST", body=[chunk] * (MOST_BYTES // 2**20 + 1))
    assert answer.status == 413
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert page.post("/api/count", json={"rules": []}).status_code == 200


def test_a_caption_full_of_markup_is_only_ever_text(page):
    nasty = "</script><img src=x onerror=alert(1)>\"'&<b>\u2028"
    query = page.post("/api/query", json={"rules": []}).json()["query"]
    clip = page.get(f"/api/clips?query={query}").json()[0]["clip"]
    values = {"caption": nasty, "reason": nasty, "tags": {"add": [nasty]}}
    assert page.post("/api/decide", json={"clips": [clip], "values": values}).status_code == 200
    for path in (f"/api/clip/{clip}", f"/api/clips?query={query}", "/api/state"):
        answer = page.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert nasty in json.dumps(answer.json(), ensure_ascii=False).replace('\\"', '"')
    refused = page.get("/api/clip/<img src=x onerror=alert(1)>")
    assert refused.headers["content-type"].startswith("text/plain")


def test_every_answer_forbids_what_is_not_ours(page, anyone):
    for answer in (
        page.get("/"),
        page.get("/page/app/main.js"),
        page.get("/nope"),
        anyone.get("/"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "script-src" not in policy  # so that of default-src holds: no inline script
        assert answer.headers["x-content-type-options"] == "nosniff"
