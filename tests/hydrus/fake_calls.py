"""The calls of the Client API, with the observed answers of a client of version 682."""

import hashlib
import re
from pathlib import Path

MY_TAGS = "6c6f63616c2074616773"
MY_FILES = "6c6f63616c2066696c6573"
TRASH = "7472617368"
ALL_MY_FILES = "616c6c206c6f63616c206d65646961"
STORAGE = "616c6c206c6f63616c2066696c6573"
ALL_KNOWN_TAGS = "616c6c206b6e6f776e2074616773"
FAVOURITES = "6661766f757269746573"
STARS = "ab" * 32
RANK = "ba" * 32
COUNTER = "ca" * 32
REPOSITORY = "cd" * 32
SECOND_DOMAIN = "ef" * 32
API_OF_ARCHIVED_TIMES = 85  # somewhere between 68 and 95
SERVICES = {
    MY_TAGS: {"name": "my tags", "type": 5},
    REPOSITORY: {"name": "public tag repository", "type": 0},
    MY_FILES: {"name": "my files", "type": 2},
    SECOND_DOMAIN: {"name": "films", "type": 2},
    ALL_MY_FILES: {"name": "combined local file domains", "type": 21},
    ALL_KNOWN_TAGS: {"name": "all known tags", "type": 10},
    FAVOURITES: {"name": "favourites", "type": 7, "star_shape": "fat star"},
    STARS: {"name": "quality", "type": 6, "min_stars": 0, "max_stars": 10},
    RANK: {"name": "rank", "type": 6, "min_stars": 0, "max_stars": 5},
    COUNTER: {"name": "plays", "type": 22},
}
UNRATED = {6: None, 7: None, 22: 0}
"""Kind of rating service → the rating of a file that nobody has rated there."""


class Refusal(Exception):
    def __init__(self, status, text):
        self.status, self.text = status, text


def clean(tag):
    """Return a tag as Hydrus stores it; empty if it is invalid."""
    tag = tag[:1024].lower()
    if re.match(r":(?!.*:)", tag):
        tag = ":" + tag  # ":)" is no namespace
    tag = _stripped(tag)
    namespace, colon, rest = tag.partition(":")
    if not colon:
        return tag
    namespace, rest = _stripped(namespace), _stripped(rest)
    return f"{namespace}:{rest}" if rest else ""


def _stripped(text):
    text = re.sub(r"[\r\n\t]", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"^(?:[\s-]|system:)+", "", text).strip()


def verify_access_key(fake, body, data):
    basics = "edit file tags, import and delete files"
    found = {"name": "rushes", "basic_permissions": sorted(fake.permissions),
             "human_description": f"API Permissions (only me): {basics}: Can search: "
                                  f"{fake.may_search}"}  # fmt: skip
    return found | ({"permits_everything": fake.permits_everything} if fake.api >= 71 else {})


def get_services(fake, body, data):
    if fake.api >= 90:
        return {"services_v2": [{"service_key": k, **row} for k, row in SERVICES.items()]}
    return {"services": SERVICES, "local_tags": []}


def add_file(fake, body, data):
    if data is None:
        if "path" not in body:
            raise Refusal(400, "If you are importing a path, include it; else some bytes.")
        path = Path(body["path"])
        if not fake.reads_paths or not path.exists():
            raise Refusal(400, f'Path "{path}" does not exist!')
        data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    row = fake.files.get(sha256)
    if row and ALL_MY_FILES in row["deleted"]:
        return {"status": 3, "hash": sha256, "note": "Deleted from client 2 minutes ago"}
    if row and row["is_local"]:
        return {"status": 2, "hash": sha256, "note": "Imported 2 minutes ago"}
    if data[4:8] != b"ftyp" or fake.fails:
        return {"status": 4, "hash": sha256, "note": "Unknown filetype!", "traceback": "long"}
    if fake.vetoes:
        return {"status": 7, "hash": sha256, "note": "too small"}
    row = fake.row(sha256)
    row["is_local"], row["inbox"] = True, not fake.archives_imports
    row["archived"] = fake.now() if fake.archives_imports else None
    row["current"] = {MY_FILES: fake.now()}
    return {"status": 1, "hash": sha256, "note": ""}


