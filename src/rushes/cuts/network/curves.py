"""Runs the cut network over frames as they come, in chunks; the chunks change no number."""

from typing import Any

import numpy as np

from rushes.cuts.network.shapes import BACK, CONTEXT, FEATURES, OUTPUTS, WIDTHS

CHUNK = 256
"""Frames judged at once."""


class CurveReader:
    """Computes four probabilities for each of the 48×27 pictures that it takes, a chunk late."""

    def __init__(self, look: Any, judge: Any, chunk: int = CHUNK) -> None:
        """Take the two sessions.

        Args:
            look: `onnxruntime.InferenceSession` of the part that sees pictures.
            judge: The same of the part that compares features over time.
            chunk: Frames judged at once; the result does not depend on it.
        """
        self._look, self._judge, self._chunk = look, judge, chunk
        self._pictures: list[np.ndarray] = []
        self._tail: np.ndarray | None = None
        self._features = np.empty((0, FEATURES), np.float32)
        self._curves: list[np.ndarray] = []

    def feed(self, picture_HWC: np.ndarray) -> None:
        """Take the next frame: uint8 RGB, 27 x 48."""
        self._pictures.append(picture_HWC)
        if len(self._pictures) >= self._chunk:
            self._see()
            self._conclude(is_last=False)

    def finish(self) -> np.ndarray:
        """Return (frames, 4) float32 curves of all frames fed, and begin anew."""
        if self._pictures:
            self._see()
        if len(self._features):
            # Beyond the end of a video its last frame stands.
            last = np.repeat(self._features[-1:], CONTEXT, 0)
            last[:, -WIDTHS["match"] :] = 1
            self._features = np.concatenate([self._features, last])
            self._conclude(is_last=True)
        empty = np.empty((0, OUTPUTS), np.float32)
        curves = np.concatenate([empty, *self._curves])
        self._tail, self._curves = None, []
        self._features = np.empty((0, FEATURES), np.float32)
        return curves

    def _see(self) -> None:
        pictures = np.stack(self._pictures)
        self._pictures = []
        is_first = self._tail is None
        tail = np.repeat(pictures[:1], BACK, 0) if self._tail is None else self._tail
        seen = np.concatenate([tail, pictures])
        self._tail = seen[-BACK:]
        features = self._look.run(None, {"frames_NHWC": seen})[0]
        if is_first:
            # Before a video its first frame stands.
            first = np.repeat(features[:1], CONTEXT, 0)
            first[:, -WIDTHS["match"] :] = 1
            features = np.concatenate([first, features])
        self._features = np.concatenate([self._features, features])

    def _conclude(self, is_last: bool) -> None:
        ready = len(self._features) - 2 * CONTEXT
        while ready >= (1 if is_last else self._chunk):
            take = min(ready, self._chunk)
            window = self._features[: take + 2 * CONTEXT]
            curves = self._judge.run(None, {"features_TF": window})[0]
            self._curves.append(curves[CONTEXT : CONTEXT + take])
            self._features = self._features[take:]
            ready -= take
