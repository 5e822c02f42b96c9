"""A Hydrus client for tests: what a real one of version 682 was seen to do, and nothing else.

A person at it is `archive`, `trash`, `remove_tag` and so on. `crash` takes it back to what it last
wrote to its disk.
"""

import copy
import hashlib
import json
import re
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "0123456789abcdef" * 4
MY_TAGS = "6c6f63616c2074616773"
MY_FILES = "6c6f63616c2066696c6573"
ALL_MY_FILES = "616c6c206c6f63616c206d65646961"
STORAGE = "616c6c206c6f63616c2066696c6573"
ALL_KNOWN_TAGS = "616c6c206b6e6f776e2074616773"
FAVOURITES = "6661766f757269746573"
STARS = "ab" * 32
REPOSITORY = "cd" * 32
MOST_HEAD_BYTES = 2_000_000
API_OF_ARCHIVED_TIMES = 85  # somewhere between 68 and 95
SERVICES = {
    MY_TAGS: {"name": "my tags", "type": 5},
    REPOSITORY: {"name": "public tag repository", "type": 0},
    MY_FILES: {"name": "my files", "type": 2},
    ALL_MY_FILES: {"name": "combined local file domains", "type": 21},
    ALL_KNOWN_TAGS: {"name": "all known tags", "type": 10},
    FAVOURITES: {"name": "favourites", "type": 7, "star_shape": "fat star"},
    STARS: {"name": "quality", "type": 6, "min_stars": 0, "max_stars": 10},
}


def clean(tag):
    """Return a tag as it is kept; empty if it is none."""
    tag = re.sub(r"[\r\n\t]", "", tag.lower())
    tag = re.sub(r"\s+", " ", tag).strip()[:1024]
    while tag.startswith(("-", "system:")):
        tag = tag.removeprefix("-").removeprefix("system:").strip()
    if tag.startswith(":") and len(tag) > 1:
        return tag if tag.startswith("::") else ":" + tag
    namespace, colon, rest = tag.partition(":")
    if not colon:
        return tag
    return f"{namespace.strip()}:{rest.strip()}" if rest.strip() else ""


