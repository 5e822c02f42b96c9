"""Small synthetic videos with exactly known cuts, motion and frame numbers, for tests.

A video is a row of *takes* (textures that differ clearly) joined by cuts, fades and dissolves.
Every frame can carry its own number as black and white blocks that survive lossy compression,
so that a test can check which frames an exported clip has:

    truth = make_video(tmp_path / "a.mp4", (24, 24), numbered=True)
    assert truth.cuts[0].frame == 24
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

CODECS = {".avi": "mpeg4", ".mpg": "mpeg2video", ".webm": "libvpx"}
"""Video codec by suffix; libx264 for all others."""
AUDIO_CODECS = {".mkv": "flac", ".avi": "pcm_s16le", ".mov": "pcm_s16le", ".mpg": "mp2",
                ".ts": "mp2", ".webm": "libopus"}  # fmt: skip
"""Audio codec by suffix; aac for all others."""
AUDIO_RATE_HZ = 48_000
BEEP_S = 0.02
NUMBER_BITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One shot to be drawn, and the transition to the next."""

    frames: int
    """Frames that show this take alone."""
    seed: int | None = None
    """Seed of the texture; None takes the index, so that neighbours differ."""
    contrast: float = 1.0
    """0 is a flat colour."""
    luma: float | None = None
    """Mean brightness, 0–255; None goes by the seed (60–190)."""
    pan_px: tuple[float, float] = (0.0, 0.0)
    """Motion of the picture to the right and down, per frame."""
    zoom: float = 1.0
    """Growth of the picture about its centre, per frame."""
    flashes: tuple[int, ...] = ()
    """Frames of this take, counted from 0, that are nearly white."""
    then: Literal["hard", "fade", "dissolve"] = "hard"
    """Transition to the next take; "fade" goes through black."""
    mixed: int = 12
    """Frames of a fade or dissolve, in addition to `frames` of both takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCut:
    """One boundary, by frame number; equal numbers for a hard cut."""

    kind: Literal["hard", "fade", "dissolve"]
    start_frame: int
    """First frame that does not show the old take alone."""
    frame: int
    """First frame that shows the new take alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Facts of a video that `make_video` wrote."""

    path: Path
    fps: Fraction
    """Nominal rate; for given pts only the rate stated in the container."""
    times_s: tuple[Fraction, ...]
    """Time of each frame since the first one; containers may round."""
    end_s: Fraction
    """End of the last frame."""
    cuts: tuple[TrueCut, ...]
    beeps_s: tuple[float, ...]
    """Beginning of each beep of the audio, on the clock of `times_s`."""


def make_video(
    path: str | Path,
    takes: Sequence[Take | int] = (24, 24),
    *,
    size: tuple[int, int] = (160, 90),
    fps: Fraction | int = 24,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    numbered: bool = False,
    rotation_deg: int = 0,
    sample_aspect: Fraction | int = 1,
    pix_fmt: str = "yuv420p",
    full_range: bool = False,
    codec: str | None = None,
    gop: int = 12,
    b_frames: int = 2,
    options: dict[str, str] | None = None,
    beeps_s: Sequence[float] | None = None,
    audio_from_s: float = 0.0,
    audio_to_s: float | None = None,
) -> Truth:
    """Write a video to `path`; the suffix chooses container and codecs.

    Args:
        path: The file to write.
        takes: The shots; a plain number is `Take(frames=number)`.
        size: Width and height as stored, in pixels.
        fps: Frame rate; constant unless `pts` is given.
        pts: Ticks at which the frames begin and, as one more entry, at which the last one ends.
        time_base: Seconds per tick of `pts`; 1/1000 where `pts` is given without it.
        numbered: Draw each frame's number into it; see `read_number`.
        rotation_deg: Counter-clockwise turn stated in the container; takes are drawn to be upright
            after it.
        sample_aspect: Width over height of one stored pixel.
        pix_fmt: Pixel format of the codec.
        full_range: Write full-range luma, stated in the stream.
        codec: FFmpeg's name of an encoder; None goes by the suffix.
        gop: Largest key-frame distance.
        b_frames: Largest run of B-frames; with `pts` in MP4 only 0 keeps the end exact.
        options: More options of the encoder.
        beeps_s: Times of beeps in the audio, a soft hum; None for no audio.
        audio_from_s: Beginning of the audio.
        audio_to_s: End of the audio; None is the end of the picture.
    """
    import av

    path = Path(path)
    rate = Fraction(fps)
    rows = [take if isinstance(take, Take) else Take(frames=take) for take in takes]
    total = sum(take.frames for take in rows) + sum(_mixed(take) for take in rows[:-1])
    base = time_base or (1 / rate if pts is None else Fraction(1, 1000))
    ticks = list(range(total + 1)) if pts is None else list(pts)
    if len(ticks) != total + 1:
        raise ValueError(f"{total} frames need {total + 1} pts, got {len(ticks)}")
    times_s = [(tick - ticks[0]) * base for tick in ticks]

    # Bit-exact: Matroska would write a random id, and a video is known by its bytes.
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        name = codec or CODECS.get(path.suffix, "libx264")
        stream: Any = container.add_stream(name, rate=rate, options=_options(name, options))
        context = stream.codec_context
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        context.time_base = base
        context.gop_size = gop
        context.max_b_frames = b_frames
        context.sample_aspect_ratio = Fraction(sample_aspect)
        context.flags |= 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION: keep the last frame's
        if full_range:
            context.color_range = 2
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        sound: Any = None
        if beeps_s is not None:
            audio_codec = AUDIO_CODECS.get(path.suffix, "aac")
            sound = container.add_stream(audio_codec, rate=AUDIO_RATE_HZ, layout="mono")
        upright = size[::-1] if rotation_deg % 180 else size
        for number, picture_HWC in enumerate(_pictures(rows, upright)):
            if numbered:
                _draw_number(picture_HWC, number)
            stored_HWC = np.ascontiguousarray(np.rot90(picture_HWC, -rotation_deg // 90))
            frame = av.VideoFrame.from_ndarray(stored_HWC, format="rgb24")
            frame = frame.reformat(format=pix_fmt, dst_color_range=2 if full_range else 1)
            frame.pts, frame.time_base = ticks[number], base
            frame.duration = ticks[number + 1] - ticks[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            end_s = float(times_s[-1]) if audio_to_s is None else audio_to_s
            for packet in _sound(sound, beeps_s or (), audio_from_s, end_s):
                container.mux(packet)
    return Truth(
        path=path,
        fps=rate,
        times_s=tuple(times_s[:-1]),
        end_s=times_s[-1],
        cuts=tuple(_cuts(rows)),
        beeps_s=tuple(beeps_s or ()),
    )


def read_number(frame_HWC: np.ndarray) -> int:
    """Return the number drawn into a numbered video's frame (uint8 RGB, upright, any size).

    Raises:
        ValueError: There is no readable number: the frame is damaged, mixed or not numbered.
    """
    height, width = frame_HWC.shape[:2]
    cells = _cells(width, height)
    means = [float(frame_HWC[top:bottom, left:right].mean()) for top, bottom, left, right in cells]
    white, black, *levels = means
    if white - black < 100:
        raise ValueError(f"no number in this frame: marks of {white:.0f} and {black:.0f}")
    bits = [level > (white + black) / 2 for level in levels]
    number = sum(bit << place for place, bit in enumerate(bits[:NUMBER_BITS]))
    if bits != _bits(number):
        raise ValueError(f"unreadable number: {bits}")
    return number


def read_numbers(path: str | Path) -> list[int]:
    """Return the number of every frame of a numbered file in display order, turned upright."""
    import av

    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [
            read_number(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))
            for frame in frames
        ]


def read_beeps(path: str | Path) -> list[float]:
    """Return the beginning of each beep in a file's audio, in seconds, to about 2 ms.

    In containers that do not begin at 0 (mpg, ts) subtract the first frame's time.
    """
    import av

    energy = np.zeros(0)
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        to_floats = av.AudioResampler("flt", "mono", AUDIO_RATE_HZ)
        for frame in container.decode(audio=0):
            first = round(frame.time * AUDIO_RATE_HZ)
            for part in to_floats.resample(frame):
                wave = part.to_ndarray()[0]
                if first < 0:  # a codec's priming, which no player plays
                    first, wave = 0, wave[min(-first, len(wave)) :]
                energy = np.pad(energy, (0, max(0, first + len(wave) - len(energy))))
                energy[first : first + len(wave)] = wave**2
                first += len(wave)
    window = round(BEEP_S * AUDIO_RATE_HZ)
    sums = np.concatenate([[0.0], np.cumsum(energy)])
    power = (sums[window:] - sums[:-window]) / window  # of the window that begins at each sample
    found = []
    while len(power) and power.max() > 0.05:
        best = int(power.argmax())
        found.append(round(best / AUDIO_RATE_HZ, 4))
        power[max(0, best - 2 * window) : best + 2 * window] = 0
    return sorted(found)


def _mixed(take: Take) -> int:
    return 0 if take.then == "hard" else take.mixed


def _cuts(takes: Sequence[Take]) -> Iterator[TrueCut]:
    frame = 0
    for take in takes[:-1]:
        start = frame + take.frames
        frame = start + _mixed(take)
        yield TrueCut(kind=take.then, start_frame=start, frame=frame)


def _pictures(takes: Sequence[Take], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield every frame as a writable uint8 (H, W, 3) RGB array."""
    drawn = [_Drawing(take, place, size) for place, take in enumerate(takes)]
    for place, (take, drawing) in enumerate(zip(takes, drawn, strict=True)):
        # The frames that a take lends to a transition continue its movement on both sides.
        for index in range(take.frames):
            yield drawing.at(index)
        if place + 1 == len(takes):
            return
        for step in range(_mixed(take)):
            share = (step + 1) / (take.mixed + 1)
            old = drawing.at(take.frames + step).astype(np.float32)
            new = drawn[place + 1].at(step - take.mixed).astype(np.float32)
            if take.then == "fade":
                mix = old * max(0.0, 1 - 2 * share) + new * max(0.0, 2 * share - 1)
            else:
                mix = old * (1 - share) + new * share
            yield np.rint(mix).astype(np.uint8)


