"""Fades through black or white, and fades at either end of a video.

A fading picture moves in a straight line towards black (or white): its distance from there, the
root mean square over all pixels, shrinks steadily and is almost 0 when the frame is flat. So a fade
is a stretch of flat black or white frames with at least one slope beside it. A stretch with two
steep sides is a flash, or an empty shot between two hard cuts, and is left to other detectors.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.records import Cut
from rushes.stages.items import Signals
from rushes.stages.protocols import Detector, Inputs


class Fade(Detector):
    """Fades out, in, or both; the flat frames between belong to the fade.

    A fade-in at the very start is a cut from nothing: `start_pts` is the first frame's. A fade-out
    at the very end is a cut to nothing: `pts` is where the video ends.
    """

    name: ClassVar[str] = "fade"
    version: ClassVar[int] = 2
    inputs: ClassVar = Inputs(probes=("change",))

    @dataclass(frozen=True, kw_only=True)
    class Params:
        """Settings of the detector."""

        black: float = 28.0
        """Mean luma (of 255) up to which a flat frame is black; higher counts more as black."""
        white: float = 225.0
        """Mean luma (of 255) from which a flat frame is white; higher counts less as white."""
        flat: float = 5.0
        """Contrast (of 255) up to which a frame is flat; higher counts more as flat."""
        sheer_frames: int = 2
        """Frames that a slope takes at least; a steeper one is a cut. Higher reports fewer."""
        pause_s: float = 0.12
        """A slope ends where it pauses this long; higher follows uneven slopes, and counts more of
        the following frames as part of the fade."""
        longest_s: float = 4.0
        """Longest slope that is followed; higher lets a picture that brightens slowly count."""
        least_change: float = 16.0
        """Distance from black or white (of 255) that a slope must reach; higher leaves out fades of
        dim pictures."""

    def __init__(self, params: "Params | None" = None) -> None:
        self.params = params or self.Params()

    def detect(self, signals: Mapping[str, Signals]) -> Sequence[Cut]:
        """Return the fades in order; none for a video that is flat throughout."""
        change = signals["change"]
        luma, contrast = (change.columns[n].astype(np.float64) for n in ("luma", "contrast"))
        is_flat = contrast <= self.params.flat
        is_flat &= (luma <= self.params.black) | (luma >= self.params.white)
        cuts: list[Cut] = []
        for first, last in _runs(is_flat):
            if first == 0 and last == len(luma):
                continue
            flat = 0.0 if luma[first] <= self.params.black else 255.0
            distance = np.hypot(luma - flat, contrast)
            start, slope_out = self._side(change.time_s, distance, first, -1)
            end, slope_in = self._side(change.time_s, distance, last - 1, 1)
            if max(slope_out, slope_in) < self.params.sheer_frames:
                continue
            # A row at the end of a slope is at 97 % of its full picture: trim it too.
            start += 0 if slope_out and start >= 0 else 1
            end += 1 if slope_in and end < len(luma) else 0
            if cuts and (start >= len(luma) or cuts[-1].pts > change.pts[start]):
                start = int(np.searchsorted(change.pts, cuts[-1].pts))
            if start >= len(luma):  # the fade before reaches to the end
                continue
            lowest = distance[first:last].min()
            around = distance[max(start - 1, 0) : end + 1].max()
            cuts.append(
                Cut(
                    kind="fade",
                    start_pts=int(change.pts[start]),
                    pts=change.end_pts if end == len(luma) else int(change.pts[end]),
                    confidence=round(float(1 - 0.5 * lowest / max(around, 1e-6)), 4),
                    detector=self.name,
                )
            )
        return cuts

    def _side(self, time_s: np.ndarray, distance: np.ndarray, at: int, way: int) -> tuple[int, int]:
        """Follow a slope away from black or white, from the flat row `at`, forwards or backwards.

        Returns:
            The first row that way where the picture is whole (-1 or the number of rows if the
            video ends before), and how many rows the slope has that leads there.
        """
        rows = range(at + way, len(distance) if way > 0 else -1, way)
        top, reached = distance[at], at
        earlier = at
        for row in rows:
            gone_s = abs(time_s[row] - time_s[at])
            while abs(time_s[row] - time_s[earlier]) > self.params.pause_s + 1e-6:
                earlier += way
            rest_s = abs(time_s[row] - time_s[earlier])
            if earlier != at:
                usual = (distance[earlier] - distance[at]) / (gone_s - rest_s)
                if distance[row] - distance[earlier] < 0.25 * usual * rest_s:
                    break
            if gone_s > self.params.longest_s:
                break
            if distance[row] > top:
                top, reached = distance[row], row
        if top < self.params.least_change:
            return at + way, 0
        walked = distance[at : reached + way : way] if reached + way >= 0 else distance[at::-1]
        whole = int(np.argmax(walked >= 0.97 * top))
        slope = np.count_nonzero((walked[:whole] > 0.1 * top) & (walked[:whole] < 0.9 * top))
        return at + way * whole, int(slope)


def _runs(is_on: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the spans of rows, end excluded, where `is_on` holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_on, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