class FakeHydrus:
    """The client. Change its attributes to make it awkward."""

    def __init__(self, api=95, permissions=(1, 2, 3, 7)):
        self.api, self.permissions = api, set(permissions)
        self.permits_everything = False
        self.description = "API Permissions (rushes): import, tag: Can search: everything"
        self.reads_paths = True
        self.archives_imports = False
        self.vetoes = False
        self.fails = False
        self.busy = 0  # so many requests are answered 503
        self.conflicts = {}  # path → so many requests are answered 409
        self.closes_idle_after_s = 60.0
        self.delay_s = 0.0
        self.files = {}  # sha256 → row
        self.calls = []
        self.on_call = None  # is told the number of each request, before it is done
        self.time = 1_700_000_000
        self._disk = {}
        self._lock = threading.RLock()
        self._server = None
        self.port = 0
        self.start()

    # ---- the machine ----

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        fake = self

        class Handler(Answers):
            timeout = property(lambda self: fake.closes_idle_after_s)
            hydrus = fake

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.links = set()
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        """Shut down: it says goodbye to nobody."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        for link in list(server.links):
            link.close_hard()

    def crash(self):
        """Lose what was not on its disk."""
        self.stop()
        self.files = copy.deepcopy(self._disk)

    def commit(self):
        self._disk = copy.deepcopy(self.files)

    def now(self):
        self.time += 1
        return self.time

    def row(self, sha256):
        empty = {"tags": [], "removed": [], "notes": {}, "ratings": {}, "is_local": False,
                 "inbox": False, "archived": None, "deleted": {}, "current": {}}  # fmt: skip
        return self.files.setdefault(sha256, empty | {"file_id": len(self.files) + 1})

    # ---- a person ----

    def archive(self, *sha256s):
        for row in map(self.row, sha256s):
            row["inbox"], row["archived"] = False, self.now()

    def inbox(self, *sha256s):
        for row in map(self.row, sha256s):
            row["inbox"] = True

    def trash(self, *sha256s):
        for row in map(self.row, sha256s):  # it stays in the inbox, if it was
            row["deleted"] = {MY_FILES: self.now(), ALL_MY_FILES: self.time}
            row["current"] = {}

    def undelete(self, *sha256s):
        for row in map(self.row, sha256s):
            row["deleted"], row["current"] = {}, {MY_FILES: self.now()}

    def purge(self, *sha256s, record=True):
        """Physically delete: tags, notes and ratings outlast it, the record if wanted."""
        self.trash(*sha256s)
        for row in map(self.row, sha256s):
            row["is_local"] = row["inbox"] = False
            row["deleted"] = row["deleted"] | {STORAGE: self.now()} if record else {}

    def add_tag(self, sha256, tag):
        row = self.row(sha256)
        row["tags"] = sorted({*row["tags"], clean(tag)})
        row["removed"] = [t for t in row["removed"] if t != clean(tag)]

    def remove_tag(self, sha256, tag):
        row = self.row(sha256)
        row["tags"] = [t for t in row["tags"] if t != clean(tag)]
        row["removed"] = sorted({*row["removed"], clean(tag)})

    def note(self, sha256, text, name="rushes caption"):
        notes = self.row(sha256)["notes"]
        notes.pop(name, None)
        if text:
            notes[name] = text

    def rate(self, sha256, value, service=STARS):
        self.row(sha256)["ratings"][service] = value

    # ---- what a test asks ----

    def tags_of(self, sha256):
        return set(self.files[sha256]["tags"])

    def state(self):
        """Return all that it holds of files that it knows, without times and numbers."""
        return {
            sha256: {k: row[k] for k in ("tags", "removed", "notes", "is_local", "inbox")}
            for sha256, row in sorted(self.files.items())
        }

    def writes(self):
        return [path for path, _ in self.calls if path.startswith("/add_")
                and path != "/add_tags/clean_tags"]  # fmt: skip


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class Refusal(Exception):
    def __init__(self, status, text):
        self.status, self.text = status, text


NEEDS = {"/add_files": 1, "/add_tags": 2, "/get_files": 3, "/add_notes": 7, "/edit_ratings": 9,
         "/manage_database": 6}  # fmt: skip


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hydrus = None

    def handle_one_request(self):
        """As the base class does, but with Hydrus' limit instead of 64 kB for the first line."""
        try:
            self.raw_requestline = self.rfile.readline(MOST_HEAD_BYTES + 1)
            if len(self.raw_requestline) > MOST_HEAD_BYTES:
                self.raw_requestline = b""  # dropped without an answer
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            getattr(self, f"do_{self.command}")()
            self.wfile.flush()
        except OSError:  # idle for too long, or gone
            self.close_connection = True

    def setup(self):
        super().setup()
        self.server.links.add(self)

    def finish(self):
        self.server.links.discard(self)
        with suppress(OSError, ValueError):
            super().finish()

    def close_hard(self):
        with suppress(OSError):
            self.connection.shutdown(2)

    def log_message(self, *_):
        pass

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        self.answer({key: self.value(values[0]) for key, values in query.items()}, None)

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if kind == "application/octet-stream":
            self.answer({}, data)
        else:
            self.answer(json.loads(data) if kind == "application/json" and data else {}, None)

    @staticmethod
    def value(text):
        try:
            return json.loads(text)
        except ValueError:
            return text

    def answer(self, body, data):
        fake = self.hydrus
        path = unquote(urlsplit(self.path).path)
        time.sleep(fake.delay_s)
        with fake._lock:
            fake.calls.append((path, body))
            number = len(fake.calls)
        if fake.on_call:
            fake.on_call(number)
        with fake._lock:
            try:
                status, found = 200, self.do(path, body, data)
            except Refusal as refusal:
                status = refusal.status
                found = {"error": refusal.text, "exception_type": "X", "status_code": status}
        content = b"" if found is None else json.dumps(
            {**found, "version": fake.api, "hydrus_version": 682}
        ).encode()  # fmt: skip
        try:
            self.send_response(status)
            self.send_header("Server", f"client api/{fake.api} (682)")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True

    def do(self, path, body, data):
        fake = self.hydrus
        if fake.busy:
            fake.busy -= 1
            raise Refusal(503, "This server is busy, please try again later.")
        if path == "/api_version":
            return {}
        given = self.headers.get("Hydrus-Client-API-Access-Key")
        if not given:
            raise Refusal(401, "You have not supplied an access key.")
        if given != KEY:
            raise Refusal(403, "Did not find an entry for that access key!")
        if fake.conflicts.get(path):
            fake.conflicts[path] -= 1
            raise Refusal(409, "The file is locked.")
        need = next((n for start, n in NEEDS.items() if path.startswith(start)), None)
        if need and need not in fake.permissions and not fake.permits_everything:
            raise Refusal(403, "You do not have permission to: something.")
        do = getattr(self, "do" + path.replace("/", "_"), None)
        if do is None:
            raise Refusal(404, "<html>no such page</html>")
        return do(body, data)

    def do_verify_access_key(self, body, data):
        fake = self.hydrus
        found = {"name": "rushes", "basic_permissions": sorted(fake.permissions),
                 "human_description": fake.description}  # fmt: skip
        return found | ({"permits_everything": fake.permits_everything} if fake.api >= 71 else {})

    def do_get_services(self, body, data):
        if self.hydrus.api >= 90:
            return {"services_v2": [{"service_key": k, **row} for k, row in SERVICES.items()]}
        return {"services": SERVICES, "local_tags": []}

    def do_add_files_add_file(self, body, data):
        fake = self.hydrus
        if data is None:
            if "path" not in body:
                raise Refusal(400, "If you are importing a path, include it; else some bytes.")
            path = Path(body["path"])
            if not fake.reads_paths or not path.exists():
                raise Refusal(400, f'Path "{path}" does not exist!')
            if body.get("delete_after_successful_import"):
                raise AssertionError("our file is the master")
            data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        row = fake.files.get(sha256)
        if row and row["deleted"]:
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

    def do_get_files_file_metadata(self, body, data):
        return {"metadata": [self.metadata(h, body) for h in body["hashes"]], "services": {}}

    def metadata(self, sha256, body):
        row = self.hydrus.files.get(sha256)
        if row is None:
            return {"file_id": None, "hash": sha256}
        deleted = {key: {"time_deleted": at} for key, at in row["deleted"].items()}
        stored = {"0": row["tags"], "2": row["removed"]}
        found = {
            "file_id": row["file_id"],
            "hash": sha256,
            "is_inbox": row["inbox"],
            "time_archived": row["archived"],
            "is_local": row["is_local"],
            "is_trashed": bool(row["deleted"]) and row["is_local"],
            "is_deleted": bool(row["deleted"]),
            "file_services": {"current": {k: {"time_imported": t} for k, t in
                                          row["current"].items()}, "deleted": deleted},
            "ratings": row["ratings"],
            "tags": {
                MY_TAGS: {
                    "name": "my tags",
                    "storage_tags": {key: tags for key, tags in stored.items() if tags},
                    "display_tags": {"0": [*row["tags"], "display:only"]},
                },
                ALL_KNOWN_TAGS: {"storage_tags": {"0": ["elsewhere"]}, "display_tags": {}},
            },
        }  # fmt: skip
        if self.hydrus.api < API_OF_ARCHIVED_TIMES:
            del found["time_archived"]
        return found | ({"notes": row["notes"]} if body.get("include_notes") else {})

    def do_add_tags_clean_tags(self, body, data):
        return {"tags": sorted({kept for tag in body["tags"] if (kept := clean(tag))})}

    def do_add_tags_add_tags(self, body, data):
        override = body.get("override_previously_deleted_mappings", True)
        for service, tags in body["service_keys_to_tags"].items():
            if service == ALL_KNOWN_TAGS:
                continue  # it says 200 and does nothing
            if service != MY_TAGS:
                raise Refusal(400, "that service does not exist")
            for row in map(self.hydrus.row, body["hashes"]):
                for tag in filter(None, map(clean, tags)):
                    if tag in row["removed"]:
                        if not override:
                            continue
                        row["removed"].remove(tag)
                    row["tags"] = sorted({*row["tags"], tag})

    def do_add_notes_set_notes(self, body, data):
        if body.get("merge_cleverly"):
            raise AssertionError('that makes notes called "name (1)"')
        notes = self.hydrus.row(body["hash"])["notes"]
        for name, text in body["notes"].items():
            notes.pop(name, None)
            if text:
                notes[name] = text
        return {"notes": body["notes"]}

    def do_manage_database_force_commit(self, body, data):
        self.hydrus.commit()
        return None
