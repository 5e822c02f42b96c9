"""The one decode of a video, shared by all probes; their signals and files are stored.

Memory does not grow with the length, except for a few bytes of signals a frame. Files get their
final names once the whole video is decoded.
"""

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from rushes.catalog.signals import PROBE_FIELDS
from rushes.context import Context
from rushes.errors import ItemError, MediaError
from rushes.files import scratch_folder
from rushes.media.decode import Decoder
from rushes.media.frames import FrameConverter, new_scaler
from rushes.media.source_file import check_source, retry_command
from rushes.records import Failure, Report, Row, Scanned, Section, Video
from rushes.runner.base import Job, Progress
from rushes.stages.items import ProbeResult, Signals
from rushes.stages.protocols import FrameSink, PostProbe, Probe

_PLACES = ("signals", "stills")
"""Folders of the project: signals of probes, and their own files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTask:
    """One video to scan, as a worker gets it."""

    video: Video
    probes: tuple[tuple[FrameSink, str], ...]
    """Each with its fingerprint."""
    folder: Path
    """The project."""
    threads: int
    models: Mapping[str, Path] = field(default_factory=dict)
    """Files of the models that the probes name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """One scanned video, as the worker returns it."""

    scanned: Scanned
    rows: dict[str, Row]
    """Probe name → its row of `PROBE_FIELDS`."""
    warning: str
    """Damage of a video that could be read; empty if there is none."""


