"""The precise flow: decoded pairs, units, and both ways to load a network."""

import hashlib
import pickle
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from rushes.annotation.scorers.flow import Flow
from rushes.errors import ItemError, MissingDependency, RecipeError
from rushes.media.probe import probe
from rushes.records import Box, Clip
from rushes.stages.fingerprints import models_of
from rushes.stages.items import ClipInput, Signals
from rushes.testing import Take, make_video

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tests.tiny_flow import write_tiny_flow

FPS = 20


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("flow") / "a.mkv"
    make_video(path, (Take(frames=60, seed=1, luma=200, contrast=0.1),), size=(320, 180), fps=FPS)
    return probe(path)


def item_of(video, *, pts=(0, 500, 1000), gap=50, out_pts=3000, box=None):
    rows = np.array(pts, np.int64)
    signals = Signals(
        time_base=Fraction(1, 1000), pts=rows, end_pts=3000, columns={"next_pts": rows + gap}
    )
    clip = Clip(video_id=video.id, in_pts=0, out_pts=out_pts, frames=60)
    nothing = np.zeros((0, 2, 2, 3), np.uint8)
    item = ClipInput(clip=clip, video=video, stills_THWC=nothing, signals={"motion": signals})
    return replace(item, box=box) if box else item


def scorer_of(path, **params):
    scorer = Flow(Flow.Params(model=str(path), **params))
    scorer.setup("cpu", {str(path): path})
    return scorer


def test_a_known_shift_is_a_known_speed(video, tmp_path):
    scorer = scorer_of(write_tiny_flow(tmp_path / "flow.onnx", shift_px=(3.0, -4.0)))
    (row,) = scorer.annotate([item_of(video)])
    expected = 100 * 5 / np.hypot(800, 450) * FPS  # five pixels of 800×450 in each frame
    assert row["speed"] == pytest.approx(expected, rel=1e-3)
    assert row["peak"] == pytest.approx(expected, rel=1e-3)
    # Twice the time for the same shift is half the speed.
    (slower,) = scorer.annotate([item_of(video, gap=100)])
    assert slower["speed"] == pytest.approx(expected / 2, rel=1e-3)


def test_bars_are_cropped_before_the_network_sees_anything(video, tmp_path):
    scorer = scorer_of(write_tiny_flow(tmp_path / "flow.onnx"))
    (row,) = scorer.annotate([item_of(video, box=Box(top=0.125, bottom=0.125))])
    assert row["speed"] == pytest.approx(100 * 4 / np.hypot(450, 1067) * FPS, rel=0.01)


def test_an_export_of_a_fixed_size_is_scaled_to_and_back(video, tmp_path):
    path = write_tiny_flow(tmp_path / "flow.onnx", shift_px=(2.0, 0.0), size=(224, 320))
    (row,) = scorer_of(path).annotate([item_of(video)])
    assert row["speed"] == pytest.approx(100 * 2 * (800 / 320) / np.hypot(800, 450) * FPS, rel=1e-3)


@pytest.mark.parametrize(("values", "white"), [("-1..1", 200 / 127.5 - 1), ("0..255", 200)])
def test_pictures_are_given_in_the_range_that_the_export_takes(video, tmp_path, values, white):
    path = write_tiny_flow(tmp_path / "flow.onnx", shift_px=(0.0, 0.0), brightness=1.0)
    (row,) = scorer_of(path, values=values).annotate([item_of(video)])
    assert row["speed"] == pytest.approx(100 * white / np.hypot(800, 450) * FPS, rel=0.15)


def test_a_long_clip_is_sampled(video, tmp_path, monkeypatch):
    scorer = scorer_of(write_tiny_flow(tmp_path / "flow.onnx"), most_pairs=2)
    seen = []
    network = scorer._network
    scorer._network = lambda *pair: seen.append(pair) or network(*pair)
    scorer.annotate([item_of(video, pts=range(0, 2900, 100))])
    assert len(seen) == 2


def test_a_clip_of_one_frame_has_no_value(video, tmp_path):
    scorer = scorer_of(write_tiny_flow(tmp_path / "flow.onnx"))
    with pytest.raises(ItemError, match="no motion"):
        scorer.annotate([item_of(video, pts=(0,), out_pts=50)])
    with pytest.raises(ItemError, match="decoded again"):
        scorer.annotate([item_of(video, pts=(7,))])  # no frame is there


def test_what_cannot_be_used_says_what_to_do(tmp_path):
    with pytest.raises(RecipeError, match=r"write model = .*raft_large_C_T_SKHT_V2-ff5fadd5"):
        models_of(Flow(Flow.Params()))
    one = tmp_path / "raft_small_C_T_V2-01064c6d.pth"
    one.write_bytes(b"something else")
    with pytest.raises(RecipeError, match="does not begin with 01064c6d"):
        scorer_of(one)


def test_without_torch_a_checkpoint_asks_for_it(tmp_path, monkeypatch):
    path = tmp_path / "raft.pth"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match="pip install torch torchvision"):
        scorer_of(path)


def _torchvision():
    """Return torch and torchvision's flow networks, also beside a torch that it was not built for.

    Its compiled operators are missing there; RAFT calls none, but their names must be known.
    """
    torch = pytest.importorskip("torch")
    try:
        from torchvision.models import optical_flow
    except ImportError:
        pytest.skip("torchvision is not installed")
    except (RuntimeError, AttributeError):
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms", "roi_align", "_roi_align_backward", "ps_roi_align",
                     "_ps_roi_align_backward", "roi_pool", "_roi_pool_backward", "ps_roi_pool",
                     "_ps_roi_pool_backward", "qroi_align", "deform_conv2d",
                     "_deform_conv2d_backward"):  # fmt: skip
            library.define(f"{name}(Tensor x) -> Tensor")
        _torchvision.library = library  # as long as it lives, so do the names
        from torchvision.models import optical_flow
    return torch, optical_flow


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["raft_small", "raft_large"])
def test_torchvisions_weights_load_and_run(name, video, tmp_path):
    torch, networks = _torchvision()
    torch.manual_seed(0)
    network = getattr(networks, name)(weights=None).eval()
    raw = tmp_path / "raw.pth"
    torch.save(network.state_dict(), raw)
    digits = hashlib.sha256(raw.read_bytes()).hexdigest()[:8]
    path = raw.rename(tmp_path / f"{name}_random-{digits}.pth")
    scorer = scorer_of(path)
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 256, (2, 130, 203, 3), np.uint8)
    found = scorer._network(before, after)
    assert found.shape == (130, 203, 2)
    # The same by hand: padded to 136 × 208 with the last line, scaled to -1…1, the last estimate.
    padded = [np.pad(one, ((0, 6), (0, 5), (0, 0)), mode="edge") for one in (before, after)]
    tensors = [torch.from_numpy(one).permute(2, 0, 1)[None] / 127.5 - 1 for one in padded]
    with torch.no_grad():
        expected = network(*tensors)[-1][0, :, :130, :203].permute(1, 2, 0).numpy()
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()


@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_is_never_executed(tmp_path):
    _torchvision()

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    path = tmp_path / "raft.pth"
    path.write_bytes(pickle.dumps({"feature_encoder.convnormrelu.0.weight": Evil()}))
    with pytest.raises(RecipeError, match="holds no RAFT"):
        scorer_of(path)
    assert not (tmp_path / "executed").exists()
