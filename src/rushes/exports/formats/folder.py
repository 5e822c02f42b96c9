"""One file a clip and its caption beside it: what most trainers read."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rushes.files import whole
from rushes.stages.items import Sample
from rushes.stages.protocols import Exporter


class Folder(Exporter):
    """`<key>.mp4` and `<key>.txt` in one folder.

    Some trainers take any other file that lies there for a video, so that nothing else is written;
    what is known about a clip is in the export's manifest.
    """

    name: ClassVar = "folder"
    version: ClassVar = 1

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Nothing to choose."""

    def __init__(self, params: Params) -> None:
        self.params = params

    @property
    def group_size(self) -> int:
        """Each sample stands for itself."""
        return 1

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return both names, the video last: where it is, its caption is too."""
        return [f"{key}{suffix}" for key in keys for suffix in (".txt", ".mp4")]

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write the caption, then move the video in."""
        for sample in samples:
            with whole(folder / f"{sample.key}.txt") as temporary:
                temporary.write_text(sample.caption, encoding="utf-8")
            video = folder / f"{sample.key}.mp4"
            if not sample.media.exists() and video.exists():
                continue  # moved by a run that was killed before it could say so
            with whole(video) as temporary:
                shutil.move(sample.media, temporary)