def scan(task: ScanTask, progress: Progress) -> ScanResult:
    """Decode a video once; report progress in seconds of video.

    Raises:
        MediaError: The file cannot be opened, or no frame of it decodes.
    """
    video = task.video
    check_source(video)
    scratch = scratch_folder(task.folder)
    scratch.mkdir(parents=True)
    try:
        try:
            return _scan_into(scratch, task, task.threads, progress)
        except _DamageMet:
            # Decoders conceal damage differently with more threads.
            return _scan_into(scratch, task, 1, progress)
    except OSError as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(
            f"{video.path}: {error.strerror or error} while writing to {task.folder}; "
            f"make room or change the permissions, then run it again"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _DamageMet(Exception):
    """Damage in a decode with several threads."""


def _scan_into(scratch: Path, task: ScanTask, threads: int, progress: Progress) -> ScanResult:
    video = task.video
    probes = [probe for probe, _ in task.probes]
    stems = [f"{video.id}.{fingerprint}" for _, fingerprint in task.probes]
    begun: list[FrameSink] = []
    try:
        for probe, stem in zip(probes, stems, strict=True):
            if _is_post_probe(probe):
                probe.setup("cpu", task.models)
            probe.start(video, scratch / stem)
            begun.append(probe)
        decoder = Decoder(video, threads=threads, fast=True)
        pts, damaged_pts = _stream(decoder, video, probes, progress)
        if threads != 1 and (decoder.is_doubtful or damaged_pts or len(pts) < video.frames_packets):
            raise _DamageMet
        check_source(video)  # a recording may have gone on meanwhile
        measured = _finish(probes)
    except BaseException:
        for probe in begun:
            probe.abort()
        raise
    frames = len(pts) - decoder.frames_repeated
    end_pts = _end_pts(video, pts, frames)
    rows = {
        probe.name: _store_files(
            scratch,
            task.folder,
            stem,
            Signals(
                time_base=video.time_base,
                pts=measured[probe.name].pts,
                end_pts=end_pts,
                columns=measured[probe.name].columns,
            ),
        )
        for probe, stem in zip(probes, stems, strict=True)
    }
    scanned = Scanned(
        frames=frames,
        damaged_pts=tuple(damaged_pts),
        frames_dropped=decoder.frames_dropped,
        packets_lost=decoder.packets_lost,
        sections=decoder.sections,
    )
    return ScanResult(scanned=scanned, rows=rows, warning=_warning(video, scanned, decoder.error))


def _stream(
    decoder: Decoder, video: Video, probes: Sequence[FrameSink], progress: Progress
) -> tuple[np.ndarray, list[int]]:
    """Feed every frame to the probes; return all pts (int64) and those of damaged frames."""
    scaler = new_scaler()
    pts: list[int] = []
    damaged_pts: list[int] = []
    samplers = [_Sampler(probe, video.time_base) for probe in probes]
    section: Section | None = None
    for decoded in decoder:
        if decoded.section is not section:
            if section is not None:  # the first one is that of the video
                video = video.shaped(decoded.section)
                for probe in probes:
                    probe.reshape(video)
            section = decoded.section
        picture = FrameConverter(decoded.frame, video, scaler)
        pts.append(decoded.pts)
        if decoded.is_damaged:
            damaged_pts.append(decoded.pts)
        for sampler in samplers:
            sampler.sample(picture, decoded.pts)
        if len(pts) % 50 == 0:
            progress(video.seconds(decoded.pts) - video.seconds(video.start_pts))
    if not pts:
        raise MediaError(f"{video.path}: no frame can be decoded; {decoder.error or 'no packets'}")
    return np.array(pts, np.int64), damaged_pts


def _is_probe(probe: FrameSink) -> TypeGuard[Probe]:
    return hasattr(probe, "finish")


def _is_post_probe(probe: FrameSink) -> TypeGuard[PostProbe]:
    return hasattr(probe, "finish_with")


def _finish(probes: Sequence[FrameSink]) -> dict[str, ProbeResult]:
    """End the video for all probes, post-probes last."""
    measured = {probe.name: probe.finish() for probe in probes if _is_probe(probe)}
    return measured | {p.name: p.finish_with(measured) for p in probes if _is_post_probe(p)}


class _Sampler:
    """Selects the frames that a probe's spec asks for."""

    def __init__(self, probe: FrameSink, time_base: Fraction) -> None:
        self._probe = probe
        self._spec = probe.frames
        rate = self._spec.per_second
        # Intervals a tick, as a fraction of integers: no drift over hours.
        self._pace = None if rate is None else Fraction(rate) * time_base
        self._first_pts: int | None = None
        self._slot = -1
        self._left_in_burst = 0

    def sample(self, picture: FrameConverter, pts: int) -> None:
        if self._pace is None:
            self._probe.process(picture.get(self._spec), pts, True)
            return
        if self._first_pts is None:
            self._first_pts = pts
        slot = (pts - self._first_pts) * self._pace.numerator // self._pace.denominator
        is_first = slot > self._slot
        if is_first:
            self._slot = slot
            self._left_in_burst = self._spec.burst
        if self._left_in_burst:
            self._left_in_burst -= 1
            self._probe.process(picture.get(self._spec), pts, is_first)


def _end_pts(video: Video, pts: np.ndarray, frames: int) -> int:
    """Return the pts at which the display of the last of so many decoded frames ends."""
    if frames >= video.frames_packets or len(pts) < 2:
        return max(video.end_pts, int(pts[-1]) + 1)
    usual = int(np.median(np.diff(pts)))
    # Where the tail is lost, the container's end would make the last frame stand for minutes.
    is_whole = video.end_pts - pts[-1] <= 2 * usual
    return max(video.end_pts, int(pts[-1]) + 1) if is_whole else int(pts[-1]) + usual


def _store_files(scratch: Path, folder: Path, stem: str, found: Signals) -> Row:
    """Move one probe's files to their places in the project; return its catalog row."""
    signals = Path("signals") / f"{stem}.npz"
    arrays: dict[str, Any] = {f"column_{name}": values for name, values in found.columns.items()}
    np.savez_compressed(
        scratch / signals.name,
        pts=found.pts,
        end_pts=found.end_pts,
        time_base=np.array([found.time_base.numerator, found.time_base.denominator]),
        **arrays,
    )
    own = next((path for path in scratch.glob(f"{stem}.*") if path.suffix != ".npz"), None)
    for path, place in zip((scratch / signals.name, own), _PLACES, strict=True):
        if path is not None:
            (folder / place).mkdir(exist_ok=True)
            path.replace(folder / place / path.name)
    return {
        "signals": str(signals),
        "file": str(Path("stills") / own.name) if own else "",
        "rows": len(found.pts),
    }


def _warning(video: Video, scanned: Scanned, error: str) -> str:
    """Return the damage of a video that could be read, as text; empty if there is none."""
    lost = video.frames_packets - scanned.frames - scanned.frames_dropped
    problems = []
    if lost > max(2, video.frames_packets // 100):
        problems.append(f"{lost} of {video.frames_packets} frames are missing (cut off?)")
    elif video.missing_s:
        problems.append(f"it ends {video.missing_s:g} s before its header says (cut off?)")
    if scanned.packets_lost:
        problems.append(f"{scanned.packets_lost} packets could not be decoded")
    if scanned.damaged_pts:
        problems.append(f"{len(scanned.damaged_pts)} frames are damaged")
    if not problems:
        return ""
    words = f" ({error})" if error else ""
    return f"{video.path}: {', '.join(problems)}{words}; its undamaged clips are used"


def scan_videos(
    context: Context,
    numbers: Sequence[int],
) -> Report:
    """Scan each video for the probes whose signals of it are missing.

    Args:
        context: The open project.
        numbers: The videos.
    """
    missing = missing_probes(context, numbers)
    videos = context.catalog.videos(missing)
    # Few videos: decoder threads use the other cores. Many: one process each does.
    threads = max(1, context.runner.workers // max(1, len(missing)))
    jobs = [
        Job(
            name=video.path,
            payload=ScanTask(
                video=video,
                probes=tuple(
                    (context.recipe.stages("scan")[name], context.recipe.fingerprints.probes[name])
                    for name in missing[number]
                ),
                folder=context.folder,
                threads=threads,
                models=context.models,
            ),
            size=video.duration_s,
            limit_s=600 + 60 * video.duration_s,
        )
        for number, video in videos.items()
    ]
    number_of = {video.id: number for number, video in videos.items()}
    done_count = failed = 0
    for done in context.runner.run("scan", scan, jobs, unit="s of video"):
        video = done.job.payload.video
        if done.result is None:
            error = done.error or ItemError(f"{video.path}: no result")
            context.catalog.failures.add(_failure(video, error))
            failed += 1
            continue
        result = done.result
        rows = {
            f"probe/{name}": (PROBE_FIELDS, context.recipe.fingerprints.probes[name], row)
            for name, row in result.rows.items()
        }
        warning = None
        if result.warning:
            # Decoding it again gives the same; only a better copy in its place helps.
            retry = f"rushes ingest {shlex.quote(video.path)}"
            warning = _failure(video, MediaError(result.warning), retry)
        context.catalog.commit_scan(number_of[video.id], result.scanned, rows, video.path, warning)
        done_count += 1
    return Report(
        verb="scan",
        pending=len(missing),
        done=done_count,
        failed=failed,
        total=len(numbers),
        unit="videos",
    )


def missing_probes(context: Context, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Return video number → probes without signals of it; complete videos are left out."""
    missing: dict[int, list[str]] = {}
    # Two listings, instead of a stat for each of some ten files a video.
    present = {
        f"{place}/{file.name}" for place in _PLACES for file in (context.folder / place).glob("*")
    }
    for name, fingerprint in context.recipe.fingerprints.probes.items():
        rows = context.catalog.stages.rows(f"probe/{name}", PROBE_FIELDS, fingerprint)
        for number in numbers:
            files = [rows[number]["signals"], rows[number]["file"]] if number in rows else []
            # A deleted file is measured again.
            if not files or not all(file in present for file in files if file):
                missing.setdefault(number, []).append(name)
    for names in missing.values():
        for name in list(names):
            needs = context.recipe.stages("scan")[name].inputs.probes
            names += [need for need in needs if need not in names]
    return missing


def _failure(video: Video, error: Exception, retry: str = "") -> Failure:
    return Failure(
        stage="scan",
        item=video.path,
        error=type(error).__name__,
        message=str(error),
        retry=retry or retry_command(error, video, f"rushes scan {shlex.quote(video.path)}"),
    )
