import re
import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import RecipeError
from rushes.recipe.recipe import DEFAULT, Recipe, load


def recipe(text="", *changes, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return load(path, changes)


@pytest.fixture
def read(tmp_path):
    return lambda text="", *changes: recipe(text, *changes, tmp_path=tmp_path)


@pytest.fixture
def default():
    return Recipe(tomllib.loads(DEFAULT))


def test_the_default_recipe_makes_clips_of_1_to_20_s_less_the_stillest_tenth(default):
    assert {"change", "still", "motion"} <= set(default.stages("scan"))
    assert {"cascade", "fade"} <= set(default.stages("cut"))
    assert (default.own("cut").min_s, default.own("cut").max_s) == (1.0, 20.0)
    assert {"frames_damaged <= 0", "motion.speed top 90%"} <= {
        str(rule) for rule in default.selections["main"]
    }
    plan = default.exports["main"]
    assert (plan.selection, plan.to, plan.caption) == ("main", "folder", "")


def test_an_empty_recipe_is_the_default_one(default, read):
    assert read("").resolved() == default.resolved()
    assert read("").fingerprints == default.fingerprints


def test_what_is_printed_reads_back_as_the_same(default):
    printed = Recipe(tomllib.loads(tomlkit.dumps(default.resolved())))
    assert printed.resolved() == default.resolved()
    assert printed.fingerprints == default.fingerprints
    assert printed.digest == default.digest


def test_everything_that_can_be_set_reads_back(read):
    text = """
        [cut]
        use = ["fade"]
        min_s = 0.5
        fade.black = 30.5
        [score]
        use = ["exposure"]
        exposure.white = 240
        [select.a]
        motion.speed = "top 12.5%"
        duration_s = "1.5..7"
        "camera.kind" = "!= pan"
        [select.b]
        [export.x]
        selection = "a"
        to = "webdataset"
        fps = 24
        caption = "a \\"b\\""
        webdataset.shard_size = 7
    """
    first = read(text)
    again = Recipe(tomllib.loads(tomlkit.dumps(first.resolved())))
    assert again.resolved() == first.resolved()
    assert again.digest == first.digest
    assert again.fingerprints == first.fingerprints
    assert first.exports["x"].exporter.params.shard_size == 7
    assert first.exports["x"].encoding.fps == 24
    assert first.stages("score")["exposure"].params.white == 240


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("[scn]\n", "scn", "scan"),
        ("[cut]\nmax_sec = 3", "cut.max_sec", "max_s"),
        ("[cut]\ncontnt.hard_change = 3", "cut.contnt", "content"),
        ("[cut]\ncontent.hard_chang = 3", "cut.content.hard_chang", "hard_change"),
        ("[cut]\nuse = ['contnt']", "contnt", "content"),
        ("[score]\nuse = ['moton']", "moton", "motion"),
        ("[export.main]\nfsp = 24", "export.main.fsp", "fps"),
        ("[export.main]\nto = 'webdatset'", "webdatset", "webdataset"),
        ("[export.main]\nselection = 'mian'", "mian", "main"),
        ("[export.main]\nto='webdataset'\nwebdataset.shardsize = 3", "shardsize", "shard_size"),
    ],
    ids=lambda text: text.replace("\n", " "),
)
def test_an_unknown_name_is_refused_and_the_nearest_named(read, tmp_path, text, key, meant):
    with pytest.raises(RecipeError) as error:
        read(text)
    assert str(error.value).startswith(f"{tmp_path / 'recipe.toml'}: ")
    assert key in str(error.value)
    assert f"did you mean '{meant}'?" in str(error.value)


