"""CLIP and SigLIP: a network for pictures and one for words whose vectors can be compared.

Any export in the hub's layout (see `repositories`), whatever its size: how pictures are prepared,
how words are cut up and how wide vectors are stands in the files beside the networks; inputs and
outputs are known by the names that exports give them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError, MissingDependency
from rushes.models.hub_repo import files_in, network_in
from rushes.networks.preprocessing import read_preprocessing
from rushes.networks.session import open_session

_PICTURES = 8
"""How many a network takes at once; more need memory and save little on a CPU."""
_WORDS = {"clip": 77, "siglip": 64}
"""Tokens that a text may have where the configuration does not say."""


def vector_width(folder: Path) -> int:
    """Return how many numbers a vector has, as the configuration says it.

    Raises:
        ItemError: It does not say so.
    """
    config = _json(folder / "config.json")
    kind, vision = _kind(config), config.get("vision_config") or {}
    if kind == "siglip":
        return int(vision.get("hidden_size", 768))
    width = config.get("projection_dim", 512 if kind == "clip" else None)
    if not isinstance(width, int):
        raise ItemError(f"{folder / 'config.json'} names no projection_dim: it is no CLIP")
    return width


def _kind(config: Mapping[str, Any]) -> str:
    """Return "clip", "siglip", or what else the configuration says."""
    kind = str(config.get("model_type", ""))
    return "siglip" if kind.startswith("siglip") else kind


class ImageEncoder:
    """The network for pictures."""

    def __init__(self, folder: Path, threads: int = 1, device: str = "cpu") -> None:
        """Load it; see `open_session` for threads and device.

        Raises:
            ItemError: It is no such network, or a file is missing or wrong.
            MissingDependency: The package onnxruntime is not installed.
        """
        self._prepare = read_preprocessing(folder / "preprocessor_config.json")
        self.width = vector_width(folder)
        self._tower = _Tower(folder, "vision", ("pixel_values",), threads, device)

    def vectors(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return a vector of length 1 for each picture, uint8 RGB (H, W, 3): float32 (N, D)."""
        parts = [np.zeros((0, self.width), np.float32)]
        step = self._tower.batch or _PICTURES
        for first in range(0, len(pictures), step):
            some = np.stack([self._prepare(picture) for picture in pictures[first : first + step]])
            parts.append(self._tower.run({"pixel_values": some}, self.width))
        return np.concatenate(parts)


class TextEncoder:
    """The network for words."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load it and its tokenizer.

        Raises:
            ItemError: It is no such network, or a file is missing or wrong.
            MissingDependency: The packages onnxruntime or tokenizers are not installed.
        """
        config = _json(folder / "config.json")
        self.width = vector_width(folder)
        self._is_siglip = _kind(config) == "siglip"
        text = config.get("text_config") or {}
        self._tower = _Tower(folder, "text", ("input_ids", "attention_mask"), threads)
        default = _WORDS["siglip" if self._is_siglip else "clip"]
        most = int(text.get("max_position_embeddings", default))
        self._tokenizer = _tokenizer(folder, text, most, self._tower.length or (
            most if self._is_siglip else 0))  # fmt: skip

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Return a vector of length 1 for each text: float32 (N, D); long ones are cut off."""
        parts = [np.zeros((0, self.width), np.float32)]
        for text in texts:  # one by one: padding to another's length could change what it says
            # SigLIP learned lower case only, and not every tokenizer.json says so.
            plain = " ".join(text.split())
            coded = self._tokenizer.encode(plain.lower() if self._is_siglip else plain)
            # SigLIP reads its padding like words, and was trained to.
            mask = [1] * len(coded.ids) if self._is_siglip else coded.attention_mask
            inputs = {"input_ids": np.array([coded.ids]), "attention_mask": np.array([mask])}
            parts.append(self._tower.run(inputs, self.width))
        return np.concatenate(parts)


class _Tower:
    """One network, and what it is fed with."""

    def __init__(
        self, folder: Path, tower: str, known: Sequence[str], threads: int, device: str = "cpu"
    ) -> None:
        path = network_in(files_in(folder), tower)
        if path is None:
            raise ItemError(f"{folder} has no onnx/{tower}_model.onnx")
        self._path = folder / path
        self._session = open_session(self._path, threads, device)
        inputs = self._session.get_inputs()
        if unknown := [i.name for i in inputs if i.name not in known]:
            raise ItemError(f"{self._path} wants {', '.join(unknown)}, which is not known here")
        self._types = {i.name: _NUMPY.get(i.type, np.float32) for i in inputs}
        sizes = inputs[0].shape
        self.batch = sizes[0] if isinstance(sizes[0], int) else None
        """How many it takes at once, where it is built for one number only."""
        self.length = sizes[1] if tower == "text" and isinstance(sizes[1], int) else None
        """How many tokens it takes, where it is built for one number only."""
        outputs = [o.name for o in self._session.get_outputs()]
        wanted = ("image_embeds" if tower == "vision" else "text_embeds", "pooler_output")
        found = [name for name in wanted if name in outputs]
        if not found:
            raise ItemError(f"{self._path} gives {', '.join(outputs)}, and none of {wanted}")
        self._output = found[0]

    def run(self, inputs: Mapping[str, np.ndarray], width: int) -> np.ndarray:
        """Return vectors of length 1: float32 (N, D)."""
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
            raise ItemError(f"{self._path.name} gives what is no number; try another variant of it")
        lengths_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
        return np.asarray(vectors_ND / np.maximum(lengths_N1, 1e-12))


_NUMPY = {"tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


def _tokenizer(folder: Path, text: Mapping[str, Any], most: int, length: int) -> Any:
    """Return a tokenizer that cuts off after `most` tokens and fills up to `length`."""
    try:
        import tokenizers
    except ImportError:
        raise MissingDependency(
            "reading captions needs tokenizers: pip install 'rushes[clip]'"
        ) from None
    path = folder / "tokenizer.json"
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # it knows no other kind
        raise ItemError(f"{path} cannot be loaded: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    if length:
        number, token = _padding(folder, tokenizer, text)
        tokenizer.enable_padding(length=length, pad_id=number, pad_token=token)
    return tokenizer


def _padding(folder: Path, tokenizer: Any, text: Mapping[str, Any]) -> tuple[int, str]:
    """Return the token that fills up a text: number and name."""
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
        raise ItemError(f"{path} is no table of settings")
    return found
