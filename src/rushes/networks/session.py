"""Runs an ONNX file on this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rushes.errors import ItemError, MissingDependency, RecipeError

PROVIDERS: Mapping[str, str] = {
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""Device → what onnxruntime calls it."""
CPU = "CPUExecutionProvider"


_BY_THEMSELVES = ("cuda", "dml")
"""What "auto" takes; Core ML only where it is asked for, as it rounds more coarsely."""


def device_warning(device: str) -> str:
    """Return in words what is the matter with a device that a person named; empty if nothing.

    Raises:
        RecipeError: There is no such device.
    """
    kind = device.partition(":")[0].lower()
    known = ["auto", "cpu", *PROVIDERS]
    if kind not in known:
        raise RecipeError(f"--device {device}: it is one of {', '.join(known)}")
    # Asking onnxruntime takes a third of a second, so only where there is something to ask.
    if kind not in PROVIDERS or kind in (here := devices()) or not here:
        return ""
    return f"there is no {kind} here for onnxruntime: networks run on the CPU"


def devices() -> list[str]:
    """Return the devices that onnxruntime can use here; empty where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return []
    available = onnxruntime.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider in available] + ["cpu"]


def open_session(path: Path, threads: int = 1, device: str = "cpu") -> Any:
    """Return an `onnxruntime.InferenceSession`; its `get_providers()` says where it runs.

    A device that this machine or this onnxruntime has not, or that cannot take the network, leaves
    it to the CPU: the numbers are the same to about four digits, only later.

    Args:
        path: The file, as `models.path_of` returns it.
        threads: How many the CPU uses; one where the processes already fill the cores.
        device: "auto" for the best that is here, else "cpu", "cuda", "dml" or "coreml".

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
        device: "auto", "cpu", "cuda", "dml" or "coreml"; "cuda:1" is taken as "cuda".
        available: What this onnxruntime was built with.
    """
    kind = device.partition(":")[0].lower()
    if kind == "auto":
        kind = next((name for name in _BY_THEMSELVES if PROVIDERS[name] in available), "cpu")
    name = PROVIDERS.get(kind, CPU)
    return [name, CPU] if name != CPU and name in available else [CPU]


def _open(onnxruntime: Any, path: Path, options: Any, wanted: list[str]) -> Any:
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception:
        if wanted == [CPU]:
            raise
        # A driver may be missing although the package knows the device.
        return onnxruntime.InferenceSession(str(path), options, providers=[CPU])
