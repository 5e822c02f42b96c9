"""Aesthetic score of a clip, as people would rate its stills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rushes.errors import RecipeError
from rushes.networks.aesthetic_head import Head, read_head
from rushes.records import Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs, ModelSetting

_NO_HEAD = 'no head is named; write score.aesthetic.head = "/path/of/a/head.pth" (docs/models.md)'


class Aesthetic(AnnotatorDefaults):
    """Aesthetic score by a head on the vectors of `clip`: the mean over its stills, and the worst.

    About 1 to 10, higher is better, trained on people's ratings of photographs, paintings and
    generated pictures. LAION's heads give most video 3.5 to 6, and video models are trained on
    clips from 4 or 5 on. The SigLIP head gives lower numbers; its author calls 5.5 great.

    **The head must be trained on the very model that `clip` runs**: another model of the same width
    gives meaningless numbers, and no error. LAION's are for OpenAI's ViT-L/14, B/32 and B/16, the
    SigLIP one for google/siglip-so400m-patch14-384.

    Lies: the heads favour sunsets, portraits, shallow focus and high contrast, dislike text, and
    do not see motion.

    Source: LAION aesthetic-predictor (2022, linear), improved-aesthetic-predictor
    (Schuhmann 2022, sac+logos+ava1-l14-linearMSE), aesthetic-predictor-v2-5 (discus0434, 2024).
    """

    name: ClassVar = "aesthetic"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(scorers=("clip",), models=(ModelSetting("head", _NO_HEAD),))
    fields = (
        Field(name="score", label="Aesthetic score", unit="points", higher_is_better=True,
              about="Predicted rating by people, about 1 to 10; mean over the stills"),
        Field(name="worst", label="Aesthetic score, worst still", unit="points",
              higher_is_better=True, about="Predicted rating of the lowest-rated still"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Choice of the head."""

        head: str = ""
        """Absolute path of the head's `.pth`, as its authors published it; see docs/models.md."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the head."""
        (path,) = models.values()
        self._head: Head = read_head(path)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the score of each clip."""
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        vectors_TD = item.scores["clip"]["vector"]
        wide, wanted = vectors_TD.shape[-1], len(self._head.weight_D)
        if wide != wanted:
            raise RecipeError(
                f"score.aesthetic.head is for vectors of {wanted} numbers, and those of the model "
                f"in score.clip.model have {wide}: the head must be that model's own"
            )
        scores = self._head.scores(vectors_TD)
        return {"score": float(scores.mean()), "worst": float(scores.min())}
