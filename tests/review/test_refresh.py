"""After every refresh the live clips equal those that are read from the catalog anew."""

import random
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from rushes.catalog import captions, change_log
from rushes.dedup.keep import OUTCOME, OUTCOME_KEY, outcome_fingerprint
from rushes.errors import RecipeError
from rushes.project import Project
from rushes.records import Clip, CutResult
from rushes.review import decide, live_clips
from rushes.review.live_clips import LiveClips
from rushes.similarity import coverage


class Events:
    """Random changes of a project whose page is open."""

    def __init__(self, project, seed):
        self.random = random.Random(seed)
        self.context = project.context
        self.catalog, self.recipe = project.context.catalog, project.context.recipe
        self.cut = self.recipe.fingerprints.cut
        self.trimmable = set(self.catalog.videos())  # these can be trimmed, since they have signals

    def clips(self):
        return self.catalog.clips(self.cut)

    def some(self, values, most=4):
        values = list(values)
        return self.random.sample(values, self.random.randint(1, min(most, len(values))))

    def happen(self):
        name = self.random.choice([name for name in dir(self) if name.startswith("on_")])
        getattr(self, name)()
        return name

    def spans(self, video, first):
        return [
            Clip(video_id=video.id, in_pts=at, out_pts=at + self.random.randint(5, 15), frames=9)
            for at in range(first, first + 40, 20)
        ]

    def on_a_new_video(self):
        number = self.random.getrandbits(60)
        like = self.random.choice(list(self.catalog.videos().values()))
        video = replace(like, id=f"{number:016x}", given=f"{number}.mp4")
        no = self.catalog.add_file(f"/films/{number}.mp4", 1, 1, video)
        self.put_cuts(no, self.cut, self.spans(video, 0))

    def on_a_cut_of_the_same_setting(self):
        no, video = self.random.choice(list(self.catalog.videos().items()))
        self.put_cuts(no, self.cut, self.spans(video, self.random.randint(0, 500)))

    def on_a_cut_of_another_setting(self):
        no, video = self.random.choice(list(self.catalog.videos().items()))
        self.put_cuts(no, "another", self.spans(video, self.random.randint(0, 500)))

    def put_cuts(self, no, fingerprint, clips):
        found = CutResult(cuts=[], clips=clips, shots=2, shots_too_short=0)
        self.catalog.commit_cuts(no, fingerprint, found)

    def on_another_name(self):
        no = self.random.choice(list(self.catalog.videos()))
        self.catalog.set_given({no: f"called {self.random.random()}.mp4"})

    def on_scores(self):
        name, scorer = self.random.choice(list(self.recipe.stages("score").items()))
        prints = [self.recipe.fingerprints.scorers[name], "of another setting"]
        rows = {
            no: {
                field.name: "text" if field.dtype == "text" else self.random.randint(0, 9)
                for field in scorer.fields
            }
            for no in self.some(self.clips())
        }
        key = f"scorer/{name}"
        self.catalog.stages.commit(key, scorer.fields, self.random.choice(prints), rows)

    def on_clusters(self):
        rows = {no: {"cluster": self.random.randint(1, 3), "nearness": 0.5} for no in self.clips()}
        rows = {no: rows[no] for no in self.some(rows, 9)} if self.random.random() < 0.8 else {}
        fingerprint = coverage.fingerprint(self.recipe)
        self.catalog.stages.replace(coverage.KEY, coverage.FIELDS, fingerprint, rows)

    def on_copies(self):
        rows = {
            no: {"group": self.random.randint(0, 2), "copies": 1, "keep": 1, "of": "x",
                 "alike": None, "alike_keep": None}
            for no in self.some(self.clips(), 9)
        }  # fmt: skip
        fingerprint = outcome_fingerprint(self.recipe)
        self.catalog.stages.commit(OUTCOME_KEY, OUTCOME, fingerprint, rows)

    def on_a_verdict(self):
        tags = [self.random.choice("abc") for _ in range(2)]
        values = self.random.choice(
            [{"verdict": "keep"}, {"verdict": None, "stars": 3}, {"reason": "x", "verdict": "drop"},
             {"tags": {"add": tags[:1], "remove": tags[1:]}}]
        )  # fmt: skip
        clips = [self.clips()[no].clip.id for no in self.some(self.clips())]
        who = self.random.choice(["ann", "bob"])
        decide.decide(self.catalog, clips, values, who=who, source="page")

    def on_a_caption(self):
        (no, *_) = self.some(self.clips())
        text = self.random.choice(["a fox", "a dog", None])
        said = {self.clips()[no].clip.id: text}
        decide.decide_each(self.catalog, "caption", said, who="ann", source="page")

    def on_another_span(self):
        there = [
            row.clip
            for row in self.clips().values()
            if row.video_no in self.trimmable and row.clip.frames > 3
        ]
        if not there:
            return
        clip = self.random.choice(there)
        middle = (clip.in_pts + clip.out_pts) // 2
        spans = [(clip.in_pts, middle), (middle, clip.out_pts)][: self.random.randint(1, 2)]
        edit = decide.SpanEdit(clips=[clip.id], spans=spans)
        self.quietly(decide.edit_spans, self.context, edit, who="ann")

    def on_undo(self):
        who = self.random.choice(["ann", "bob"])
        self.quietly(decide.undo, self.catalog, who=who)

    def on_redo(self):
        who = self.random.choice(["ann", "bob"])
        self.quietly(decide.redo, self.catalog, who=who)

    def quietly(self, work, *given, **named):
        # The clips may be gone, or the span would hold no frame.
        with suppress(RecipeError):
            work(*given, source="page", **named)


