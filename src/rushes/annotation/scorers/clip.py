"""What a clip shows, as directions in a space that words share: CLIP or SigLIP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.networks.clip import ImageEncoder, TextEncoder, vector_width
from rushes.records import Field, Row
from rushes.similarity.pooling import embed_stills
from rushes.stages.items import ClipInput, FrameSpec
from rushes.stages.protocols import AnnotatorDefaults, Inputs, ModelSetting

STILLS = 3


class Clip(AnnotatorDefaults):
    """Embeddings of the first, middle and last still; where there are fewer, they repeat.

    Text can be compared with them, by the same model's other half: search by words, and the scorers
    `clip_similarity` and `aesthetic`. Vectors of two models say nothing to each other, even where
    they are as wide. They know what is in a picture far better than how much of it, where, or what
    it does: motion, counting, left and right, "no" are beyond them. CLIP crops to the middle
    square, so that what happens at the sides of a wide picture does not count.

    `steadiness` is the cosine of the first still and the last: low where the picture changes a lot.

    Costs what the model costs: ViT-B/32 about 4.4 GFLOP a still, ViT-L/14 and SigLIP so400m 20 and
    more times that; the large ones want a GPU.

    Source: Radford et al. 2021 (CLIP), Zhai et al. 2023 (SigLIP); any ONNX export of theirs.
    """

    name: ClassVar = "clip"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(models=(ModelSetting("model"),), extra="neural")
    frames: ClassVar = FrameSpec(colour="rgb", stills=STILLS)
    fields = (
        Field(name="vector", label="CLIP embedding", dtype="vector",
              shape=(STILLS, 0),  # its width is the model's; see `locate`
              about="Embeddings of the first, middle and last still, of length 1"),
        Field(name="steadiness", label="First and last still alike (CLIP)", low=-1, high=1,
              about="Cosine of the first and last still; low: another picture, a missed cut"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Which model."""

        model: str = ""
        """Whole path of the folder of an ONNX export, or "hf:owner/name@commit" after
        `rushes models get`; see docs/models.md."""

    def locate(self, models: Mapping[str, Path]) -> None:
        """Learn from the model how wide vectors are."""
        (path,) = models.values()
        vector, steadiness = type(self).fields
        self.fields = (replace(vector, shape=(STILLS, vector_width(path))), steadiness)

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the network for pictures."""
        self.locate(models)
        (path,) = models.values()
        self._pictures = ImageEncoder(path, device=device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the embedding of each clip; ItemError for a clip without a still."""
        return embed_stills([item.stills_THWC for item in items], self._pictures.vectors)

    def encode_text(self, texts: Sequence[str], models: Mapping[str, Path]) -> np.ndarray:
        """Return the vectors of texts in the same space: float32 (N, D), of length 1.

        The network for words is loaded now; `setup` is not needed.

        Args:
            texts: Words to look for.
            models: Name → folder of its one model.
        """
        (path,) = models.values()
        return TextEncoder(path).vectors(texts)
