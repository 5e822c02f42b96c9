"""The calls of the Hydrus Client API that Rushes makes, with typed results.

No call here deletes or archives a file or overrules a decision.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rushes.errors import ProjectError, RecipeError, nearest
from rushes.exports.hydrus_names import one_line
from rushes.hydrus.http import KEY_IS_FILTERED, Connection, Refused, permission_error
from rushes.hydrus.settings import Hydrus

MIN_API_VERSION = 68
"""The first version that respects removed tags and lets imports be repeated."""
FILES_PER_REQUEST = 256
"""Batch size of the client itself; a request line of 2 MB ends the connection."""
_NEEDED_PERMISSIONS = (1, 2, 3, 7)
_MANAGE_DATABASE = 6
_LOCAL_TAGS, _NUMERICAL, _LIKE, _COUNTER = 5, 6, 7, 22
_MAX_STARS = 5
_NO_SUCH_PATH = (400, 404)
_ALL_MY_FILES = "616c6c206c6f63616c206d65646961"
_STORED, _DELETED = "0", "2"
_PLAIN_TAG = re.compile(r"[a-z0-9][a-z0-9 ._'-]*(:[a-z0-9][a-z0-9 ._'-]*)?")
_MAX_TAG_LENGTH = 1024
_IS_FILTERED = re.compile(r"\b(only|except|no|not|namespaced|unnamespaced)\b")

_KINDS = {
    "tag_service": "local tag domain",
    "stars": "rating service with stars, or counter,",
    "like": "like/dislike rating service",
}
ImportOutcome = Literal["imported", "known", "deleted", "failed", "vetoed"]
_OUTCOMES: dict[int, ImportOutcome] = {
    1: "imported",
    2: "known",
    3: "deleted",
    4: "failed",
    7: "vetoed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """State of a file in a client; the defaults are those of a file that it does not know."""

    sha256: str
    is_there: bool = False
    is_deleted: bool = False
    """In the trash, or gone with a record of its deletion."""
    is_inbox: bool = False
    archived_at: float | None = None
    """By the client's clock, in seconds since 1970."""
    deleted_at: float | None = None
    tags: frozenset[str] = frozenset()
    """Tags as stored in the tag service, before siblings and parents."""
    removed: frozenset[str] = frozenset()
    """Tags with a record of their removal."""
    notes: Mapping[str, str] = field(default_factory=dict)
    stars: int | None = None
    """0–5."""
    rated_in: str = ""
    """Key of the service of `stars`; empty if none is chosen."""
    like: bool | None = None


