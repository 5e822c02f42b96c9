"""Decisions in Hydrus are pulled once, and do not overrule newer ones here."""

import time

from rushes.review import decide
from tests.hydrus.fake_calls import FAVOURITES


def test_archive_keeps_delete_drops_and_the_inbox_is_undecided(pushed, fake):
    fake.archive(pushed.sha256(0))
    fake.trash(pushed.sha256(1))  # it stays in the inbox, too
    fake.purge(pushed.sha256(2))
    done = pushed.pull()
    assert (done.read, done.keep, done.drop) == (5, 1, 2)
    assert [pushed.decided(n) and pushed.decided(n).verdict for n in range(5)] == [
        "keep", "drop", "drop", None, None,
    ]  # fmt: skip
    given = pushed.catalog.verdicts.since()[-1]
    assert (given.who, given.source) == ("hydrus", "hydrus")


def test_a_second_pull_stores_nothing(pushed, fake):
    fake.archive(pushed.sha256(0))
    fake.trash(pushed.sha256(1))
    fake.note(pushed.sha256(0), "a ship")
    fake.add_tag(pushed.sha256(0), "harbour")
    fake.remove_tag(pushed.sha256(0), "sea")
    pushed.pull()
    before = pushed.everything()
    done = pushed.pull()
    assert not any((done.keep, done.drop, done.captions, done.tags, done.stars, done.undecided))
    assert pushed.everything() == before
    done = pushed.push()
    assert (done.tags, done.notes, done.imported) == (0, 0, 0)
    assert pushed.everything() == before


def test_back_in_the_inbox_is_undecided_again(pushed, fake):
    fake.archive(pushed.sha256(0))
    fake.trash(pushed.sha256(1))
    pushed.pull()
    fake.inbox(pushed.sha256(0))
    fake.undelete(pushed.sha256(1))
    assert pushed.pull().undecided == 2
    assert pushed.decided(0).verdict is None
    fake.archive(pushed.sha256(0))
    assert pushed.pull().keep == 1


def test_what_was_archived_before_anybody_looked_is_undecided(bench, fake):
    fake.archives_imports = True
    bench.push()
    assert bench.pull().keep == 0
    fake.archive(bench.sha256(0))  # again, by hand
    assert bench.pull().keep == 1


def test_a_client_that_is_updated_to_say_when_it_archived_says_nothing_new(bench, fake):
    fake.api, fake.archives_imports = 70, True
    bench.push()
    fake.api = 95
    assert bench.pull().keep == 0
    fake.inbox(bench.sha256(0))
    bench.pull()
    fake.archive(bench.sha256(0))
    assert bench.pull().keep == 1


def test_a_newer_decision_here_stands(pushed, fake):
    fake.time = time.time() - 3600
    fake.archive(pushed.sha256(0))
    fake.trash(pushed.sha256(1))
    pushed.decide(pushed.clips[0], verdict="drop")
    pushed.decide(pushed.clips[1], verdict="keep")
    done = pushed.pull()
    assert (done.newer_here, done.keep, done.drop) == (2, 0, 0)
    assert (pushed.decided(0).verdict, pushed.decided(1).verdict) == ("drop", "keep")
    fake.time = time.time() + 3600
    fake.archive(pushed.sha256(1))
    fake.trash(pushed.sha256(0))
    assert pushed.pull().newer_here == 0  # both sides say the same by now


def test_an_older_decision_here_gives_way(pushed, fake):
    pushed.decide(pushed.clips[0], verdict="drop")
    fake.time = time.time() + 60
    fake.archive(pushed.sha256(0))
    assert pushed.pull().keep == 1
    assert pushed.decided(0).verdict == "keep"


def test_a_decision_here_after_a_pull_is_not_pulled_over(pushed, fake):
    fake.archive(pushed.sha256(0))
    pushed.pull()
    pushed.decide(pushed.clips[0], verdict="drop", caption="mine", tags={"remove": ["sea"]})
    pushed.pull()
    now = pushed.decided(0)
    assert (now.verdict, now.caption, now.tags_removed) == ("drop", "mine", ("sea",))
    fake.inbox(pushed.sha256(0))
    done = pushed.pull()
    assert done.newer_here == 1
    assert pushed.decided(0).verdict == "drop"


def test_taking_back_what_was_pulled_is_not_pulled_over(pushed, fake):
    fake.trash(pushed.sha256(1))
    pushed.pull()
    assert decide.undo(pushed.catalog, who="hydrus", source="cli")
    assert pushed.decided(1) is None
    assert pushed.pull().drop == 0


