import hashlib
import http.server
import sys
import threading

import av
import pytest

from rushes.errors import ItemError, MediaError, MissingDependency
from rushes.remote import ObjectStorage, RangeFile, is_remote
from rushes.testing import make_video, read_number


@pytest.fixture
def storage():
    return ObjectStorage()


BLOCK_BYTES = 64 * 1024


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A video of 12.5 s, of some twenty blocks, with its index at the end."""
    path = tmp_path_factory.mktemp("films") / "long film.mp4"
    make_video(path, (150, 150), numbered=True, size=(320, 240), options={"crf": "4"})
    assert path.stat().st_size > 18 * BLOCK_BYTES
    return path


class Server(http.server.ThreadingHTTPServer):
    """Serves one folder with byte ranges, and notes the requests."""

    def __init__(self, folder):
        self.folder, self.requests, self.broken_after = folder, [], None
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        span = self.headers.get("Range")
        self.server.requests.append((self.command, span))
        path, _, query = self.path.partition("?")
        file = self.server.folder / path.lstrip("/").replace("%20", " ")
        if not file.is_file():
            return self.answer(404)
        if "private" in file.name and query != "signature=right":
            return self.answer(403)
        data = file.read_bytes()
        if span is None:
            return self.answer(200, data)
        if self.server.broken_after is not None and len(self.server.requests) > (
            self.server.broken_after
        ):
            return self.answer(410)
        first, last = (int(end) for end in span.removeprefix("bytes=").split("-"))
        part = data[first : last + 1]
        return self.answer(206, part, f"bytes {first}-{first + len(part) - 1}/{len(data)}")

    def answer(self, status, data=b"", content_range=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(video):
    found = Server(video.parent)
    thread = threading.Thread(target=found.serve_forever, args=[0.01])
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.mark.parametrize("place", ["memory:///", "file://{folder}/"])
def test_files_are_put_listed_measured_and_read(storage, tmp_path, place):
    root = place.format(folder=tmp_path / "store")
    (tmp_path / "store").mkdir()
    (tmp_path / "source.bin").write_bytes(bytes(range(200)))
    for name in ("b/two.bin", "b/one%20%C3%A4.bin", "other.bin"):
        storage.put(root + name, tmp_path / "source.bin")
    listed = list(storage.list(root + "b"))
    assert [file.url for file in listed] == [root + "b/one%20%C3%A4.bin", root + "b/two.bin"]
    assert {file.size_bytes for file in listed} == {200}
    assert all(file.modified_s > 1e9 for file in listed)
    for file in listed:
        assert storage.size(file.url) == 200
        assert storage.read(file.url, 5, 9) == bytes([5, 6, 7, 8])


def test_a_remote_file_reads_and_seeks_as_a_local_one(storage, tmp_path, video):
    url = video.as_uri()
    with RangeFile(storage, url, block_bytes=1000) as remote, video.open("rb") as local:
        assert (remote.readable(), remote.seekable(), remote.writable()) == (True, True, False)
        for offset, whence in ((10, 0), (995, 0), (-300, 2), (-20, 1), (40_000, 0)):
            assert remote.seek(offset, whence) == local.seek(offset, whence)
            assert remote.read(10) == local.read(10)
        assert remote.seek(0, 2) == video.stat().st_size
        assert remote.read(10) == b""
        with pytest.raises(ValueError, match="cannot seek"):
            remote.seek(-1)
        remote.seek(0)
        digest = hashlib.file_digest(remote, "sha256").hexdigest()
    assert digest == hashlib.sha256(video.read_bytes()).hexdigest()


def test_a_frame_near_the_end_costs_few_requests(storage, server, video):
    with (
        RangeFile(storage, f"{server.url}/long%20film.mp4", block_bytes=BLOCK_BYTES) as file,
        av.open(file) as container,
    ):
        stream = container.streams.video[0]
        container.seek(round(11 / stream.time_base), stream=stream)
        frames = {}
        for frame in container.decode(stream):
            frames[round(frame.time * 24)] = frame
            if frame.time >= 11.5:
                break
        assert read_number(frames[276].to_ndarray(format="rgb24")) == 276
    gets = [span for method, span in server.requests if method == "GET"]
    assert None not in gets
    assert len(gets) <= 6


def test_a_block_is_read_once_while_it_is_kept(storage, server, video):
    with RangeFile(storage, f"{server.url}/long%20film.mp4") as file:
        for _ in range(5):
            file.seek(100)
            file.read(1000)
    assert [method for method, _ in server.requests] == ["HEAD", "GET"]


def test_a_missing_file_is_an_items_error_that_names_the_url(storage, server):
    url = f"{server.url}/gone.mp4"
    with pytest.raises(ItemError, match="there is no such file") as error:
        RangeFile(storage, url)
    assert url in str(error.value)
    assert isinstance(error.value.__cause__, FileNotFoundError)


def test_a_file_without_permission_says_where_credentials_come_from(storage, server):
    (server.folder / "private.mp4").write_bytes(b"123")
    with pytest.raises(MediaError, match=r"private\.mp4.*403.*environment") as error:
        storage.read(f"{server.url}/private.mp4", 0, 2)
    assert error.value.__cause__ is not None
    assert "Debug source" not in str(error.value)


def test_a_signed_link_keeps_its_signature(storage, server):
    (server.folder / "private.mp4").write_bytes(b"123")
    url = f"{server.url}/private.mp4?signature=right"
    assert storage.size(url) == 3
    assert storage.read(url, 1, 3) == b"23"


def test_an_error_in_the_middle_comes_out_of_the_decoder_with_its_cause(storage, server, video):
    server.broken_after = 2  # size and first block
    with (
        pytest.raises(MediaError, match=r"long%20film\.mp4.*410") as error,
        RangeFile(storage, f"{server.url}/long%20film.mp4") as file,
        av.open(file) as container,
    ):
        list(container.decode(video=0))
    assert error.value.__cause__ is not None


def test_a_server_that_is_not_there_is_named(storage, server):
    server.shutdown()
    server.server_close()
    with pytest.raises(MediaError, match=f"{server.url}/a.mp4"):
        storage.size(f"{server.url}/a.mp4")


def test_without_the_library_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingDependency, match=r"rushes\[remote\]"):
        ObjectStorage()


@pytest.mark.parametrize(
    ("place", "expected"),
    [("s3://b/a.mp4", True), ("https://h/a.mp4", True), ("GS://b/a", True), ("/a/b", False),
     ("a:b.mp4", False), ("file:///a", False), ("http:/a", False)],
)  # fmt: skip
def test_urls_are_told_from_paths(place, expected):
    assert is_remote(place) is expected