class Client:
    """A reachable Hydrus client, with a key that has the permissions needed."""

    def __init__(
        self, settings: Hydrus, key: str, notify: Callable[[str], None] = lambda _: None
    ) -> None:
        """Connect.

        Args:
            settings: Its address and services.
            key: The access key.
            notify: Called with a line when the client is waited for.

        Raises:
            ProjectError: It is down, too old, or rejects the key.
            RecipeError: It lacks a service of the settings.
        """
        self._settings = settings
        self._connection = Connection(settings.url, key, notify)
        self._clean_tags: dict[str, str] = {}
        self._takes_paths = True
        try:
            self._handshake()
        except BaseException:
            self.close()
            raise

    def _handshake(self) -> None:
        settings = self._settings
        answer = self._connection.get("/api_version")
        version = answer.get("version")
        self.version = answer.get("hydrus_version")
        if not isinstance(version, int):
            raise ProjectError(
                f"the server at {settings.url} is no Hydrus client; check hydrus.url"
            )
        self.api = version
        if self.api < MIN_API_VERSION:
            raise ProjectError(
                f"the Hydrus client at {settings.url} speaks API version {self.api}; Rushes needs "
                f"{MIN_API_VERSION} (Hydrus 586) or newer: update it"
            )
        allowed = self._connection.get("/verify_access_key")
        may_all = allowed.get("permits_everything") is True
        given = set(allowed.get("basic_permissions", ()))
        if missing := [n for n in _NEEDED_PERMISSIONS if n not in given and not may_all]:
            raise permission_error(missing)
        self.can_commit = may_all or _MANAGE_DATABASE in given
        _, _, may_search = str(allowed.get("human_description", "")).lower().rpartition("search:")
        if _IS_FILTERED.search(may_search):
            raise ProjectError(KEY_IS_FILTERED)
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
        """Make every thread raise at once; later requests fail."""
        self._connection.stop()

    def files(self, sha256s: Sequence[str]) -> dict[str, Remote]:
        """Return sha256 → state of each file, in the order given."""
        found: dict[str, Remote] = {}
        for some in batches(sha256s):
            answer = self._connection.get(
                "/get_files/file_metadata",
                hashes=list(some),
                include_notes=True,
                include_services_object=False,
            )
            rows = {row.get("hash"): row for row in answer["metadata"]}
            if missing := [sha256 for sha256 in some if sha256 not in rows]:
                raise ProjectError(
                    f"the Hydrus client returned nothing for {len(missing)} of {len(some)} files; "
                    f"does the access key see all files?"
                )
            found |= {sha256: self._remote(sha256, rows[sha256]) for sha256 in some}
        return found

    def _remote(self, sha256: str, row: Mapping[str, Any]) -> Remote:
        if row.get("file_id") is None:
            return Remote(sha256=sha256)
        tags = (row.get("tags") or {}).get(self._tags["service_key"], {}).get("storage_tags", {})
        ratings = row.get("ratings") or {}
        deleted = (row.get("file_services") or {}).get("deleted") or {}
        is_deleted = bool(row.get("is_deleted") or row.get("is_trashed"))
        return Remote(
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

    def add_file(self, path: Path) -> tuple[ImportOutcome, str, str]:
        """Import a file by its path; by its bytes where the client cannot read the path.

        Returns:
            The outcome, the sha256 that the client computed, and its message.
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
        message = " ".join(str(answer.get("note", "")).split())
        outcome = _OUTCOMES.get(answer.get("status", 0), "failed")
        return outcome, str(answer.get("hash", "")), message or f"status {answer.get('status')}"

    def clean_tags(self, tags: Collection[str]) -> dict[str, str]:
        """Return tag → its spelling in the client; invalid tags are left out."""
        for tag in tags:
            if tag in self._clean_tags:
                continue
            kept = one_line(tag)
            is_plain = _PLAIN_TAG.fullmatch(kept) and len(kept) <= _MAX_TAG_LENGTH
            if not is_plain or kept.startswith("system") or " :" in kept:
                cleaned = self._connection.get("/add_tags/clean_tags", tags=[kept])["tags"]
                kept = cleaned[0] if cleaned else ""
            self._clean_tags[tag] = kept
        return {tag: self._clean_tags[tag] for tag in tags if self._clean_tags[tag]}

    def add_tags(self, files_of: Mapping[str, Sequence[str]]) -> None:
        """Add tags to files, in order: tag → sha256s. A tag removed there stays removed."""
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
        """Replace the notes of these names of a file; empty texts are skipped."""
        body = {"hash": sha256, "notes": {name: text for name, text in notes.items() if text}}
        self._connection.post("/add_notes/set_notes", {**body, "merge_cleverly": False})

    def commit(self) -> bool:
        """Make the client write everything to its disk; return whether it did."""
        if not self.can_commit:
            return False
        try:
            self._connection.post("/manage_database/force_commit", {})
        except Refused:
            return False  # it commits every 30 seconds by itself
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
    """Return a rating on a scale of 0–5 stars, halves rounded up; None if nobody rated.

    A counter is 0 from the start, so 0 there is no rating. A rating above 0 is at least one star.
    """
    value = None if service is None else ratings.get(service["service_key"])
    if service is None or not isinstance(value, int) or isinstance(value, bool):
        return None
    if service["type"] == _COUNTER:
        return min(_MAX_STARS, value) if value > 0 else None
    most: int = service.get("max_stars", _MAX_STARS)
    rounded = (2 * value * _MAX_STARS + most) // (2 * most)
    return max(min(1, value), min(_MAX_STARS, rounded))


def _deleted_at(deleted: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Return the time at which a person deleted a file; it leaves the disk later."""
    if _ALL_MY_FILES in deleted:
        deleted = {_ALL_MY_FILES: deleted[_ALL_MY_FILES]}
    times = [entry.get("time_deleted") for entry in deleted.values()]
    return min((time for time in times if time is not None), default=None)


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield items in batches of one request."""
    for at in range(0, len(items), FILES_PER_REQUEST):
        yield items[at : at + FILES_PER_REQUEST]
