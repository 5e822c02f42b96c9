"""Writes rules into `recipe.toml` without disturbing what a person wrote there."""

from collections.abc import Sequence
from pathlib import Path

from rushes.files import whole
from rushes.recipe import Recipe, load
from rushes.rules import Rule


def save_rules(path: Path, selection: str, rules: Sequence[Rule]) -> None:
    """Put rules into `[select.NAME]`: new ones are added, those of the same column replaced.

    Comments, order and every other key stay as they are. Rules of other columns stay, too.

    Args:
        path: The recipe.
        selection: NAME; the table is added if it is not there.
        rules: One for each column.

    Raises:
        RecipeError: The result would be no valid recipe; then nothing is written.
    """
    import tomlkit

    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    sections = document.setdefault("select", tomlkit.table(is_super_table=True))
    table = sections.setdefault(selection, tomlkit.table())
    for rule in rules:
        text = str(rule).removeprefix(f"{rule.column} ")
        stage, _, field = rule.column.partition(".")
        inner = table.get(stage) if field else None
        if inner is not None and hasattr(inner, "keys"):  # written as motion.speed = …
            inner[field] = text
        elif field:
            table.append(tomlkit.key([stage, field]), tomlkit.item(text))
        else:
            table[stage] = text
    text = tomlkit.dumps(document)
    Recipe(tomlkit.parse(text).unwrap())
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    load(path)
