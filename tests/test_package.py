"""The names that `import rushes` gives, and when they are loaded."""

import pickle
import subprocess
import sys

import pytest

import rushes

HEAVY = {"av", "click", "cv2", "msgspec", "numpy", "onnxruntime", "pebble", "rich", "sqlalchemy"}


def test_public_names_are_sorted_and_can_be_imported():
    assert sorted(rushes.__all__) == rushes.__all__
    assert set(rushes.__all__) < set(dir(rushes))
    for name in rushes.__all__:
        member = getattr(rushes, name)
        assert (member.__module__, member.__qualname__) == ("rushes", name)
        assert member.__doc__
        assert pickle.loads(pickle.dumps(member)) is member  # workers send records and errors
    with pytest.raises(AttributeError, match="Projekt"):
        rushes.Projekt  # noqa: B018


def test_every_error_is_public():
    from rushes import errors

    raised = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert raised < set(rushes.__all__)
    assert all(issubclass(getattr(rushes, name), rushes.RushesError) for name in raised)


@pytest.mark.parametrize(
    ("statement", "is_light"),
    [("import rushes", True), ("from rushes import Clip, RecipeError", True),
     ("from rushes import Project", False)],
)  # fmt: skip
def test_only_the_project_loads_engines(statement, is_light):
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = HEAVY & set(done.stdout.split())
    assert not loaded if is_light else not {"av", "cv2", "onnxruntime"} & loaded
