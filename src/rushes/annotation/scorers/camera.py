"""Camera move of a clip: its label, speed and confidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rushes.errors import ItemError
from rushes.records import Box, Field, Row
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs

LABELS = ("static", "pan_left", "pan_right", "tilt_up", "tilt_down", "zoom_in", "zoom_out", "roll",
          "handheld")  # fmt: skip
_AXES = (("pan_left", "pan_right"), ("tilt_down", "tilt_up"), ("zoom_out", "zoom_in"),
         ("roll", "roll"))  # fmt: skip
"""Labels of a negative and of a positive pan, tilt, zoom and roll."""
MEAN_RADIUS = 0.55
"""Mean distance of a pixel from the middle, 1 in the corner: the mean speed of a zoom or roll with
speed 1 in the corner, to compare with a pan."""
# Values at which each factor of a confidence is 0 and 1. Tuned on generated moves, see
# docs/lab-notes.
_STILL = (2.0, 0.5)  # of `still_below`: the camera's mean speed, for "static"
_MOVING = (1.0, 2.0)  # of `still_below`: the speed of the move
_PURE = (0.60, 0.92)  # the steady part of the move, of everything the camera does
_ALONE = (0.45, 0.15)  # the strongest other axis, beside this one
_EXPLAINED = (0.35, 0.70)  # of the flow, by the camera
_SHAKING = (0.55, 0.90)  # what changes from still to still, of everything the camera does
_OFTEN = (0.3, 0.6)  # the share of stills that take part in it: one jolt is no shaking hand
_SWINGING = (0.7, 0.3)  # how like one still's move is to the next one's


class Camera(AnnotatorDefaults):
    """Label, speed (`strength`) and confidence of one camera move that lasts the whole clip.

    From the scan's camera fits, two a second. The confidence is high only if the clip is that one
    move and nothing else: it falls with motion on another axis, with changes of direction, with
    rests, and where the subject moves more of the picture than the camera does. Below 0.5 the
    label is a guess. "Left" is the direction in which the camera turns; the picture moves right.
    "Handheld" is a camera that changes direction from still to still; a steady walk reads as the
    move that it makes.

    Lies: a camera that travels looks like one that turns (a dolly reads as zoom, a truck as pan).
    A subject that fills the picture reads as the camera, mirrored. Slower than `still_below` is
    static, black and plain pictures too. A shake that repeats every half second is not seen.

    Source: ours; the labels are those of camera-motion LoRAs.
    """

    name: ClassVar = "camera"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(probes=("motion",))
    fields = (
        Field(name="label", label="Camera move", dtype="text", values=LABELS,
              about="Camera move of the whole clip; a guess where the confidence is low"),
        Field(name="strength", label="Camera move speed", unit="%diag/s", low=0,
              about="Mean speed of the camera move; for zoom and roll, in the corner"),
        Field(name="confidence", label="Camera move confidence", low=0, high=1,
              higher_is_better=True, about="Certainty that the clip is this move and no other"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Threshold of a static camera."""

        still_below: float = 1.0
        """Mean speed of the camera, in %diag/s."""

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return label, strength and confidence of each clip.

        Raises:
            ItemError: A clip has no two neighbouring frames.
        """
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        signals = item.signals["motion"]
        # A flow that leads into the next shot says nothing about this one.
        is_inside = signals.columns["next_pts"] < item.clip.out_pts
        if not is_inside.any():
            raise ItemError("no motion was measured inside the clip; it may be a single frame")
        columns = {
            name: np.asarray(values[is_inside], np.float64)
            for name, values in signals.columns.items()
        }
        # Pan and tilt were measured with the bars; zoom and roll are the same without them.
        whole_px = item.video.display_size_px
        _, _, *own_px = item.box.inside(*whole_px)
        enlarged = math.hypot(*whole_px) / math.hypot(*own_px) if item.box != Box() else 1.0
        speeds_N4 = np.stack(
            [
                columns["pan"] * enlarged,
                columns["tilt"] * enlarged,
                columns["zoom"],
                columns["roll"],
            ],
            axis=1,
        )
        label, strength, confidence = judged(speeds_N4, columns["fit"], self.params.still_below)
        return {"label": label, "strength": strength, "confidence": confidence}


def judged(
    speeds_N4: np.ndarray, fit_N: np.ndarray, still_below: float
) -> tuple[str, float, float]:
    """Return label, strength and confidence.

    Args:
        speeds_N4: Pan, tilt, zoom and roll at each still, signed, in %diag/s.
        fit_N: Share of the flow that they explain, 0–1.
        still_below: Mean speed of a camera that stands still.
    """
    # All four as the mean speed of the picture.
    moves_N4 = speeds_N4 * np.array([1.0, 1.0, MEAN_RADIUS, MEAN_RADIUS])
    everything = max(float(np.sqrt((moves_N4**2).sum(1).mean())), 1e-9)
    mean_speed = float(np.sqrt((moves_N4**2).sum(1)).mean())
    # Half a second is little evidence; another move may follow.
    seen = 1 - 0.5 ** len(moves_N4)
    explained = _grade(_explained(moves_N4, fit_N), _EXPLAINED)
    found = {"static": (mean_speed, seen * _grade(mean_speed / still_below, _STILL))}

    mean_4 = moves_N4.mean(0)
    for axis, names in enumerate(_AXES):
        along = float(mean_4[axis])
        sure = _grade(abs(along) / everything, _PURE) * _grade(abs(along) / still_below, _MOVING)
        other = float(np.abs(np.delete(mean_4, axis)).max())
        sure *= _grade(other / max(abs(along), 1e-9), _ALONE)
        lasts = float((moves_N4[:, axis] * np.sign(along) > 0.3 * abs(along)).mean())
        strength = abs(float(speeds_N4[:, axis].mean()))
        name = names[int(along > 0)]
        candidate = (strength, seen * sure * explained * lasts**2)
        found[name] = max(candidate, found.get(name, candidate), key=lambda pair: pair[1])

    changing_N4 = moves_N4 - mean_4
    shake = float(np.sqrt((changing_N4**2).sum(1).mean()))
    likeness = float((changing_N4[1:] * changing_N4[:-1]).sum()) / max(len(changing_N4) - 1, 1)
    sure = _grade(shake / everything, _SHAKING) * _grade(shake / still_below, _MOVING)
    sure *= _grade(likeness / max(shake**2, 1e-9), _SWINGING) * explained
    sure *= _grade(float(((changing_N4**2).sum(1) > (shake / 2) ** 2).mean()), _OFTEN)
    found["handheld"] = (shake, (1 - 0.5 ** (len(moves_N4) / 2)) * sure)

    label = max(found, key=lambda name: found[name][1])
    if not found[label][1]:
        label = _guess(moves_N4, still_below, explained)
    return (label, *found[label])


def _guess(moves_N4: np.ndarray, still_below: float, explained: float) -> str:
    """Return the likeliest label where none is sure."""
    mean_4 = moves_N4.mean(0)
    if not explained or np.sqrt((moves_N4**2).sum(1)).mean() < still_below:
        return "static"
    axis = int(np.abs(mean_4).argmax())
    if ((moves_N4 - mean_4) ** 2).sum(1).mean() > mean_4[axis] ** 2:
        return "handheld"
    return _AXES[axis][int(mean_4[axis] > 0)]


def _explained(moves_N4: np.ndarray, fit_N: np.ndarray) -> float:
    """Return the share of the flow that the camera explains, fast stills counting more."""
    weight = np.sqrt((moves_N4**2).sum(1)) + 1e-9
    return float((fit_N * weight).sum() / weight.sum())


def _grade(value: float, between: tuple[float, float]) -> float:
    """Return 0 at the first end and 1 at the second, linear in between."""
    nought, one = between
    return float(np.clip((value - nought) / (one - nought), 0.0, 1.0))
