"""The scorers over CLIP: its vectors, captions compared with them, how much people like them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rushes.annotation.scorers.aesthetic import Aesthetic
from rushes.annotation.scorers.clip import Clip
from rushes.annotation.scorers.clip_similarity import ClipSimilarity
from rushes.errors import ItemError, RecipeError
from rushes.stages.fingerprints import models_of
from tests.tiny_towers import COLOURS, WIDTH, write_towers
from tests.written_checkpoint import write_checkpoint

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")


def still(colour):
    return np.full((48, 80, 3), COLOURS[colour], np.uint8)


@pytest.fixture(scope="module", params=["clip", "siglip"])
def folder(request, tmp_path_factory):
    return write_towers(tmp_path_factory.mktemp("towers"), request.param)


@pytest.fixture
def clip(folder):
    scorer = Clip(Clip.Params(model=str(folder)))
    scorer.setup("cpu", {str(folder): folder})
    return scorer


@pytest.fixture
def similarity(folder):
    scorer = ClipSimilarity(ClipSimilarity.Params(model=str(folder)))
    scorer.setup("cpu", {str(folder): folder})
    return scorer


def read(scorer, item):
    """Return an item as scorers that read `clip` are given it: through half precision."""
    (row,) = scorer.annotate([item])
    row["vector"] = row["vector"].astype(np.float16).astype(np.float32)
    return replace(item, scores={"clip": row})


def test_the_field_has_the_models_width(clip):
    assert clip.fields[0].shape == (3, WIDTH)
    assert clip.fields[0].about
    assert Clip.fields[0].shape == (3, 0), "of the class alone nobody knows it"


def test_vectors_of_first_middle_and_last(clip, item):
    (row,) = clip.annotate([item(*(still(colour) for colour in COLOURS))])
    assert row["vector"].shape == (3, WIDTH)
    assert row["vector"][:, :3].argmax(axis=1).tolist() == [0, 1, 2]
    assert row["steadiness"] < 0
    (same,) = clip.annotate([item(still("red"))])
    assert same["steadiness"] == pytest.approx(1, abs=1e-5)
    assert (same["vector"] == same["vector"][0]).all()
    with pytest.raises(ItemError, match="no still"):
        clip.annotate([item()])


def test_the_caption_that_fits_is_nearest(clip, similarity, item):
    seen = read(clip, item(still("red"), still("red"), still("blue")))
    found = {
        caption: similarity.annotate([replace(seen, caption=caption)])[0]["cosine"]
        for caption in ("red", "red blue", "blue", "green")
    }
    # Two thirds of the stills are red.
    assert found["red blue"] > found["red"] > found["blue"] > found["green"]


def test_captions_of_a_batch_are_each_their_own(clip, similarity, item):
    seen = read(clip, item(still("red")))
    items = [replace(seen, caption=caption) for caption in ("red", "green red blue", "blue")]
    together = similarity.annotate(items)
    alone = [similarity.annotate([one])[0] for one in items]
    assert [row["cosine"] for row in together] == pytest.approx([row["cosine"] for row in alone])


@pytest.mark.parametrize("caption", ["", "  \n"])
def test_without_a_caption_there_is_no_value(clip, similarity, item, caption):
    seen = read(clip, item(still("red")))
    with pytest.raises(ItemError, match="no caption"):
        similarity.annotate([replace(seen, caption=caption)])
    assert similarity.annotate([]) == []


def likes_red(folder):
    weight = np.zeros((1, WIDTH), np.float32)
    weight[0, 0] = 3
    weights = {"weight": weight, "bias": np.array([5], np.float32)}
    return write_checkpoint(folder / "head.pth", weights)


def aesthetic(path):
    scorer = Aesthetic(Aesthetic.Params(head=str(path)))
    scorer.setup("cpu", {str(path): path})
    return scorer


def test_more_of_what_is_liked_scores_higher(clip, item, tmp_path):
    scorer = aesthetic(likes_red(tmp_path))
    shown = (("red",) * 3, ("red", "red", "blue"), ("red", "blue", "blue"), ("blue",) * 3)
    rows = [scorer.annotate([read(clip, item(*map(still, colours)))])[0] for colours in shown]
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4
    assert rows[0]["worst"] == pytest.approx(rows[0]["score"])
    assert rows[1]["worst"] == pytest.approx(rows[3]["score"]), "the blue still's own"


def test_a_head_of_another_width_stops_the_run(clip, item, tmp_path):
    weights = {"weight": np.ones((1, 5), np.float32), "bias": np.ones(1, np.float32)}
    scorer = aesthetic(write_checkpoint(tmp_path / "head.pth", weights))
    with pytest.raises(RecipeError, match=r"of 5 numbers, and those .* have 8"):
        scorer.annotate([read(clip, item(still("red")))])


def test_a_missing_name_is_an_error_that_says_so():
    with pytest.raises(RecipeError, match="no head is named"):
        models_of(Aesthetic(Aesthetic.Params()))
    for stage in (Clip, ClipSimilarity):
        with pytest.raises(RecipeError, match="no model is named"):
            models_of(stage(stage.Params()))


LAION = Path(__file__).parents[4] / "shared" / "assets" / "laion_aesthetic"


@pytest.mark.skipif(not LAION.is_dir(), reason="LAION's heads are not here")
@pytest.mark.parametrize("kind", ["l_14", "b_32"])
def test_laions_heads_order_the_vectors_that_they_were_published_with(item, kind):
    scorer = aesthetic(LAION / f"laion_sa_0_4_vit_{kind}_linear.pth")
    scores = []
    for rating in range(10):
        vector = np.load(LAION / f"vit_{kind}_embeddings_rating{rating}.npy").reshape(-1)
        vector = vector / np.linalg.norm(vector)
        vectors = np.stack([vector] * 3).astype(np.float16).astype(np.float32)
        row = scorer.annotate([replace(item(), scores={"clip": {"vector": vectors}})])[0]
        scores.append(row["score"])
    assert scores == sorted(scores)
    assert np.corrcoef(range(10), scores)[0, 1] > 0.98
