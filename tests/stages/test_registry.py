import sys
from importlib.metadata import EntryPoint

import pytest

from rushes.errors import ContractError, RecipeError
from rushes.recipe.recipe import Recipe
from rushes.stages import registry


@pytest.fixture
def entry_points(monkeypatch):
    """Pretend that packages are installed which bring stages."""

    def install(**stages):
        points = [
            EntryPoint(key.replace("__", "/"), value, "rushes.stages")
            for key, value in stages.items()
        ]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry.stages.cache_clear()

    yield install
    monkeypatch.undo()
    registry.stages.cache_clear()


THIRD_PARTY = '''
from dataclasses import dataclass
from rushes.records import Field
from rushes.stages.protocols import AnnotatorDefaults

class Noise(AnnotatorDefaults):
    """Noise, measured by somebody else."""
    name, version = "noise", 1
    fields = (Field(name="level", low=0),)

    @dataclass(frozen=True)
    class Params:
        """One setting."""
        floor: float = 2.0

    def annotate(self, items):
        return [{"level": self.params.floor * item.clip.frames} for item in items]
'''


@pytest.fixture
def noise(tmp_path, monkeypatch, entry_points):
    (tmp_path / "their_package.py").write_text(THIRD_PARTY)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry_points(scorer__noise="their_package:Noise")
    yield
    sys.modules.pop("their_package", None)


@pytest.mark.parametrize("key", registry.BUILT_IN)
def test_every_built_in_stage_loads_under_its_name(key):
    assert registry.load(key).name == key.split("/")[1]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("scorer/moton", ["no scorer 'moton'", "did you mean 'motion'?", "sharpness"]),
        ("probe/xyzzy", ["no probe 'xyzzy'", "known: ", "change, ", "still"]),
        ("scorr/motion", ["scorr"]),
        ("motion", ["motion"]),
    ],
)
def test_an_unknown_stage_names_the_nearest(key, words):
    with pytest.raises(RecipeError) as error:
        registry.load(key)
    assert all(word in str(error.value) for word in words), error.value


def test_a_stage_of_another_package_loads(noise):
    assert "noise" in registry.names("scorer")
    assert registry.load("scorer/noise").name == "noise"
    recipe = Recipe({"score": {"use": ["motion", "noise"], "noise": {"floor": 3.0}}})
    assert recipe.stages("score")["noise"].params.floor == 3.0
    with pytest.raises(RecipeError, match=r"score\.noise\.flor.*floor"):
        Recipe({"score": {"use": ["noise"], "noise": {"flor": 3.0}}})


def test_a_stage_of_another_package_runs(noise, project_folder):
    from rushes.project import Project

    changes = ["score.use=['motion','noise']", "score.noise.floor=3"]
    with Project.open(project_folder, workers=0, changes=changes) as project:
        assert project.score().done == 6
        rows = project.ls("clips", where="noise.level > 1")
        assert [row["noise.level"] for row in rows] == [3.0 * row["frames"] for row in rows]
        assert len(rows) == 6


@pytest.mark.parametrize(
    "stages",
    [
        {"scorer__motion": "their_package:Motion"},  # a name of ours
    ],
)
def test_a_name_claimed_twice_raises(entry_points, stages):
    entry_points(**stages)
    with pytest.raises(ContractError, match=r"scorer/motion.*rushes\.annotation.*their_package"):
        registry.stages()


def test_a_name_claimed_by_two_packages_raises(monkeypatch):
    points = [
        EntryPoint("scorer/noise", f"{name}:Noise", "rushes.stages") for name in ("one", "two")
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry.stages.cache_clear()
    with pytest.raises(ContractError, match="one:Noise and by two:Noise"):
        registry.stages()
    registry.stages.cache_clear()


def test_listing_stages_imports_none_of_them():
    import subprocess

    code = (
        "import sys; from rushes.stages import registry; registry.names('scorer'); "
        "loaded = ('rushes.annotation.scorers', 'numpy', 'cv2'); "
        "print([m for m in sys.modules if m.startswith(loaded)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
