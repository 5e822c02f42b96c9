"""Tone mapping from HDR to SDR by one operator, for all pictures that are read or written.

A PQ (SMPTE ST 2084) or HLG (ARIB STD-B67) picture is mapped to a display with BT.709 colours and a
gamma of 2.4 (BT.1886), whose white is at 203 cd/m² (BT.2408's reference white):

1. Signal to light: PQ's own curve; for HLG the inverse of its camera curve and the OOTF of a
   display of 1000 cd/m² (system gamma 1.2), both from BT.2100.
2. Colours: BT.2020 to BT.709 by matrix. Colours outside of BT.709 are mixed with gray of the same
   luminance until no channel is negative.
3. Tone: the largest of R, G and B goes through the curve of BT.2390 (EETF: a straight line, then a
   Hermite spline, on PQ's scale), from 1000 cd/m² to 203. R, G and B are scaled by the same factor,
   so hues stay, and only light above 1000 cd/m² clips.

The operator is one table of 33×33×33 colours, computed once and applied by FFmpeg's `lut3d`
(tetrahedral) at the output size. Mastering metadata is not read: it is missing or wrong too often,
and neighbouring clips would come out differently.
"""

import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from rushes.records import Video

REFERENCE_WHITE_NITS = 203.0
PEAK_NITS = 1000.0
NODES = 33
_GAMMA = 2.4
_GRAPHS = 4  # for stills and probes, and spare ones for a stream that changes its size
_HLG_GAMMA = 1.2
# SMPTE ST 2084.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# Luminance of the primaries, and BT.2020 → BT.709 (BT.2087).
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722])
_TO_709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349],
     [-0.018151, -0.100579, 1.118730]]
)  # fmt: skip


def to_sdr(signal_N3: np.ndarray, curve: Literal["pq", "hlg"]) -> np.ndarray:
    """Convert BT.2020 HDR R'G'B' to BT.709 SDR R'G'B', both full range 0–1: float64 (N, 3)."""
    signal_N3 = np.clip(signal_N3, 0.0, 1.0)
    nits_N3 = pq_to_nits(signal_N3) if curve == "pq" else _hlg_to_nits(signal_N3)
    wide_N3 = nits_N3 @ _TO_709.T
    gray_N1 = (wide_N3 @ _LUMA_709)[:, None]
    # Largest share of the own colour, the rest gray, without a negative channel.
    least_N1 = np.minimum(wide_N3.min(axis=1, keepdims=True), 0)
    share_N1 = gray_N1 / np.maximum(gray_N1 - least_N1, 1e-9)
    inside_N3 = np.maximum(gray_N1 + (wide_N3 - gray_N1) * share_N1, 0)
    peak_N1 = inside_N3.max(axis=1, keepdims=True)
    linear_N3 = inside_N3 * _eetf(peak_N1) / np.maximum(peak_N1, 1e-6) / REFERENCE_WHITE_NITS
    sdr_N3: np.ndarray = np.clip(linear_N3, 0, 1) ** (1 / _GAMMA)
    return sdr_N3


def pq_to_nits(signal: np.ndarray) -> np.ndarray:
    """Return the luminance, in cd/m², of a PQ signal of 0–1."""
    power = np.asarray(signal) ** (1 / _M2)
    nits: np.ndarray = 10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return nits


def nits_to_pq(nits: np.ndarray) -> np.ndarray:
    """Return the PQ signal, 0–1, of a luminance in cd/m²."""
    power = (np.maximum(nits, 0) / 10_000) ** _M1
    signal: np.ndarray = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return signal


def _hlg_to_nits(signal_N3: np.ndarray) -> np.ndarray:
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene_N3 = np.where(signal_N3 <= 0.5, signal_N3**2 / 3, (np.exp((signal_N3 - c) / a) + b) / 12)
    luminance_N1 = (scene_N3 @ _LUMA_2020)[:, None]
    nits_N3: np.ndarray = PEAK_NITS * np.maximum(luminance_N1, 1e-12) ** (_HLG_GAMMA - 1) * scene_N3
    return nits_N3


