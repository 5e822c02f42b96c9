"""Small videos with one fault each, whose truth is known: bars, fields, HDR, repeated frames."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

Picture = Callable[[float], np.ndarray]
"""Time in frames → float RGB (H, W, 3), 0–255."""


def texture(size: tuple[int, int], seed: int = 0, luma: float = 120, speed: float = 3.0) -> Picture:
    """Return smooth noise that moves `speed` pixels to the right in each frame."""
    rng = np.random.default_rng(seed)
    shape = (size[1], size[0])
    fy, fx = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(fy, fx)
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * np.exp(-((frequency / 0.06) ** 2))
    scale = 40 / np.fft.irfft2(spectrum, shape).std()

    def at(time: float) -> np.ndarray:
        moved = np.fft.irfft2(spectrum * np.exp(-2j * np.pi * fx * speed * time), shape)
        gray = np.clip(luma + moved * scale, 30, 235)
        return gray[:, :, None] * np.array([1.0, 0.95, 0.85])

    return at


def with_bars(
    picture: Picture,
    size: tuple[int, int],
    *,
    left: int,
    top: int,
    text: bool = False,
    level: int = 0,
) -> Picture:
    """Return a picture inside black bars, with a subtitle in the lower one if `text` is set."""

    def at(time: float) -> np.ndarray:
        inner = picture(time)
        whole = np.full((size[1], size[0], 3), float(level))
        whole[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
        if text:
            line = top + inner.shape[0] + (size[1] - top - inner.shape[0]) // 2
            middle = size[0] // 2
            for at_x in range(middle - 40, middle + 40, 8):
                whole[line - 3 : line + 3, at_x : at_x + 4] = 230
        return whole

    return at


def interlaced(picture: Picture, *, top_first: bool) -> Picture:
    """Return frames whose fields were taken half a frame apart."""

    def at(time: float) -> np.ndarray:
        early, late = picture(time), picture(time + 0.5)
        frame = early.copy()
        first = 1 if top_first else 0
        frame[first::2] = late[first::2]
        return frame

    return at


def telecined(picture: Picture) -> Picture:
    """Return 24 pictures on 30 frames, as two and three fields in turn, top field first."""
    of_top, of_bottom = (0, 1, 1, 2, 3), (0, 1, 2, 3, 3)

    def at(time: float) -> np.ndarray:
        cycle, place = divmod(round(time), 5)
        frame = picture(4 * cycle + of_top[place]).copy()
        frame[1::2] = picture(4 * cycle + of_bottom[place])[1::2]
        return frame

    return at


def write(
    path: Path,
    shots: Sequence[tuple[Picture, int]],
    *,
    fps: Fraction | int = 25,
    hold: int = 1,
    options: dict[str, str] | None = None,
    rotation_deg: int = 0,
    sample_aspect: Fraction | int = 1,
    field_flag: bool = False,
    pix_fmt: str = "yuv420p",
    codec: str = "libx264",
) -> Path:
    """Write shots of so many frames each, every picture `hold` frames long."""
    import av

    with av.open(str(path), "w") as container:
        more = {"flags": "+ildct+ilme"} if field_flag else {}
        settings = {"preset": "ultrafast", "crf": "14", "threads": "1", **more, **(options or {})}
        stream = container.add_stream(codec, rate=fps, options=settings)
        number = 0
        for picture, count in shots:
            for index in range(count):
                image = picture(index - index % hold)
                image = np.rot90(image, -rotation_deg // 90)
                stored = np.ascontiguousarray(np.rint(image).astype(np.uint8))
                if not number:
                    stream.height, stream.width = stored.shape[:2]
                    stream.pix_fmt = pix_fmt
                    stream.codec_context.time_base = 1 / Fraction(fps)
                    stream.codec_context.sample_aspect_ratio = Fraction(sample_aspect)
                    if rotation_deg:
                        stream.set_display_rotation(rotation_deg)
                frame = av.VideoFrame.from_ndarray(stored, format="rgb24").reformat(format=pix_fmt)
                frame.pts, frame.time_base = number, 1 / Fraction(fps)
                number += 1
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
