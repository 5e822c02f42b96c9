"""Captions, tags and stars that a person changed in Hydrus: a three-way merge; Hydrus wins."""

import pytest

from rushes.errors import RecipeError
from tests.hydrus.fake_calls import COUNTER, RANK, STARS


def test_edited_captions_come_back(pushed, fake):
    fake.note(pushed.sha256(0), "a ship\nin port")
    fake.note(pushed.sha256(1), "new here")
    assert pushed.pull().captions == 2
    assert (pushed.decided(0).caption, pushed.decided(1).caption) == ("a ship\nin port", "new here")
    pushed.decide(pushed.clips[0], caption="a tanker")
    assert pushed.push().notes == 1
    assert fake.files[pushed.sha256(0)]["notes"]["rushes caption"] == "a tanker"


def test_what_an_editor_does_to_ends_and_line_breaks_is_no_edit(pushed, fake):
    pushed.decide(pushed.clips[0], caption="a ship\r\nin port")
    pushed.push()
    fake.note(pushed.sha256(0), "a ship\nin port\n")
    assert pushed.pull().captions == 0
    assert pushed.decided(0).caption == "a ship\r\nin port"
    assert pushed.push().notes == 0
    fake.note(pushed.sha256(1), "  new here\r\n")
    pushed.pull()
    assert pushed.decided(1).caption == "new here"
    assert pushed.push().notes == 0
    assert fake.files[pushed.sha256(1)]["notes"]["rushes caption"] == "  new here\r\n"


def test_a_note_that_was_renamed_is_a_removed_caption(pushed, fake):
    fake.note(pushed.sha256(0), "")
    fake.note(pushed.sha256(0), "a boat", name="mine")
    assert pushed.pull().captions == 1
    assert pushed.decided(0).caption == ""
    assert pushed.push().notes == 0


def test_a_caption_of_any_length_and_script_goes_and_comes(bench, fake):
    long = "zwei Boote, ein Hafen: 船 ⛵ «Ω»\n" * 4000
    bench.decide(bench.clips[0], caption=long)
    bench.push()
    fake.note(bench.sha256(1), long)
    bench.pull()
    assert fake.files[bench.sha256(0)]["notes"]["rushes caption"] == long
    assert bench.decided(1).caption == long.strip()


def test_a_removed_caption_is_removed_and_the_same_text_stays_away(pushed, fake):
    fake.note(pushed.sha256(0), "")
    assert pushed.pull().captions == 1
    assert pushed.decided(0).caption == ""
    assert pushed.push().notes == 0
    pushed.decide(pushed.clips[0], caption="a boat")
    assert pushed.push().notes == 0
    assert "rushes caption" not in fake.files[pushed.sha256(0)]["notes"]
    pushed.decide(pushed.clips[0], caption="something else")
    assert pushed.push().notes == 1


def test_a_caption_changed_on_both_sides_is_the_clients_and_is_named(pushed, fake):
    pushed.decide(pushed.clips[0], caption="a dinghy")
    fake.note(pushed.sha256(0), "a ship")
    done = pushed.pull()
    assert done.overruled == (pushed.clips[0],)
    assert pushed.decided(0).caption == "a ship"
    assert "a dinghy" in [v.value for v in pushed.catalog.verdicts.since()]
    assert pushed.pull().overruled == ()


def test_the_note_of_facts_is_no_caption(pushed, fake):
    fake.note(pushed.sha256(0), "scribbled", name="rushes")
    before = pushed.catalog.verdicts.since()
    pushed.pull()
    assert pushed.catalog.verdicts.since() == before
    assert pushed.push().notes == 0
    assert fake.files[pushed.sha256(0)]["notes"]["rushes"] == "scribbled"


def test_edited_tags_come_back_and_stay_as_the_person_left_them(pushed, fake):
    sha256 = pushed.sha256(0)
    fake.add_tag(sha256, "person:captain")
    fake.remove_tag(sha256, "sea")
    assert pushed.pull().tags == 1
    now = pushed.decided(0)
    assert now.tags_added == ("boat", "person:captain")
    assert now.tags_removed == ("sea",)
    pushed.decide(pushed.clips[0], tags={"add": ["sea"], "remove": ["person:captain"]})
    pushed.pull()
    pushed.push()
    now = pushed.decided(0)
    assert (now.tags_added, now.tags_removed) == (("boat", "sea"), ("person:captain",))
    assert "sea" not in fake.tags_of(sha256)  # a person removed it there
    fake.add_tag(sha256, "sea")
    pushed.pull()
    assert "sea" in pushed.decided(0).tags_added


