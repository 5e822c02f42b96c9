"""Sizes that the network's parts, its training and its use agree on."""

from collections.abc import Mapping

import numpy as np

HEIGHT, WIDTH = 27, 48
"""Size of its pictures."""
OUTPUTS = 4
"""Logits a frame: a shot begins; the frame is mixed; if mixed: by a fade; by a wipe."""
MATCH_LAGS = (1, 3, 8, 16)
"""Frames back in which patches are searched for."""
BACK = max(MATCH_LAGS)
REACH = 48
"""Frames to either side with which a frame is compared."""
LAGS = (
    -48,
    -40,
    -32,
    -26,
    -20,
    -16,
    -13,
    *range(-10, 0),
    *range(1, 11),
    13,
    16,
    20,
    26,
    32,
    40,
    48,
)
BLEND_LAGS = (1, 2, 3, 5, 8, 12, 17, 24)
"""Distances to the two frames of which a frame may be a blend; twice the largest is `REACH`."""
STEPS = (1, 2, 4, 8, 16, 1)
"""Dilations of the convolutions over time."""
CONTEXT = REACH + sum(STEPS)
"""Frames to either side that a judgement needs: the comparisons, then the convolutions."""
WIDTHS: Mapping[str, int] = {
    "place": 64,
    "bag": 32,
    "detail": 144,
    "histogram": 64,
    "fine": 144,
    "coarse": 72,
    "stats": 2,
    "match": len(MATCH_LAGS) * 6,
}
"""Features of a frame, in order."""
SPACES = ("place", "bag", "detail", "histogram", "fine", "coarse")
"""In which frames are compared: four by product, two by distance."""
FEATURES = sum(WIDTHS.values())
OWN = 24
"""Channels of a frame's own look that the judgement is given."""
JUDGED = len(LAGS) * len(SPACES) + 4 * len(BLEND_LAGS) + WIDTHS["match"] + WIDTHS["stats"] + OWN
"""Channels that the convolutions over time begin with."""


def distances() -> np.ndarray:
    """Return (24, 84) float32: scaled squared distances of every second patch to all 7 x 12."""
    rows, columns = np.mgrid[0:7, 0:12]
    spots = np.stack([rows, columns], -1).astype(np.float32)
    every, some = spots.reshape(-1, 2), spots[::2, ::2].reshape(-1, 2)
    squared: np.ndarray = ((some[:, None] - every[None]) ** 2).sum(-1) / 20
    return squared
