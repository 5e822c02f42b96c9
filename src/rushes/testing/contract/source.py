"""Contract of sources."""

import hashlib
from pathlib import Path
from typing import Any

from rushes.stages.items import Found
from rushes.testing.contract.material import Models, require
from rushes.testing.videos import make_video


def check_source(key: str, stage: Any, folder: Path, models: Models, place: str | None) -> None:
    """List a place twice, compare the listings, and read every file twice."""
    where = place or _folder_of_footage(folder)
    require(stage.accepts(where), f"{key} does not accept {where}")
    missing = f"{where.rstrip('/')}-that-is-missing"
    is_listed = stage.accepts(missing) and any(
        isinstance(found, Found) for found in stage.find(missing, ())
    )
    require(not is_listed, f"{key} finds files at {missing}, which is not there")
    files = [found for found in stage.find(where, ()) if isinstance(found, Found)]
    require(bool(files), f"{key} finds no file at {where}")
    again = [found for found in stage.find(where, ()) if isinstance(found, Found)]
    require(files == again, f"{key} lists other files the second time")
    paths = [found.path for found in files]
    require(len(set(paths)) == len(paths), f"{key} lists a file twice")
    for found in files:
        about = f"{key}: {found.path}"
        require(found.path.startswith("/") or "://" in found.path, f"{about} is not absolute")
        digests = set()
        for _ in range(2):
            with stage.open(found) as file:
                require(file.seekable(), f"{about} opens as a stream that cannot seek")
                digests.add(hashlib.file_digest(file, "sha256").hexdigest())
                size = file.seek(0, 2)
            require(size == found.size_bytes, f"{about} has {size} bytes, not {found.size_bytes}")
        require(len(digests) == 1, f"{about} has other bytes the second time")
    if place is None:
        _check_skipped(key, stage, Path(where))


def _folder_of_footage(folder: Path) -> str:
    root = folder / "footage"
    (root / "day 1").mkdir(parents=True)
    for name in ("b.mp4", "a.mkv", "day 1/ä.mp4"):
        make_video(root / name, (3,), size=(16, 16))
    (root / "notes.txt").write_text("no video")
    return str(root)


def _check_skipped(key: str, stage: Any, root: Path) -> None:
    found = [found.path for found in stage.find(str(root), (root / "day 1",))]
    require(bool(found), f"{key} lists nothing where one folder is to be skipped")
    require(
        not any("day 1" in path for path in found), f"{key} lists a folder that is to be skipped"
    )
