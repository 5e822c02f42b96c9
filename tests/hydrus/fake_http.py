"""HTTP of the stand-in: keys, permissions, statuses, limits, and connections that end."""

import json
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hydrus.fake_calls import CALLS, NEEDS, Refusal, forbidden_reasons

KEY = "0123456789abcdef" * 4
MOST_HEAD_BYTES = 2_000_000


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer: two would wait 40 ms for each other
    hydrus = None

    def handle_one_request(self):
        """Handle a request as the base class does, with Hydrus' limit for the first line."""
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
        self.answer({key: value_of(values[0]) for key, values in query.items()}, None)

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if kind == "application/octet-stream":
            self.answer({}, data)
        else:
            self.answer(json.loads(data) if kind == "application/json" and data else {}, None)

    def answer(self, body, data):
        fake = self.hydrus
        path = unquote(urlsplit(self.path).path)
        time.sleep(fake.delay_s)
        with fake.lock:
            fake.calls.append((path, body))
            fake.forbidden += forbidden_reasons(path, body)
            number = len(fake.calls)
        if fake.on_call:
            fake.on_call(number)
        with fake.lock:
            try:
                status, said = 200, self.found(path, body, data) or {}
            except Refusal as refusal:
                status = refusal.status
                said = {"error": refusal.text, "exception_type": "X", "status_code": status}
        content = json.dumps({**said, "version": fake.api, "hydrus_version": 682}).encode()
        if path not in CALLS and path != "/api_version":
            status, content = 404, b"<html><body>404 - no such resource</body></html>"
        self.send_response(status)
        self.send_header("Server", f"client api/{fake.api} (682)")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def found(self, path, body, data):
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
        if fake.refuses.get(path):
            raise Refusal(fake.refuses[path].pop(0), "The file is locked.")
        need = next((n for start, n in NEEDS.items() if path.startswith(start)), None)
        if need and need not in fake.permissions and not fake.permits_everything:
            raise Refusal(403, "You do not have permission to: something.")
        return CALLS[path](fake, body, data) if path in CALLS else {}


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text
