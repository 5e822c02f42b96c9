"""Motion speed of a clip, by an optical flow network on the source itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from rushes.errors import ItemError, MissingDependency, RecipeError
from rushes.files import sha256_of
from rushes.media.decode import frames_between
from rushes.media.frames import FrameConverter, new_scaler
from rushes.networks.session import open_session
from rushes.records import Field, Row
from rushes.stages.items import ClipInput, FrameSpec
from rushes.stages.protocols import AnnotatorDefaults, Inputs, ModelSetting

SHORT_SIDE_PX = 450
"""Height of a landscape picture, from SVD's paper: 800×450."""
MULTIPLE_PX = 8
"""RAFT works at an eighth of the size, so sides are padded to a multiple of this."""
UPDATES = 12
"""Refinements of RAFT's flow: torchvision's default."""
FEATURES_LARGE = 64
"""Channels of the first convolution of raft_large; raft_small has half of them."""
HASHED_DIGITS = 8
WEIGHTS = "raft_large_C_T_SKHT_V2-ff5fadd5.pth"
_NO_WEIGHTS = f'flow: no weights are named; write model = "/folder/{WEIGHTS}" (docs/motion.md)'

_Network = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two pictures, uint8 (H, W, 3) → the flow between them, (H, W, 2) in pixels."""


class Flow(AnnotatorDefaults):
    """Mean length of RAFT's flow between neighbouring frames, decoded from the source once more.

    The only scorer that decodes pictures again: for the small set of a last stage, in no recipe by
    default. It takes the pairs of frames of the scan's `motion`, two a second, without bars, at
    800×450. The unit is that of `motion.speed`; where the two differ a lot, this one is right.

    Needs a file of weights, named in `model`: `raft_large_C_T_SKHT_V2-ff5fadd5.pth` or
    `raft_small_C_T_V2-01064c6d.pth` as torchvision publishes them (which needs torch and
    torchvision), or an ONNX export with two pictures as inputs. A pair took 23 seconds of a CPU
    with raft_large and 9 with raft_small, and a second of video has two pairs: use a GPU.

    Lies where there is nothing to track: in black, fog or a plain wall a flow network invents
    motion. Subtitles and logos count as still picture. Where a source repeats frames, the time
    between two of them is that of the file.

    Source: Teed & Deng 2020 (RAFT); SVD (arXiv:2311.15127) for the size. Tested here with random
    weights of the true shapes and with generated networks, not with the real weights.
    """

    name: ClassVar = "flow"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(probes=("motion",), models=(ModelSetting("model", _NO_WEIGHTS),))
    fields = (
        Field(name="speed", label="Motion speed (RAFT)", unit="%diag/s", low=0,
              about="Mean flow by RAFT; decodes the source again"),
        Field(name="peak", label="Fastest motion (RAFT)", unit="%diag/s", low=0,
              about="95th percentile of the flow over the frame; decodes the source again"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Choice of the network, and of the pairs it sees."""

        model: str = ""
        """Absolute path of the weights: .pth from torchvision, or .onnx."""
        values: Literal["-1..1", "0..255"] = "-1..1"
        """Values of black and white that an ONNX export expects; torchvision's: -1 and 1."""
        most_pairs: int = 20
        """Most pairs of a clip, evenly spread; ten seconds have 20."""

    def setup(self, device: str, models: Mapping[str, Path]) -> None:
        """Load the network."""
        (path,) = models.values()
        if path.suffix == ".onnx":
            self._network = _from_onnx(path, device, self.params.values)
        else:
            self._network = _from_torch(path, device)

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return the speeds of each clip; ItemError for one without two neighbouring frames."""
        return [self._row(item) for item in items]

    def _row(self, item: ClipInput) -> Row:
        pairs = _pairs(item, self.params.most_pairs)
        pictures = _pictures(item, sorted({pts for pair in pairs for pts in pair}))
        means, peaks = [], []
        for pts, next_pts in pairs:
            if pts not in pictures or next_pts not in pictures:
                continue  # the decoder left it out this time
            before, after = pictures[pts], pictures[next_pts]
            flow_HW2 = self._network(before, after)
            lengths = np.hypot(flow_HW2[..., 0], flow_HW2[..., 1])
            gap_s = float((next_pts - pts) * item.video.time_base)
            per_s = 100.0 / float(np.hypot(*before.shape[:2])) / gap_s
            means.append(float(lengths.mean()) * per_s)
            peaks.append(float(np.quantile(lengths, 0.95)) * per_s)
        if not means:
            raise ItemError("none of the clip's pairs of frames could be decoded again")
        return {"speed": float(np.mean(means)), "peak": float(np.mean(peaks))}


def _pairs(item: ClipInput, most: int) -> list[tuple[int, int]]:
    """Return the pts of neighbouring frames that the scan measured inside the clip."""
    signals = item.signals["motion"]
    next_pts = signals.columns["next_pts"]
    rows = np.flatnonzero(next_pts < item.clip.out_pts)
    if not len(rows):
        raise ItemError("no motion was measured inside the clip; it may be a single frame")
    spread = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return [(int(signals.pts[row]), int(next_pts[row])) for row in rows[spread]]


def _pictures(item: ClipInput, wanted: Sequence[int]) -> dict[int, np.ndarray]:
    """Return frames of the source by pts: RGB (H, W, 3), without bars, at the network's height."""
    import cv2

    spec, scaler, wanted_pts = FrameSpec(colour="rgb"), new_scaler(), set(wanted)
    pictures = {}
    for decoded in frames_between(item.video, wanted[0], wanted[-1] + 1):
        if decoded.pts not in wanted_pts:
            continue
        whole_HWC = FrameConverter(decoded.frame, item.video, scaler).get(spec)
        left, top, width, height = item.box.inside(*whole_HWC.shape[1::-1], even=False)
        shown_HWC = np.ascontiguousarray(whole_HWC[top : top + height, left : left + width])
        scale = SHORT_SIDE_PX / min(width, height)
        size = (round(width * scale), round(height * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pictures[decoded.pts] = np.asarray(cv2.resize(shown_HWC, size, interpolation=how))
    return pictures


def _padded(picture_HWC: np.ndarray) -> np.ndarray:
    """Return the picture padded to whole eighths, its last line and column repeated."""
    height, width = picture_HWC.shape[:2]
    return np.pad(
        picture_HWC, ((0, -height % MULTIPLE_PX), (0, -width % MULTIPLE_PX), (0, 0)), mode="edge"
    )


def _planes(picture_HWC: np.ndarray, values: str) -> np.ndarray:
    """Return a picture as input of a network: float32 (1, 3, H, W)."""
    planes: np.ndarray = picture_HWC.transpose(2, 0, 1)[None].astype(np.float32)
    return planes if values == "0..255" else planes / 127.5 - 1.0


def _from_onnx(path: Path, device: str, values: str) -> _Network:
    """Load an ONNX export; pictures are stretched to its size if that is fixed.

    Raises:
        RecipeError: Its inputs are not two pictures (1, 3, H, W).
    """
    import cv2

    session = open_session(path, device=device)
    inputs = session.get_inputs()
    if len(inputs) != 2 or any(len(one.shape) != 4 for one in inputs):
        raise RecipeError(f"{path}: a flow network takes two pictures (1, 3, H, W); this one takes "
                          f"{[(one.name, one.shape) for one in inputs]}")  # fmt: skip
    high, wide = inputs[0].shape[2:]
    is_fixed = isinstance(high, int) and isinstance(wide, int)

    def flow(before_HWC: np.ndarray, after_HWC: np.ndarray) -> np.ndarray:
        height, width = before_HWC.shape[:2]
        pair = [before_HWC, after_HWC]
        if is_fixed:
            pair = [cv2.resize(one, (wide, high), interpolation=cv2.INTER_AREA) for one in pair]
        fed = {
            one.name: _planes(_padded(picture), values)
            for one, picture in zip(inputs, pair, strict=True)
        }
        flow_HW2 = session.run(None, fed)[-1][0].transpose(1, 2, 0)
        if is_fixed:
            return np.asarray(flow_HW2 * (width / wide, height / high))
        return np.asarray(flow_HW2[:height, :width])

    return flow


def _from_torch(path: Path, device: str) -> _Network:
    """Load torchvision's raft_small or raft_large, by the shape of the weights.

    Raises:
        MissingDependency: torch or torchvision is not installed, or their versions do not match.
        RecipeError: The file's hash is not the one in its name, or it holds no RAFT.
    """
    digits = path.stem.rpartition("-")[2] if "-" in path.stem else ""
    if len(digits) == HASHED_DIGITS and not sha256_of(path).startswith(digits):
        raise RecipeError(f"{path}: its sha256 does not begin with {digits}, as its name says; "
                          f"get it again")  # fmt: skip
    try:
        torch: Any = import_module("torch")
        networks: Any = import_module("torchvision.models.optical_flow")
    except (ImportError, RuntimeError) as error:
        raise MissingDependency(
            f"RAFT from a .pth file needs torch and a torchvision that fits it: pip install torch "
            f"torchvision; or name an .onnx export ({error})"
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        is_large = len(state["feature_encoder.convnormrelu.0.weight"]) == FEATURES_LARGE
        network = (networks.raft_large if is_large else networks.raft_small)(weights=None)
        network.load_state_dict(state)
    except Exception as error:  # a pickle can fail in any way
        raise RecipeError(f"{path} holds no RAFT of torchvision's: {error}") from error
    where = "cuda" if device.startswith("cuda") and torch.cuda.is_available() else "cpu"
    network = network.eval().to(where)

    def flow(before_HWC: np.ndarray, after_HWC: np.ndarray) -> np.ndarray:
        height, width = before_HWC.shape[:2]
        fed = [
            torch.from_numpy(_planes(_padded(one), "-1..1")).to(where)
            for one in (before_HWC, after_HWC)
        ]
        with torch.inference_mode():
            flow_12HW = network(*fed, num_flow_updates=UPDATES)[-1]
        return np.asarray(flow_12HW[0].permute(1, 2, 0).cpu().numpy()[:height, :width])

    return flow
