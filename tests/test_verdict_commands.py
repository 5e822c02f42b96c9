import getpass


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
