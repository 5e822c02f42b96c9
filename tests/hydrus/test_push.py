"""Repeated pushes keep the edits of a person in between."""

import hashlib

import pytest

from rushes.errors import ProjectError, RecipeError
from tests.hydrus.fake_calls import ALL_KNOWN_TAGS, MY_TAGS
from tests.hydrus.fake_http import KEY, MOST_HEAD_BYTES


def test_clips_arrive_with_tags_caption_and_facts(uncut_bench, fake):
    bench = uncut_bench
    bench.decide(bench.clips[0], caption="a boat\r\nat sea ⛵", tags={"add": ["Boat: Big", "sea"]})
    done = bench.push()
    assert (done.clips, done.cut, done.imported, done.failed) == (5, 5, 5, 0)
    folder = bench.project.folder / "hydrus"
    assert {path.stem for path in folder.glob("*.mp4")} == set(fake.files)
    for path in folder.glob("*.mp4"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    assert not list(folder.glob(".parts/*"))
    row = fake.files[bench.sha256(0)]
    assert {"rushes:project project", "rushes:video one.mp4", "rushes:duration 1 s",
            "boat:big", "sea"} < set(row["tags"])  # fmt: skip
    assert any(tag.startswith("rushes:motion.speed ") for tag in row["tags"])
    assert row["notes"]["rushes caption"] == "a boat\r\nat sea ⛵"
    assert f"clip: {bench.clips[0]}" in row["notes"]["rushes"]
    assert "in: 0.0 s\nout: 1.25 s" in row["notes"]["rushes"]
    assert "rushes caption" not in fake.files[bench.sha256(1)]["notes"]


def test_a_second_push_sends_and_stores_nothing(bench, fake):
    bench.decide(bench.clips[0], caption="a boat", tags={"add": ["-odd:  Tag:x", "system:y", ":)"]})
    bench.push()
    before, writes = bench.everything(), len(fake.writes())
    done = bench.push()
    assert (done.cut, done.imported, done.known, done.tags, done.notes) == (0, 0, 0, 0, 0)
    assert len(fake.writes()) == writes
    assert bench.everything() == before
    assert bench.pull().tags == 0


def test_whatever_hydrus_makes_of_a_tag_it_comes_to_rest(bench, fake):
    tags = [
        "Boat : Big",
        "Ship :Small",
        "long " * 300,
        "Straße:  GRÜN 船",
        "a:b:c",
        ":weird:",
        "x:-y",
        "ns:",
    ]
    bench.decide(bench.clips[0], tags={"add": tags})
    bench.push()
    assert bench.push().tags == 0
    before = bench.catalog.verdicts.since()
    assert bench.pull().tags == 0
    assert bench.catalog.verdicts.since() == before


def test_only_what_changed_is_sent(bench, fake):
    bench.push()
    bench.decide(bench.clips[2], caption="new", tags={"add": ["dog"]})
    done = bench.push()
    assert (done.imported, done.tags, done.notes) == (0, 1, 1)
    assert "dog" in fake.tags_of(bench.sha256(2))


def test_a_client_that_sees_no_paths_is_sent_the_bytes(bench, fake):
    fake.reads_paths = False
    assert bench.push().imported == 5
    tried = [body for path, body in fake.calls if path == "/add_files/add_file" and body]
    assert len(tried) <= 2  # each of the two importers notices once


def test_a_file_that_is_locked_fails_alone_and_the_others_go_by_path(bench, fake):
    fake.refuses["/add_files/add_file"] = [409]
    done = bench.push()
    assert (done.failed, done.imported) == (1, 4)
    assert all(body for path, body in fake.calls if path == "/add_files/add_file")
    assert bench.push().imported == 1
    assert bench.project.failures() == []


def test_the_bar_moves_with_each_import(bench, monkeypatch):
    moves = []
    monkeypatch.setattr(bench.project.context.runner.reporter, "advance", moves.append)
    bench.push()
    assert moves == [1] * 5 + [0]
    moves.clear()
    bench.push()
    assert moves == [5]


def test_paths_are_those_of_the_clients_machine(bench, fake, tmp_path):
    there = tmp_path / "elsewhere"
    there.symlink_to(bench.project.folder)
    bench.open(f'hydrus.paths={{"{bench.project.folder}" = "{there}/"}}')
    bench.push()
    sent = {body["path"] for path, body in fake.calls if path == "/add_files/add_file"}
    assert sent == {f"{there}/hydrus/{sha256}.mp4" for sha256 in fake.files}


def test_a_removed_tag_and_a_removed_note_are_never_added_again(bench, fake):
    bench.decide(bench.clips[0], caption="a boat", tags={"add": ["boat"]})
    bench.push()
    sha256 = bench.sha256(0)
    fake.remove_tag(sha256, "boat")
    fake.remove_tag(sha256, "rushes:video one.mp4")
    fake.note(sha256, "")
    done = bench.push()
    assert (done.tags, done.notes) == (0, 0)
    assert not {"boat", "rushes:video one.mp4"} & fake.tags_of(sha256)
    assert "rushes caption" not in fake.files[sha256]["notes"]


def test_a_tag_that_is_removed_while_we_push_stays_removed(bench, fake):
    bench.push()
    bench.decide(bench.clips[0], tags={"add": ["boat"]})
    sha256 = bench.sha256(0)

    def remove_first(_):
        if fake.calls[-1][0] == "/add_tags/add_tags":
            fake.remove_tag(sha256, "boat")

    fake.on_call = remove_first
    assert bench.push().tags == 1
    assert "boat" not in fake.tags_of(sha256)


def test_removing_the_projects_own_tag_is_no_reason_to_send_all_again(bench, fake):
    bench.decide(bench.clips[0], caption="a boat")
    bench.push()
    fake.remove_tag(bench.sha256(0), "rushes:project project")
    fake.note(bench.sha256(0), "")
    assert bench.push().notes == 0
    assert "rushes caption" not in fake.files[bench.sha256(0)]["notes"]


def test_a_persons_text_is_not_written_over(bench, fake):
    bench.decide(bench.clips[0], caption="a boat")
    bench.push()
    fake.note(bench.sha256(0), "a ship, really")
    bench.decide(bench.clips[0], caption="a dinghy")
    bench.push()
    assert fake.files[bench.sha256(0)]["notes"]["rushes caption"] == "a ship, really"


def test_a_text_that_nobody_touched_follows_ours(bench, fake):
    bench.decide(bench.clips[0], caption="a boat")
    bench.push()
    bench.decide(bench.clips[0], caption="a dinghy")
    assert bench.push().notes == 1
    assert fake.files[bench.sha256(0)]["notes"]["rushes caption"] == "a dinghy"


def test_a_note_of_that_name_from_before_is_a_persons(bench, fake):
    bench.push()
    sha256 = bench.sha256(0)
    fake.note(sha256, "mine")
    bench.decide(bench.clips[0], caption="a boat")
    assert bench.push().notes == 0


@pytest.mark.parametrize("how", ["trash", "purge"])
def test_what_was_deleted_is_left_alone(bench, fake, how):
    bench.push()
    getattr(fake, how)(bench.sha256(0), bench.sha256(1))
    before = fake.state()
    done = bench.push()
    assert (done.rejected, done.imported) == (2, 0)
    assert fake.state() == before


def test_what_was_removed_without_a_record_is_left_alone(bench, fake):
    bench.push()
    fake.purge(bench.sha256(0), record=False)
    done = bench.push()
    assert (done.gone, done.imported) == (1, 0)
    assert not fake.files[bench.sha256(0)]["is_local"]


def test_files_that_it_had_are_tagged_not_imported(bench, fake):
    bench.push()
    bench.open("hydrus.client=other", "hydrus.project=second")
    done = bench.push()
    assert (done.known, done.imported, done.cut, done.tags) == (5, 0, 0, 5)
    assert "rushes:project second" in fake.tags_of(bench.sha256(0))


def test_a_veto_is_no_failure_and_is_asked_again(bench, fake):
    fake.vetoes = True
    done = bench.push()
    assert (done.vetoed, done.failed, done.imported) == (5, 0, 0)
    assert fake.files == {}
    assert bench.project.failures() == []
    fake.vetoes = False
    assert bench.push().imported == 5


def test_a_file_that_it_cannot_read_is_a_failure_that_goes_away(bench, fake):
    bench.push()
    del fake.files[bench.sha256(0)]
    fake.fails = True
    done = bench.push()
    (failure,) = bench.project.failures()
    assert done.failed == 1
    assert "could not import it: Unknown filetype!" in failure.message
    assert (failure.item, failure.retry) == (bench.clips[0], "rushes hydrus push")
    fake.fails = False
    assert bench.push().imported == 1
    assert bench.project.failures() == []


def test_a_file_that_was_damaged_here_is_not_sent(bench, fake):
    path = bench.project.folder / "hydrus" / f"{bench.sha256(0)}.mp4"
    path.write_bytes(path.read_bytes()[:-1])
    done = bench.push()
    assert (done.failed, done.imported) == (1, 4)
    assert len(fake.files) == 4
    assert "is damaged; remove it" in bench.project.failures()[0].message
    path.unlink()
    done = bench.push()
    assert (done.cut, done.imported, done.failed) == (1, 1, 0)
    assert bench.project.failures() == []


def test_another_file_under_that_path_is_noticed(bench, fake, tmp_path):
    import shutil

    there = shutil.copytree(bench.project.folder / "hydrus", tmp_path / "there" / "hydrus")
    for path in there.glob("*.mp4"):
        path.write_bytes(path.read_bytes() + b"x")
    bench.open(f'hydrus.paths={{"{bench.project.folder}" = "{there.parent}"}}')
    assert bench.push().failed == 5
    assert "see hydrus.paths" in bench.project.failures()[0].message


def test_a_file_that_is_gone_here_is_cut_again_only_if_it_is_needed(bench, fake):
    bench.push()
    for path in (bench.project.folder / "hydrus").glob("*.mp4"):
        path.unlink()
    assert bench.push().cut == 0
    del fake.files[bench.sha256(0)]
    done = bench.push()
    assert (done.cut, done.imported) == (1, 1)


def test_a_note_that_is_refused_fails_alone(bench, fake):
    fake.refuses["/add_notes/set_notes"] = [409]
    done = bench.push()
    assert (done.failed, done.notes, done.tags) == (1, 4, 5)
    assert "answered 409" in bench.project.failures()[0].message
    done = bench.push()
    assert (done.failed, done.notes) == (0, 1)
    assert bench.project.failures() == []


def test_requests_stay_small(bench, fake, monkeypatch):
    from rushes.hydrus import client

    monkeypatch.setattr(client, "FILES_PER_REQUEST", 2)
    assert bench.push().imported == 5
    assert max(len(body.get("hashes", ())) for _, body in fake.calls) <= 2


def test_a_request_of_256_files_is_far_below_the_limit():
    from urllib.parse import quote

    from rushes.hydrus.client import FILES_PER_REQUEST

    assert len(quote(str(["0" * 64] * FILES_PER_REQUEST))) < MOST_HEAD_BYTES / 50


def test_a_score_measured_anew_does_not_stand_beside_its_old_value(bench, fake):
    bench.open('hydrus.scores=["motion.speed"]')
    bench.push()
    sha256 = bench.sha256(0)
    before = fake.tags_of(sha256)
    fake.note(sha256, fake.files[sha256]["notes"]["rushes"], name="rushes")
    # Pretend that another value was measured then.
    old = next(tag for tag in before if tag.startswith("rushes:motion.speed"))
    fake.files[sha256]["tags"] = sorted((before - {old}) | {"rushes:motion.speed 99"})
    assert bench.push().tags == 0


def test_status_says_it_and_changes_nothing(uncut_bench, fake):
    bench = uncut_bench
    before = bench.everything()
    found = bench.status()
    assert (found.push.cut, found.push.imported, found.push.notes) == (5, 5, 5)
    assert not (bench.project.folder / "hydrus").exists()
    assert bench.everything() == before
    bench.push()
    fake.archive(bench.sha256(0))
    fake.trash(bench.sha256(1))
    bench.decide(bench.clips[2], caption="new")
    before, writes = bench.everything(), fake.writes()
    found = bench.status()
    assert (found.push.imported, found.push.tags, found.push.notes) == (0, 0, 1)
    assert (found.push.rejected, found.pushed, found.api) == (1, 5, 95)
    assert (found.pull.keep, found.pull.drop) == (1, 1)
    assert (bench.everything(), fake.writes()) == (before, writes)


def test_a_selection_that_is_not_there_is_named(bench):
    with pytest.raises(RecipeError, match="rushes select other"):
        bench.project.hydrus().push("other")


def test_another_selection_can_follow(bench, fake):
    bench.push()
    project = bench.open("select.main.motion.speed=top 100%")
    project.select()
    assert bench.push().imported == 1
    assert len(fake.files) == 6


def test_the_fake_is_as_awkward_as_the_real_one(fake):
    """The stand-in has the defaults that Rushes has to avoid."""
    from rushes.hydrus.http import Connection, Refused

    link = Connection(fake.url, KEY)
    body = {"hashes": ["a" * 64], "service_keys_to_tags": {MY_TAGS: ["dog"]}}
    fake.remove_tag("a" * 64, "dog")
    safe = {"override_previously_deleted_mappings": False}
    link.post("/add_tags/add_tags", body | safe)
    assert fake.tags_of("a" * 64) == set()
    link.post("/add_tags/add_tags", body)
    assert fake.tags_of("a" * 64) == {"dog"}  # the default goes over a person's decision
    with pytest.raises(Refused, match="400"):
        link.post("/add_tags/add_tags", {**body, "service_keys_to_tags": {"ab": ["x"]}})
    link.post("/add_tags/add_tags", {**body, "service_keys_to_tags": {ALL_KNOWN_TAGS: ["x"]}})
    assert fake.tags_of("a" * 64) == {"dog"}
    with pytest.raises(ProjectError, match="is unreachable"):  # no answer at all
        link.get("/get_files/file_metadata", hashes=["b" * 64] * 30_000)
    link.close()
    fake.forbidden.clear()
