"""The table `[hydrus]` of the recipe, and the access key, which is stored elsewhere."""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rushes.errors import ProjectError, RecipeError
from rushes.exports.hydrus_names import SCORES

KEY_VARIABLE = "RUSHES_HYDRUS_KEY"
_HOW_TO_MAKE_A_KEY = (
    "in Hydrus, services > review services > client api > add makes a key; it may import files, "
    "edit tags, search files and edit notes"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hydrus:
    """Settings of a Hydrus client: its address, services and tags."""

    url: str = "http://127.0.0.1:45869"
    """Address of its Client API. An https certificate is not checked: clients sign their own."""
    client: str = ""
    """Name in the ledger; empty for host and port of the address. Another name or address is
    another client, to which everything is pushed anew."""
    key_file: str = "hydrus.key"
    """File with the access key, relative to the project, readable by nobody else. The environment
    variable RUSHES_HYDRUS_KEY takes precedence."""
    project: str = ""
    """Name of the project in Hydrus; empty for the name of its folder."""
    tag_service: str = "my tags"
    """Local tag domain to write to and to read from."""
    scores: tuple[str, ...] = SCORES
    """Scores that become tags, such as "motion.speed"."""
    stars: str = ""
    """Rating service with stars (or a counter) to read; empty for none."""
    like: str = ""
    """Like/dislike rating service: like means keep, dislike means drop, and both overrule the
    inbox; empty for none."""
    paths: dict[str, str] = field(default_factory=dict)
    """Folder here → the same folder as the client's machine sees it. A file that it cannot read is
    sent as bytes."""
    who: str = "hydrus"
    """Name of the person under which its verdicts are stored."""

    def __post_init__(self) -> None:
        """Raise RecipeError for an invalid address."""
        parts = urlsplit(self.url)
        try:
            is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # a port that is no number
            is_address = False
        if not is_address:
            raise RecipeError(f"hydrus.url is like http://127.0.0.1:45869, got {self.url!r}")
        if parts.username or parts.password or parts.query:
            raise RecipeError("hydrus.url holds no key or password; see hydrus.key_file")

    @property
    def name(self) -> str:
        """Name of the client in the ledger."""
        return self.client or urlsplit(self.url).netloc.lower()

    def path_there(self, path: Path) -> str:
        """Return a path as the client's machine sees it."""
        for here, there in self.paths.items():
            if path.is_relative_to(here):
                rest = path.relative_to(here).parts
                slash = "\\" if "\\" in there else "/"
                return slash.join([there.rstrip("/\\"), *rest])
        return str(path)


def access_key(settings: Hydrus, folder: Path) -> str:
    """Return the access key of a client.

    Args:
        settings: Names the key file.
        folder: The project folder, which relative paths start from.

    Raises:
        ProjectError: There is no key, others can read it, or it is malformed. It is never shown.
    """
    key, place = os.environ.get(KEY_VARIABLE, ""), f"${KEY_VARIABLE}"
    if not key:
        path = folder / Path(settings.key_file).expanduser()
        place = str(path)
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise ProjectError(f"{path} can be read by others; run: chmod 600 '{path}'")
            key = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise ProjectError(
                f"there is no access key for Hydrus: set {KEY_VARIABLE}, or write it to {path} "
                f"and chmod 600 it; {_HOW_TO_MAKE_A_KEY}"
            ) from None
        except OSError as error:
            raise ProjectError(f"{path} cannot be read: {error.strerror or error}") from error
    key = key.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise ProjectError(
            f"{place} holds no access key, which is 64 hex digits; {_HOW_TO_MAKE_A_KEY}"
        )
    return key
