"""What other pipelines' motion numbers are in ours: percent of the frame's diagonal per second.

Most thresholds that are published count pixels: of the source, of some smaller picture, or of half
the frame's circumference; between frames half a second, ten frames or one frame apart. Given the
source's size and frame rate, each is a speed.

    >>> known("data-juicer").to_speed(0.25, Source(width_px=1280, height_px=720, fps=24))
    0.034...

This converts units, not measurements: Farneback and codec vectors miss most of what moves far
between two frames (docs/motion.md says from where on), and none of them leaves bars or subtitles
out.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rushes.errors import RecipeError, nearest

PAIR_S = 0.5
"""Sampling at 2 frames a second compares frames so far apart."""
AVERAGE_COMPONENT = 2 / math.pi
"""Mean of |cos| and |sin|, over all directions: how long a component is beside its vector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of a video the conversion depends on; 720p film unless told otherwise."""

    width_px: float = 1280
    height_px: float = 720
    fps: float = 24

    @property
    def diagonal_px(self) -> float:
        """Length of the diagonal."""
        return math.hypot(self.width_px, self.height_px)

    @property
    def short_side_px(self) -> float:
        """Length of the short side."""
        return min(self.width_px, self.height_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One published way to put motion into a number."""

    name: str
    unit: str
    factor: Callable[[Source], float]
    """How much of it one %diag/s is, for a source."""
    thresholds: Mapping[str, float]
    """What its pipeline's defaults or texts say, by what they mean."""
    note: str
    """What else to know before comparing."""

    def from_speed(self, speed: float, source: Source) -> float:
        """Return what a speed in %diag/s is in this measure."""
        return speed * self.factor(source)

    def to_speed(self, value: float, source: Source) -> float:
        """Return what a value of this measure is in %diag/s."""
        return value / self.factor(source)


def _pixels(source: Source, seconds: float) -> float:
    """Return how many of the source's own pixels 1 %diag/s comes to in some time."""
    return source.diagonal_px / 100 * seconds


def _small(source: Source) -> float:
    return _pixels(source, PAIR_S) * 16 / source.short_side_px


def _native(source: Source) -> float:
    return _pixels(source, PAIR_S)


def _cosmos(source: Source) -> float:
    return _pixels(source, 1 / source.fps) / (source.width_px + source.height_px)


def _unimatch(source: Source) -> float:
    # Turned upright pictures are turned to lie; both sides are stretched by factors of their own.
    long_px = max(source.width_px, source.height_px)
    stretch = (576 / long_px + 320 / source.short_side_px) / 2
    return _pixels(source, 10 / source.fps) * stretch * AVERAGE_COMPONENT


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            name="svd",
            unit="px of a picture 16 px high, in half a second",
            factor=_small,
            thresholds={},
            note="Farneback. The paper drops the lowest share of its clips and names no number. "
            "Our `svd_motion.magnitude` is measured so.",
        ),
        Measure(
            name="video2dataset",
            unit="px of the source, in half a second",
            factor=_native,
            thresholds={},
            note="Farneback or RAFT at 16 px on the short side; the flow is then multiplied back "
            "to the source's size, so that 4K moves more than 480p.",
        ),
        Measure(
            name="data-juicer",
            unit="px of the source, in half a second",
            factor=_native,
            thresholds={"keep from": 0.25, "keep from, with RAFT": 1.0},
            note="Farneback or RAFT at the source's own size.",
        ),
        Measure(
            name="easyanimate",
            unit="px of the source, in half a second",
            factor=_native,
            thresholds={"keep from": 2.0, "keep up to": 20.0},
            note="Farneback at the source's own size. It loses what moves more than some 40 px at "
            "720p, so that fast pans fall below the upper limit again.",
        ),
        Measure(
            name="cosmos-curator",
            unit="share of width + height, in one frame",
            factor=_cosmos,
            thresholds={"keep from": 0.00098},
            note="Codec vectors of frames sampled twice a second; each vector leads to a "
            "reference picture, here taken to be the frame before, so that the same speed reads "
            "half as high at twice the frame rate. Its second threshold, on the least of all "
            "patches, is no speed.",
        ),
        Measure(
            name="open-sora",
            unit="px of a 576×320 picture, in ten frames, mean of both components",
            factor=_unimatch,
            thresholds={"drop below": 0.3, "very low below": 0.5, "extremely high from": 20.0},
            note="UniMatch between frames 0, 10, 20 and 30 only. The mean over |u| and |v| "
            "depends on the direction: this is the average of all; a level pan reads 21 % less.",
        ),
    )
}

NO_SPEED: Mapping[str, str] = {
    "open-sora-plan": "it takes the LPIPS between frames (static below 0.001, jitter above 0.3), "
    "a perceptual distance that depends on what is shown; no speed corresponds to it",
}
"""Published measures that cannot be converted, and why."""


def known(name: str) -> Measure:
    """Return a measure by name.

    Raises:
        RecipeError: There is none, or it is none that a speed corresponds to.
    """
    if name in NO_SPEED:
        raise RecipeError(f"{name} cannot be converted: {NO_SPEED[name]}")
    if name not in MEASURES:
        raise RecipeError(
            f"there is no measure {name!r}{nearest(name, sorted(MEASURES))}; "
            f"known: {', '.join(sorted(MEASURES))}"
        )
    return MEASURES[name]
