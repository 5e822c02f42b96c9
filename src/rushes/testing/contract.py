"""What every stage promises, checked: for tests here and in packages that bring stages.

from rushes.testing.contract import check_stage

def test_noise(tmp_path):
check_stage("scorer/noise", tmp_path)
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rushes.catalog.signals import read_signals
from rushes.errors import ContractError, ItemError
from rushes.footage.scan import ScanTask, scan
from rushes.media.decode import Decoder
from rushes.media.probe import probe
from rushes.media.stills import read_stills
from rushes.models.store import CACHE, path_of
from rushes.records import Clip, Cut, Field, Row, Video
from rushes.stages import registry
from rushes.stages.fingerprints import models_of, probe_inputs, scorer_inputs
from rushes.stages.items import ClipInput, Sample, Signals
from rushes.stages.rows import check_row
from rushes.testing.videos import Take, make_video

MOST_PARAMS = 12

_MOVING = Take(frames=30, pan_px=(2, 1))
_VIDEOS: Mapping[str, Any] = {
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


_Models = Mapping[str, Path] | None
_Settings = Mapping[str, Mapping[str, Any]] | None


def check_stage(
    key: str,
    folder: Path,
    models: Mapping[str, Path] | None = None,
    settings: _Settings = None,
) -> None:
    """Raise unless the stage keeps what its kind promises.

    It is fed small videos: moving, black, of a single frame, of odd size, turned, of variable
    frame rate, with and without sound. Same input must give the same rows, a batch the same as its
    items one by one, and every row must be as declared.

    Args:
        key: As the registry has it: "scorer/motion".
        folder: An empty folder to work in.
        models: Files of the models that stages name; by default those on this machine.
        settings: By the keys of stages, what they need beyond their defaults: this one, and those
            that it reads.

    Raises:
        ContractError: It does not; the message says what it did.
    """
    stage_class = registry.load(key)
    kind, _, name = key.partition("/")
    _require(stage_class.name == name, f"{key} calls itself {stage_class.name!r}")
    _require(isinstance(stage_class.version, int), f"{key}.version must be a whole number")
    params = stage_class.Params
    _require(is_dataclass(params), f"{key}.Params must be a dataclass")
    _require(len(fields(params)) <= MOST_PARAMS, f"{key}.Params has more than {MOST_PARAMS} fields")
    for field in getattr(stage_class, "fields", ()):
        _require(bool(field.about), f"{key}.{field.name} must say what it measures")
    checks: Mapping[str, Any] = {
        "probe": _check_probe,
        "detector": _check_detector,
        "scorer": partial(_check_scorer, settings=settings),
        "captioner": partial(_check_scorer, settings=settings),
        "exporter": _check_exporter,
    }
    _require(kind in checks, f"{key}: there is no kind of stage called {kind!r}")
    checks[kind](key, _made(key, settings), folder, models)


def _made(key: str, settings: _Settings) -> Any:
    stage_class = registry.load(key)
    return stage_class(stage_class.Params(**(settings or {}).get(key, {})))


def videos(folder: Path) -> Iterator[Video]:
    """Make the videos that stages are checked with, one after another; each has its own quirk."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in _VIDEOS.items():
        path = folder / f"{name}.mkv"
        if not path.exists():
            make(path)
        yield probe(path)


def _check_probe(key: str, stage: Any, folder: Path, models: _Models) -> None:
    for video in videos(folder / "videos"):
        where = f"{key} on {Path(video.path).stem}"
        stages = [*_probes(stage.inputs.probes), stage]
        first, again = (
            _scanned(folder / run, video, stages, models)[stage.name] for run in ("a", "b")
        )
        frames = {decoded.pts for decoded in Decoder(video.path)}
        names = {field.name for field in stage.fields}
        _require(set(first.columns) == names, f"{where} gave {sorted(first.columns)}")
        _require(set(first.pts.tolist()) <= frames, f"{where} gave pts that no frame has")
        _require(bool((np.diff(first.pts) > 0).all()), f"{where} gave pts out of order")
        for field in stage.fields:
            values = first.columns[field.name]
            _require(len(values) == len(first.pts), f"{where}: {field.name} has another length")
            _check_column(where, field, values)
            _require(
                values.tobytes() == again.columns[field.name].tobytes(),
                f"{where}: {field.name} differs when it is measured again",
            )
    _check_abort(key, stage, folder / "abort", video)


