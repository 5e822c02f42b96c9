"""Clips as files in the project, each cut once, since Hydrus identifies a file by its bytes.

The files lie in `hydrus/`, each named by its sha256. A clip keeps its file when the recipe changes.
A file that was removed here is cut again only if a client still lacks it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from rushes.context import Context
from rushes.errors import ProjectError
from rushes.exports.plan import EncodeTask, PlannedClip
from rushes.exports.run import encode
from rushes.files import sha256_of, sweep
from rushes.media.source_file import retry_command
from rushes.media.write.encode import Encoding
from rushes.records import Row
from rushes.runner.base import Job, Progress

FOLDER = "hydrus"
RETRY = "rushes hydrus push"
"""The command that tries failed clips again."""


def cut_file(task: EncodeTask, progress: Progress) -> Row:
    """Write one clip, unless an earlier run did; return its metadata and its sha256."""
    noted = task.path.with_suffix(".json")
    is_whole = noted.exists() and task.path.exists()
    facts = json.loads(noted.read_text()) if is_whole else encode(task, progress)
    return {**facts, "sha256": sha256_of(task.path)}


def path_of(folder: Path, sha256: str) -> Path:
    """Return the path of a clip's file, which may not exist yet."""
    return folder / FOLDER / f"{sha256}.mp4"


def cut_files(context: Context, clips: Sequence[PlannedClip], stage: str) -> dict[str, str]:
    """Cut clips to files; return clip id → sha256 of those that succeeded.

    Args:
        context: The open project.
        clips: The clips to cut.
        stage: Stage of stored failures, such as "hydrus/127.0.0.1:45869".

    Raises:
        ProjectError: The disk is full or refuses; finished files are kept.
    """
    parts = context.folder / FOLDER / ".parts"
    jobs = [
        Job(
            name=planned.clip.id,
            payload=EncodeTask(
                video=planned.video,
                clip=planned.clip,
                path=parts / f"{planned.clip.id}.mp4",
                encoding=Encoding(),
                correction=planned.correction,
            ),
        )
        for planned in clips
    ]
    made: dict[str, str] = {}
    try:
        parts.mkdir(parents=True, exist_ok=True)
        sweep(parts)
        for done in context.runner.run("hydrus: cut", cut_file, jobs, unit="clips"):
            task = done.job.payload
            if done.error is not None:
                retry = retry_command(done.error, task.video, RETRY)
                context.fail(stage, task.clip.id, done.error, retry=retry)
                continue
            assert done.result is not None
            sha256 = done.result.pop("sha256")
            # In this order a kill only means that the clip is cut once more.
            task.path.with_suffix(".json").unlink(missing_ok=True)
            task.path.replace(path_of(context.folder, sha256))
            context.catalog.hydrus.add_file(task.clip.id, sha256, done.result)
            made[task.clip.id] = sha256
    except OSError as error:
        raise ProjectError(
            f"{context.folder / FOLDER}: {error.strerror or error}; finished files are kept. "
            f"Make room or mend the permissions and run the same command again"
        ) from error
    context.catalog.failures.clear(stage, list(made))
    return made
