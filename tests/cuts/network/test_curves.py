"""The network over a video as it comes: chunks change nothing, ends stand still."""

import numpy as np
import pytest

from rushes.cuts.network.curves import CurveReader
from tests.cuts.network.made import film, weights

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from rushes.cuts.network.graphs import judge_graph, look_graph  # noqa: E402
from rushes.cuts.network.model import judge, look  # noqa: E402


@pytest.fixture(scope="module")
def sessions():
    made = weights()
    return [
        onnxruntime.InferenceSession(
            build(made).SerializeToString(), providers=["CPUExecutionProvider"]
        )
        for build in (look_graph, judge_graph)
    ]


def read(sessions, pictures, chunk):
    reader = CurveReader(*sessions, chunk=chunk)
    for picture in pictures:
        reader.feed(picture)
    return reader.finish()


def test_the_chunk_changes_no_number(sessions):
    pictures = np.concatenate([film(1).frames_THWC, film(2).frames_THWC])[:, ::2, ::2]
    whole = read(sessions, pictures, 1000)
    assert whole.shape == (240, 4)
    for chunk in (1, 7, 100, 240):
        assert np.abs(read(sessions, pictures, chunk) - whole).max() < 1e-5


@pytest.mark.parametrize("frames", [0, 1, 2, 30])
def test_short_videos_have_curves_too(sessions, frames):
    found = read(sessions, film(1, frames=40).frames_THWC[:frames, ::2, ::2], 16)
    assert found.shape == (frames, 4)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_reader_begins_anew_after_finish(sessions):
    pictures = film(1).frames_THWC[:, ::2, ::2]
    reader = CurveReader(*sessions, chunk=50)
    found = []
    for _ in range(2):
        for picture in pictures:
            reader.feed(picture)
        found.append(reader.finish())
    assert (found[0] == found[1]).all()


def test_torch_says_the_same(sessions):
    torch = pytest.importorskip("torch")
    made = {name: torch.from_numpy(values) for name, values in weights().items()}
    pictures = film(1, frames=300).frames_THWC[:, ::2, ::2].copy()
    with torch.no_grad():
        features = look(made, torch.from_numpy(pictures))
        curves = torch.sigmoid(judge(made, features[None]))[0]
    seen = sessions[0].run(None, {"frames_NHWC": pictures})[0]
    judged = sessions[1].run(None, {"features_TF": seen})[0]
    assert np.abs(seen - features.numpy()).max() < 1e-4
    assert np.abs(judged - curves.numpy()).max() < 1e-4
