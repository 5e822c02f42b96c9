"""Image embeddings of a clip in a space shared with text: CLIP or SigLIP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.networks.clip import ImageEncoder, TextEncoder, vector_width
from rushes.records import Field, Row
from rushes.similarity.pooling import embed_stills
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults, Inputs, ModelSetting

STILLS = 3


class Clip(AnnotatorDefaults):
    """Embeddings of the first, middle and last still; where there are fewer, they repeat.

    For search by words, and for the scorers `clip_similarity` and `aesthetic`. Text is compared
    with them through the same model's text encoder. Vectors of two models cannot be compared, even
    if their widths are equal. `steadiness` is the cosine of the first still and the last: low where
    the picture changes a lot.

    Lies: they tell the things in a picture far better than their number, place or motion; counting,
    left and right, and "no" are beyond them. CLIP crops to the middle square and ignores the sides
    of a wide picture.

    ViT-B/32 takes about 4.4 GFLOP a still, ViT-L/14 and SigLIP so400m 20 times that and more; the
    large ones need a GPU.

    Source: Radford et al. 2021 (CLIP), Zhai et al. 2023 (SigLIP); any ONNX export of theirs.
    """

    name: ClassVar = "clip"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(models=(ModelSetting("model"),), extra="neural")
    frames: ClassVar = FrameSpec(colour="rgb", stills=STILLS)
    fields = (
        Field(name="vector", label="CLIP embedding", dtype="vector",
              shape=(STILLS, 0),  # `locate` sets the model's width
              about="Embeddings of the first, middle and last still, of length 1"),
        Field(name="steadiness", label="First and last still alike (CLIP)", low=-1, high=1,
              about="Cosine of the first and last still; low: another picture, a missed cut"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Choice of the model."""

        model: str = ""
        """Absolute path of the folder of an ONNX export, or "hf:owner/name@commit" after
        `rushes models get`; see docs/models.md."""

    def locate(self, models: Mapping[str, Path]) -> None:
        """Read the width of the vectors from the model."""
        (path,) = models.values()
        vector, steadiness = type(self).fields
        self.fields = (replace(vector, shape=(STILLS, vector_width(path))), steadiness)

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the image encoder."""
        self.locate(models)
        (path,) = models.values()
        self._pictures = ImageEncoder(path, device=device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the embedding of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return embed_stills([item.stills_THWC for item in items], self._pictures.vectors)

    def encode_text(self, texts: Sequence[str], models: Mapping[str, Path]) -> np.ndarray:
        """Return the vectors of texts in the same space: float32 (N, D), of length 1.

        The text encoder is loaded here; `setup` is not needed.

        Args:
            texts: Words to search for.
            models: Name → folder of its one model.
        """
        (path,) = models.values()
        return TextEncoder(path).vectors(texts)
