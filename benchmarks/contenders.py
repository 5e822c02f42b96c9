"""What is compared, each in a process of its own: `python -m benchmarks.contenders NAME FILE…`."""

import shutil
import sys
import tempfile
from pathlib import Path


def decode(path: str) -> None:
    """Decode every frame with PyAV on one thread and do nothing with it."""
    import av

    with av.open(path) as container:
        stream = container.streams.best("video")
        stream.thread_type, stream.thread_count = "NONE", 1
        for _ in container.decode(stream):
            pass


def rushes_scan(path: str) -> None:
    """Scan and cut, as a worker does it."""
    import cv2

    from rushes.clipping import CutTask, cut
    from rushes.media.probe import probe
    from rushes.recipe import Recipe
    from rushes.scan import ScanTask, scan

    cv2.setNumThreads(1)
    recipe = Recipe({})
    video = probe(path)
    with tempfile.TemporaryDirectory() as folder:
        probes = tuple(
            (stage, recipe.fingerprints.probes[name])
            for name, stage in recipe.stages("scan").items()
        )
        task = ScanTask(video=video, probes=probes, folder=Path(folder), threads=1)
        result = scan(task, lambda _: None)
        signals = {name: Path(folder) / row["signals"] for name, row in result.rows.items()}
        cut(
            CutTask(
                video=video,
                detectors=tuple(recipe.stages("cut").values()),
                clipping=recipe.own("cut"),
                signals={"change": signals["change"]},
                damaged_pts=(),
            ),
            lambda _: None,
        )


def rushes_run(path: str) -> None:
    """Do the whole main job, exact clips included, on one worker."""
    from rushes.project import Project

    changes = ["select.main={}"]  # no rule: every clip is exported
    with (
        tempfile.TemporaryDirectory() as folder,
        Project.open(folder, create=True, workers=1, changes=changes) as project,
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
    for f in (decode, rushes_scan, rushes_run, scenedetect_adaptive, scenedetect_split)
}


def can_split() -> bool:
    """Whether FFmpeg's program is there, which PySceneDetect splits with."""
    return shutil.which("ffmpeg") is not None


if __name__ == "__main__":
    for path in sys.argv[2:]:
        CONTENDERS[sys.argv[1]](path)
