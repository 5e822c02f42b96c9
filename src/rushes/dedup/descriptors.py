"""Descriptors of stills: small vectors that are near where two stills look alike.

A *picture* is a still as 32×32 luma. It is enough to tell whether two stills show the same frame,
at any size, rate or codec, under a logo, or after a crop. A *descriptor* is a unit vector of the
lowest spatial frequencies of a picture, or of a part of it. It depends on neither brightness nor
contrast. Mirroring a picture only flips signs in its descriptor.
"""

from functools import cache

import numpy as np

from rushes.records import Box

SIDE_PX = 32
"""Pictures are square, so that a change of aspect changes nothing."""

Window = tuple[float, float, float, float]
"""Left, top, width and height of a part of a picture, each 0–1 of its sides."""

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
"""Parts that get a descriptor of their own: the usual results of a crop."""
_FREQUENCIES = 6  # along each axis
LENGTH = _FREQUENCIES * _FREQUENCIES - 1
"""Numbers in a descriptor."""
_FLAT = 4.0  # levels of 255; below it a picture varies no more than coding noise
_BRIGHTEST = 2.0  # limit in usual deviations, so that a logo counts no more than what it covers


def picture(still_HWC: np.ndarray) -> np.ndarray:
    """Return one still (uint8 RGB) as a picture: uint8 (32, 32)."""
    import cv2

    # Shrink first: turning gray costs by the pixel.
    small_HWC = cv2.resize(still_HWC, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small_HWC, cv2.COLOR_RGB2GRAY))


def window_of(box: Box) -> Window:
    """Return the window between the bars."""
    return (box.left, box.top, 1 - box.left - box.right, 1 - box.top - box.bottom)


def within(outer: Window, inner: Window) -> Window:
    """Return a window of a window as a window of the picture."""
    left, top, wide, high = outer
    return (left + inner[0] * wide, top + inner[1] * high, inner[2] * wide, inner[3] * high)


def describe(pictures_THW: np.ndarray, window: Window = WHOLE) -> np.ndarray:
    """Return the descriptors of pictures: float32 (T, 35), of length 1; zeros for a flat picture.

    Args:
        pictures_THW: As `picture` returns them.
        window: The part to describe.
    """
    rows_FS, columns_FS = _cosines(window[1], window[3]), _cosines(window[0], window[2])
    inside = np.outer(_coverage(window[1], window[3]), _coverage(window[0], window[2])) > 0.5
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


def mirrored(descriptors_TL: np.ndarray) -> np.ndarray:
    """Return the descriptors of the same pictures, mirrored left to right."""
    return np.asarray(descriptors_TL * _mirror_signs())


@cache
def _coverage(start: float, length: float) -> np.ndarray:
    """Return the share of each pixel along a side that lies in a part of it: (pixels,)."""
    low, high = SIDE_PX * start, SIDE_PX * (start + length)
    pixels = np.arange(SIDE_PX)
    return np.asarray(np.clip(np.minimum(pixels + 1, high) - np.maximum(pixels, low), 0, 1))


@cache
def _cosines(start: float, length: float) -> np.ndarray:
    """Return cosines along a part of a side: float32 (frequencies, pixels)."""
    share = _coverage(start, length)
    low, high = SIDE_PX * start, SIDE_PX * (start + length)
    pixels = np.arange(SIDE_PX)
    middle = (np.minimum(pixels + 1, high) + np.maximum(pixels, low)) / 2
    place = np.clip((middle - low) / (high - low), 0, 1)
    waves_FS = np.sqrt(2) * np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * place[None, :])
    waves_FS[0] = 1
    found = waves_FS * share / share.sum()
    # Cut pixels at the edge must not give a flat picture any waves.
    found[1:] -= found[1:].sum(1, keepdims=True) * share / share.sum()
    return np.asarray(found, np.float32)


@cache
def _weights() -> np.ndarray:
    """Return factors that lift the higher frequencies, of which pictures hold less."""
    rows, columns = np.mgrid[:_FREQUENCIES, :_FREQUENCIES]
    return np.asarray(np.hypot(rows, columns) ** 0.5, np.float32)


@cache
def _mirror_signs() -> np.ndarray:
    return np.asarray((-1.0) ** (np.arange(_FREQUENCIES**2) % _FREQUENCIES), np.float32)[1:]
