"""A stand-in for a Hydrus client, with the observed behaviour of version 682.

Holds the state, and has a method for each thing that a person does: `archive`, `trash`,
`remove_tag` and so on. `crash` reverts to the state on its disk. See `fake_calls` for its API and
`fake_http` for its HTTP.
"""

import copy
import threading

from tests.hydrus.fake_calls import (
    ALL_MY_FILES,
    MY_FILES,
    SECOND_DOMAIN,
    STARS,
    STORAGE,
    TRASH,
    clean,
)  # fmt: skip
from tests.hydrus.fake_http import Answers, Server


class FakeHydrus:
    """The stand-in. Its attributes make it refuse, stall or crash."""

    def __init__(self, api=95, permissions=(1, 2, 3, 7)):
        self.api, self.permissions = api, set(permissions)
        self.permits_everything = False
        self.may_search = "allowing all tags"
        self.reads_paths = True
        self.archives_imports = False
        self.vetoes = False
        self.fails = False
        self.busy = 0  # number of requests that are answered 503
        self.refuses = {}  # path → statuses with which its next requests are answered
        self.closes_idle_after_s = 60.0
        self.certificate = None  # set: speaks https
        self.delay_s = 0.0
        self.files = {}  # sha256 → row
        self.calls = []
        self.forbidden = []  # requests that could overrule a person
        self.on_call = None  # called with the number of each request, before it is answered
        self.time = 1_700_000_000
        self._disk = {}
        self.lock = threading.RLock()
        self._server = None
        self.port = 0
        self.start()

    # ---- the machine ----

    @property
    def url(self):
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def start(self):
        fake = self

        class Handler(Answers):
            timeout = property(lambda self: fake.closes_idle_after_s)
            hydrus = fake

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.links = set()
        if self.certificate:
            self._server.socket = self.certificate.wrap_socket(
                self._server.socket, server_side=True
            )
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        """Shut down without answering open requests."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        for link in list(server.links):
            link.close_hard()

    def crash(self):
        """Lose every change that is not on its disk."""
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
        for row in map(self.row, sha256s):  # a file in the inbox stays there
            row["deleted"] = {MY_FILES: self.now(), ALL_MY_FILES: self.time}
            row["current"] = {TRASH: self.time}

    def undelete(self, *sha256s):
        for row in map(self.row, sha256s):
            row["deleted"], row["current"] = {}, {MY_FILES: self.now()}

    def purge(self, *sha256s, record=True):
        """Delete physically; tags, notes, ratings and, on request, a record of it remain."""
        self.trash(*sha256s)
        for row in map(self.row, sha256s):
            row["is_local"] = row["inbox"] = False
            row["deleted"] = row["deleted"] | {STORAGE: self.now()} if record else {}
            row["current"] = {}

    def move(self, *sha256s):
        """Move files to another local file domain."""
        for row in map(self.row, sha256s):
            row["deleted"], row["current"] = {MY_FILES: self.now()}, {SECOND_DOMAIN: self.time}

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

    # ---- for tests ----

    def tags_of(self, sha256):
        return set(self.files[sha256]["tags"])

    def state(self):
        """Return the state of all files, without times and ids."""
        return {
            sha256: {k: row[k] for k in ("tags", "removed", "notes", "is_local", "inbox")}
            for sha256, row in sorted(self.files.items())
        }

    def writes(self):
        return [path for path, _ in self.calls if path.startswith("/add_")
                and path != "/add_tags/clean_tags"]  # fmt: skip
