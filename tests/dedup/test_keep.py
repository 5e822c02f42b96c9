import pytest

from rushes.dedup.keep import duplicate_groups
from rushes.errors import RecipeError
from rushes.project import Project


def test_a_project_that_was_not_deduped_knows_no_groups(project):
    assert duplicate_groups(project.context) == {}
    assert {row["dedup.keep"] for row in project.ls("clips")} == {None}


@pytest.mark.parametrize("change", ["dedup.overlap=0", "dedup.alike=2"])
def test_settings_out_of_range_are_refused(project_folder, change):
    with pytest.raises(RecipeError, match="dedup"):
        Project.open(project_folder, changes=[change])
