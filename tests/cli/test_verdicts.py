import getpass

from rushes.project import Project


def test_a_verdict_outranks_the_rules(project):
    before = project.select()
    dropped = before.clips[0]
    kept = next(row["clip"] for row in project.ls("clips") if row["clip"] not in before.clips)
    project.verdict("drop", [dropped], who="ann")
    project.verdict("keep", [kept], who="ann")
    after = project.select()
    assert dropped not in after.clips
    assert kept in after.clips
    assert [line.rule for line in after.funnel[-2:]] == ["verdict = keep", "verdict = drop"]
    assert after.funnel[-1].left == len(after.clips) == len(before.clips)
    project.undo(who="ann")
    project.undo(who="ann")
    assert project.select().clips == before.clips


def test_verdicts_show_in_lists_and_rules(project):
    first = project.ls("clips")[0]["clip"]
    project.verdict("keep", [first], who=getpass.getuser())
    assert [r["clip"] for r in project.ls("clips", where="verdict = keep")] == [first]
    project.undo(who=getpass.getuser())
    assert project.ls("clips", where="verdict = keep") == []
    project.redo(who=getpass.getuser())
    assert project.ls("clips")[0]["verdict"] == "keep"


def test_undo_names_those_who_have_steps(project, rushes):
    first, second = (row["clip"] for row in project.ls("clips")[:2])
    session = project.review()
    session.decide([first], {"verdict": "drop"}, "Ann Li")
    session.decide([second], {"verdict": "keep"}, "Ann Li")
    code, out, _ = rushes("undo", "--project", project.folder)
    assert code == 0
    assert out.splitlines() == [
        f"nothing to undo by {getpass.getuser()}",
        "  Ann Li has 2 steps: rushes undo 'Ann Li'",
    ]
    assert rushes("undo", "Ann Li", "--project", project.folder)[1] == "undone: verdict of 1 clip\n"
    assert [r["clip"] for r in project.ls("clips", where="verdict = drop")] == [first]
    assert "Ann Li has 1 step: rushes redo" in rushes("redo", "--project", project.folder)[1]
    rushes("redo", "Ann Li", "--project", project.folder)
    assert [r["clip"] for r in project.ls("clips", where="verdict = keep")] == [second]


def test_tags_are_rules_for_lists_and_selections(project_folder):
    changes = ["select.sea={tags='sea | lake'}", "select.dry={tags='!= sea'}"]
    with Project.open(project_folder, workers=0, changes=changes) as project:
        first, second, third, *rest = (row["clip"] for row in project.ls("clips"))
        session = project.review()
        session.decide([first, second], {"tags": {"add": ["sea"]}}, "ann")
        session.decide([second], {"tags": {"add": ["boat"]}}, "ann")
        session.decide([third], {"tags": {"add": ["lake"]}}, "ann")
        assert [row["clip"] for row in project.ls("clips", where="tags = boat | lake")] == [
            second, third,
        ]  # fmt: skip
        assert set(project.select("sea").clips) == {first, second, third}
        assert set(project.select("dry").clips) == {third, *rest}
        found = session.query(["tags = sea", "tags != boat"])
        assert session.ids(found["query"]) == [first]
        values = session.values("tags")
        assert values["counts"] == (("sea", 2), ("boat", 1), ("lake", 1))
        assert values["missing"] == 0


def test_numbers_of_lists_and_funnels_give_the_same_clips_when_pasted(project, rushes):
    where = ["--project", project.folder]
    selection = project.select()
    threshold = next(ln.threshold for ln in selection.funnel if ln.rule.startswith("motion"))
    assert threshold in rushes("select", *where)[1]
    passing = {row["clip"] for row in project.ls("clips", where=threshold)}
    assert passing == set(selection.clips)
    limit = min(row["motion.speed"] for row in project.ls("clips") if row["clip"] in passing)
    listed = rushes("ls", "clips", "--sort", "motion.speed", *where)[1]
    assert f"{limit:.12g}" in listed
    session = project.review()
    shown = session.clip(selection.clips[0])["scores"]["motion.speed"]
    assert selection.clips[0] in {
        row["clip"] for row in project.ls("clips", where=f"motion.speed = {shown}")
    }


def test_rules_on_verdicts_and_sizes_give_the_same_clips_in_list_and_page(project):
    first, second, *_ = (row["clip"] for row in project.ls("clips"))
    session = project.review()
    session.decide([first], {"verdict": "drop", "stars": 2}, "ann")
    session.decide([second], {"verdict": "keep"}, "ann")
    rules = ["verdict = undecided", "verdict != drop", "stars >= 1"]
    for rule in [*rules, "fps > 24", "width_px > 96", "height_px = 66", "edited = no"]:
        listed = [row["clip"] for row in project.ls("clips", where=rule)]
        assert listed == session.ids(session.query([rule])["query"]), rule
        assert listed, rule
