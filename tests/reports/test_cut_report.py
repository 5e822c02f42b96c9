import base64
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.project import Project
from rushes.records import Cut, CutResult
from rushes.reports import cut_report
from rushes.testing import Take, make_video, read_number

ROOT = Path(cut_report.__file__).parent
MARKUP = 'a <img src=x onerror=alert(1)> & "q" \'s.mp4'


class Page(HTMLParser):
    """What a browser would see: elements by tag, text, and the cards' figures."""

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text("utf-8")
        self.elements, self.text, self.cards = [], [], []
        self._skip = False
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.elements.append((tag, attrs))
        self._skip = tag in ("style", "script")
        if tag == "article":
            self.cards.append({"kind": attrs["data-kind"], "frames": [], "text": ""})
        if tag == "figure":
            self.cards[-1]["frames"].append([attrs.get("data-pts"), None])
        if tag == "img":
            data = attrs["src"].removeprefix("data:image/jpeg;base64,")
            packed = np.frombuffer(base64.b64decode(data), np.uint8)
            self.cards[-1]["frames"][-1][1] = cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]

    def handle_endtag(self, tag):
        self._skip = False

    def handle_data(self, data):
        if not self._skip:
            self.text.append(data)
            if self.cards:
                self.cards[-1]["text"] += data

    def has(self, text):
        return text in " ".join("".join(self.text).split())

    def all(self, tag):
        return [attrs for found, attrs in self.elements if found == tag]


def cut_project(folder, footage, **options):
    project = Project.open(folder, create=True, workers=0, **options)
    project.run([footage], only=["ingest", "scan", "cut"])
    return project


@pytest.fixture
def numbered(tmp_path):
    """A project of one video of variable rate, cut where it truly is, whatever detectors say."""
    footage = tmp_path / "films"
    footage.mkdir()
    ticks = [n * 40 + (n % 3) * 5 for n in range(103)]
    takes = (Take(frames=30), Take(frames=30, then="dissolve"), Take(frames=30))
    truth = make_video(
        footage / MARKUP, takes, size=(192, 160), pts=ticks, numbered=True, gop=250, b_frames=0
    )
    with cut_project(tmp_path / "p", footage) as project:
        ((no, video),) = project.context.catalog.videos().items()
        edges = [video.start_pts + round(time_s / video.time_base) for time_s in truth.times_s]
        cuts = [
            Cut(kind=cut.kind, start_pts=edges[cut.start_frame], pts=edges[cut.frame],
                confidence=0.875, detector="truth")
            for cut in truth.cuts
        ]  # fmt: skip
        fingerprint = project.context.recipe.fingerprints.cut
        found = CutResult(cuts=cuts, clips=[], shots=3, shots_too_short=0)
        project.context.catalog.commit_cuts(no, fingerprint, found)
        yield project, truth


def test_each_card_shows_the_true_frames_at_its_cut(numbered):
    project, truth = numbered
    cuts = project.ls("cuts")
    done = project.report()
    assert done.path == project.folder / "report.html"
    assert (done.videos, done.cuts, done.shown, done.failed) == (1, 2, 2, ())
    assert done.size_bytes == done.path.stat().st_size
    hard, dissolve = Page(done.path).cards
    assert (hard["kind"], dissolve["kind"]) == ("hard", "dissolve")
    assert [read_number(picture) for _, picture in hard["frames"]] == [29, 30]
    assert [read_number(picture) for _, picture in dissolve["frames"]] == [59, 66, 72]
    for card, cut in zip((hard, dissolve), cuts, strict=True):
        assert card["frames"][-1][0] == str(cut["pts"])
        assert f"pts {cut['pts']}" in card["text"]
        assert "0.875" in card["text"]
        assert "truth" in card["text"]
    assert truth.times_s[30] == Fraction(6, 5)
    assert "0:00:01.200" in hard["text"]
    assert "12 frames, 0.480 s, from 0:00:02.400" in dissolve["text"]


def test_names_are_text_and_the_page_asks_no_network(numbered):
    project, _ = numbered
    page = Page(project.report().path)
    assert page.has(MARKUP)
    assert all(attrs["src"].startswith("data:image/jpeg") for attrs in page.all("img"))
    assert not any("onerror" in attrs for _, attrs in page.elements)
    without_pictures = re.sub(r'"data:image/jpeg;base64,[\w+/=]+"', "", page.source)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", without_pictures)
    for tag in ("link", "iframe", "object", "base"):
        assert not page.all(tag)
    (policy,) = [a for a in page.all("meta") if "http-equiv" in a]
    assert policy["content"].startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy["content"]
    assert not any("style" in attrs or "onclick" in attrs for _, attrs in page.elements)


def test_the_page_says_what_the_project_holds(project):
    page = Page(project.report().path)
    status = project.status()
    assert len(page.cards) == status["cuts"] == len(project.ls("cuts"))
    assert page.has(f"{status['shots_too_short']} too short for a clip")
    assert page.has("selected as main@1")
    assert page.has("motion.speed top 90%")
    for video in project.ls("videos"):
        assert page.has(video["video"])
    assert len([a for a in page.all("svg") if a.get("class") == "strip"]) == 3
    boxes = [a for a in page.all("input") if a["type"] == "checkbox"]
    assert [box["value"] for box in boxes] == ["hard", "dissolve"]


