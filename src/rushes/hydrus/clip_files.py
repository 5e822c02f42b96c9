"""Clips as files in the project, cut once: Hydrus knows a file by its bytes, and so do we.

They lie in `hydrus/`, each named by its sha256. A clip keeps its file whatever becomes of the
recipe, since other bytes would be another file to Hydrus; one that was removed here is cut again
only where a client still lacks it.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from rushes.context import Context
from rushes.errors import ProjectError
from rushes.exports.plan import EncodeTask, Planned
from rushes.exports.run import encode
from rushes.files import sweep
from rushes.media.write.encode import Encoding
from rushes.records import Failure, Row
from rushes.runner.base import Job, Progress

FOLDER = "hydrus"


def cut_file(task: EncodeTask, progress: Progress) -> Row:
    """Write one clip, unless that was done before a kill; return its facts and its sha256."""
    noted = task.path.with_suffix(".json")
    is_whole = noted.exists() and task.path.exists()
    facts = json.loads(noted.read_text()) if is_whole else encode(task, progress)
    with task.path.open("rb") as stream:
        return {**facts, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def path_of(folder: Path, sha256: str) -> Path:
    """Return where the file of a clip is, or would be."""
    return folder / FOLDER / f"{sha256}.mp4"


def cut_files(context: Context, clips: Sequence[Planned], stage: str) -> dict[str, str]:
    """Cut clips to files; return clip id → sha256 of those that could be.

    Args:
        context: The open project.
        clips: Those to cut.
        stage: What failures are noted under.
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
            if done.error is not None or done.result is None:
                context.catalog.failures.add(failed(stage, task.clip.id, done.error))
                continue
            sha256 = done.result.pop("sha256")
            # Killed from here on, the clip is cut once more; the other way round its facts stay.
            task.path.with_suffix(".json").unlink(missing_ok=True)
            task.path.replace(path_of(context.folder, sha256))
            context.catalog.hydrus.add_file(task.clip.id, sha256, done.result)
            made[task.clip.id] = sha256
    except OSError as error:
        raise ProjectError(
            f"{context.folder / FOLDER}: {error.strerror or error}; what is cut is kept. "
            f"Make room or mend the permissions and run the same command again"
        ) from error
    context.catalog.failures.clear(stage, list(made))
    return made


def failed(stage: str, clip: str, error: Exception | None) -> Failure:
    """Return the row for a clip that could not be cut or imported."""
    return Failure(
        stage=stage,
        item=clip,
        error=type(error).__name__,
        message=str(error),
        retry="rushes hydrus push",
    )
