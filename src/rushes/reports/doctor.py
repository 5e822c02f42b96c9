"""Checks of this machine: codecs, disk, networks, versions."""

import os
import platform
import shutil
import sys
from pathlib import Path

from rushes.catalog import sqlite_version
from rushes.media.probe import missing_codecs
from rushes.networks.session import devices
from rushes.records import Row


def examine(folder: Path) -> list[Row]:
    """Return the checks as rows: name, whether it is ok, and the finding.

    Args:
        folder: The folder of the project.
    """
    missing = missing_codecs()
    free_bytes = shutil.disk_usage(folder).free
    version = sqlite_version()
    return [
        {
            "name": "python",
            "ok": sys.version_info >= (3, 11),
            "found": f"{platform.python_version()} on {platform.platform()}",
        },
        {
            "name": "codecs",
            "ok": not missing,
            "found": f"missing: {', '.join(missing)}"
            if missing
            else "every codec that Rushes writes",
        },
        {"name": "disk", "ok": free_bytes > 1e9, "found": f"{free_bytes / 1e9:.1f} GB free"},
        {"name": "writable", "ok": os.access(folder, os.W_OK), "found": str(folder)},
        {
            "name": "networks",
            "ok": bool(devices()),
            "found": f"onnxruntime on {', '.join(devices())}"
            if devices()
            else "no onnxruntime: pip install 'rushes[neural]'; all else works without",
        },
        {"name": "sqlite", "ok": version >= (3, 35), "found": ".".join(map(str, version))},
    ]
