"""One file for each clip, with its caption beside it: the layout of most trainers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rushes.files import move_whole, whole
from rushes.stages.items import Sample, Treatment
from rushes.stages.protocols import Exporter


class Folder(Exporter):
    """`<key>.mp4` and `<key>.txt` in one folder.

    Nothing else is written, since some trainers take every other file for a video. Metadata is in
    the export's manifest.
    """

    name: ClassVar = "folder"
    version: ClassVar = 1

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings."""

    def __init__(self, params: Params) -> None:
        self.params = params

    @property
    def group_size(self) -> int:
        """One: each sample is written alone."""
        return 1

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return both names, the video last."""
        return [f"{key}{suffix}" for key in keys for suffix in (".txt", ".mp4")]

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write the caption, then move the video in."""
        for sample in samples:
            with whole(folder / f"{sample.key}.txt") as temporary:
                temporary.write_text(sample.caption, encoding="utf-8")
            move_whole(sample.media, folder / f"{sample.key}.mp4")

    def rules(self, clip: Mapping[str, Any]) -> Sequence[Treatment]:
        """Return the rules on empty captions and single frames."""
        found: list[Treatment] = []
        if not clip["caption"].strip():
            found += _NO_CAPTION
        if clip.get("frames") == 1:
            found.append(_ONE_FRAME)
        return found


# The caption file is there and empty; a missing file would stop musubi-tuner, and diffusion-pipe
# would drop the clip.
_NO_CAPTION = (
    Treatment("musubi-tuner", "kept", "without a caption", "an empty .txt is an empty prompt"),
    Treatment("diffusion-pipe", "kept", "without a caption", "an empty .txt is an empty prompt"),
    Treatment(
        "ai-toolkit",
        "changed",
        "without a caption",
        "its default_caption is used where one is set",
    ),
)
_ONE_FRAME = Treatment(
    "diffusion-pipe", "changed", "of one frame", "a video of one frame is an image to it"
)