def test_an_unknown_name_that_is_near_nothing_lists_what_there_is(read):
    with pytest.raises(RecipeError, match=r"known: .*min_s"):
        read("[cut]\nxyzzy = 1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scan = 3", ["[scan]"]),
        ("[cut]\nmax_s = 'long'", ["cut", "max_s", "str"]),
        ("[cut]\nmax_s = true", ["cut", "max_s"]),
        ("[cut]\nuse = 'content'", ["cut.use", "list"]),
        ("[cut]\nuse = [3]", ["cut.use", "list"]),
        ("[cut]\ncontent = 3", ["cut.content", "table"]),
        ("[cut]\nmin_s = 30", ["min_s", "max_s", "30"]),
        ("[cut]\nmin_s = -1", ["min_s"]),
        ("[score]\nexposure.white = 2.5", ["score.exposure", "white"]),
        ("[select]\nmotion = 'top 3%'", ["[select.main]"]),
        ("[select.main]\nmotion.speed = 'upper half'", []),
        ("[select.main]\nmotion.speed = 'top 900%'", ["motion.speed", "100"]),
        ("[export.main]\ncrf = 70", ["crf"]),
        ("[export.main]\nwidth_px = 7", ["width_px", "even"]),
        ("[export.main]\nto='webdataset'\nwebdataset.shard_size = 0", ["shard_size"]),
        ("[cut\n", ["line 1"]),
    ],
    ids=lambda text: text.replace("\n", " ") if isinstance(text, str) else "",
)
def test_a_wrong_value_says_where_and_what(read, text, words):
    if not words:
        assert read(text).selections["main"]  # a text to equal: it shows in the funnel
        return
    with pytest.raises(RecipeError) as error:
        read(text)
    assert all(word in str(error.value) for word in words), error.value


def test_a_typo_does_not_hide_in_a_stage_that_is_switched_off(read):
    with pytest.raises(RecipeError, match=r"cut\.content\.hard_chang.*hard_change"):
        read("[cut]\nuse = ['fade']\ncontent.hard_chang = 3")
    with pytest.raises(RecipeError, match=r"score\.exposure"):
        read("[score]\nuse = []\nexposure.white = 'bright'")


def test_a_stage_needs_its_probes(read):
    with pytest.raises(RecipeError, match=r"cut\.use has 'cascade'.*add 'change' to scan\.use"):
        read("[scan]\nuse = ['still', 'motion']")
    with pytest.raises(RecipeError, match=r"score\.use has 'sharpness'.*'still'"):
        read("[scan]\nuse = ['change', 'motion']")
    lean = read("[scan]\nuse = ['change']\n[score]\nuse = []")
    assert list(lean.fingerprints.probes) == ["change"]


