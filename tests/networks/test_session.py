"""Choice of the device that a network runs on, and the CPU in place of a missing one."""

import numpy as np
import pytest

from rushes.errors import RecipeError
from rushes.networks.session import device_warning, open_session, providers
from tests.tiny_network import write_tiny_network

BUILT = ["CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cpu", ["CPUExecutionProvider"]),
        ("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"]),
        ("CUDA:1", ["CUDAExecutionProvider", "CPUExecutionProvider"]),
        ("coreml", ["CPUExecutionProvider"]),
        ("abacus", ["CPUExecutionProvider"]),
        ("auto", ["CUDAExecutionProvider", "CPUExecutionProvider"]),
    ],
)
def test_the_device_is_taken_where_it_is_there_and_the_cpu_is_the_last_resort(device, expected):
    assert providers(device, BUILT) == expected


def test_a_device_that_is_not_here_is_told_and_one_that_does_not_exist_refused():
    pytest.importorskip("onnxruntime")
    assert device_warning("auto") == device_warning("cpu") == ""
    assert "has no coreml here" in device_warning("coreml")
    with pytest.raises(RecipeError, match="--device abacus: it is one of auto, cpu, cuda"):
        device_warning("abacus")


def test_a_session_runs_here_whatever_device_was_asked_for(tmp_path):
    pytest.importorskip("onnxruntime")
    path = write_tiny_network(tmp_path / "tiny.onnx")
    frames = np.full((1, 2, 27, 48, 3), 255, np.uint8)
    for device in ("cpu", "cuda", "dml", "coreml"):
        session = open_session(path, device=device)
        assert session.get_providers()[-1] == "CPUExecutionProvider"
        assert session.run(["single_BT"], {"frames_BTHWC": frames})[0].tolist() == [[1, 1]]


def test_a_device_that_fails_leaves_the_network_to_the_cpu(tmp_path, monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")
    real, asked = onnxruntime.InferenceSession, []

    def fragile(path, options, providers):
        asked.append(providers)
        if "CUDAExecutionProvider" in providers:
            raise RuntimeError("no driver")
        return real(path, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", fragile)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: BUILT)
    session = open_session(write_tiny_network(tmp_path / "tiny.onnx"), device="cuda")
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert asked == [BUILT, ["CPUExecutionProvider"]]