def _check_abort(key: str, stage: Any, folder: Path, video: Video) -> None:
    folder.mkdir()
    stage.start(video, folder / "stem")
    stage.abort()
    left = sorted(path.name for path in folder.iterdir())
    _require(not left, f"{key} leaves {left} when it is given up")


def _check_column(where: str, field: Field, values: np.ndarray) -> None:
    for value in values.tolist():
        check_row(where, (field,), {field.name: value})


def _check_detector(key: str, stage: Any, folder: Path, models: _Models) -> None:
    for video in videos(folder / "videos"):
        where = f"{key} on {Path(video.path).stem}"
        signals = _scanned(folder / "project", video, _probes(stage.inputs.probes), models)
        cuts = list(stage.detect(signals))
        _require(cuts == list(stage.detect(signals)), f"{where} finds other cuts the second time")
        times = next(iter(signals.values()))
        allowed = {*times.pts.tolist(), times.end_pts}
        for cut in cuts:
            _check_cut(where, cut, allowed, stage.name)
        order = [(cut.start_pts, cut.pts) for cut in cuts]
        is_even = Path(video.path).stem in ("black", "white", "one_frame")
        _require(order == sorted(order), f"{where} gave cuts out of order")
        _require(not (is_even and cuts), f"{where} sees cuts where nothing changes")


def _check_cut(where: str, cut: Cut, allowed: set[int], name: str) -> None:
    _require(cut.start_pts <= cut.pts, f"{where}: {cut} ends before it begins")
    _require(
        (cut.start_pts == cut.pts) == (cut.kind == "hard"), f"{where}: {cut} is not {cut.kind}"
    )
    _require({cut.start_pts, cut.pts} <= allowed, f"{where}: {cut} is at no frame")
    _require(0 <= cut.confidence <= 1, f"{where}: {cut} has a confidence outside 0…1")
    _require(cut.detector == name, f"{where}: {cut} names another detector")
    _require(type(cut.pts) is type(cut.start_pts) is int, f"{where}: {cut} has pts that are no int")


def _check_scorer(key: str, stage: Any, folder: Path, models: _Models, settings: _Settings) -> None:
    read = {name: _made(f"scorer/{name}", settings) for name in scorer_inputs(stage)}
    needs = list(probe_inputs(stage))
    for scorer in (stage, *read.values()):
        scorer.setup("cpu", _files(scorer, models))
        needs += [need for need in probe_inputs(scorer) if need not in needs]
    items = []
    for video in videos(folder / "videos"):
        signals = _scanned(folder / "project", video, _probes(needs), models)
        stills = folder / "project" / "stills" / f"{video.id}.still.mkv"
        own = list(_items(stage, video, signals, stills))
        seen = {name: list(_items(r, video, signals, stills)) for name, r in read.items()}
        for at, item in enumerate(own):
            scores = {
                name: _row_or_error(f"scorer/{name}", read[name], seen[name][at]) for name in read
            }
            if all(row is not None for row in scores.values()):
                known = {name: _widened(row) for name, row in scores.items() if row is not None}
                items.append(replace(item, scores=known))
    rows = [_row_or_error(key, stage, item) for item in items]
    good = [(item, row) for item, row in zip(items, rows, strict=True) if row is not None]
    _require(bool(good), f"{key} has no row for any video")
    together = [check_row(key, stage.fields, row) for row in stage.annotate([i for i, _ in good])]
    _require(len(together) == len(good), f"{key} returned {len(together)} rows for {len(good)}")
    for (item, alone), row in zip(good, together, strict=True):
        where = f"{key} on {Path(item.video.path).stem}"
        _require(_is_same(alone, row), f"{where} gave {alone} alone and {row} in a batch")
    _require(list(stage.annotate([])) == [], f"{key} must return no row for no item")


def _row_or_error(key: str, stage: Any, item: ClipInput) -> Row | None:
    """Return the checked row of one item; None where the stage says that it cannot be done."""
    try:
        (row,) = stage.annotate([item])
    except ItemError as error:
        _require(bool(str(error)), f"{key} raised an ItemError that says nothing")
        return None
    return check_row(key, stage.fields, row)


