"""Sessions of onnxruntime, and the choice of a device."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rushes.errors import ItemError, MissingDependency, RecipeError

PROVIDERS: Mapping[str, str] = {
    "cuda": "CUDAExecutionProvider",
    "dml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""Device → onnxruntime's name of it."""
CPU = "CPUExecutionProvider"


_AUTOMATIC = ("cuda", "dml")
"""Devices that "auto" may choose; Core ML rounds more coarsely, so it must be named."""


def device_warning(device: str) -> str:
    """Return a warning if a named device is not available here; empty if it is.

    Raises:
        RecipeError: The name is unknown.
    """
    kind = device.partition(":")[0].lower()
    known = ["auto", "cpu", *PROVIDERS]
    if kind not in known:
        raise RecipeError(f"--device {device}: it is one of {', '.join(known)}")
    # Importing onnxruntime takes 0.3 s, so only where it is needed.
    if kind not in PROVIDERS or kind in (here := devices()) or not here:
        return ""
    return f"onnxruntime has no {kind} here: networks run on the CPU"


def devices() -> list[str]:
    """Return the devices that onnxruntime can use here; empty if it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return []
    available = onnxruntime.get_available_providers()
    return [name for name, provider in PROVIDERS.items() if provider in available] + ["cpu"]


def open_session(path: Path, threads: int = 1, device: str = "cpu") -> Any:
    """Return an `onnxruntime.InferenceSession`; its `get_providers()` names the device in use.

    The CPU replaces a device that is missing or cannot run the network; its results agree to about
    four digits.

    Args:
        path: The ONNX file.
        threads: CPU threads; 1 where processes already fill the cores.
        device: "auto" for the best one here, else "cpu", "cuda", "dml" or "coreml".

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
    options.enable_mem_pattern = False  # inputs differ in length, and it would keep memory for each
    options.log_severity_level = 3  # its warnings are of no use to a user
    wanted = providers(device, onnxruntime.get_available_providers())
    try:
        return _open(onnxruntime, path, options, wanted)
    except Exception as error:  # its exceptions have no common base
        raise ItemError(f"{path.name} cannot be loaded: {error}") from error


def providers(device: str, available: list[str]) -> list[str]:
    """Return onnxruntime's providers for a device, the best first, the CPU last.

    Args:
        device: "auto", "cpu", "cuda", "dml" or "coreml"; "cuda:1" counts as "cuda".
        available: Providers that this onnxruntime was built with.
    """
    kind = device.partition(":")[0].lower()
    if kind == "auto":
        kind = next((name for name in _AUTOMATIC if PROVIDERS[name] in available), "cpu")
    name = PROVIDERS.get(kind, CPU)
    return [name, CPU] if name != CPU and name in available else [CPU]


def _open(onnxruntime: Any, path: Path, options: Any, wanted: list[str]) -> Any:
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception:
        if wanted == [CPU]:
            raise
        # The driver may be missing although the package supports the device.
        return onnxruntime.InferenceSession(str(path), options, providers=[CPU])