def test_a_limit_keeps_the_least_sure_and_says_so(project):
    sure = {row["pts"]: row["confidence"] for row in project.ls("cuts")}
    done = project.report(limit=1)
    page = Page(done.path)
    assert (done.shown, done.cuts) == (3, 4)
    assert len(page.cards) == 3
    assert page.has("The 1 least confident of 2 cuts; for all:")
    assert page.has("rushes report --limit 2")
    one = [row for row in project.ls("cuts") if row["video"].endswith("one.mp4")]
    kept = {int(card["frames"][-1][0]) for card in page.cards} & {row["pts"] for row in one}
    assert min(sure[row["pts"]] for row in one) in {sure[pts] for pts in kept}


def test_a_condition_leaves_the_other_videos_out(project, tmp_path):
    done = project.report(tmp_path / "x.html", where="kind = dissolve")
    page = Page(done.path)
    assert [card["kind"] for card in page.cards] == ["dissolve"]
    assert page.has("Only cuts that meet kind = dissolve")
    assert not page.has("one.mp4")
    done = project.report(tmp_path / "x.html", where="confidence > 7")
    assert Page(done.path).has("No cut meets the condition. rushes ls cuts")


def test_without_a_limit_every_video_gets_its_share(monkeypatch):
    def cuts(*confidences):
        return [Cut(kind="hard", start_pts=i, pts=i, confidence=c, detector="x")
                for i, c in enumerate(confidences)]  # fmt: skip

    asked = {1: cuts(0.9, 0.1, 0.2, 0.3), 2: cuts(0.99)}
    monkeypatch.setattr(cut_report, "MOST_CUTS", 3)
    chosen = cut_report._least_confident(asked, None)
    assert {no: [cut.confidence for cut in kept] for no, kept in chosen.items()} == {
        1: [0.1, 0.2],
        2: [0.99],
    }
    assert cut_report._least_confident(asked, 9)[1] == asked[1]
    assert cut_report._least_confident(asked, 0) == {}


def test_a_lost_file_costs_its_own_pictures_only(films, tmp_path):
    with cut_project(tmp_path / "p", films) as project:
        (films / "one.mp4").unlink()
        (films / "sub" / "two.mkv").write_bytes(b"no video" * 500)
        done = project.report()
        page = Page(done.path)
        assert len(done.failed) == 2
        assert page.has("one.mp4: the file is gone; put it back, or ingest where it moved to")
        assert len(page.cards) == done.shown == 4
        assert len(page.all("img")) == 2
        assert page.has("The frames could not be read.")


def test_failures_are_listed_with_what_tries_again(films, tmp_path):
    (films / "<b>broken.mp4").write_bytes(b"no video at all" * 99)
    with cut_project(tmp_path / "p", films) as project:
        page = Page(project.report().path)
    assert page.has("1 failed or damaged")
    assert page.has("<b>broken.mp4")
    assert page.has("again: rushes ingest")


def test_an_empty_project_and_an_uncut_video_say_what_to_do(films, tmp_path):
    with Project.open(tmp_path / "p", create=True, workers=0) as project:
        done = project.report()
        assert (done.videos, done.cuts) == (0, 0)
        assert Page(done.path).has("The project has no video yet. rushes run PATH…")
        project.ingest([films])
        assert Page(project.report().path).has("This video is not cut yet. rushes run")


def test_a_video_of_one_shot_and_a_cut_at_its_very_edge(tmp_path):
    make_video(tmp_path / "films.mp4", (Take(frames=30),), numbered=True)
    with cut_project(tmp_path / "p", tmp_path / "films.mp4") as project:
        assert Page(project.report().path).has("No cut was found: the video is one shot.")
        (no, video), = project.context.catalog.videos().items()  # fmt: skip
        (row,) = project.context.probe_rows("change").values()
        edge = Cut(kind="fade", start_pts=video.start_pts, pts=video.end_pts, confidence=0.5,
                   detector="x")  # fmt: skip
        task = cut_report.CutFramesTask(
            video=video,
            cuts=(edge, replace(edge, start_pts=edge.pts)),
            signals=project.folder / row["signals"],
            key_pts=project.context.catalog.key_pts(no),
        )
        whole, end = cut_report.decode_cut_frames(task, lambda _: None)
    assert (whole.before, whole.after, whole.frames_mixed) == (None, None, 30)
    assert whole.middle.jpeg
    assert (end.after, end.middle, end.frames_mixed) == (None, None, 0)
    assert end.before.jpeg


@pytest.mark.parametrize("name", ["film.mp4", "report", "report.html.txt"])
def test_nothing_but_a_page_is_ever_written_over(project, tmp_path, name):
    (tmp_path / name).write_text("footage")
    with pytest.raises(RecipeError, match=r"ends in \.html"):
        project.report(tmp_path / name)
    assert (tmp_path / name).read_text() == "footage"


def test_a_place_that_takes_no_file_is_named(project, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecipeError, match="another place"):
        project.report(tmp_path / "file" / "x.html")


def test_the_page_is_readable_in_light_and_dark():
    css = (ROOT / "page.css").read_text()
    themes = re.findall(r":root \{(.*?)\}", css, re.S)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", theme))
        for ground in ("ground", "card", "code"):
            for text in ("text", "muted"):
                if (ground, text) != ("code", "muted"):
                    assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground, theme)
        for ground in ("ground", "card", "left-out"):
            assert contrast(colours["clip"], colours[ground]) >= 3, (ground, theme)
        assert contrast(colours["cut"], colours["ground"]) >= 3


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
