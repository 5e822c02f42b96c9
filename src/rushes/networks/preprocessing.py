"""Preprocessing of pictures for CLIP and SigLIP, equal to that of transformers, without it.

`preprocessor_config.json` gives the scaling, cropping and normalisation of the training. Scaling
equals Pillow's in filters and rounding. OpenCV does not smooth when it scales down, which changes
embeddings by more than a JPEG does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rushes.errors import ItemError

_LANCZOS, _BILINEAR, _BICUBIC = 1, 2, 3
"""Filters by Pillow's numbers, which the configuration uses."""
_SUPPORT = {_LANCZOS: 3.0, _BILINEAR: 1.0, _BICUBIC: 2.0}
_BLOCK = 32
"""Output rows or columns in one matrix product; each depends on few input ones."""
_MEAN, _DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation of CLIP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """The preprocessing of one network: scale, crop, normalise."""

    height_px: int | None
    """Height after scaling; None if the short side is given."""
    width_px: int | None
    """Width after scaling; None if the short side is given."""
    short_side_px: int | None
    """Short side after scaling; None if both sides are given."""
    crop_px: tuple[int, int] | None
    """Height and width of the centre crop; None for none."""
    filter: int
    """1 Lanczos, 2 bilinear, 3 bicubic."""
    scale: float
    """Factor on the bytes."""
    mean_C: tuple[float, ...]
    deviation_C: tuple[float, ...]

    def __call__(self, picture_HWC: np.ndarray) -> np.ndarray:
        """Preprocess an uint8 RGB picture (H, W, 3): float32 (3, H, W)."""
        height, width = picture_HWC.shape[:2]
        if self.short_side_px is not None:
            # Rounded down, as in transformers.
            size = self.short_side_px
            if height <= width:
                scaled = size, int(size * width / height)
            else:
                scaled = int(size * height / width), size
        else:
            scaled = self.height_px or height, self.width_px or width
        picture = resized(picture_HWC, *scaled, self.filter, crop_px=self.crop_px)
        value_HWC = picture.astype(np.float32) * self.scale
        value_HWC -= np.array(self.mean_C, np.float32)
        value_HWC /= np.array(self.deviation_C, np.float32)
        return np.ascontiguousarray(value_HWC.transpose(2, 0, 1))


