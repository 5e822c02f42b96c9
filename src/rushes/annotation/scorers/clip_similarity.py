"""Match of a clip's caption and its picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.networks.clip import TextEncoder
from rushes.records import Field, Row
from rushes.similarity.pooling import pool_stills
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs, ModelSetting


class ClipSimilarity(AnnotatorDefaults):
    """Cosine of a caption's vector and the mean of the stills', by the model of `clip`.

    Higher is a better match, on a scale of each model's own: CLIP gives 0.2 to 0.35 to captions
    that fit, SigLIP about 0 to 0.2. Compare clips, not models, and filter by percentiles.

    Lies: the model reads a caption as a bag of things; counts, left and right, "no" and motion do
    not count. Captions are cut off at 77 tokens (CLIP) or 64 (SigLIP), about 50 words. A caption
    that quotes text in the picture matches best of all, true or not.

    Source: CLIPScore (Hessel et al. 2021) without its factor of 2.5 and its floor at 0.
    """

    name: ClassVar = "clip_similarity"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(
        scorers=("clip",), same_model=("clip",), caption=True, models=(ModelSetting("model"),)
    )
    fields = (
        Field(name="cosine", label="Caption match", low=-1, high=1, higher_is_better=True,
              about="Cosine of caption and picture, on the model's own scale"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Choice of the model."""

        model: str = ""
        """The model of `clip`; another one is refused."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the text encoder."""
        (path,) = models.values()
        self._words = TextEncoder(path)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the cosine of each clip; ItemError for one without a caption."""
        if not all(item.caption.strip() for item in items):
            raise ItemError("no caption")
        if not items:
            return []
        words_ND = self._words.vectors([item.caption for item in items])
        shown_ND = pool_stills(np.stack([item.scores["clip"]["vector"] for item in items]))
        cosines = np.clip((words_ND * shown_ND).sum(axis=1), -1, 1)
        return [{"cosine": float(cosine)} for cosine in cosines]