def test_a_tag_that_comes_back_there_comes_back_here(pushed, fake):
    fake.remove_tag(pushed.sha256(0), "sea")
    pushed.pull()
    fake.add_tag(pushed.sha256(0), "sea")
    assert pushed.pull().tags == 1
    assert "sea" in pushed.decided(0).tags_added


def test_tags_are_ours_whatever_hydrus_makes_of_them(bench, fake):
    bench.decide(bench.clips[0], tags={"add": ["Big  Boat", "Where:\tPort", ":)", "-minus"]})
    bench.push()
    assert {"big boat", "where:port", "::)", "minus"} < fake.tags_of(bench.sha256(0))
    assert bench.pull().tags == 0
    fake.remove_tag(bench.sha256(0), "big boat")
    bench.pull()
    assert bench.decided(0).tags_removed == ("Big  Boat",)


@pytest.mark.parametrize("how", ["remove", "add again"])
def test_two_of_our_tags_that_are_one_there_share_what_becomes_of_it(bench, fake, how):
    bench.decide(bench.clips[0], tags={"add": ["Big Boat", "big  boat"]})
    bench.push()
    fake.remove_tag(bench.sha256(0), "big boat")
    bench.pull()
    assert bench.decided(0).tags_removed == ("Big Boat", "big  boat")
    if how == "add again":
        fake.add_tag(bench.sha256(0), "big boat")
        bench.pull()
        assert bench.decided(0).tags_added == ("big boat",)


def test_our_own_facts_siblings_and_other_services_are_no_edits(pushed, fake):
    fake.add_tag(pushed.sha256(0), "rushes:flag shaky")
    before = pushed.catalog.verdicts.since()
    pushed.pull()
    assert pushed.catalog.verdicts.since() == before


def test_stars_come_from_the_service_that_was_chosen(bench, fake):
    bench.open("hydrus.stars=quality")
    bench.push()
    fake.rate(bench.sha256(0), 8)  # of ten
    assert bench.pull().stars == 1
    assert bench.decided(0).stars == 4
    assert bench.pull().stars == 0
    bench.decide(bench.clips[0], stars=2)
    assert bench.pull().stars == 0
    fake.rate(bench.sha256(0), None, STARS)
    bench.pull()
    assert bench.decided(0).stars is None


def test_a_counter_that_nobody_touched_is_no_rating(bench, fake):
    bench.open("hydrus.stars=plays")
    bench.push()
    assert bench.pull().stars == 0
    assert bench.catalog.verdicts.current() == {}
    for count, stars in ((1, 1), (4, 4), (12, 5), (0, None)):
        fake.rate(bench.sha256(0), count, COUNTER)
        assert bench.pull().stars == 1
        assert bench.decided(0).stars == stars


def test_ten_stars_become_five_halves_rounded_up_and_never_none(bench, fake):
    bench.open("hydrus.stars=quality")
    bench.push()
    found = []
    for rating in range(1, 11):
        fake.rate(bench.sha256(0), rating)
        bench.pull()
        found.append(bench.decided(0).stars)
    assert found == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    fake.rate(bench.sha256(0), 0)  # a rating of no star, given by a person
    bench.pull()
    assert bench.decided(0).stars == 0


def test_stars_stay_when_their_service_is_no_longer_read_or_another_is(bench, fake):
    bench.open("hydrus.stars=quality")
    bench.push()
    fake.rate(bench.sha256(0), 8)
    bench.pull()
    bench.open("hydrus.stars=")
    assert bench.pull().stars == 0
    bench.open("hydrus.stars=rank")  # in which nobody has rated yet
    assert bench.pull().stars == 0
    assert bench.decided(0).stars == 4
    fake.rate(bench.sha256(0), 2, RANK)
    assert bench.pull().stars == 1
    assert bench.decided(0).stars == 2


def test_a_rating_service_of_another_kind_is_refused(bench):
    bench.open("hydrus.stars=favourites")
    with pytest.raises(RecipeError, match=r"hydrus\.stars.*it has: 'quality', 'rank', 'plays'"):
        bench.pull()


def test_under_another_name_the_project_remembers_what_people_did(pushed, fake):
    """A renamed folder has the same effect."""
    fake.note(pushed.sha256(0), "")
    fake.purge(pushed.sha256(1), record=False)
    pushed.open("hydrus.project=renamed")
    done = pushed.pull()
    assert (done.captions, done.gone, done.lost) == (1, 1, 0)
    done = pushed.push()
    assert (done.imported, done.gone, done.notes, done.tags) == (0, 1, 0, 4)
    assert "rushes caption" not in fake.files[pushed.sha256(0)]["notes"]
    assert {"rushes:project project", "rushes:project renamed"} < fake.tags_of(pushed.sha256(0))
    assert pushed.push().tags == 0