def read_preprocessing(path: Path) -> Preprocessing:
    """Read a `preprocessor_config.json`.

    Raises:
        ItemError: The file cannot be read, or asks for an unknown step.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return _preprocessing(config)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ItemError(f"{path} cannot be used: {error}") from error


def _preprocessing(config: Mapping[str, Any]) -> Preprocessing:
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    is_siglip = "siglip" in kind.lower()
    if "naflex" in kind.lower() or "max_num_patches" in config:
        raise ValueError("pictures of flexible size (NaFlex) are not supported")
    default: Any = {"height": 224, "width": 224} if is_siglip else {"shortest_edge": 224}
    size = config.get("size", default) if config.get("do_resize", True) else {}
    if isinstance(size, int):
        size = {"height": size, "width": size} if is_siglip else {"shortest_edge": size}
    if unknown := set(size) - {"height", "width", "shortest_edge"}:
        raise ValueError(f"size has unknown keys: {', '.join(sorted(unknown))}")
    crop = config.get("crop_size", 224) if config.get("do_center_crop", not is_siglip) else None
    if isinstance(crop, Mapping):
        crop = crop["height"], crop["width"]
    elif crop is not None:
        crop = crop, crop
    resample = config.get("resample", _BICUBIC)
    if resample not in _SUPPORT:
        raise ValueError(f"resample is {resample}, not 1, 2 or 3")
    is_normal = config.get("do_normalize", True)
    middle = (0.5, 0.5, 0.5)
    mean = config.get("image_mean", middle if is_siglip else _MEAN)
    deviation = config.get("image_std", middle if is_siglip else _DEVIATION)
    return Preprocessing(
        height_px=size.get("height"),
        width_px=size.get("width"),
        short_side_px=size.get("shortest_edge"),
        crop_px=crop,
        filter=resample,
        scale=config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0,
        mean_C=tuple(mean) if is_normal else (0.0, 0.0, 0.0),
        deviation_C=tuple(deviation) if is_normal else (1.0, 1.0, 1.0),
    )


def resized(
    picture_HWC: np.ndarray,
    height: int,
    width: int,
    how: int = _BICUBIC,
    *,
    crop_px: tuple[int, int] | None = None,
) -> np.ndarray:
    """Scale a picture as Pillow does, then crop its centre: uint8 (H, W, 3).

    Args:
        picture_HWC: uint8.
        height: Height of the scaled picture, before the crop.
        width: Width of the scaled picture, before the crop.
        how: Filter: 1 Lanczos, 2 bilinear, 3 bicubic.
        crop_px: Height and width of the crop; a smaller picture is padded with black.
    """
    high, wide = crop_px or (height, width)
    top, left = (height - high) // 2, (width - wide) // 2
    rows = range(max(top, 0), min(top + high, height))
    columns = range(max(left, 0), min(left + wide, width))
    # Columns first, rounded to bytes in between, as in Pillow.
    picture = _along(picture_HWC.transpose(1, 0, 2), width, how, columns).transpose(1, 0, 2)
    picture = _along(picture, height, how, rows)
    if picture.shape[:2] == (high, wide):
        return picture
    framed = np.zeros((high, wide, 3), np.uint8)
    framed[max(-top, 0) :, max(-left, 0) :][: len(rows), : len(columns)] = picture
    return framed


def _along(lines_LXC: np.ndarray, count: int, how: int, wanted: range) -> np.ndarray:
    """Scale a picture's lines to `count` lines; return the lines `wanted` of them."""
    if count == len(lines_LXC):
        return lines_LXC[wanted.start : wanted.stop]
    flat = lines_LXC.reshape(len(lines_LXC), -1)
    parts = []
    for start in range(wanted.start, wanted.stop, _BLOCK):
        stop = min(start + _BLOCK, wanted.stop)
        first, last, weights = _weights(len(lines_LXC), count, how, start, stop)
        parts.append(weights @ flat[first:last].astype(np.float32))
    made = np.concatenate(parts) if parts else np.zeros((0, flat.shape[1]), np.float32)
    bytes_LF = (made + 0.5).clip(0, 255).astype(np.uint8)
    return bytes_LF.reshape(-1, *lines_LXC.shape[1:])


@lru_cache(maxsize=4096)
def _weights(
    inputs: int, count: int, how: int, start: int, stop: int
) -> tuple[int, int, np.ndarray]:
    """Return the input lines `first:last` of the output lines `start:stop`, and their weights."""
    step = inputs / count
    stretch = max(step, 1.0)
    support = _SUPPORT[how] * stretch
    middles = (np.arange(start, stop) + 0.5) * step
    lows = np.maximum((middles - support + 0.5).astype(int), 0)
    highs = np.minimum((middles + support + 0.5).astype(int), inputs)
    first, last = int(lows[0]), int(highs[-1])
    lines = np.arange(first, last)
    at = (lines[None] - middles[:, None] + 0.5) / stretch
    weights = _filter(at, how)
    weights[(lines[None] < lows[:, None]) | (lines[None] >= highs[:, None])] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return first, last, weights.astype(np.float32)


def _filter(at: np.ndarray, how: int) -> np.ndarray:
    far = np.abs(at)
    if how == _BILINEAR:
        return np.asarray(np.maximum(1 - far, 0))
    if how == _LANCZOS:
        return np.asarray(np.where(far < 3, np.sinc(at) * np.sinc(at / 3), 0))
    a = -0.5  # the cubic of Pillow; OpenCV has another
    near = ((a + 2) * far - (a + 3)) * far * far + 1
    outer = (((far - 5) * far + 8) * far - 4) * a
    return np.asarray(np.where(far < 1, near, np.where(far < 2, outer, 0)))
