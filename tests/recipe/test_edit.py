import os

import pytest

from rushes.errors import RecipeError
from rushes.recipe.edit import RulesFile, plan_rules
from rushes.recipe.recipe import load
from rushes.recipe.rules import parse_where

RECIPE = """# what a person wrote
[score]
use = []  # none

[select.main]   # the set
# slow ones bore
motion.speed   = "2..50"   # not too wild
  frames = '>= 10'
camera = { label = "!= static", sure = "> 0.3" }
motion.camera = "top  90 %"
coverage.cluster = "at most 2%"  # a quota
"sharpness.detail" = "top 75%"

[select.main.exposure]
mean = "> 20"   # no night

[select.other]
duration_s = "> 1"
"""
ALL = (
    "motion.speed 2..50 and frames >= 10 and camera.label != static and camera.sure > 0.3 and "
    "motion.camera top 90% and sharpness.detail top 75% and exposure.mean > 20"
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def saved(path, rules):
    """Save rules written as for --where, and return the recipe's text."""
    plan = plan_rules(path, "main", parse_where(rules) if rules else [])
    assert RulesFile(path, {}).save(plan, plan.stamp)
    return path.read_bytes().decode()


def lines_changed(before, after):
    before, after = before.splitlines(), after.splitlines()
    gone = [line for line in before if line not in after]
    new = [line for line in after if line not in before]
    stay = [line for line in after if line in before]
    assert stay == [line for line in before if line in after]  # in their order
    return gone, new


@pytest.mark.parametrize(
    ("was", "now", "gone", "new"),
    [
        ("motion.speed 2..50", "motion.speed > 3",
         ['motion.speed   = "2..50"   # not too wild'],
         ['motion.speed   = "> 3"   # not too wild']),
        ("frames >= 10 and ", "", ["  frames = '>= 10'"], []),
        ("camera.label != static", "camera.label = pan | 'a \"b'",
         ['camera = { label = "!= static", sure = "> 0.3" }'],
         ['camera = { label = "= pan | a \\"b", sure = "> 0.3" }']),
        (" and motion.camera top 90%", "", ['motion.camera = "top  90 %"'], []),
        ("sharpness.detail top 75%", "sharpness.detail < 4",
         ['"sharpness.detail" = "top 75%"'], ['"sharpness.detail" = "< 4"']),
        (" and exposure.mean > 20", "", ['mean = "> 20"   # no night'], []),
        ("frames", "exposure.black < 3 and frames", [], ['black = "< 3"']),
        ("frames", "fps 24..30 and frames", [], ['fps = "24..30"']),
        ("frames", "camera.x = 3 and frames",
         ['camera = { label = "!= static", sure = "> 0.3" }'],
         ['camera = { label = "!= static", sure = "> 0.3", x = "= 3"}']),
        ("frames", "faces.count > 1 and frames", [], ['faces.count = "> 1"']),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_lines_whose_rule_changes_are_touched(path, was, now, gone, new, end):
    text = RECIPE.replace("\n", end)
    path.write_bytes(text.encode())
    assert was in ALL
    after = saved(path, ALL.replace(was, now))
    assert lines_changed(text, after) == (gone, new)
    assert after.count("\n") == after.count(end)


def test_a_plan_tells_what_changes_and_what_stays(path):
    rules = "motion.speed > 3 and camera.label != static and duration_s < 5"
    plan = plan_rules(path, "main", parse_where(rules))
    told = {change.column: (change.before, change.after) for change in plan.changes}
    assert told.pop("motion.speed") == ("2..50", "> 3")
    assert told.pop("duration_s") == (None, "< 5")
    assert told.pop("frames") == (">= 10", None)
    assert {after for _, after in told.values()} == {None} and "camera.label" not in told
    assert plan.stays == ("coverage.cluster at most 2%",)
    assert path.read_text() == RECIPE


def test_what_says_the_same_is_not_written_again(path):
    inode = path.stat().st_ino
    assert saved(path, ALL) == RECIPE
    assert path.stat().st_ino == inode


def test_taking_every_rule_out_leaves_quotas_and_the_rest(path):
    after = saved(path, "")
    recipe = load(path)
    assert [str(rule) for rule in recipe.selections["main"]] == ["coverage.cluster at most 2%"]
    assert "# slow ones bore" in after and "[select.other]" in after


@pytest.mark.parametrize(
    "text",
    ["", "[score]\nuse = []", "[select]\nmain.frames = '> 3'\n", "[select.main]",
     "[select.main]\n\n[select.main.motion]\nspeed = '> 1'\n"],
    ids=["nothing", "no select", "dotted", "no line end", "own table"],
)  # fmt: skip
def test_rules_go_into_any_recipe(path, text):
    path.write_text(text)
    after = saved(path, "motion.speed > 3 and frames > 9")
    assert sorted(map(str, load(path).selections["main"])) == ["frames > 9", "motion.speed > 3"]
    assert after.startswith(text.partition("\n")[0])
    saved(path, "")
    assert load(path).selections["main"] == ()


def test_a_recipe_that_somebody_changed_meanwhile_is_not_overwritten(path):
    rules = RulesFile(path, {})
    plan = plan_rules(path, "main", parse_where("frames > 3"))
    path.write_text(RECIPE + "# by hand\n")
    assert not rules.save(plan, plan.stamp)
    assert path.read_text().endswith("# by hand\n")
    again = plan_rules(path, "main", parse_where("frames > 3"))
    assert not rules.save(again, plan.stamp)  # that is not what somebody agreed to
    assert rules.save(again, again.stamp)


def test_changes_by_hand_are_followed_and_half_a_file_is_not(path):
    rules = RulesFile(path, {})
    assert not rules.refresh()
    for text, is_new in ((RECIPE.replace("2..50", "3..50"), True), ("[select.main", False)):
        path.write_text(text)
        os.utime(path, ns=(1, len(text)))
        assert rules.refresh() is is_new
    assert "motion.speed 3..50" in map(str, rules.selections["main"])


def test_a_filter_on_a_column_that_has_a_quota_is_refused(path):
    with pytest.raises(RecipeError, match=r"coverage\.cluster already has a quota"):
        plan_rules(path, "main", parse_where("coverage.cluster = 3"))


@pytest.mark.parametrize(
    ("text", "words"),
    [("[select.main]\nnonsense = \n", r"recipe\.toml"),
     ('[select.main]\nframes = """\n> 3"""\n', "edit .select. by hand")],
)  # fmt: skip
def test_a_recipe_that_cannot_be_changed_is_left_alone(path, text, words):
    path.write_text(text)
    with pytest.raises(RecipeError, match=words):
        plan_rules(path, "main", parse_where("fps > 1"))
    assert path.read_text() == text