def _widened(row: Row) -> Row:
    """Return a row as scorers that read it are given it."""
    return {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in row.items()
    }


def _is_same(one: Row, other: Row) -> bool:
    return all(
        np.allclose(value, other[name], rtol=1e-2, atol=1e-3)  # they are kept at half precision
        if isinstance(value, np.ndarray)
        else value == other[name]
        or (isinstance(value, float) and math.isclose(value, other[name], rel_tol=1e-5))
        for name, value in one.items()
    )


def _items(
    stage: Any, video: Video, signals: Mapping[str, Signals], stills: Path
) -> Iterator[ClipInput]:
    """Yield a video's clips as the scorer sees them: the whole, its first frame, and nothing."""
    frames = [decoded.pts for decoded in Decoder(video.path)]
    ends = [video.end_pts, frames[1] if len(frames) > 1 else video.end_pts, frames[0]]
    for out_pts, count in zip(ends, (len(frames), 1, 0), strict=True):
        inside = {name: found.span(frames[0], out_pts) for name, found in signals.items()}
        stills_THWC = np.zeros((0, 2, 2, 3), np.uint8)
        if stage.frames is not None and len(inside["still"].pts):
            wanted = np.arange(len(inside["still"].pts))
            size = stage.frames.short_side_px
            stills_THWC = np.stack(list(read_stills(stills, wanted, short_side_px=size)))
        clip = Clip(video_id=video.id, in_pts=frames[0], out_pts=out_pts, frames=count)
        yield ClipInput(
            clip=clip,
            video=video,
            stills_THWC=stills_THWC,
            signals=inside,
            caption="a blue picture" if count > 1 else "",
        )


def _check_exporter(key: str, stage: Any, folder: Path, models: _Models) -> None:
    size = min(stage.group_size, 3)
    _require(size >= 1, f"{key}.group_size must be at least 1")
    keys = [f"clip_{number}" for number in range(size)]
    names = sorted(stage.outputs(0, keys))
    _require(len(set(names)) == len(names) > 0, f"{key}.outputs must name its files, each once")
    _require(not set(names) & set(stage.outputs(1, ["other"])), f"{key}: two groups share a file")
    contents = []
    for run in ("a", "b"):
        samples = [_sample(folder / run, name) for name in keys]
        out = folder / run / "out"
        for _ in range(2):  # a second time, as after a kill before it could be noted
            stage.write(0, samples, out)
            found = sorted(path.name for path in out.iterdir())
            _require(found == names, f"{key} declares {names} and wrote {found}")
        contents.append([(out / name).read_bytes() for name in names])
    _require(contents[0] == contents[1], f"{key} writes other bytes for the same samples")


def _sample(folder: Path, name: str) -> Sample:
    media = folder / "encoded" / f"{name}.mp4"
    media.parent.mkdir(parents=True, exist_ok=True)
    make_video(media, (3,), size=(16, 16))
    facts: Row = {"clip": name, "video": "/a b/ä.mkv", "in_s": 0.0, "out_s": 0.125, "fps": None}
    return Sample(key=name, media=media, caption=f"größe of {name}", facts=facts)


def _probes(names: Sequence[str]) -> list[Any]:
    """Return the probes of these names, each behind those that it follows."""
    found = []
    for name in names:
        probe_class = registry.load(f"probe/{name}")
        found += [*_probes(probe_class.inputs.probes), probe_class(probe_class.Params())]
    return found


def _scanned(
    folder: Path, video: Video, stages: Sequence[Any], models: _Models
) -> dict[str, Signals]:
    """Return the signals of each probe, by its name."""
    folder.mkdir(exist_ok=True)
    files: dict[str, Path] = {}
    for stage in stages:
        files |= _files(stage, models)
    task = ScanTask(
        video=video,
        probes=tuple((s, s.name) for s in stages),
        folder=folder,
        threads=1,
        models=files,
    )
    rows = scan(task, lambda _: None).rows
    return {name: read_signals(folder / row["signals"]) for name, row in rows.items()}


def _files(stage: Any, models: _Models) -> dict[str, Path]:
    """Return the files of the models that a stage names."""
    given = models or {}
    return {n: given.get(n) or path_of(n, CACHE) for n in models_of(stage)}


def _require(is_kept: bool, otherwise: str) -> None:
    if not is_kept:
        raise ContractError(otherwise)
