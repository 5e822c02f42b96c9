"""Models of several files: downloaded from a hub on this machine, or used where they lie."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rushes.errors import ItemError, MissingModel, RecipeError
from rushes.models import store
from rushes.models.hub_repo import MANIFEST, wanted_files
from rushes.recipe import runnable
from rushes.recipe.recipe import Recipe
from rushes.recipe.runnable import recipe_with_models
from tests.tiny_towers import write_json, write_towers

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = f"hf:owner/tiny-clip@{COMMIT}"


def blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub:
    """Serves a folder as a repository; large files are known by sha256, others by git's sha1."""

    def __init__(self, folder):
        self.asked, self.breaks_at, self.lies = [], None, None
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                hub.asked.append(self.path)
                path = self.path.partition("?")[0]
                prefix = f"/owner/tiny-clip/resolve/{COMMIT}/"
                if path == f"/api/models/owner/tiny-clip/revision/{COMMIT}":
                    return self.answer(json.dumps(hub.listing()).encode())
                if path.startswith(prefix):
                    return self.answer(hub.files[path.removeprefix(prefix)], path)
                return self.send_error(404)

            def answer(self, body, path=""):
                start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body) - start))
                self.end_headers()
                is_broken = hub.breaks_at is not None and path.endswith(hub.breaks_at)
                self.wfile.write(body[start : start + 100 if is_broken else None])

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def listing(self):
        siblings = []
        for path, content in self.files.items():
            entry = {"rfilename": path, "size": len(content), "blobId": blob(content)}
            if path.endswith(".onnx"):
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 130}
            siblings.append(entry)
        if self.lies:
            siblings[0] |= self.lies
        return {"sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}


@pytest.fixture
def hub(tmp_path):
    folder = write_towers(tmp_path / "served")
    (folder / "README.md").write_text("not wanted")
    for precision in ("fp16", "quantized"):
        content = (folder / "onnx" / "vision_model.onnx").read_bytes()
        (folder / "onnx" / f"vision_model_{precision}.onnx").write_bytes(content)
    (folder / "onnx" / "vision_model.onnx_data").write_bytes(b"weights")
    made = Hub(folder)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


WANTED = ["config.json", "onnx/text_model.onnx", "onnx/vision_model.onnx",
          "onnx/vision_model.onnx_data", "preprocessor_config.json", "tokenizer.json",
          "tokenizer_config.json"]  # fmt: skip


def test_a_folder_comes_whole_and_without_what_nobody_needs(tmp_path, hub):
    cache = tmp_path / "cache"
    folder = store.get(NAME, cache, hub=hub.url)
    assert list(cache.iterdir()) == [folder], "nothing unfinished stays"
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert found == sorted([*WANTED, MANIFEST])
    for path in WANTED:
        assert (folder / path).read_bytes() == hub.files[path]
    asked = len(hub.asked)
    assert store.get(NAME, cache, offline=True) == store.path_of(NAME, cache) == folder
    assert len(hub.asked) == asked


def test_the_list_names_what_came_and_its_licence(tmp_path, hub):
    assert NAME not in [state.name for state in store.list_models(tmp_path / "cache")]
    folder = store.get(NAME, tmp_path / "cache", hub=hub.url)
    state = next(s for s in store.list_models(tmp_path / "cache") if s.name == NAME)
    assert (state.here, state.licence, state.path) == (True, "mit", folder)
    assert state.size_bytes > sum(len(hub.files[path]) for path in WANTED)
    assert NAME not in store.missing(tmp_path / "cache")


def test_a_break_costs_only_what_had_not_come(tmp_path, hub):
    hub.breaks_at = "onnx/vision_model.onnx"
    with pytest.raises(ItemError, match="try again to resume"):
        store.get(NAME, tmp_path / "cache", hub=hub.url)
    with pytest.raises(MissingModel, match=r"rushes models get 'hf:owner/tiny-clip@"):
        store.path_of(NAME, tmp_path / "cache")
    hub.breaks_at, hub.asked = None, []
    folder = store.get(NAME, tmp_path / "cache", hub=hub.url)
    assert (folder / "onnx/vision_model.onnx").read_bytes() == hub.files["onnx/vision_model.onnx"]
    assert not any("text_model" in asked for asked in hub.asked), "that had come"
    assert list((tmp_path / "cache").iterdir()) == [folder]


@pytest.mark.parametrize("kind", ["config.json", "onnx/text_model.onnx"])
def test_a_file_that_is_another_is_refused(tmp_path, hub, kind):
    hub.files[kind], listing = hub.files[kind] + b" ", hub.listing()
    hub.listing = lambda: listing
    hub.files[kind] = hub.files[kind][:-1] + b"!"
    with pytest.raises(ItemError, match=r"has (sha256|git's sha1) \w+, not"):
        store.get(NAME, tmp_path / "cache", hub=hub.url)
    with pytest.raises(MissingModel):
        store.path_of(NAME, tmp_path / "cache")


@pytest.mark.parametrize("path", ["../../evil", "/etc/evil", "a\\..\\evil"])
def test_a_hub_cannot_write_elsewhere(tmp_path, hub, path):
    hub.lies = {"rfilename": path}
    with pytest.raises(ItemError, match="gives no listing of a hub"):
        store.get(NAME, tmp_path / "cache", hub=hub.url)


def test_a_variant_is_another_model(tmp_path, hub):
    folder = store.get(f"{NAME}#fp16", tmp_path / "cache", hub=hub.url)
    assert (folder / "onnx/vision_model_fp16.onnx").exists()
    assert not (folder / "onnx/vision_model.onnx").exists()
    assert store.find_model(NAME).identity != store.find_model(f"{NAME}#fp16").identity
    with pytest.raises(ItemError, match=r"no onnx/vision_model_q4\.onnx; ONNX files"):
        store.get(f"{NAME}#q4", tmp_path / "cache", hub=hub.url)


def test_offline_and_without_a_hub_it_is_one_clear_line(tmp_path, hub):
    with pytest.raises(MissingModel, match="rushes models get"):
        store.get(NAME, tmp_path / "cache", offline=True)
    with pytest.raises(ItemError, match="cannot be read"):
        store.get(NAME, tmp_path / "cache", hub="http://127.0.0.1:9")
    other = NAME.replace("tiny-clip", "nothing")
    with pytest.raises(ItemError, match="404"):
        store.get(other, tmp_path / "cache", hub=hub.url)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf:owner/name", "all 40 digits of the commit"),
        ("hf:owner/name@main", "branches move"),
        ("some/folder", "absolute path"),
        ("", "no model is named"),
    ],
)
def test_a_name_that_means_nothing_says_how_to_write_it(name, message):
    with pytest.raises(RecipeError, match=message):
        store.find_model(name)


