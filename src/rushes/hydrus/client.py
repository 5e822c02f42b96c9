"""The few calls of the Hydrus Client API that Rushes makes, in terms of what it wants to know.

Nothing here can delete, archive or overrule anything: those calls are not made.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rushes.errors import ProjectError, RecipeError, nearest
from rushes.exports.hydrus_names import one_line
from rushes.hydrus.http import FILTERED, Connection, Refused, lacking
from rushes.hydrus.settings import Hydrus

OLDEST_API = 68
"""From here on deletions of tags are respected and imports can be repeated as Rushes needs it."""
FILES_AT_ONCE = 256
"""As many as the client itself asks for; a request line of 2 MB ends the connection."""
_NEEDED = (1, 2, 3, 7)
_MANAGE_DATABASE = 6
_LOCAL_TAGS, _NUMERICAL, _LIKE, _COUNTER = 5, 6, 7, 22
_OUR_STARS = 5
_NO_SUCH_PATH = (400, 404)
_ALL_MY_FILES = "616c6c206c6f63616c206d65646961"
_STORED, _DELETED = "0", "2"
_PLAIN_TAG = re.compile(r"[a-z0-9][a-z0-9 ._'-]*(:[a-z0-9][a-z0-9 ._'-]*)?")
_LONGEST_TAG = 1024
_IS_FILTERED = re.compile(r"\b(only|except|no|not|namespaced|unnamespaced)\b")

_KINDS = {
    "tag_service": "local tag domain",
    "stars": "rating service with stars, or counter,",
    "like": "like/dislike rating service",
}
Outcome = Literal["imported", "known", "deleted", "failed", "vetoed"]
_OUTCOMES: dict[int, Outcome] = {1: "imported", 2: "known", 3: "deleted", 4: "failed", 7: "vetoed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a client says of a file; all of it also stands where it never heard of it."""

    sha256: str
    is_there: bool = False
    is_deleted: bool = False
    """In the trash, or gone with a record of that."""
    is_inbox: bool = False
    archived_at: float | None = None
    """By the client's clock, in seconds since 1970."""
    deleted_at: float | None = None
    tags: frozenset[str] = frozenset()
    """As stored in the tag service, before siblings and parents."""
    removed: frozenset[str] = frozenset()
    """Tags of which it knows that they were removed."""
    notes: Mapping[str, str] = field(default_factory=dict)
    stars: int | None = None
    """0–5."""
    rated_in: str = ""
    """Key of the service that `stars` is from; empty if none was chosen."""
    like: bool | None = None


