"""CLIP and SigLIP: an image encoder and a text encoder with a common embedding space.

Any export in the hub's layout is accepted (see `models.hub_repo`). Preprocessing, tokenizer and
embedding width are read from the files beside the networks; inputs and outputs are recognised by
the names that exports give them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError, MissingDependency
from rushes.models.hub_repo import find_network, model_files
from rushes.networks.preprocessing import read_preprocessing
from rushes.networks.session import open_session

_BATCH = 8
"""Pictures in a batch; more need memory and save little time on a CPU."""
_MAX_TOKENS = {"clip": 77, "siglip": 64}
"""Longest text, in tokens, if the configuration gives none."""


def vector_width(folder: Path) -> int:
    """Return the width of the embeddings by the configuration of an export.

    Raises:
        ItemError: The configuration does not give it.
    """
    config = _json(folder / "config.json")
    kind, vision = _kind(config), config.get("vision_config") or {}
    if kind == "siglip":
        return int(vision.get("hidden_size", 768))
    width = config.get("projection_dim", 512 if kind == "clip" else None)
    if not isinstance(width, int):
        raise ItemError(f"{folder / 'config.json'} has no projection_dim, so it is no CLIP")
    return width


def _kind(config: Mapping[str, Any]) -> str:
    """Return the model type of the configuration; "siglip" for all SigLIPs."""
    kind = str(config.get("model_type", ""))
    return "siglip" if kind.startswith("siglip") else kind


class ImageEncoder:
    """The image encoder of an export."""

    def __init__(self, folder: Path, threads: int = 1, device: str = "cpu") -> None:
        """Load the network.

        Args:
            folder: The export.
            threads: See `open_session`.
            device: See `open_session`.

        Raises:
            ItemError: It is no image encoder, or a file is missing or wrong.
            MissingDependency: The package onnxruntime is not installed.
        """
        self._prepare = read_preprocessing(folder / "preprocessor_config.json")
        self.width = vector_width(folder)
        self._tower = _Tower(_VISION, folder, threads, device)

    def vectors(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Embed pictures, uint8 RGB (H, W, 3): float32 (N, D), each of length 1."""
        parts = [np.zeros((0, self.width), np.float32)]
        step = self._tower.batch or _BATCH
        for first in range(0, len(pictures), step):
            some = np.stack([self._prepare(picture) for picture in pictures[first : first + step]])
            parts.append(self._tower.run({"pixel_values": some}, self.width))
        return np.concatenate(parts)


class TextEncoder:
    """The text encoder of an export, with its tokenizer."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load the network and its tokenizer.

        Raises:
            ItemError: It is no text encoder, or a file is missing or wrong.
            MissingDependency: The packages onnxruntime or tokenizers are not installed.
        """
        config = _json(folder / "config.json")
        self.width = vector_width(folder)
        self._is_siglip = _kind(config) == "siglip"
        text = config.get("text_config") or {}
        self._tower = _Tower(_TEXT, folder, threads)
        default = _MAX_TOKENS["siglip" if self._is_siglip else "clip"]
        most = int(text.get("max_position_embeddings", default))
        self._tokenizer = _tokenizer(folder, text, most, self._tower.length or (
            most if self._is_siglip else 0))  # fmt: skip

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts: float32 (N, D), each of length 1; long texts are truncated."""
        parts = [np.zeros((0, self.width), np.float32)]
        for (
            text
        ) in texts:  # one by one: padding to the length of another text could change the vector
            # SigLIP was trained on lower case only, and not every tokenizer.json lowers it.
            plain = " ".join(text.split())
            coded = self._tokenizer.encode(plain.lower() if self._is_siglip else plain)
            # SigLIP attends to its padding, as in training.
            mask = [1] * len(coded.ids) if self._is_siglip else coded.attention_mask
            inputs = {"input_ids": np.array([coded.ids]), "attention_mask": np.array([mask])}
            parts.append(self._tower.run(inputs, self.width))
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class _TowerNames:
    """Names of a tower's file, inputs and outputs in exports."""

    tower: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """The embedding under each name that exports give it, the preferred one first."""


