"""Small videos, their signals and models, with which stages are checked."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rushes.catalog.signals import read_signals
from rushes.errors import ContractError
from rushes.footage.scan import ScanTask, scan
from rushes.media.probe import probe
from rushes.models.store import CACHE, path_of
from rushes.records import Video
from rushes.stages import registry
from rushes.stages.fingerprints import models_of
from rushes.stages.items import Signals
from rushes.testing.videos import Take, make_video

Models = Mapping[str, Path] | None
Settings = Mapping[str, Mapping[str, Any]] | None


_MOVING = Take(frames=30, pan_px=(2, 1))
VIDEOS: Mapping[str, Any] = {
    "plain": partial(make_video, takes=(_MOVING, Take(frames=30, zoom=1.01))),
    "black": partial(make_video, takes=(Take(frames=30, contrast=0, luma=0),)),
    "white": partial(make_video, takes=(Take(frames=30, contrast=0, luma=255),)),
    "one_frame": partial(make_video, takes=(1,)),
    "odd_size": partial(make_video, takes=(_MOVING,), size=(98, 66)),
    "tiny": partial(make_video, takes=(_MOVING,), size=(16, 16)),
    "tall": partial(make_video, takes=(_MOVING,), size=(48, 240)),
    "turned": partial(make_video, takes=(_MOVING,), rotation_deg=90),
    "variable": partial(make_video, takes=(9,), pts=(0, 10, 500, 501, 800, 1500, 1510, 2500, 3000,
                                                     4000)),
    "slow": partial(make_video, takes=(3,), fps=1),
    "with_sound": partial(make_video, takes=(_MOVING,), beeps_s=(0.5,)),
    "dissolve": partial(make_video, takes=(Take(frames=30, then="dissolve"), Take(frames=30))),
    "fade": partial(make_video, takes=(Take(frames=30, then="fade"), Take(frames=30))),
}  # fmt: skip
"""Name → the function that writes the video to a path."""


def require(is_kept: bool, otherwise: str) -> None:
    """Raise ContractError with the message `otherwise` unless the promise is kept."""
    if not is_kept:
        raise ContractError(otherwise)


def new_stage(key: str, settings: Settings) -> Any:
    """Return a stage with the settings under its key, and defaults for all others."""
    stage_class = registry.load(key)
    return stage_class(stage_class.Params(**(settings or {}).get(key, {})))


def videos(folder: Path) -> Iterator[Video]:
    """Make and yield the videos of `VIDEOS`, one after another."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in VIDEOS.items():
        path = folder / f"{name}.mkv"
        if not path.exists():
            make(path)
        yield probe(path)


def new_probes(names: Sequence[str]) -> list[Any]:
    """Return the probes of these names, each after those whose results it reads."""
    found = []
    for name in names:
        probe_class = registry.load(f"probe/{name}")
        found += [*new_probes(probe_class.inputs.probes), probe_class(probe_class.Params())]
    return found


def signals_of(
    folder: Path, video: Video, stages: Sequence[Any], models: Models
) -> dict[str, Signals]:
    """Scan a video; return probe name → signals."""
    folder.mkdir(exist_ok=True)
    files: dict[str, Path] = {}
    for stage in stages:
        files |= model_files(stage, models)
    task = ScanTask(
        video=video,
        probes=tuple((s, s.name) for s in stages),
        folder=folder,
        threads=1,
        models=files,
    )
    rows = scan(task, lambda _: None).rows
    return {name: read_signals(folder / row["signals"]) for name, row in rows.items()}


def model_files(stage: Any, models: Models) -> dict[str, Path]:
    """Return model name → file, for each model that a stage names."""
    given = models or {}
    return {n: given.get(n) or path_of(n, CACHE) for n in models_of(stage)}
