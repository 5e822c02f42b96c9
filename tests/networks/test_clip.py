"""CLIP and SigLIP exports: tiny ones of known meaning, and transformers' own where it is there."""

import json

import numpy as np
import pytest

from rushes.errors import ItemError
from tests import tiny_towers
from tests.tiny_towers import COLOURS, WIDTH, write_towers

pytest.importorskip("onnxruntime")
pytest.importorskip("tokenizers")

from rushes.networks.clip import ImageEncoder, TextEncoder, vector_width


def picture(colour):
    return np.full((20, 30, 3), COLOURS[colour], np.uint8)


@pytest.mark.parametrize("is_flat", [True, False])
@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_words_are_near_their_pictures(tmp_path, kind, is_flat):
    folder = write_towers(tmp_path, kind, is_flat=is_flat)
    pictures = ImageEncoder(folder).vectors([picture(colour) for colour in COLOURS])
    words = TextEncoder(folder).vectors(list(COLOURS))
    assert pictures.shape == words.shape == (3, WIDTH)
    assert pictures.dtype == np.float32
    assert np.linalg.norm(pictures, axis=1) == pytest.approx(1, abs=1e-6)
    assert (words @ pictures.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_one_by_one_and_many_at_once_are_the_same(tmp_path):
    pictures = ImageEncoder(write_towers(tmp_path))
    many = [picture(colour) for colour in (*COLOURS, *COLOURS, *COLOURS, *COLOURS)]
    together = pictures.vectors(many)
    assert np.allclose(together, np.concatenate([pictures.vectors([one]) for one in many]))
    assert pictures.vectors([]).shape == (0, WIDTH)


def test_siglip_pads_and_lowers_and_clip_does_neither(tmp_path):
    clip = TextEncoder(write_towers(tmp_path / "clip"))
    siglip = TextEncoder(write_towers(tmp_path / "siglip", "siglip"))
    padding = 3  # the number that only padding sets
    assert clip.vectors(["red"])[0, padding] == 0
    assert siglip.vectors(["red"])[0, padding] > 0
    assert np.allclose(siglip.vectors(["RED "]), siglip.vectors(["red"]))


def test_long_texts_are_cut_off_and_still_end(tmp_path):
    words = TextEncoder(write_towers(tmp_path))
    long = words.vectors(["red " * 50])
    # Five words and the end: six tokens.
    assert np.allclose(long, words.vectors(["red red red red red"]))


def test_a_network_of_another_width_is_refused(tmp_path):
    folder = write_towers(tmp_path)
    tiny_towers.write_vision(folder / "onnx" / "vision_model.onnx", "image_embeds", width=5)
    with pytest.raises(ItemError, match=r"gives 5 numbers where config\.json says 8"):
        ImageEncoder(folder).vectors([picture("red")])


def test_an_output_that_nobody_knows_is_refused(tmp_path):
    folder = write_towers(tmp_path)
    tiny_towers.write_vision(folder / "onnx" / "vision_model.onnx", "last_hidden_state")
    with pytest.raises(ItemError, match="has the outputs last_hidden_state, and none of"):
        ImageEncoder(folder)


def test_a_missing_text_network_is_missed_only_by_words(tmp_path):
    folder = write_towers(tmp_path)
    (folder / "onnx" / "text_model.onnx").unlink()
    assert ImageEncoder(folder).vectors([picture("red")]).shape == (1, WIDTH)
    with pytest.raises(ItemError, match="no onnx/text_model"):
        TextEncoder(folder)


@pytest.mark.parametrize(
    ("config", "width"),
    [
        ({"model_type": "clip"}, 512),
        ({"model_type": "clip", "projection_dim": 768}, 768),
        ({"model_type": "siglip"}, 768),
        ({"model_type": "siglip", "vision_config": {"hidden_size": 1152}}, 1152),
        ({"model_type": "chinese_clip", "projection_dim": 512}, 512),
    ],
)
def test_the_width_stands_in_the_configuration(tmp_path, config, width):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert vector_width(tmp_path) == width


def test_what_is_no_clip_is_said_to_be_none(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ItemError, match="so it is no CLIP"):
        vector_width(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ItemError, match="no JSON object"):
        vector_width(tmp_path)


TINY = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4}  # fmt: skip


def transformers_model(kind):
    """Return a random model of transformers, and its processor of pictures."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("onnxscript")
    torch.manual_seed(3)
    text = {**TINY, "vocab_size": len(tiny_towers.WORDS), "max_position_embeddings": 6,
            "eos_token_id": 5, "bos_token_id": 1, "pad_token_id": 0}  # fmt: skip
    vision = {**TINY, "image_size": 32, "patch_size": 8}
    if kind == "clip":
        config = transformers.CLIPConfig(
            text_config=text, vision_config=vision, projection_dim=WIDTH
        )
        processor = transformers.CLIPImageProcessorPil(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        )
        return transformers.CLIPModel(config).eval(), processor
    config = transformers.SiglipConfig(text_config=text, vision_config=vision)
    processor = transformers.SiglipImageProcessorPil(size={"height": 32, "width": 32})
    return transformers.SiglipModel(config).eval(), processor


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_transformers_says_the_same(tmp_path, kind):
    model, processor = transformers_model(kind)
    import torch

    class Tower(torch.nn.Module):
        def __init__(self, embed):
            super().__init__()
            self.model, self.embed = model, embed

        def forward(self, values):
            found = getattr(self.model, self.embed)(values)
            return getattr(found, "pooler_output", found)

    folder = write_towers(tmp_path, kind)
    model.config.save_pretrained(folder)
    processor.save_pretrained(folder)
    given = {"vision": torch.zeros(2, 3, 32, 32), "text": torch.zeros(2, 6, dtype=torch.int64)}
    for tower, name, embed in (
        ("vision", "pixel_values", "get_image_features"),
        ("text", "input_ids", "get_text_features"),
    ):
        output = f"{'image' if tower == 'vision' else 'text'}_embeds"
        torch.onnx.export(
            Tower(embed), (given[tower],), str(folder / "onnx" / f"{tower}_model.onnx"),
            input_names=[name], output_names=[output if kind == "clip" else "pooler_output"],
            dynamo=True, external_data=False,
            dynamic_shapes=({0: "batch"},), verbose=False,
        )  # fmt: skip
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (48, 80, 3), np.uint8) for _ in range(3)]
    with torch.no_grad():
        pixels = processor(images=pictures, return_tensors="pt")["pixel_values"]
        expected = model.get_image_features(pixels)
        ids = torch.tensor([[2, 5, 0, 0, 0, 0], [3, 4, 5, 0, 0, 0]])
        said = model.get_text_features(ids)
    for found, wanted in (
        (ImageEncoder(folder).vectors(pictures), expected),
        (TextEncoder(folder).vectors(["red", "green blue"]), said),
    ):
        wanted = getattr(wanted, "pooler_output", wanted)
        wanted = torch.nn.functional.normalize(wanted).numpy()
        assert found.shape == wanted.shape
        assert (found * wanted).sum(axis=1) == pytest.approx(1, abs=1e-3)
        assert np.abs(found - wanted).max() < 0.02