def test_a_missing_or_unreadable_recipe_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"recipe\.toml"):
        load(tmp_path / "recipe.toml")
    (tmp_path / "recipe.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match=r"recipe\.toml"):
        load(tmp_path / "recipe.toml")


@pytest.mark.parametrize(
    ("change", "look"),
    [
        ("cut.max_s=7", lambda r: r.own("cut").max_s == 7),
        ("cut.max_s = 7.5", lambda r: r.own("cut").max_s == 7.5),
        ("cut.use=['fade']", lambda r: list(r.stages("cut")) == ["fade"]),
        ('cut.use=["fade"]', lambda r: list(r.stages("cut")) == ["fade"]),
        ("cut.fade.black=9", lambda r: r.stages("cut")["fade"].params.black == 9),
        ("export.main.to=webdataset", lambda r: r.exports["main"].to == "webdataset"),
        ("export.main.caption='a b'", lambda r: r.exports["main"].caption == "a b"),
        ("export.main.caption=a b", lambda r: r.exports["main"].caption == "a b"),
        (
            "select.main.motion.speed=top 50%",
            lambda r: "motion.speed top 50%" in map(str, r.selections["main"]),
        ),
        ("export.main.audio=false", lambda r: r.exports["main"].encoding.audio is False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_set_changes_one_thing(read, change, look):
    assert look(read(DEFAULT, change))


@pytest.mark.parametrize(
    "change", ["cut", "cut.max_s", "=3", "cut.max_s.x=3", "cut.maxs=3", "nosuch.x=1", "cut=3", ""]
)
def test_a_wrong_set_is_refused(read, change):
    with pytest.raises(RecipeError):
        read(DEFAULT, change)


def changed(default, read, *changes):
    """Return what differs from the default recipe: names of results that are stale."""
    old, new = default.fingerprints, read(DEFAULT, *changes).fingerprints
    stale = {f"probe {n}" for n in old.probes if old.probes[n] != new.probes.get(n)}
    stale |= {f"scorer {n}" for n in old.scorers if old.scorers[n] != new.scorers.get(n)}
    return stale | ({"cut"} if old.cut != new.cut else set())


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ("cut.max_s=7", {"cut"}),
        ("cut.cascade.hard_change=9", {"cut"}),
        ("cut.use=['fade']", {"cut"}),
        ("score.exposure.white=240", {"scorer exposure"}),
        (
            "scan.still.quality=9",
            {"probe still", "scorer sharpness", "scorer exposure", "scorer layout"},
        ),
        ("select.main.motion.speed=top 5%", set()),
        ("export.main.crf=20", set()),
    ],
)
def test_a_change_makes_stale_only_what_depends_on_it(default, read, change, stale):
    assert changed(default, read, change) == stale
    is_same = read(DEFAULT, change).resolved() == default.resolved()
    assert (read(DEFAULT, change).digest == default.digest) == is_same


def test_fingerprints_do_not_depend_on_how_the_recipe_is_written(default, read):
    use = list(default.stages("scan"))[::-1]
    spelled = read(f"[cut]\nmax_s = 20\n[scan]\nuse = {use}\n")
    assert spelled.fingerprints == default.fingerprints


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cut]\nmin_s = nan", "cut.min_s = nan"),
        ("[cut]\nmax_s = nan", "cut.max_s = nan"),
        ("[cut]\nmin_s = inf", "cut.min_s = inf"),
        ("[cut]\nmin_s = -1", "cut.min_s = -1: it cannot be negative"),
        ("[cut]\nmax_s = -inf", "cut.max_s = -inf"),
        ("[cut]\nfade.pause_s = -0.5", "cut.fade.pause_s = -0.5: it cannot be negative"),
        ("[cut]\ncontent.margin = nan", "cut.content.margin = nan"),
        ("[scan]\nstill.short_side_px = -480", "scan.still.short_side_px = -480"),
        ("[split]\nfraction = nan", "split.fraction = nan"),
        ("[export.main]\nfps = nan", "export.main.fps = nan"),
        ("[export.main]\nfps = -24", "export.main.fps = -24"),
        ("[select.main]\nframes = nan", "select.main.frames = nan"),
        ('[select.main]\nframes = "> nan"', "frames: 'nan' is not a number"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_key(read, text, message):
    with pytest.raises(RecipeError, match=re.escape(message)):
        read(text)


def test_clips_may_be_endlessly_long(read):
    assert read("[cut]\nmax_s = inf").own("cut").max_s == float("inf")


def test_a_bare_number_is_no_rule_on_a_score_and_is_one_on_a_count(read):
    with pytest.raises(RecipeError, match=r'select.main.motion.speed = 3: .*">= 3" or "<= 3"'):
        read("[select.main]\nmotion.speed = 3")
    with pytest.raises(RecipeError, match=r"select.main.duration_s = 2.5"):
        read("[select.main]\nduration_s = 2.5")
    (rule,) = read("[select.main]\nframes_damaged = 0").selections["main"]
    assert str(rule) == "frames_damaged = 0"


toml_values = st.recursive(
    st.booleans() | st.integers(-5, 50) | st.floats(-5, 50) | st.text("abc %.=<>", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["use", "main", "min_s", "content", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["scan", "cut", "score", "select", "export", "other"]),
        toml_values,
        max_size=3,
    )
)
def test_no_recipe_crashes_the_reader(raw):
    """Whatever a person writes, it is a recipe or a `RecipeError`."""
    try:
        Recipe(raw)
    except RecipeError as error:
        assert str(error)
