"""Runs an ONNX file on this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rushes.errors import ItemError, MissingDependency

PROVIDERS: Mapping[str, str] = {
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""Device → what onnxruntime calls it."""
CPU = "CPUExecutionProvider"


def open_session(path: Path, threads: int = 1, device: str = "cpu") -> Any:
    """Return an `onnxruntime.InferenceSession`; its `get_providers()` says where it runs.

    A device that this machine or this onnxruntime has not, or that cannot take the network, leaves
    it to the CPU: the numbers are the same to about four digits, only later.

    Args:
        path: The file, as `models.path_of` returns it.
        threads: How many the CPU uses; one where the processes already fill the cores.
        device: "cpu", "cuda", "dml" or "coreml".

    Raises:
        MissingDependency: The package onnxruntime is not installed.
        ItemError: The file cannot be loaded.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingDependency(
            "running a network needs onnxruntime: pip install 'rushes[neural]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # windows differ in length; it would keep a plan for each
    options.log_severity_level = 3  # its warnings tell a user nothing
    wanted = providers(device, onnxruntime.get_available_providers())
    try:
        return _open(onnxruntime, path, options, wanted)
    except Exception as error:  # its exceptions have no common base
        raise ItemError(f"{path.name} cannot be loaded: {error}") from error


def providers(device: str, available: list[str]) -> list[str]:
    """Return what a session is to run on, best first; the CPU is always the last resort.

    Args:
        device: "cpu", "cuda", "dml" or "coreml"; "cuda:1" is taken as "cuda".
        available: What this onnxruntime was built with.
    """
    name = PROVIDERS.get(device.partition(":")[0].lower(), CPU)
    return [name, CPU] if name != CPU and name in available else [CPU]


def _open(onnxruntime: Any, path: Path, options: Any, wanted: list[str]) -> Any:
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception:
        if wanted == [CPU]:
            raise
        # A driver may be missing although the package knows the device.
        return onnxruntime.InferenceSession(str(path), options, providers=[CPU])
