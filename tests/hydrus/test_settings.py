from pathlib import Path

import pytest

from rushes.errors import RecipeError
from rushes.exports.hydrus_names import new_facts
from rushes.hydrus.settings import Hydrus
from rushes.recipe.recipe import Recipe


@pytest.mark.parametrize(
    ("url", "name"),
    [("http://127.0.0.1:45869", "127.0.0.1:45869"), ("https://NAS:1/hydrus/", "nas:1")],
)
def test_a_client_is_called_after_its_address(url, name):
    assert Hydrus(url=url).name == name
    assert Hydrus(url=url, client="desk").name == "desk"


@pytest.mark.parametrize(
    "url", ["localhost:45869", "ftp://a", "http://", "http://a:port", "http://key@host"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(RecipeError, match=r"hydrus\.url"):
        Hydrus(url=url)


def test_paths_are_put_as_the_other_machine_has_them():
    windows = Hydrus(paths={"/media/films": "Z:\\films"})
    assert windows.path_there(Path("/media/films/p/a.mp4")) == "Z:\\films\\p\\a.mp4"
    assert windows.path_there(Path("/media/filmstock/a.mp4")) == "/media/filmstock/a.mp4"
    assert Hydrus(paths={"/a": "/b/"}).path_there(Path("/a/c")) == "/b/c"


def test_a_key_in_the_recipe_is_an_unknown_one_and_is_not_shown():
    with pytest.raises(RecipeError, match=r"unknown key hydrus\.key") as error:
        Recipe({"hydrus": {"key": "secret"}})
    assert "secret" not in str(error.value)


def test_a_fact_is_said_once():
    there = {"rushes:motion.speed 3", "rushes:video a.mp4", "motion.camera 1"}
    wanted = ["rushes:motion.speed 4", "rushes:video b.mp4", "rushes:motion.camera 1"]
    assert new_facts(wanted, there) == ["rushes:video b.mp4", "rushes:motion.camera 1"]
