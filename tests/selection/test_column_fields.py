from dataclasses import replace

import pytest

from rushes.recipe.recipe import Recipe
from rushes.records import UNITS_SHOWN
from rushes.selection.column_fields import column_fields
from rushes.stages import registry

SCORERS = registry.names("scorer")


def fields_of_every_column():
    stages = {name: registry.load(f"scorer/{name}") for name in SCORERS}
    found = {f"{name}.{one.name}": one for name, stage in stages.items() for one in stage.fields}
    return found | column_fields(Recipe({}))


@pytest.mark.parametrize(("column", "field"), fields_of_every_column().items())
def test_a_column_has_a_label_a_unit_and_one_line_of_meaning(column, field):
    assert field.label and field.label[0].isupper()
    assert field.about and "\n" not in field.about
    assert len(field.about) <= 100
    assert field.name not in ("", field.label)
    if field.dtype == "real":  # a number without a unit is a share, a probability or a cosine
        assert field.unit or (field.low is not None and field.high is not None)
    if column.endswith(("_s", "_px", "fps")):
        assert field.unit == field.name.rpartition("_")[2]


def test_two_columns_share_no_label():
    labels = [field.label for field in fields_of_every_column().values()]
    assert sorted(set(labels)) == sorted(labels)


def test_a_person_reads_units_in_words():
    shown = {field.unit_shown for field in fields_of_every_column().values()}
    assert not shown & set(UNITS_SHOWN)
    assert "% of diagonal / s" in shown


def test_every_column_of_a_project_is_declared(project):
    fields = column_fields(project.context.recipe)
    listed = {name for row in project.ls("clips") for name in row}
    shown = {column["name"]: column for column in project.review().state()["columns"]}
    assert (listed | set(shown)) <= set(fields)
    for name, column in shown.items():
        assert column["label"] == fields[name].label
        assert column["about"] == fields[name].about
    assert shown["motion.speed"]["label"] == "Motion speed"
    assert shown["motion.speed"]["unit"] == "% of diagonal / s"
    assert shown["duration_s"]["unit"] == "s"


def test_a_scorer_without_labels_gets_one_from_its_columns_name(monkeypatch):
    motion = registry.load("scorer/motion")
    monkeypatch.setattr(motion, "fields", tuple(replace(f, label="") for f in motion.fields))
    assert column_fields(Recipe({}))["motion.speed"].label == "Motion speed"