class Client:
    """A Hydrus client that was found to be one, with a key that may do what is needed."""

    def __init__(
        self, settings: Hydrus, key: str, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        """Connect.

        Args:
            settings: Where it is, and which of its services are meant.
            key: The access key.
            tell: Is called with a line when the client is waited for.

        Raises:
            ProjectError: It is down, too old, or does not take the key.
            RecipeError: It has no service of that name.
        """
        self._settings = settings
        self._connection = Connection(settings.url, key, tell)
        self._as_kept: dict[str, str] = {}
        self._takes_paths = True
        try:
            self._meet()
        except BaseException:
            self.close()
            raise

    def _meet(self) -> None:
        settings = self._settings
        answer = self._connection.get("/api_version")
        version = answer.get("version")
        self.version = answer.get("hydrus_version")
        if not isinstance(version, int):
            raise ProjectError(f"what answers at {settings.url} is no Hydrus client; check the url")
        self.api = version
        if self.api < OLDEST_API:
            raise ProjectError(
                f"the Hydrus client at {settings.url} speaks API version {self.api}; Rushes needs "
                f"{OLDEST_API} (Hydrus 586) or newer: update it"
            )
        allowed = self._connection.get("/verify_access_key")
        may_all = allowed.get("permits_everything") is True
        given = set(allowed.get("basic_permissions", ()))
        if missing := [n for n in _NEEDED if n not in given and not may_all]:
            raise lacking(missing)
        self.can_commit = may_all or _MANAGE_DATABASE in given
        _, _, may_search = str(allowed.get("human_description", "")).lower().rpartition("search:")
        if _IS_FILTERED.search(may_search):
            raise ProjectError(FILTERED)
        self._read_services()

    def _read_services(self) -> None:
        answer = self._connection.get("/get_services")
        found = answer.get("services_v2") or answer.get("services") or {}
        rows: list[Any] = (
            [{"service_key": key, **row} for key, row in found.items()]
            if isinstance(found, dict)
            else found
        )
        settings = self._settings
        self._tags = _service(rows, "tag_service", settings.tag_service, (_LOCAL_TAGS,))
        self._stars = self._like = None
        if settings.stars:
            self._stars = _service(rows, "stars", settings.stars, (_NUMERICAL, _COUNTER))
        if settings.like:
            self._like = _service(rows, "like", settings.like, (_LIKE,))

    def close(self) -> None:
        """Close the connection of this thread."""
        self._connection.close()

    def stop(self) -> None:
        """Have every thread give up at once; nothing can be asked afterwards."""
        self._connection.stop()

    def files(self, sha256s: Sequence[str]) -> dict[str, Seen]:
        """Return what the client knows of each file."""
        found: dict[str, Seen] = {}
        for at in range(0, len(sha256s), FILES_AT_ONCE):
            asked = list(sha256s[at : at + FILES_AT_ONCE])
            answer = self._connection.get(
                "/get_files/file_metadata",
                hashes=asked,
                include_notes=True,
                include_services_object=False,
            )
            rows = {row.get("hash"): row for row in answer["metadata"]}
            if missing := [sha256 for sha256 in asked if sha256 not in rows]:
                raise ProjectError(
                    f"the Hydrus client says nothing of {len(missing)} of {len(asked)} files; is "
                    f"the access key allowed to see all files?"
                )
            found |= {sha256: self._seen(sha256, rows[sha256]) for sha256 in asked}
        return found

    def _seen(self, sha256: str, row: Mapping[str, Any]) -> Seen:
        if row.get("file_id") is None:
            return Seen(sha256=sha256)
        tags = (row.get("tags") or {}).get(self._tags["service_key"], {}).get("storage_tags", {})
        ratings = row.get("ratings") or {}
        deleted = (row.get("file_services") or {}).get("deleted") or {}
        is_deleted = bool(row.get("is_deleted") or row.get("is_trashed"))
        return Seen(
            sha256=sha256,
            is_there=bool(row.get("is_local")) and not is_deleted,
            is_deleted=is_deleted,
            is_inbox=bool(row.get("is_inbox")),
            archived_at=row.get("time_archived"),
            deleted_at=_deleted_at(deleted),
            tags=frozenset(tags.get(_STORED, ())),
            removed=frozenset(tags.get(_DELETED, ())),
            notes=dict(row.get("notes") or {}),
            stars=_stars(self._stars, ratings),
            rated_in=self._stars["service_key"] if self._stars else "",
            like=None if self._like is None else ratings.get(self._like["service_key"]),
        )

    def add_file(self, path: Path) -> tuple[Outcome, str, str]:
        """Import a file by its path, or where the client cannot see that, by its bytes.

        Returns:
            What came of it, the sha256 that the client found, and what it says.
        """
        answer: dict[str, Any] | None = None
        if self._takes_paths:
            try:
                there = self._settings.path_there(path)
                answer = self._connection.post("/add_files/add_file", {"path": there})
            except Refused as refused:
                if refused.status not in _NO_SUCH_PATH:
                    raise
        if answer is None:
            answer = self._connection.send("/add_files/add_file", path)
            self._takes_paths = False  # another machine, or another user
        said = " ".join(str(answer.get("note", "")).split())
        outcome = _OUTCOMES.get(answer.get("status", 0), "failed")
        return outcome, str(answer.get("hash", "")), said or f"status {answer.get('status')}"

    def as_kept(self, tags: Collection[str]) -> dict[str, str]:
        """Return tag → what the client makes of it; tags that it would not take are left out."""
        for tag in tags:
            if tag in self._as_kept:
                continue
            kept = one_line(tag)
            is_plain = _PLAIN_TAG.fullmatch(kept) and len(kept) <= _LONGEST_TAG
            if not is_plain or kept.startswith("system") or " :" in kept:
                cleaned = self._connection.get("/add_tags/clean_tags", tags=[kept])["tags"]
                kept = cleaned[0] if cleaned else ""
            self._as_kept[tag] = kept
        return {tag: self._as_kept[tag] for tag in tags if self._as_kept[tag]}

    def add_tags(self, files_of: Mapping[str, Sequence[str]]) -> None:
        """Add tags to files, in order: tag → sha256s. One that was removed there stays removed."""
        for tag, sha256s in files_of.items():
            self._connection.post(
                "/add_tags/add_tags",
                {
                    "hashes": list(sha256s),
                    "service_keys_to_tags": {self._tags["service_key"]: [tag]},
                    "override_previously_deleted_mappings": False,
                    "create_new_deleted_mappings": False,
                },
            )

    def set_notes(self, sha256: str, notes: Mapping[str, str]) -> None:
        """Write notes of a file over those of the same name; an empty text is no note."""
        body = {"hash": sha256, "notes": {name: text for name, text in notes.items() if text}}
        self._connection.post("/add_notes/set_notes", {**body, "merge_cleverly": False})

    def commit(self) -> bool:
        """Have the client write all to its disk now; return whether the key allows that."""
        if not self.can_commit:
            return False
        try:
            self._connection.post("/manage_database/force_commit", {})
        except Refused:
            return False  # it commits by itself, every 30 seconds
        return True


def _service(
    rows: Sequence[Mapping[str, Any]], setting: str, name: str, types: tuple[int, ...]
) -> Mapping[str, Any]:
    fitting = {str(row["name"]): row for row in rows if row.get("type") in types}
    if name not in fitting:
        names = ", ".join(repr(found) for found in fitting) or "none"
        raise RecipeError(
            f"hydrus.{setting}: the client has no {_KINDS[setting]} called {name!r}"
            f"{nearest(name, list(fitting))}; it has: {names}"
        )
    return fitting[name]


def _stars(service: Mapping[str, Any] | None, ratings: Mapping[str, Any]) -> int | None:
    """Return a rating as 0–5 stars, whatever the service's own number of stars is."""
    value = None if service is None else ratings.get(service["service_key"])
    if service is None or not isinstance(value, int) or isinstance(value, bool):
        return None
    most = service.get("max_stars", _OUR_STARS) if service["type"] == _NUMERICAL else _OUR_STARS
    return max(0, min(_OUR_STARS, round(value * _OUR_STARS / most)))


def _deleted_at(deleted: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Return when a person deleted a file, which is before it left the disk."""
    if _ALL_MY_FILES in deleted:
        deleted = {_ALL_MY_FILES: deleted[_ALL_MY_FILES]}
    times = [entry.get("time_deleted") for entry in deleted.values()]
    return min((time for time in times if time is not None), default=None)


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield items, as many as are asked for at once."""
    for at in range(0, len(items), FILES_AT_ONCE):
        yield items[at : at + FILES_AT_ONCE]
