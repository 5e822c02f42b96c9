"""Exports of CLIP and SigLIP of a few kilobytes, laid out as on the hub.

They know three words and as many colours: a picture's vector is its mean colour, a text's the mean
of its words' colours. So what is alike is known.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WORDS = {"[PAD]": 0, "[UNK]": 1, "red": 2, "green": 3, "blue": 4, "[END]": 5}
WIDTH = 8
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}

CLIP = {"model_type": "clip", "projection_dim": WIDTH,
        "text_config": {"max_position_embeddings": 6}}  # fmt: skip
SIGLIP = {"model_type": "siglip", "vision_config": {"hidden_size": WIDTH},
          "text_config": {"max_position_embeddings": 6, "pad_token_id": 0}}  # fmt: skip
CLIP_PICTURES = {
    "image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 16},
    "crop_size": {"height": 16, "width": 16}, "resample": 3,
    "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
}  # fmt: skip
SIGLIP_PICTURES = {
    "image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16},
    "resample": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
}  # fmt: skip


def write_towers(folder: Path, kind: str = "clip", *, is_flat: bool = False) -> Path:
    """Write a folder with both networks; SigLIP's reads its padding, CLIP's does not."""
    networks = folder if is_flat else folder / "onnx"
    networks.mkdir(parents=True, exist_ok=True)
    is_clip = kind == "clip"
    write_vision(networks / "vision_model.onnx", "image_embeds" if is_clip else "pooler_output")
    write_text(networks / "text_model.onnx", "text_embeds" if is_clip else "pooler_output")
    write_json(folder / "config.json", CLIP if is_clip else SIGLIP)
    preparation = CLIP_PICTURES if is_clip else SIGLIP_PICTURES
    write_json(folder / "preprocessor_config.json", preparation)
    write_json(folder / "tokenizer.json", tokenizer())
    write_json(folder / "tokenizer_config.json", {"pad_token": "[PAD]"})
    return folder


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


def tokenizer() -> dict:
    special = [
        {"id": WORDS[token], "content": token, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for token in ("[PAD]", "[UNK]", "[END]")
    ]  # fmt: skip
    end = {"SpecialToken": {"id": "[END]", "type_id": 0}}
    template = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, end],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"[END]": {"id": "[END]", "ids": [WORDS["[END]"]], "tokens": ["[END]"]}},
    }
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": template,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
    }  # fmt: skip


def write_vision(path: Path, output: str, width: int = WIDTH) -> None:
    """Mean colour, between -1 and 1, and zeros."""
    matrix = np.eye(3, width, dtype=np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixel_values"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("MatMul", ["colour", "matrix"], [output]),
    ]
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["B", 3, 16, 16])
    _save(path, nodes, [pixels], output, width, [numpy_helper.from_array(matrix, "matrix")])


def write_text(path: Path, output: str) -> None:
    """Mean colour of all tokens: red for red; padding is a bit of the fourth number."""
    table = np.zeros((len(WORDS), WIDTH), np.float32)
    for word, colour in COLOURS.items():
        table[WORDS[word], :3] = np.array(colour) / 127.5 - 1
    table[WORDS["[PAD]"], 3] = 0.1
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
        helper.make_node("ReduceMean", ["tokens", "axes"], [output], keepdims=0),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["B", "L"])
    axes = numpy_helper.from_array(np.array([1]), "axes")
    _save(path, nodes, [ids], output, WIDTH, [numpy_helper.from_array(table, "table"), axes])


def _save(path: Path, nodes, inputs, output: str, width: int, constants) -> None:
    made = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["B", width])
    graph = helper.make_graph(nodes, "tiny", inputs, [made], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