def _eetf(nits: np.ndarray) -> np.ndarray:
    """Map luminance by BT.2390's EETF from `PEAK_NITS` to `REFERENCE_WHITE_NITS`, in cd/m²."""
    top = nits_to_pq(np.array(PEAK_NITS))
    wanted = nits_to_pq(np.array(REFERENCE_WHITE_NITS)) / top
    knee = 1.5 * wanted - 0.5
    signal = np.minimum(nits_to_pq(nits) / top, 1.0)
    t = np.clip((signal - knee) / (1 - knee), 0, 1)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * wanted
    )
    return pq_to_nits(np.where(signal < knee, signal, spline) * top)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conversion:
    """The input and output of one filter graph: width, height and pixel format of each."""

    source: tuple[int, int, str]
    target: tuple[int, int, str]
    is_full: bool
    """Whether the output's luma is full range."""


class ToneMap:
    """Converts HDR frames to SDR and scales them."""

    def __init__(self, curve: Literal["pq", "hlg"], *, is_full_range: bool = False) -> None:
        """Prepare.

        Args:
            curve: The source's transfer curve.
            is_full_range: Whether the source's luma is full range.
        """
        self._curve = curve
        self._range = "pc" if is_full_range else "tv"
        self._graphs: dict[_Conversion, Any] = {}

    def convert(
        self, frame: Any, width_px: int, height_px: int, format: str, *, is_full: bool = False
    ) -> Any:
        """Return a new frame in BT.709 (R'G'B' for RGB formats).

        Args:
            frame: A decoder's frame.
            width_px: Output width.
            height_px: Output height.
            format: FFmpeg's name of the output's pixel format.
            is_full: Whether the output's luma is full range.
        """
        conversion = _Conversion(
            source=(frame.width, frame.height, frame.format.name),
            target=(width_px, height_px, format),
            is_full=is_full,
        )
        if conversion not in self._graphs:
            if len(self._graphs) >= _GRAPHS:
                del self._graphs[next(iter(self._graphs))]
            self._graphs[conversion] = self._new_graph(conversion)
        graph = self._graphs[conversion]
        pts, frame.pts = frame.pts, None  # the graph needs no times, and might refuse the source's
        try:
            graph.push(frame)
        finally:
            frame.pts = pts
        return graph.pull()

    def _new_graph(self, conversion: _Conversion) -> Any:
        import av.filter

        width, height, source_format = conversion.source
        to_width, to_height, format = conversion.target

        graph = av.filter.Graph()
        graph.threads = 1
        out_range = "pc" if conversion.is_full else "tv"
        exact = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
        matrix = "" if format.startswith("rgb") else ":out_color_matrix=bt709"
        table = tempfile.NamedTemporaryFile("w", suffix=".cube", prefix="rushes-")  # noqa: SIM115
        table.write(_table(self._curve))
        table.flush()
        chain = [
            ("buffer", f"video_size={width}x{height}:pix_fmt={source_format}:time_base=1/1000"
                       f":pixel_aspect=1/1:colorspace=bt2020nc:range={self._range}"),
            ("scale", f"{to_width}:{to_height}:in_color_matrix=bt2020:in_range={self._range}"
                      f":{exact}"),
            ("format", "gbrp16le"),
            ("lut3d", f"file='{table.name}':interp=tetrahedral"),
            ("scale", f"{to_width}:{to_height}:out_range={out_range}{matrix}:{exact}"),
            ("format", format),
            ("setparams", f"color_primaries=bt709:color_trc=bt709"
                          f"{'' if format.startswith('rgb') else ':colorspace=bt709'}"),
            ("buffersink", ""),
        ]  # fmt: skip
        links = [graph.add(name, args) for name, args in chain]
        table.close()  # the filter has read it
        for one, other in pairwise(links):
            one.link_to(other)
        graph.configure()
        return graph


def tone_map(video: Video) -> ToneMap | None:
    """Return the tone map of an HDR video; None for SDR."""
    is_full = video.color_range == "full" or video.pix_fmt.startswith("yuvj")
    return _tone_map(video.hdr, is_full) if video.hdr else None


@cache
def _tone_map(curve: Literal["pq", "hlg"], is_full_range: bool) -> ToneMap:
    return ToneMap(curve, is_full_range=is_full_range)


@cache
def _table(curve: Literal["pq", "hlg"]) -> str:
    """Return the operator as a `.cube` file for `lut3d`."""
    axis = np.linspace(0, 1, NODES)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")  # red runs fastest
    colours_N3 = to_sdr(np.stack([red, green, blue], axis=-1).reshape(-1, 3), curve)
    rows = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in colours_N3)
    return f"LUT_3D_SIZE {NODES}\n{rows}\n"
