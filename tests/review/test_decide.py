import pytest

from rushes.decisions import tags_of
from rushes.errors import RecipeError
from rushes.review import decide as deciding


@pytest.fixture
def people(project):
    """A finished project, with shorthands for the decisions of several people."""

    class People:
        context = project.context
        catalog = context.catalog
        folder = project.folder

        def decide(self, *clips, who="ann", **values):
            return deciding.decide(self.catalog, clips, values, who=who, source="page")

        def edit_spans(self, clips, spans, who="ann", **values):
            edit = deciding.SpanEdit(clips=clips, spans=spans, values=values)
            return deciding.edit_spans(self.context, edit, who=who, source="page")

        def undo(self, who="ann", redo=False):
            reverse = deciding.redo if redo else deciding.undo
            action = reverse(self.catalog, who=who, source="page")
            return self.catalog.verdicts.of_action(action)

        def state(self, clip):
            return self.catalog.verdicts.current([clip]).get(clip)

        def clips(self):
            return [row.clip for row in self.context.clips().values()]

        def ids(self):
            return [clip.id for clip in self.clips()]

    return People()


def test_the_last_word_stands_and_everything_is_kept(people):
    clip = people.ids()[0]
    people.decide(clip, verdict="keep", stars=4)
    people.decide(clip, verdict="drop", reason="shaky", who="bob")
    now = people.state(clip)
    assert (now.verdict, now.reason, now.stars, now.who) == ("drop", "shaky", 4, "bob")
    assert [v.value for v in people.catalog.verdicts.since()] == ["keep", 4, "drop", "shaky"]


def test_tags_of_two_people_add_up(people):
    clip = people.ids()[0]
    people.decide(clip, tags={"add": ["sea", "boat"]})
    people.decide(clip, tags={"add": ["sky"], "remove": ["boat", "car"]}, who="bob")
    assert tags_of(["car", "road"], people.state(clip)) == ["road", "sea", "sky"]


def test_undo_takes_back_a_whole_action_of_that_person_only(people):
    first, second, *_ = people.ids()
    people.decide(first, second, verdict="drop")
    people.decide(first, stars=3, who="bob")
    assert len(people.undo()) == 2
    assert (people.state(first).verdict, people.state(first).stars) == (None, 3)
    assert people.state(second) is None
    people.undo(redo=True)
    assert people.state(second).verdict == "drop"
    people.undo()
    people.decide(second, verdict="keep")
    assert people.undo(redo=True) == []  # the next action clears the redo
    assert people.undo(who="carol") == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"verdict": "maybe"}, "verdict cannot be 'maybe'"),
        ({"stars": 6}, "stars cannot be 6"),
        ({"tags": {"add": [""]}}, "tags cannot be"),
        ({"captoin": "a"}, "did you mean 'caption'"),
    ],
)
def test_what_cannot_be_decided_is_refused(people, values, message):
    with pytest.raises(RecipeError, match=message):
        people.decide(people.ids()[0], **values)
    assert people.catalog.verdicts.since() == []


def test_a_clip_that_is_not_there_is_named(people):
    with pytest.raises(RecipeError, match="there is no clip nope"):
        people.decide("nope", verdict="keep")


def test_a_split_takes_the_verdict_along_and_is_undone(people):
    before = people.clips()
    clip = before[0]
    people.decide(clip.id, verdict="keep", caption="a dog", tags={"add": ["dog"]})
    middle = (clip.in_pts + clip.out_pts) // 2
    one, two = people.edit_spans([clip.id], [(clip.in_pts, middle), (middle, clip.out_pts)])
    assert one.out_pts == two.in_pts
    assert one.frames + two.frames == clip.frames
    assert people.ids()[:2] == [one.id, two.id]
    assert clip.id not in people.ids()
    for half in (one, two):
        now = people.state(half.id)
        assert (now.verdict, now.caption, now.tags_added) == ("keep", "a dog", ("dog",))
    people.undo()
    assert people.clips() == before
    people.undo(redo=True)
    assert people.ids()[:2] == [one.id, two.id]


def test_a_trim_and_its_verdict_are_one_step(people):
    clip = people.clips()[0]
    people.decide(clip.id, verdict="drop", reason="too long")
    span = (clip.in_pts, clip.out_pts - 2000)
    with pytest.raises(RecipeError, match="verdict cannot be 'maybe'"):
        people.edit_spans([clip.id], [span], verdict="maybe")
    (trimmed,) = people.edit_spans([clip.id], [span], verdict="keep")
    assert (people.state(trimmed.id).verdict, people.state(trimmed.id).reason) == (
        "keep",
        "too long",
    )
    people.undo()
    assert people.ids()[0] == clip.id and people.state(trimmed.id) is None
    assert people.state(clip.id).verdict == "drop"


def test_a_trim_snaps_to_frames_and_a_merge_merges(people):
    first, second, *_ = people.clips()
    (trimmed,) = people.edit_spans([first.id], [(first.in_pts + 700, first.out_pts)])
    assert trimmed.frames < first.frames
    (merged,) = people.edit_spans([trimmed.id, second.id], [(trimmed.in_pts, second.out_pts)])
    assert merged.frames == trimmed.frames + second.frames
    assert people.ids()[0] == merged.id


def test_an_empty_span_and_clips_of_two_videos_are_refused(people):
    clips = people.clips()
    with pytest.raises(RecipeError, match="there is no frame in"):
        people.edit_spans([clips[0].id], [(clips[0].in_pts, clips[0].in_pts + 1)])
    with pytest.raises(RecipeError, match="of two videos"):
        people.edit_spans([clips[0].id, clips[-1].id], [(0, 100)])


def test_an_undo_that_another_persons_split_made_impossible_says_so(people):
    clip = people.clips()[0]
    middle = (clip.in_pts + clip.out_pts) // 2
    one, _ = people.edit_spans([clip.id], [(clip.in_pts, middle), (middle, clip.out_pts)])
    people.edit_spans([one.id], [(one.in_pts, one.out_pts - 1000)], who="bob")
    with pytest.raises(RecipeError, match="not there any more"):
        people.undo()
    assert people.undo(who="bob")
    assert people.undo()
    assert people.clips()[0] == clip


@pytest.mark.parametrize("times", [0, 2])
def test_a_clip_becomes_something_and_each_span_once(people, times):
    clip = people.clips()[0]
    with pytest.raises(RecipeError, match="one span or more"):
        people.edit_spans([clip.id], [(clip.in_pts, clip.out_pts - 2000)] * times)
    assert people.clips()[0] == clip
    assert not people.undo()


def test_a_persons_spans_outlast_a_change_of_the_recipe(people, project_folder):
    from rushes.project import Project

    clip = people.clips()[0]
    (trimmed,) = people.edit_spans([clip.id], [(clip.in_pts, clip.out_pts - 2000)])
    with Project.open(project_folder, workers=0, changes=["cut.max_s=19"]) as other:
        other.cut()
        assert trimmed.id in [row["clip"] for row in other.ls("clips")]