def file_metadata(fake, body, data):
    if fake.may_search not in ("all tags", "allowing all tags"):
        raise Refusal(403, "You do not seem to have access to all those files!")
    unseen = [h for h in body["hashes"] if h not in fake.files]
    seen = [h for h in body["hashes"] if h in fake.files]
    found = [_metadata(fake, h, body) for h in seen]
    missing = [{"file_id": None, "hash": h} for h in unseen]
    shown = {"services": SERVICES} if body.get("include_services_object", True) else {}
    return {"metadata": missing + found, **shown}


def _metadata(fake, sha256, body):
    row = fake.files[sha256]
    deleted = {key: {"time_deleted": at} for key, at in row["deleted"].items()}
    stored = {"0": row["tags"], "2": row["removed"]}
    is_trashed = TRASH in row["current"]
    found = {
        "file_id": row["file_id"],
        "hash": sha256,
        "is_inbox": row["inbox"],
        "time_archived": row["archived"],
        "is_local": row["is_local"],
        "is_trashed": is_trashed,
        "is_deleted": is_trashed or ALL_MY_FILES in row["deleted"],
        "file_services": {
            "current": {key: {"time_imported": at} for key, at in row["current"].items()},
            "deleted": deleted,
        },
        "ratings": {
            key: row["ratings"].get(key, UNRATED[service["type"]])
            for key, service in SERVICES.items()
            if service["type"] in UNRATED
        },
        "tags": {
            MY_TAGS: {
                "name": "my tags",
                "storage_tags": {key: tags for key, tags in stored.items() if tags},
                "display_tags": {"0": [*row["tags"], "display:only"]},
            },
            ALL_KNOWN_TAGS: {"storage_tags": {"0": ["elsewhere"]}, "display_tags": {}},
        },
    }
    if fake.api < API_OF_ARCHIVED_TIMES:
        del found["time_archived"]
    return found | ({"notes": row["notes"]} if body.get("include_notes") else {})


def clean_tags(fake, body, data):
    return {"tags": sorted({kept for tag in body["tags"] if (kept := clean(tag))})}


def add_tags(fake, body, data):
    override = body.get("override_previously_deleted_mappings", True)
    for service, tags in body["service_keys_to_tags"].items():
        if service == ALL_KNOWN_TAGS:
            continue  # it says 200 and does nothing
        if service != MY_TAGS:
            raise Refusal(400, "that service does not exist")
        for row in map(fake.row, body["hashes"]):
            for tag in filter(None, map(clean, tags)):
                if tag in row["removed"]:
                    if not override:
                        continue
                    row["removed"].remove(tag)
                row["tags"] = sorted({*row["tags"], tag})


def set_notes(fake, body, data):
    notes = fake.row(body["hash"])["notes"]
    for name, text in body["notes"].items():
        notes.pop(name, None)
        if text:
            notes[name] = text
    return {"notes": body["notes"]}


def force_commit(fake, body, data):
    fake.commit()


CALLS = {
    "/verify_access_key": verify_access_key,
    "/get_services": get_services,
    "/add_files/add_file": add_file,
    "/get_files/file_metadata": file_metadata,
    "/add_tags/clean_tags": clean_tags,
    "/add_tags/add_tags": add_tags,
    "/add_notes/set_notes": set_notes,
    "/manage_database/force_commit": force_commit,
}
NEEDS = {"/add_files": 1, "/add_tags": 2, "/get_files": 3, "/add_notes": 7, "/manage_database": 6}


SAFE = {"override_previously_deleted_mappings": False, "create_new_deleted_mappings": False}


def forbidden_reasons(path, body):
    """Return the reason why a request is forbidden: it could delete, or overrule a person."""
    fine = {
        "/add_tags/add_tags": lambda: body.items() >= SAFE.items() and len(body) == 4,
        "/add_files/add_file": lambda: set(body) <= {"path"},  # our file is the master: it stays
        "/add_notes/set_notes": lambda: (
            body["merge_cleverly"] is False  # it would make notes called "name (1)"
            and all(body["notes"].values())  # an empty text deletes the note
        ),
        "/get_files/file_metadata": lambda: (
            body.get("include_services_object") is False and len(body["hashes"]) <= 256
        ),
    }
    if path not in CALLS and path != "/api_version":  # so none that deletes or archives
        return [path]
    return [] if fine.get(path, lambda: True)() else [(path, body)]