def test_a_local_folder_is_known_by_its_content(tmp_path):
    one, same = write_towers(tmp_path / "a"), write_towers(tmp_path / "b")
    (same / "notes.txt").write_text("do not count")
    assert store.get(str(one), tmp_path / "cache", offline=True) == one
    identity = store.find_model(str(one)).identity
    assert store.find_model(str(same)).identity == identity
    write_json(same / "config.json", {"model_type": "clip", "projection_dim": 9})
    assert store.find_model(str(same)).identity != identity


def test_a_local_folder_that_lacks_something_says_what(tmp_path):
    with pytest.raises(MissingModel, match="there is no folder"):
        store.path_of(str(tmp_path / "nothing"), tmp_path)
    folder = write_towers(tmp_path / "a")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(MissingModel, match=r"no preprocessor_config\.json"):
        store.path_of(str(folder), tmp_path)


def test_the_only_precision_is_taken_and_of_several_none():
    beside = ["config.json", "preprocessor_config.json"]
    assert "onnx/vision_model_fp16.onnx" in wanted_files(["onnx/vision_model_fp16.onnx", *beside])
    several = ["vision_model_fp16.onnx", "vision_model_int8.onnx", *beside]
    with pytest.raises(ItemError, match="; ONNX files: "):
        wanted_files(several)
    assert "vision_model_int8.onnx" in wanted_files(several, "int8")


def clip_recipe(folder, **others):
    return Recipe({"score": {"use": ["clip", *others], "clip": {"model": str(folder)}, **others}})


def test_a_stage_without_the_name_of_its_model_is_named(tmp_path):
    with pytest.raises(RecipeError, match="clip: no model is named"):
        recipe_with_models(Recipe({"score": {"use": ["clip"]}}), tmp_path)


def test_stages_learn_where_their_model_lies(tmp_path):
    pytest.importorskip("onnxruntime")
    folder = write_towers(tmp_path / "a")
    recipe, found, notes = recipe_with_models(clip_recipe(folder), tmp_path / "cache")
    scorer = recipe.stages("score")["clip"]
    assert scorer.fields[0].shape == (3, 8)
    assert found[str(folder)] == folder
    assert not [note for note in notes if note.startswith("clip")]


def test_another_model_than_the_one_that_is_read_is_refused(tmp_path):
    pytest.importorskip("onnxruntime")
    one, other = write_towers(tmp_path / "a"), write_towers(tmp_path / "b")
    with pytest.raises(RecipeError, match=r"clip_similarity\.model is .* write the same"):
        recipe = clip_recipe(one, clip_similarity={"model": str(other)})
        recipe_with_models(recipe, tmp_path / "cache")


def test_without_the_extra_a_stage_is_left_out_with_the_line_that_mends_it(tmp_path, monkeypatch):
    folder = write_towers(tmp_path / "a")
    found = {"onnxruntime": object(), "tokenizers": None}
    monkeypatch.setattr(runnable, "find_spec", lambda name: found.get(name, object()))
    recipe = clip_recipe(folder, clip_similarity={"model": str(folder)})
    recipe, _, notes = recipe_with_models(recipe, tmp_path / "cache")
    assert "clip" in recipe.stages("score")
    assert "clip_similarity" not in recipe.stages("score")
    assert any("pip install 'rushes[clip]'" in note for note in notes)
