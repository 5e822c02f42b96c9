"""Contracts of probes and detectors."""

from pathlib import Path
from typing import Any

import numpy as np

from rushes.media.decode import Decoder
from rushes.records import Cut, Field, Video
from rushes.stages.rows import check_row
from rushes.testing.contract.material import (
    Models,
    new_probes,
    require,
    signals_of,
    videos,
)


def check_probe(key: str, stage: Any, folder: Path, models: Models) -> None:
    """Scan every video twice; compare the signals with their declaration and with each other."""
    for video in videos(folder / "videos"):
        where = f"{key} on {Path(video.path).stem}"
        stages = [*new_probes(stage.inputs.probes), stage]
        first, again = (
            signals_of(folder / run, video, stages, models)[stage.name] for run in ("a", "b")
        )
        frames = {decoded.pts for decoded in Decoder(video)}
        names = {field.name for field in stage.fields}
        require(set(first.columns) == names, f"{where} gave {sorted(first.columns)}")
        require(set(first.pts.tolist()) <= frames, f"{where} gave pts that no frame has")
        require(bool((np.diff(first.pts) > 0).all()), f"{where} gave pts out of order")
        for field in stage.fields:
            values = first.columns[field.name]
            require(len(values) == len(first.pts), f"{where}: {field.name} has another length")
            _check_column(where, field, values)
            require(
                values.tobytes() == again.columns[field.name].tobytes(),
                f"{where}: {field.name} differs when it is measured again",
            )
    _check_abort(key, stage, folder / "abort", video)


def _check_abort(key: str, stage: Any, folder: Path, video: Video) -> None:
    folder.mkdir()
    stage.start(video, folder / "stem")
    stage.abort()
    left = sorted(path.name for path in folder.iterdir())
    require(not left, f"{key} leaves {left} when it is given up")


def _check_column(where: str, field: Field, values: np.ndarray) -> None:
    for value in values.tolist():
        check_row(where, (field,), {field.name: value})


def check_detector(key: str, stage: Any, folder: Path, models: Models) -> None:
    """Detect twice in the signals of every video; compare the cuts with the rules of `Cut`."""
    for video in videos(folder / "videos"):
        where = f"{key} on {Path(video.path).stem}"
        signals = signals_of(folder / "project", video, new_probes(stage.inputs.probes), models)
        cuts = list(stage.detect(signals))
        require(cuts == list(stage.detect(signals)), f"{where} finds other cuts the second time")
        times = next(iter(signals.values()))
        allowed = {*times.pts.tolist(), times.end_pts}
        for cut in cuts:
            _check_cut(where, cut, allowed, stage.name)
        order = [(cut.start_pts, cut.pts) for cut in cuts]
        is_even = Path(video.path).stem in ("black", "white", "one_frame")
        require(order == sorted(order), f"{where} gave cuts out of order")
        require(not (is_even and cuts), f"{where} sees cuts where nothing changes")


def _check_cut(where: str, cut: Cut, allowed: set[int], name: str) -> None:
    require(cut.start_pts <= cut.pts, f"{where}: {cut} ends before it begins")
    require((cut.start_pts == cut.pts) == (cut.kind == "hard"), f"{where}: {cut} is not {cut.kind}")
    require({cut.start_pts, cut.pts} <= allowed, f"{where}: {cut} is at no frame")
    require(0 <= cut.confidence <= 1, f"{where}: {cut} has a confidence outside 0…1")
    require(cut.detector == name, f"{where}: {cut} names another detector")
    require(type(cut.pts) is type(cut.start_pts) is int, f"{where}: {cut} has pts that are no int")