class _Drawing:
    """A texture with the motion of its take."""

    def __init__(self, take: Take, place: int, size: tuple[int, int]) -> None:
        self._take = take
        self._size = size
        seed = place if take.seed is None else take.seed
        self._texture_HWC = _texture(take, seed, size)
        self._is_still = take.pan_px == (0.0, 0.0) and take.zoom == 1.0

    def at(self, index: int) -> np.ndarray:
        take, (width, height) = self._take, self._size
        if index in take.flashes:
            return 255 - (255 - self._texture_HWC[:height, :width]) // 12
        if self._is_still:
            return self._texture_HWC[:height, :width].copy()
        import cv2

        # Where each pixel of the picture comes from in the texture, which repeats itself.
        scale = take.zoom**-index
        centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
        from_x = centre_x - scale * (centre_x + take.pan_px[0] * index)
        from_y = centre_y - scale * (centre_y + take.pan_px[1] * index)
        matrix = np.array([[scale, 0, from_x], [0, scale, from_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture_HWC: np.ndarray = cv2.warpAffine(
            self._texture_HWC, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP
        )
        return picture_HWC


def _texture(take: Take, seed: int, size: tuple[int, int]) -> np.ndarray:
    """Return smooth coloured noise: uint8 (H, W, 3), twice `size`, tileable."""
    rng = np.random.default_rng(seed)
    shape = (size[1] * 2, size[0] * 2)
    # Noise with a soft spectrum: structure from a few pixels up to half the picture.
    row_freq, col_freq = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(row_freq, col_freq)
    weight = np.exp(-((frequency / 0.08) ** 2)) / (frequency + 0.02)
    noise_HW = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * weight, shape)
    noise_HW *= 40 * take.contrast / noise_HW.std()
    hue = 2 * np.pi * (seed * 0.618034 % 1)
    luma = 60 + 130 * (seed * 0.381966 % 1) if take.luma is None else take.luma
    tint_C = 45 * np.cos(hue - 2 * np.pi * np.arange(3) / 3) * min(1.0, luma / 60)
    picture_HWC = luma + tint_C + noise_HW[:, :, None] * np.array([1.0, 0.9, 0.8])
    texture_HWC: np.ndarray = np.clip(np.rint(picture_HWC), 0, 255).astype(np.uint8)
    return texture_HWC


def _bits(number: int) -> list[bool]:
    """Return the bits of the number, lowest first, and two check bits."""
    bits = [bool(number >> place & 1) for place in range(NUMBER_BITS)]
    check = (number * 5 + sum(bits)) % 4
    return [*bits, bool(check & 1), not check & 2]


def _cells(width: int, height: int, margin: float = 0.25) -> list[tuple[int, int, int, int]]:
    """Return top, bottom, left, right of each block of the number, less a margin on each side."""
    count = NUMBER_BITS + 4
    edges = [(round((i + margin) * width / count), round((i + 1 - margin) * width / count))
             for i in range(count)]  # fmt: skip
    top, bottom = round(margin * height / 6), round((1 - margin) * height / 6)
    return [(top, max(bottom, top + 1), left, max(right, left + 1)) for left, right in edges]


def _draw_number(picture_HWC: np.ndarray, number: int) -> None:
    height, width = picture_HWC.shape[:2]
    values = [True, False, *_bits(number % 2**NUMBER_BITS)]
    for (top, bottom, left, right), value in zip(_cells(width, height, 0), values, strict=True):
        picture_HWC[top:bottom, left:right] = 235 if value else 20


def _options(codec: str, more: dict[str, str] | None) -> dict[str, str]:
    quality = {
        "libx264": {"preset": "ultrafast", "crf": "12", "threads": "1"},
        "libx265": {"preset": "ultrafast", "crf": "12", "x265-params": "log-level=none:pools=1"},
        "libvpx": {"deadline": "realtime", "cpu-used": "8", "b": "4M", "qmax": "20"},
        "mpeg4": {"qmin": "1", "qmax": "3", "b": "8M"},
        "mpeg2video": {"qmin": "1", "qmax": "3", "b": "8M"},
    }
    return {**quality.get(codec, {}), **(more or {})}


def _sound(stream: Any, beeps_s: Sequence[float], from_s: float, to_s: float) -> Iterator[Any]:
    """Yield the packets of a hum with beeps; times are on the video's clock."""
    import av

    begin, end = (round(time_s * AUDIO_RATE_HZ) for time_s in (from_s, to_s))
    clock_s = np.arange(begin, end) / AUDIO_RATE_HZ
    wave = 0.03 * np.sin(2 * np.pi * 200 * clock_s)
    for beep_s in beeps_s:
        sounding = (clock_s >= beep_s) & (clock_s < beep_s + BEEP_S)
        wave[sounding] += 0.7 * np.sin(2 * np.pi * 1500 * (clock_s[sounding] - beep_s))
    samples = np.rint(wave * 32767).astype(np.int16)
    for first in range(0, len(samples), 960):
        block = samples[None, first : first + 960]
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE_HZ
        frame.pts, frame.time_base = begin + first, Fraction(1, AUDIO_RATE_HZ)
        yield from stream.encode(frame)
    yield from stream.encode()
