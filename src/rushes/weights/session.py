"""Runs an ONNX file on this machine."""

from pathlib import Path
from typing import Any

from rushes.errors import ItemError, MissingDependency


def open_session(path: Path, threads: int = 1) -> Any:
    """Return an `onnxruntime.InferenceSession`, on the CPU.

    Args:
        path: The file, as `models.path_of` returns it.
        threads: How many it uses; one where the processes already fill the cores.

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
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base
        raise ItemError(f"{path.name} cannot be loaded: {error}") from error
