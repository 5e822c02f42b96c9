"""What a still looks like, small enough to keep for every still and to find it again by.

A *picture* is a still without its bars as 32×32 luma: enough to tell whether two stills show the
same frame, at any size, rate or codec, under a logo, or through a window that a crop left. A *look*
is the lowest frequencies of a picture as a direction: near directions are near pictures, whatever
the brightness and contrast. Mirroring a picture only flips signs in its look.
"""

from functools import cache

import numpy as np

from rushes.records import Box

SIDE_PX = 32
"""Pictures are square: a change of aspect is none."""
WINDOWS = (1.0, 0.9, 0.8)
"""Centred parts of a picture (of each side) that have a look too: what a crop may have left."""
_LOW = 7  # frequencies along each axis that a look is made of
LENGTH = _LOW * _LOW - 1
"""Numbers in a look."""


def picture(still_HWC: np.ndarray, box: Box) -> np.ndarray:
    """Return one still as a picture: uint8 (32, 32).

    Args:
        still_HWC: uint8 RGB.
        box: What of it lies between bars.
    """
    import cv2

    height, width = still_HWC.shape[:2]
    left, top, wide, high = box.inside(width, height, even=False)
    inner_HWC = np.ascontiguousarray(still_HWC[top : top + high, left : left + wide])
    # Shrinking first: turning gray costs by the pixel.
    small_HWC = cv2.resize(inner_HWC, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small_HWC, cv2.COLOR_RGB2GRAY))


def looks(pictures_THW: np.ndarray, window: float = 1.0) -> np.ndarray:
    """Return the looks of pictures: float32 (T, 48), of length 1; all zeros for a flat picture.

    Args:
        pictures_THW: As `picture` returns them.
        window: Which centred part of each side is looked at.
    """
    basis_FS = _basis(window)
    low_TFF = basis_FS @ pictures_THW.astype(np.float32) @ basis_FS.T
    found_TL = (low_TFF * _weights()).reshape(len(low_TFF), -1)[:, 1:]
    lengths_T1 = np.linalg.norm(found_TL, axis=1, keepdims=True)
    # Below half a level of contrast there is nothing but coding noise to go by.
    return np.asarray(np.where(lengths_T1 > 4.0, found_TL / np.maximum(lengths_T1, 1e-6), 0))


def mirrored(looks_TL: np.ndarray) -> np.ndarray:
    """Return the looks of the same pictures, mirrored left to right."""
    return np.asarray(looks_TL * _mirror_signs())


@cache
def _basis(window: float) -> np.ndarray:
    """Return the cosines over the window, averaged over the share of each pixel inside it."""
    edge = SIDE_PX * (1 - window) / 2
    pixels = np.arange(SIDE_PX)
    share = np.clip(np.minimum(pixels + 1, SIDE_PX - edge) - np.maximum(pixels, edge), 0, 1)
    place = (np.clip(pixels + 0.5, edge, SIDE_PX - edge) - edge) / (SIDE_PX * window)
    waves = np.cos(np.pi * np.arange(_LOW)[:, None] * place[None, :])
    waves[1:] *= np.sqrt(2)
    basis_FS = waves * share / share.sum()
    # A flat picture must have no waves, in spite of the cut pixels at the edge.
    basis_FS[1:] -= basis_FS[1:].sum(1, keepdims=True) * share / share.sum()
    return np.asarray(basis_FS, np.float32)


@cache
def _weights() -> np.ndarray:
    """Return what lifts the higher frequencies, of which pictures hold less, (7, 7)."""
    rows, columns = np.mgrid[:_LOW, :_LOW]
    return np.asarray(np.hypot(rows, columns) ** 0.7, np.float32)


@cache
def _mirror_signs() -> np.ndarray:
    return np.asarray((-1.0) ** (np.arange(_LOW * _LOW) % _LOW), np.float32)[1:]
