"""Files that a project leaves out for good: the patterns of `ingest.ignore` in the recipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from rushes.errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Settings of `[ingest]`."""

    ignore: tuple[str, ...] = ()
    """Patterns of files and folders to leave out, such as "*.part", "outtakes", "day 1/x.mp4"."""

    def __post_init__(self) -> None:
        for pattern in self.ignore:
            if not pattern.strip("/. "):
                raise RecipeError(f"ingest.ignore has {pattern!r}: name a file or a folder")


def is_ignored(path: str, patterns: Sequence[str]) -> bool:
    """Return whether a pattern matches a file, or a folder that it lies in.

    Args:
        path: Absolute path of the file.
        patterns: Each is compared with the end of the path, name by name; `*` and `?` stand for
            any part of a name, never for a "/". One that begins with "/" is a whole path.
    """
    places = (PurePath(path), *PurePath(path).parents)
    return any(place.match(pattern.rstrip("/")) for pattern in patterns for place in places)
