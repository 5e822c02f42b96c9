"""Curves of the cut network: four probabilities for each frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushes.cuts.network.curves import CurveReader
from rushes.networks.session import open_session
from rushes.networks.shot_frames import RgbConverter, small_planes
from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, Planes, ProbeResult
from rushes.stages.protocols import Inputs, PostProbe

CONVERTED_AT_ONCE = 32
"""Frames whose colours are converted together, which is cheaper than one by one."""


class Network(PostProbe):
    """Runs the cut network on every frame, in chunks; keeps a few hundred frames at 48×27.

    The weights are part of Rushes. Source: ours; `cuts/network/CARD.md` names the training data.
    """

    name: ClassVar[str] = "network"
    version: ClassVar[int] = 1
    inputs: ClassVar = Inputs(models=("cut-network",))
    frames: ClassVar[FrameSpec] = FrameSpec(colour="planes")
    fields: ClassVar[tuple[Field, ...]] = (
        Field(name="begins", low=0, high=1, about="probability that a shot begins at this frame"),
        Field(
            name="mixed",
            low=0,
            high=1,
            about="probability that the frame is part of a gradual transition",
        ),
        Field(name="fade", low=0, high=1, about="if it is: probability of a fade"),
        Field(name="wipe", low=0, high=1, about="if it is: probability of a wipe, push or slide"),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """No settings."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._model = Path()

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Keep the folder of the network, which is loaded when a video begins."""
        self._model = models["cut-network"]

    def start(self, video: Video, stem: Path) -> None:
        """Begin a video; no file is written."""
        self._to_rgb = RgbConverter(video)
        self._reader = CurveReader(*_sessions(self._model))
        self._waiting: list[np.ndarray] = []
        self._pts: list[int] = []

    def process(self, picture: Planes, pts: int, is_first: bool) -> None:
        """Take one frame."""
        self._waiting.append(small_planes(picture))
        self._pts.append(pts)
        if len(self._waiting) == CONVERTED_AT_ONCE:
            self._feed()

    def finish_with(self, measured: Mapping[str, ProbeResult]) -> ProbeResult:
        """Return the four curves, a value for each frame; no other probe is needed."""
        self._feed()
        curves_TC = self._reader.finish().astype(np.float16)
        columns = {field.name: curves_TC[:, at] for at, field in enumerate(self.fields)}
        return ProbeResult(pts=np.array(self._pts, np.int64), columns=columns)

    def abort(self) -> None:
        """Forget the frames."""
        self._waiting, self._pts = [], []

    def _feed(self) -> None:
        """Hand the waiting frames to the network, in RGB."""
        if self._waiting:
            for frame_HWC in self._to_rgb(np.stack(self._waiting)):
                self._reader.feed(frame_HWC)
            self._waiting = []


@cache
def _sessions(folder: Path) -> tuple[Any, Any]:
    """Load both parts of the network, once in each worker."""
    return open_session(folder / "look.onnx"), open_session(folder / "judge.onnx")
