"""Crop windows: the part of each of two clips' pictures that the other shows too."""

from functools import cache

import numpy as np

from rushes.dedup.descriptors import SIDE_PX, WHOLE, Window, within

_SAME = 0.985  # correlation of pictures that no crop can improve


def crop_windows(
    a: tuple[np.ndarray, Window], b: tuple[np.ndarray, Window]
) -> tuple[Window, Window]:
    """Return the part of a's pictures that b shows, and the part of b's that a shows.

    Args:
        a: A few pictures, uint8 (T, 32, 32), and their part between bars.
        b: The pictures that look like those, one each, and their part between bars.
    """
    (pictures_a, content_a), (pictures_b, content_b) = a, b
    contents = [(content_a, content_b)]
    if (content_a, content_b) != (WHOLE, WHOLE):
        contents.append((WHOLE, WHOLE))  # bars of one may be picture in the other
    best, found = -1.0, (WHOLE, WHOLE)
    for within_a, within_b in contents:
        parts_a = area_means(pictures_a, within_a, SIDE_PX)
        parts_b = area_means(pictures_b, within_b, SIDE_PX)
        for size_px in _SIZES_PX:
            is_whole = size_px == (SIDE_PX, SIDE_PX)
            for is_b_inside in (True,) if is_whole else (True, False):
                outer, inner = (parts_a, parts_b) if is_b_inside else (parts_b, parts_a)
                score, window = _best_place(outer, inner, size_px)
                # A smaller part fits by chance more easily.
                score -= 0.02 * (not is_whole)
                if score > best:
                    part_a, part_b = (window, WHOLE) if is_b_inside else (WHOLE, window)
                    best, found = score, (within(within_a, part_a), within(within_b, part_b))
            if best > _SAME:
                return found
    return found


def _best_place(
    outer_TSS: np.ndarray, inner_TSS: np.ndarray, size_px: tuple[int, int]
) -> tuple[float, Window]:
    """Return the mean correlation of pictures shrunk to a size, and where they fit best."""
    import cv2

    wide_px, high_px = size_px
    total = np.zeros((SIDE_PX - high_px + 1, SIDE_PX - wide_px + 1), np.float32)
    for outer, inner in zip(outer_TSS, inner_TSS, strict=True):
        small = cv2.resize(inner, size_px, interpolation=cv2.INTER_AREA)
        total += cv2.matchTemplate(outer, small, cv2.TM_CCOEFF_NORMED)
    row, column = np.unravel_index(int(total.argmax()), total.shape)
    window = (
        float(column) / SIDE_PX, float(row) / SIDE_PX, wide_px / SIDE_PX, high_px / SIDE_PX,
    )  # fmt: skip
    return float(total.max()) / len(outer_TSS), window


_SIZES_PX = (
    *((side, side) for side in (32, 30, 29, 28, 27, 26, 24)),
    (24, 32), (32, 24), (27, 32), (32, 27), (29, 32), (32, 29),
)  # fmt: skip
"""Width and height of a crop, in pixels of a picture, the likeliest first."""


def area_means(pictures_THW: np.ndarray, window: Window, cells: int) -> np.ndarray:
    """Return a part of each picture as means of cells: float32 (T, cells, cells)."""
    left, top, wide, high = window
    rows, columns = _averaging(top, high, cells), _averaging(left, wide, cells)
    return np.asarray(rows @ pictures_THW.astype(np.float32) @ columns.T)


@cache
def _averaging(start: float, length: float, cells: int) -> np.ndarray:
    """Return weights that average a part of a side to cells: float32 (cells, pixels)."""
    edges = SIDE_PX * (start + length * np.arange(cells + 1) / cells)
    pixels = np.arange(SIDE_PX)
    low = np.maximum(edges[:-1, None], pixels)
    high = np.minimum(edges[1:, None], pixels + 1)
    share = np.clip(high - low, 0, None)
    return np.asarray(share / share.sum(1, keepdims=True), np.float32)