@pytest.fixture
def halved(project_folder):
    """A project with many videos in either split."""
    with Project.open(project_folder, workers=0, changes=["split.validation=50%"]) as opened:
        yield opened


def same(live, anew):
    assert live.ids == anew.ids
    assert live.numbers == anew.numbers
    assert live.index == anew.index
    assert list(live.clips) == list(anew.clips)
    assert live.decisions == anew.decisions
    assert list(live.columns.arrays) == list(anew.columns.arrays)
    for name, values in anew.columns.arrays.items():
        np.testing.assert_array_equal(live.columns[name], values, err_msg=name)
        if values.dtype == object:
            assert live.columns.counts(name) == anew.columns.counts(name)
    assert live.verdict_no == anew.verdict_no


@pytest.mark.parametrize("seed", range(3))
def test_a_refresh_gives_what_reading_everything_would(halved, seed, monkeypatch):
    monkeypatch.setattr(captions, "_caption_scorers", lambda: ["scorer/motion"])
    events = Events(halved, seed)
    live = LiveClips(events.context)
    read_whole, read = [], live_clips.clip_table
    monkeypatch.setattr(
        live_clips, "clip_table", lambda *given: read_whole.append(1) or read(*given)
    )
    seen = []
    for _ in range(40):
        seen.append(events.happen())
        if events.random.random() < 0.5:
            live.columns.counts("verdict")  # fills the cache of the column
            live.refresh(share=events.random.choice([0.001, 1.0]))
        if events.random.random() < 0.5:
            live.refresh()
            assert not live.refresh(), "nothing is taken in twice"
            assert not read_whole, f"{seen}: all was read again"
            same(live, LiveClips(events.context))
            read_whole.clear()


def test_clips_that_fell_far_behind_are_read_anew(halved, monkeypatch):
    monkeypatch.setattr(change_log, "KEPT", 2)
    events = Events(halved, 5)
    live = LiveClips(events.context)
    for _ in range(4):
        events.on_a_new_video()
        events.on_scores()
    assert live.refresh()
    same(live, LiveClips(events.context))


def test_what_scans_bring_can_wait_but_nothing_that_people_do(halved):
    events = Events(halved, 6)
    live = LiveClips(events.context)
    one, two, *_ = events.clips().values()
    first, clip, second = one.no, one.clip, two.no
    for no in (first, second):
        scorer = events.recipe.stages("score")["motion"]
        rows = {no: {field.name: 77.0 for field in scorer.fields}}
        print_ = events.recipe.fingerprints.scorers["motion"]
        events.catalog.stages.commit("scorer/motion", scorer.fields, print_, rows)
        assert live.refresh(share=1e-9) is (no == first)

    def speeds():
        return [live.columns["motion.speed"][live.numbers.index(no)] for no in (first, second)]

    assert speeds()[0] == 77 != speeds()[1]
    decide.decide(events.catalog, [clip.id], {"verdict": "keep"}, who="bob", source="cli")
    assert live.refresh(share=1e-9)
    assert (live.last_by, live.decisions[clip.id].verdict) == (("bob",), "keep")
    assert speeds()[1] != 77
    decide.undo(events.catalog, who="bob", source="cli")  # an undo can change the set of clips
    assert live.refresh(share=1e-9)
    assert speeds() == [77, 77]
