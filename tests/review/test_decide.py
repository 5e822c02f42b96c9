import pytest

from rushes.decisions import tags_of
from rushes.errors import RecipeError
from rushes.review import decide as deciding


@pytest.fixture
def desk(project):
    """The catalog of a finished project, and shorthands for two people at work on it."""

    class Desk:
        context = project.context
        catalog = context.catalog
        folder = project.folder

        def decide(self, *clips, who="ann", **values):
            return deciding.decide(self.catalog, clips, values, who=who, source="page")

        def respan(self, clips, spans, who="ann", **values):
            given = {"who": who, "source": "page", "values": values}
            return deciding.respan(self.context, clips, spans, **given)

        def undo(self, who="ann", redo=False):
            action = deciding.take_back(self.catalog, who=who, source="page", redo=redo)
            return self.catalog.verdicts.of_action(action)

        def state(self, clip):
            return self.catalog.verdicts.current([clip]).get(clip)

        def clips(self):
            return [row.clip for row in self.context.clips().values()]

        def ids(self):
            return [clip.id for clip in self.clips()]

    return Desk()


def test_the_last_word_stands_and_everything_is_kept(desk):
    clip = desk.ids()[0]
    desk.decide(clip, verdict="keep", stars=4)
    desk.decide(clip, verdict="drop", reason="shaky", who="bob")
    now = desk.state(clip)
    assert (now.verdict, now.reason, now.stars, now.who) == ("drop", "shaky", 4, "bob")
    assert [v.value for v in desk.catalog.verdicts.since()] == ["keep", 4, "drop", "shaky"]


def test_tags_of_two_people_add_up(desk):
    clip = desk.ids()[0]
    desk.decide(clip, tags={"add": ["sea", "boat"]})
    desk.decide(clip, tags={"add": ["sky"], "remove": ["boat", "car"]}, who="bob")
    assert tags_of(["car", "road"], desk.state(clip)) == ["road", "sea", "sky"]


def test_undo_takes_back_a_whole_action_of_that_person_only(desk):
    first, second, *_ = desk.ids()
    desk.decide(first, second, verdict="drop")
    desk.decide(first, stars=3, who="bob")
    assert len(desk.undo()) == 2
    assert (desk.state(first).verdict, desk.state(first).stars) == (None, 3)
    assert desk.state(second) is None
    desk.undo(redo=True)
    assert desk.state(second).verdict == "drop"
    desk.undo()
    desk.decide(second, verdict="keep")
    assert desk.undo(redo=True) == []  # something else was done since
    assert desk.undo(who="carol") == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"verdict": "maybe"}, "verdict cannot be 'maybe'"),
        ({"stars": 6}, "stars cannot be 6"),
        ({"tags": {"add": [""]}}, "tags cannot be"),
        ({"captoin": "a"}, "did you mean 'caption'"),
    ],
)
def test_what_cannot_be_decided_is_refused(desk, values, message):
    with pytest.raises(RecipeError, match=message):
        desk.decide(desk.ids()[0], **values)
    assert desk.catalog.verdicts.since() == []


def test_a_clip_that_is_not_there_is_named(desk):
    with pytest.raises(RecipeError, match="there is no clip nope"):
        desk.decide("nope", verdict="keep")


def test_a_split_takes_the_verdict_along_and_is_undone(desk):
    before = desk.clips()
    clip = before[0]
    desk.decide(clip.id, verdict="keep", caption="a dog", tags={"add": ["dog"]})
    middle = (clip.in_pts + clip.out_pts) // 2
    one, two = desk.respan([clip.id], [(clip.in_pts, middle), (middle, clip.out_pts)])
    assert one.out_pts == two.in_pts
    assert one.frames + two.frames == clip.frames
    assert desk.ids()[:2] == [one.id, two.id]
    assert clip.id not in desk.ids()
    for half in (one, two):
        now = desk.state(half.id)
        assert (now.verdict, now.caption, now.tags_added) == ("keep", "a dog", ("dog",))
    desk.undo()
    assert desk.clips() == before
    desk.undo(redo=True)
    assert desk.ids()[:2] == [one.id, two.id]


def test_a_trim_and_its_verdict_are_one_step(desk):
    clip = desk.clips()[0]
    desk.decide(clip.id, verdict="drop", reason="too long")
    span = (clip.in_pts, clip.out_pts - 2000)
    with pytest.raises(RecipeError, match="verdict cannot be 'maybe'"):
        desk.respan([clip.id], [span], verdict="maybe")
    (trimmed,) = desk.respan([clip.id], [span], verdict="keep")
    assert (desk.state(trimmed.id).verdict, desk.state(trimmed.id).reason) == ("keep", "too long")
    desk.undo()
    assert desk.ids()[0] == clip.id and desk.state(trimmed.id) is None
    assert desk.state(clip.id).verdict == "drop"


def test_a_trim_snaps_to_frames_and_a_merge_joins(desk):
    first, second, *_ = desk.clips()
    (trimmed,) = desk.respan([first.id], [(first.in_pts + 700, first.out_pts)])
    assert trimmed.frames < first.frames
    (joined,) = desk.respan([trimmed.id, second.id], [(trimmed.in_pts, second.out_pts)])
    assert joined.frames == trimmed.frames + second.frames
    assert desk.ids()[0] == joined.id


def test_an_empty_span_and_clips_of_two_videos_are_refused(desk):
    clips = desk.clips()
    with pytest.raises(RecipeError, match="there is no frame in"):
        desk.respan([clips[0].id], [(clips[0].in_pts, clips[0].in_pts + 1)])
    with pytest.raises(RecipeError, match="of two videos"):
        desk.respan([clips[0].id, clips[-1].id], [(0, 100)])


def test_an_undo_that_another_persons_split_made_impossible_says_so(desk):
    clip = desk.clips()[0]
    middle = (clip.in_pts + clip.out_pts) // 2
    one, _ = desk.respan([clip.id], [(clip.in_pts, middle), (middle, clip.out_pts)])
    desk.respan([one.id], [(one.in_pts, one.out_pts - 1000)], who="bob")
    with pytest.raises(RecipeError, match="not there any more"):
        desk.undo()
    assert desk.undo(who="bob")
    assert desk.undo()
    assert desk.clips()[0] == clip


@pytest.mark.parametrize("times", [0, 2])
def test_a_clip_becomes_something_and_each_span_once(desk, times):
    clip = desk.clips()[0]
    with pytest.raises(RecipeError, match="one span or more"):
        desk.respan([clip.id], [(clip.in_pts, clip.out_pts - 2000)] * times)
    assert desk.clips()[0] == clip
    assert not desk.undo()


def test_a_persons_spans_outlast_a_change_of_the_recipe(desk, project_folder):
    from rushes.project import Project

    clip = desk.clips()[0]
    (trimmed,) = desk.respan([clip.id], [(clip.in_pts, clip.out_pts - 2000)])
    with Project.open(project_folder, workers=0, changes=["cut.max_s=19"]) as other:
        other.cut()
        assert trimmed.id in [row["clip"] for row in other.ls("clips")]