def test_like_and_dislike_go_before_the_inbox(bench, fake):
    bench.open("hydrus.like=favourites")
    bench.push()
    fake.rate(bench.sha256(0), True, FAVOURITES)
    fake.rate(bench.sha256(1), False, FAVOURITES)
    fake.archive(bench.sha256(1))
    fake.trash(bench.sha256(2))
    fake.rate(bench.sha256(2), True, FAVOURITES)
    bench.pull()
    assert [bench.decided(n).verdict for n in range(3)] == ["keep", "drop", "drop"]


def test_two_clients_have_two_memories(pushed, fake):
    fake.archive(pushed.sha256(0))
    pushed.pull()
    pushed.open("hydrus.client=other")
    assert pushed.pull().read == 0
    pushed.push()
    assert pushed.pull().keep == 0  # it was archived before this client was given anything


def test_what_is_gone_without_a_record_is_named_and_decides_nothing(pushed, fake):
    fake.archive(pushed.sha256(0))
    pushed.pull()
    fake.purge(pushed.sha256(0), record=False)
    before = pushed.catalog.verdicts.since()
    done = pushed.pull()
    assert (done.gone, done.lost) == (1, 0)
    assert pushed.catalog.verdicts.since() == before


def test_nothing_is_pulled_of_what_was_never_pushed(bench, fake):
    done = bench.pull()
    assert done.read == 0
    assert fake.writes() == []


def test_one_pull_is_undone_at_once(pushed, fake):
    fake.trash(*(pushed.sha256(n) for n in range(4)))
    pushed.pull()
    actions = {v.action for v in pushed.catalog.verdicts.since() if v.source == "hydrus"}
    assert len(actions) == 1


def test_moved_to_another_file_domain_is_not_deleted(pushed, fake):
    fake.move(pushed.sha256(0))
    assert pushed.pull().drop == 0
    fake.archive(pushed.sha256(0))
    assert pushed.pull().keep == 1
    assert pushed.push().rejected == 0


def test_a_clip_that_was_trimmed_is_another_one_and_the_old_ones_verdict_stays_with_it(
    pushed, fake
):
    old = pushed.sha256(0)
    clip = pushed.catalog.clips_by_id(pushed.clips[:1])[pushed.clips[0]].clip
    middle = (clip.in_pts + clip.out_pts) // 2
    edit = decide.SpanEdit(clips=[clip.id], spans=[(clip.in_pts, middle)])
    (new,) = decide.edit_spans(pushed.project.context, edit, who="ann", source="page")
    fake.trash(old)
    found = pushed.status()
    assert (found.pushed, found.replaced, found.pull.replaced, found.pull.drop) == (5, 1, 1, 1)
    assert pushed.pull().replaced == 1
    now = pushed.catalog.verdicts.current([clip.id, new.id])
    assert (now[clip.id].verdict, now[new.id].verdict) == ("drop", None)
    assert now[new.id].caption == "a boat"  # it inherits earlier decisions
    pushed.project.select()
    done = pushed.push()
    # The trimmed clip, and the one that follows since "top 90%" is of one clip less.
    assert (done.cut, done.imported, done.rejected) == (2, 2, 0)
    assert new.id in pushed.catalog.hydrus.files()
    assert pushed.pull().drop == 0


def test_two_clips_that_are_one_file_share_what_is_said_of_it(bench, fake):
    """Two spans of the same still image can be equal files."""
    bench.catalog.hydrus.add_file(bench.clips[1], bench.sha256(0), {})
    bench.decide(bench.clips[0], caption="first")
    assert bench.push().imported == 4
    fake.trash(bench.sha256(0))
    assert bench.pull().drop == 2
    assert bench.decided(0).verdict == bench.decided(1).verdict == "drop"
    assert bench.push().rejected == 1


def test_a_push_a_persons_work_a_pull_and_a_push(pushed, fake):
    """After a round with every kind of edit, nothing is left to push or pull."""
    fake.archive(pushed.sha256(0), pushed.sha256(3))
    fake.trash(pushed.sha256(1))
    fake.note(pushed.sha256(2), "dusk")
    fake.add_tag(pushed.sha256(3), "night")
    fake.remove_tag(pushed.sha256(0), "sea")
    pushed.pull()
    pushed.decide(pushed.clips[2], tags={"add": ["evening"]})
    done = pushed.push()
    assert (done.rejected, done.tags, done.notes, done.imported) == (1, 1, 0, 0)
    assert "evening" in fake.tags_of(pushed.sha256(2))
    before = pushed.everything()
    pushed.pull()
    pushed.push()
    assert pushed.everything() == before
