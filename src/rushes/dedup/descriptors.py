"""What a still looks like, small enough to keep for every still and to find it again by.

A *picture* is a still as 32×32 luma: enough to tell whether two stills show the same frame, at any
size, rate or codec, under a logo, or through a window that a crop left. A *look* is the lowest
frequencies of a part of a picture as a direction: near directions are near pictures, whatever the
brightness and contrast. Mirroring a picture only flips signs in its look.
"""

from functools import cache

import numpy as np

from rushes.records import Box

SIDE_PX = 32
"""Pictures are square: a change of aspect is none."""

Window = tuple[float, float, float, float]
"""Left, top, width and height of a part of a picture, in pictures."""

WHOLE: Window = (0.0, 0.0, 1.0, 1.0)
CROPS: tuple[Window, ...] = (
    WHOLE,
    (0.05, 0.05, 0.9, 0.9),
    (0.1, 0.1, 0.8, 0.8),
    (0.0, 0.0, 0.9, 0.9),
    (0.1, 0.0, 0.9, 0.9),
    (0.0, 0.1, 0.9, 0.9),
    (0.1, 0.1, 0.9, 0.9),
)
"""Parts that have looks of their own: what a crop may have left."""
_LOW = 6  # frequencies along each axis that a look is made of
LENGTH = _LOW * _LOW - 1
"""Numbers in a look."""
_FLAT = 4.0  # levels of 255: what varies less is flat, with nothing to go by but coding noise
_BRIGHTEST = 2.0  # of the usual deviation: so a logo counts no more than what it covers


def picture(still_HWC: np.ndarray) -> np.ndarray:
    """Return one still (uint8 RGB) as a picture: uint8 (32, 32)."""
    import cv2

    # Shrinking first: turning gray costs by the pixel.
    small_HWC = cv2.resize(still_HWC, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small_HWC, cv2.COLOR_RGB2GRAY))


def window_of(box: Box) -> Window:
    """Return what lies between bars."""
    return (box.left, box.top, 1 - box.left - box.right, 1 - box.top - box.bottom)


def within(outer: Window, inner: Window) -> Window:
    """Return a part of a part of a picture as a part of the picture."""
    left, top, wide, high = outer
    return (left + inner[0] * wide, top + inner[1] * high, inner[2] * wide, inner[3] * high)


def looks(pictures_THW: np.ndarray, window: Window = WHOLE) -> np.ndarray:
    """Return the looks of pictures: float32 (T, 35), of length 1; all zeros for a flat picture.

    Args:
        pictures_THW: As `picture` returns them.
        window: Which part is looked at.
    """
    rows_FS, columns_FS = _waves(window[1], window[3]), _waves(window[0], window[2])
    inside = np.outer(_share(window[1], window[3]), _share(window[0], window[2])) > 0.5
    levels_TN = pictures_THW[:, inside].astype(np.float32)
    middle_T = np.median(levels_TN, axis=1)[:, None, None]
    usual_T = np.abs(levels_TN - middle_T[:, 0]).mean(1)[:, None, None]
    even_THW = (pictures_THW - middle_T) / (1.25 * usual_T + _FLAT)
    even_THW = np.clip(even_THW, -_BRIGHTEST, _BRIGHTEST)
    low_TFF = rows_FS @ even_THW @ columns_FS.T * _weights()
    found_TL = low_TFF.reshape(len(low_TFF), -1)[:, 1:]
    lengths_T1 = np.linalg.norm(found_TL, axis=1, keepdims=True)
    has_T1 = (lengths_T1 > 1e-3) & (usual_T[:, 0] > 1.0)
    return np.asarray(np.where(has_T1, found_TL / np.maximum(lengths_T1, 1e-6), 0), np.float32)


def mirrored(looks_TL: np.ndarray) -> np.ndarray:
    """Return the looks of the same pictures, mirrored left to right."""
    return np.asarray(looks_TL * _mirror_signs())


@cache
def _share(start: float, length: float) -> np.ndarray:
    """Return how much of each pixel along a side lies in a part of it."""
    low, high = SIDE_PX * start, SIDE_PX * (start + length)
    pixels = np.arange(SIDE_PX)
    return np.asarray(np.clip(np.minimum(pixels + 1, high) - np.maximum(pixels, low), 0, 1))


@cache
def _waves(start: float, length: float) -> np.ndarray:
    """Return cosines along a part of a side: float32 (frequencies, pixels)."""
    share = _share(start, length)
    low, high = SIDE_PX * start, SIDE_PX * (start + length)
    pixels = np.arange(SIDE_PX)
    middle = (np.minimum(pixels + 1, high) + np.maximum(pixels, low)) / 2
    place = np.clip((middle - low) / (high - low), 0, 1)
    waves = np.sqrt(2) * np.cos(np.pi * np.arange(_LOW)[:, None] * place[None, :])
    waves[0] = 1
    found = waves * share / share.sum()
    # A flat picture must have no waves, in spite of the cut pixels at the edge.
    found[1:] -= found[1:].sum(1, keepdims=True) * share / share.sum()
    return np.asarray(found, np.float32)


@cache
def _weights() -> np.ndarray:
    """Return what lifts the higher frequencies, of which pictures hold less."""
    rows, columns = np.mgrid[:_LOW, :_LOW]
    return np.asarray(np.hypot(rows, columns) ** 0.5, np.float32)


@cache
def _mirror_signs() -> np.ndarray:
    return np.asarray((-1.0) ** (np.arange(_LOW * _LOW) % _LOW), np.float32)[1:]
