"""Detectors to compare, each in its own process: `python -m benchmarks.contenders NAME FILE…`."""

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2

from rushes.cuts.run import CutTask, cut
from rushes.footage.scan import ScanTask, scan
from rushes.media.probe import probe
from rushes.models import store
from rushes.project import Project
from rushes.recipe.recipe import Recipe
from rushes.recipe.runnable import for_stages
from rushes.stages.fingerprints import probe_inputs


def _cpu_s() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def decode(path: str) -> None:
    """Decode every frame with PyAV on one thread and do nothing with it."""
    with av.open(path) as container:
        stream = container.streams.best("video")
        stream.thread_type, stream.thread_count = "NONE", 1
        for _ in container.decode(stream):
            pass


def rushes_without_network(path: str) -> None:
    """Scan and cut by change alone, as a worker does it."""
    _scan_and_cut(path, Recipe({}).without("scan", ["transnet"]))


def rushes_cascade(path: str) -> None:
    """Scan and cut with the network where change leaves doubt, as a worker does it."""
    _scan_and_cut(path, Recipe({}))


def rushes_cut_network(path: str) -> None:
    """Scan and cut with the cut network, as a worker does it."""
    scanned = [name for name in Recipe({}).stages("scan") if name != "transnet"]
    _scan_and_cut(
        path, Recipe({"scan": {"use": [*scanned, "network"]}, "cut": {"use": ["network"]}})
    )


def network_everywhere(path: str) -> None:
    """Scan and cut with the network on every frame."""
    _scan_and_cut(path, Recipe({"scan": {"transnet": {"everywhere": True}}}))


def _scan_and_cut(path: str, recipe: Recipe) -> None:
    found, _ = for_stages(recipe.stages("scan"), store.CACHE)
    video = probe(path)
    with tempfile.TemporaryDirectory() as folder:
        prints = recipe.fingerprints.probes
        task = ScanTask(
            video=video,
            probes=tuple((stage, prints[name]) for name, stage in recipe.stages("scan").items()),
            folder=Path(folder),
            threads=1,
            models=found,
        )
        rows = scan(task, lambda _: None).rows
        detectors = tuple(recipe.stages("cut").values())
        wanted = {
            name for detector in detectors for name in probe_inputs(detector, recipe.stages("scan"))
        }
        cut(
            CutTask(
                video=video,
                detectors=detectors,
                lengths=recipe.own("cut"),
                signals={name: Path(folder) / rows[name]["signals"] for name in wanted},
                damaged_pts=(),
            ),
            lambda _: None,
        )


def rushes_run(path: str) -> None:
    """Do the whole main job in this process, exact clips included."""
    # Every clip, encoded anew, with the settings that PySceneDetect splits with.
    changes = [
        "select.main={}",
        "export.main.mode=exact",
        "export.main.preset=veryfast",
        "export.main.crf=22",
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        Project.open(folder, create=True, workers=0, changes=changes) as project,
    ):
        project.run([path])


def scenedetect_adaptive(path: str) -> None:
    """Detect cuts with PySceneDetect's adaptive detector, defaults, PyAV backend."""
    from scenedetect import AdaptiveDetector, SceneManager, open_video

    manager = SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.detect_scenes(open_video(path, backend="pyav"))


def scenedetect_split(path: str) -> None:
    """Detect as above and split with PySceneDetect's own use of FFmpeg."""
    from scenedetect import AdaptiveDetector, SceneManager, open_video, split_video_ffmpeg

    manager = SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.detect_scenes(open_video(path, backend="pyav"))
    with tempfile.TemporaryDirectory() as folder:
        split_video_ffmpeg(path, manager.get_scene_list(start_in_scene=True), output_dir=folder)


CONTENDERS = {
    f.__name__: f
    for f in (
        decode,
        rushes_without_network,
        rushes_cascade,
        rushes_cut_network,
        network_everywhere,
        rushes_run,
        scenedetect_adaptive,
        scenedetect_split,
    )
}


def can_split() -> bool:
    """Whether FFmpeg's program is there, which PySceneDetect splits with."""
    return shutil.which("ffmpeg") is not None


def has_network() -> bool:
    """Whether TransNetV2 can run here."""
    return not for_stages(Recipe({}).stages("scan"), store.CACHE)[1]


if __name__ == "__main__":
    cv2.setNumThreads(1)
    started = (time.perf_counter(), _cpu_s())  # imports are done: what they cost is no one's work
    for path in sys.argv[2:]:
        CONTENDERS[sys.argv[1]](path)
    cost = {
        "wall_s": time.perf_counter() - started[0],
        "cpu_s": _cpu_s() - started[1],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(cost))