_VISION = _TowerNames("vision", ("pixel_values",), ("image_embeds", "pooler_output"))
_TEXT = _TowerNames("text", ("input_ids", "attention_mask"), ("text_embeds", "pooler_output"))


class _Tower:
    """One of the two networks of an export, with the names of its inputs and its output."""

    def __init__(self, names: _TowerNames, folder: Path, threads: int, device: str = "cpu") -> None:
        path = find_network(model_files(folder), names.tower)
        if path is None:
            raise ItemError(f"{folder} has no onnx/{names.tower}_model.onnx")
        self._path = folder / path
        self._session = open_session(self._path, threads, device)
        inputs = self._session.get_inputs()
        if unknown := [i.name for i in inputs if i.name not in names.inputs]:
            raise ItemError(f"{self._path} has unknown inputs: {', '.join(unknown)}")
        self._types = {i.name: _NUMPY.get(i.type, np.float32) for i in inputs}
        sizes = inputs[0].shape
        self.batch = sizes[0] if isinstance(sizes[0], int) else None
        """Fixed batch size; None if it is free."""
        self.length = sizes[1] if names is _TEXT and isinstance(sizes[1], int) else None
        """Fixed number of tokens; None if it is free."""
        outputs = [o.name for o in self._session.get_outputs()]
        found = [name for name in names.outputs if name in outputs]
        if not found:
            raise ItemError(
                f"{self._path} has the outputs {', '.join(outputs)}, and none of {names.outputs}"
            )
        self._output = found[0]

    def run(self, inputs: Mapping[str, np.ndarray], width: int) -> np.ndarray:
        """Run the network: float32 (N, D), vectors of length 1."""
        count = len(next(iter(inputs.values())))
        given = {name: inputs[name].astype(dtype) for name, dtype in self._types.items()}
        if self.batch and count < self.batch:
            given = {
                name: np.concatenate([values, values[-1:].repeat(self.batch - count, axis=0)])
                for name, values in given.items()
            }
        (found,) = self._session.run([self._output], given)
        vectors_ND = found[:count].astype(np.float32)
        if vectors_ND.shape != (count, width):
            raise ItemError(
                f"{self._path.name} gives {vectors_ND.shape[-1]} numbers where config.json says "
                f"{width}: the networks and config.json are not of one model"
            )
        if not np.isfinite(vectors_ND).all():
            raise ItemError(f"{self._path.name} gives infinities or NaN; try another variant of it")
        lengths_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
        return np.asarray(vectors_ND / np.maximum(lengths_N1, 1e-12))


_NUMPY = {"tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def _tokenizer(folder: Path, text: Mapping[str, Any], most: int, length: int) -> Any:
    """Load a tokenizer that truncates to `most` tokens and pads to `length`; 0: no padding."""
    try:
        import tokenizers
    except ImportError:
        raise MissingDependency(
            "reading captions needs tokenizers: pip install 'rushes[clip]'"
        ) from None
    path = folder / "tokenizer.json"
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises plain Exception
        raise ItemError(f"{path} cannot be loaded: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    if length:
        number, token = _padding(folder, tokenizer, text)
        tokenizer.enable_padding(length=length, pad_id=number, pad_token=token)
    return tokenizer


def _padding(folder: Path, tokenizer: Any, text: Mapping[str, Any]) -> tuple[int, str]:
    """Return the id and the name of the padding token."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        path = folder / name
        token = _json(path).get("pad_token") if path.exists() else None
        token = token.get("content") if isinstance(token, Mapping) else token
        if token and (number := tokenizer.token_to_id(token)) is not None:
            return number, token
    number = int(text.get("pad_token_id", 1))
    return number, tokenizer.id_to_token(number) or ""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ItemError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ItemError(f"{path} is no JSON object")
    return found
