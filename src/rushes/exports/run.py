"""A selection → files that a trainer reads: encode in parallel, lay out in groups, resume anywhere.

Work in progress lives in `.parts/` inside the export's folder; `rushes-export.json` is written
last and says that the export is whole. A group (one clip of a folder, one shard of WebDataset) is
known by the clips in it and how they are encoded, so an export that is run again makes only what
is not there, and removes only files that it wrote itself.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rushes.catalog import Catalog
from rushes.decisions import tags_of
from rushes.errors import ItemError, ProjectError, RecipeError
from rushes.files import MANIFEST, sweep, whole
from rushes.media.defects.bars import SIDES
from rushes.media.write.clip import write_clip
from rushes.media.write.encode import Encoding
from rushes.recipe.recipe import Recipe
from rushes.records import Box, Clip, Correction, Decided, Failure, Row, Video
from rushes.runner.local import Job, Runner, Tell
from rushes.selection.splits import sides_now
from rushes.stages.protocols import Exporter, Sample, fingerprint

_PARTS = ".parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeTask:
    """One clip to encode, ready to be sent to a worker."""

    video: Video
    clip: Clip
    path: Path
    encoding: Encoding
    correction: Correction = field(default_factory=Correction)


def encode(task: EncodeTask, tell: Tell) -> Row:
    """Write one clip and return what the file holds; see `write_clip`."""
    facts = write_clip(task.video, task.clip.in_pts, task.clip.out_pts, task.path, task.encoding,
                       task.correction)  # fmt: skip
    with whole(task.path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(facts))
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export folder holds now."""

    name: str
    folder: str
    format: str
    clips: int
    encoded: int
    """Clips that had to be encoded this time."""
    failed: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One clip of an export before it is encoded."""

    key: str
    clip: Clip
    video: Video
    caption: str
    facts: Mapping[str, Any]
    """Scores and whatever else goes into the manifest."""
    correction: Correction = field(default_factory=Correction)


class Export:
    """One export folder on its way to being whole."""

    def __init__(
        self, folder: Path, clips: Sequence[Planned], exporter: Exporter, encoding: Encoding
    ) -> None:
        """Look at what is there already.

        Raises:
            RecipeError: The folder holds something that Rushes did not write.
        """
        self.folder = folder
        self._exporter = exporter
        self._encoding = encoding
        self._parts = folder / _PARTS
        size = exporter.group_size
        self._groups = [clips[at : at + size] for at in range(0, len(clips), size)]
        self._prints: list[str] = [
            self._print_of(index, group) for index, group in enumerate(self._groups)
        ]
        self._records = self._known_records()
        self._encoded_folder = self._parts / _digest(asdict(encoding))
        self._waiting: dict[int, set[str]] = {}  # group → ids of its clips not yet encoded
        self._group_of: dict[str, int] = {}

    def jobs(self) -> list[Job[EncodeTask]]:
        """Return the clips that are still to be encoded, after `begin`."""
        return [
            Job(
                name=planned.clip.id,
                payload=EncodeTask(
                    video=planned.video,
                    clip=planned.clip,
                    path=self._path_of(planned),
                    encoding=self._encoding,
                    correction=planned.correction,
                ),
            )
            for index, ids in self._waiting.items()
            for planned in self._groups[index]
            if planned.clip.id in ids
        ]

    @property
    def is_whole(self) -> bool:
        """Whether the folder holds exactly this export already."""
        return (
            (self.folder / MANIFEST).exists()
            and all(self._is_done(i) for i in range(len(self._groups)))
            and set(self._records) == set(self._prints)
        )

    def begin(self) -> None:
        """Open the folder for work: from here until `finish` it is not whole."""
        self._parts.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)
        for record in self._records.values():
            self._save_record(record)
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for index, group in enumerate(self._groups):
            if not self._is_done(index):
                self._waiting[index] = {p.clip.id for p in group if not self._is_encoded(p)}
                self._group_of.update({planned.clip.id: index for planned in group})
                self._write_if_ready(index)

    def take(self, clip_id: str) -> None:
        """Note that a clip is encoded, or has failed; lay its group out if it was the last."""
        index = self._group_of[clip_id]
        self._waiting[index].discard(clip_id)
        self._write_if_ready(index)

    def finish(self, about: Row) -> tuple[int, int]:
        """Remove what no longer belongs, write the manifest, return clips and bytes.

        Args:
            about: What the manifest says of the export as a whole.
        """
        current = {print_: r for print_, r in self._records.items() if print_ in self._prints}
        for obsolete in set(self._records) - set(current):
            kept = {name for record in current.values() for name in record["files"]}
            for name in set(self._records[obsolete]["files"]) - kept:
                (self.folder / name).unlink(missing_ok=True)
        self._records = current
        records = [current[print_] for print_ in self._prints if print_ in current]
        manifest = {**about, "encoding": asdict(self._encoding), "groups": records}
        with whole(self.folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
        shutil.rmtree(self._parts, ignore_errors=True)
        return self.contents()

    def contents(self) -> tuple[int, int]:
        """Return how many clips the folder holds, and how many bytes."""
        records = self._records.values()
        names = [name for record in records for name in record["files"]]
        clips = sum(len(record["clips"]) for record in records)
        return clips, sum((self.folder / name).stat().st_size for name in names)

    def _write_if_ready(self, index: int) -> None:
        if self._waiting[index]:
            return
        ready = [planned for planned in self._groups[index] if self._is_encoded(planned)]
        if not ready:
            return  # every clip of it failed
        samples = []
        for planned in ready:
            path = self._path_of(planned)
            facts = json.loads(path.with_suffix(".json").read_text())
            samples.append(
                Sample(
                    key=planned.key,
                    media=path,
                    caption=planned.caption,
                    facts={**planned.facts, **facts, "caption": planned.caption},
                )
            )
        self._exporter.write(index, samples, self.folder)
        record: Row = {
            "fingerprint": self._print_of(index, ready),
            "files": list(self._exporter.outputs(index, [sample.key for sample in samples])),
            "clips": [{"key": sample.key, **sample.facts} for sample in samples],
        }
        self._save_record(record)
        self._records[record["fingerprint"]] = record
        self._prints[index] = record["fingerprint"]
        for sample in samples:
            sample.media.unlink(missing_ok=True)
            sample.media.with_suffix(".json").unlink(missing_ok=True)

    def _is_encoded(self, planned: Planned) -> bool:
        return self._path_of(planned).with_suffix(".json").exists()

    def _path_of(self, planned: Planned) -> Path:
        return self._encoded_folder / f"{planned.clip.id}.mp4"

    def _is_done(self, index: int) -> bool:
        record = self._records.get(self._prints[index])
        return record is not None and all((self.folder / n).exists() for n in record["files"])

    def _print_of(self, index: int, group: Sequence[Planned]) -> str:
        return _digest(
            {
                "exporter": fingerprint(self._exporter),
                "encoding": asdict(self._encoding),
                "files": list(self._exporter.outputs(index, [p.key for p in group])),
                "clips": [(p.clip.id, p.caption, asdict(p.correction)) for p in group],
            }
        )

    def _save_record(self, record: Row) -> None:
        path = self._parts / "groups" / f"{record['fingerprint']}.json"
        if not path.exists():
            with whole(path) as temporary:
                temporary.write_text(json.dumps(record, ensure_ascii=False))

    def _known_records(self) -> dict[str, Row]:
        """Return the groups that this folder holds, whole export or not."""
        manifest = self.folder / MANIFEST
        if manifest.exists():
            return {r["fingerprint"]: r for r in json.loads(manifest.read_text())["groups"]}
        if self._parts.exists():
            saved = (self._parts / "groups").glob("[!.]*.json")
            return {path.stem: json.loads(path.read_text()) for path in sorted(saved)}
        if self.folder.exists() and any(self.folder.iterdir()):
            raise RecipeError(
                f"{self.folder} is not empty and is no export of Rushes; "
                f"name another folder or empty it yourself"
            )
        return {}


def write_export(
    catalog: Catalog, runner: Runner, work: Export, *, name: str, selection_no: int, about: Row
) -> ExportReport:
    """Bring an export folder up to date.

    Args:
        catalog: Where the export and failures are noted.
        runner: Encodes the clips.
        work: The export.
        name: Its name in the recipe.
        selection_no: Number of the selection that it holds.
        about: What the manifest says of the export as a whole.
    """
    encoded, failed = 0, 0
    was_whole = work.is_whole
    if not was_whole:
        with _explained(work.folder):
            work.begin()
        for done in runner.run("export", encode, work.jobs(), unit="clips"):
            clip = done.job.payload.clip
            if done.error is not None:
                catalog.failures.add(_failure(name, clip, done.error))
                failed += 1
            else:
                catalog.failures.clear(f"export/{name}", [clip.id])
                encoded += 1
            with _explained(work.folder):
                work.take(clip.id)
    with _explained(work.folder):
        clips, size_bytes = work.finish(about) if not was_whole else work.contents()
    catalog.selections.commit_export(
        {
            "folder": str(work.folder),
            "name": name,
            "format": about["format"],
            "selection_no": selection_no,
            "clips": clips,
            "size_bytes": size_bytes,
        }
    )
    return ExportReport(
        name=name,
        folder=str(work.folder),
        format=about["format"],
        clips=clips,
        encoded=encoded,
        failed=failed,
        size_bytes=size_bytes,
    )


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn an error of the disk into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise ProjectError(
            f"{folder}: {error.strerror or error}; what is written is kept. Make room or mend the "
            f"permissions and run the same command again"
        ) from error


def _failure(name: str, clip: Clip, error: ItemError) -> Failure:
    return Failure(
        stage=f"export/{name}",
        item=clip.id,
        error=type(error).__name__,
        message=str(error),
        retry=f"rushes export {name}",
    )


def plan_clips(
    catalog: Catalog, recipe: Recipe, clip_ids: Sequence[str], caption: str
) -> list[Planned]:
    """Return what an export holds, in the order of `clip_ids`.

    Args:
        catalog: Knows the clips, their captions and their scores.
        recipe: Names the scorers.
        clip_ids: The selected clips.
        caption: Text for clips that have no caption of their own.
    """
    clips = catalog.clips_by_id(clip_ids)
    videos = catalog.videos({video_no for _, video_no, _ in clips.values()})
    scores: dict[int, Row] = {}
    for name, scorer in recipe.stages("score").items():
        rows = catalog.stages.rows(
            f"scorer/{name}", scorer.fields, recipe.fingerprints.scorers[name]
        )
        numbers = [field.name for field in scorer.fields if field.dtype != "vector"]
        for no, row in rows.items():
            scores.setdefault(no, {}).update({f"{name}.{field}": row[field] for field in numbers})
    decided = catalog.verdicts.standing()
    captions = catalog.captions.in_force()
    side_of = sides_now(catalog, recipe)
    planned = []
    for clip_id in clip_ids:
        no, video_no, clip = clips[clip_id]
        video = videos[video_no]
        planned.append(
            Planned(
                key=key_of(video, clip),
                clip=clip,
                video=video,
                caption=captions.get(no, caption),
                facts=facts_of(video, clip, scores.get(no, {}))
                | {"split": side_of[video_no]}
                | {"tags": tags_of((), decided.get(clip_id, Decided()))},
                correction=correction_of(scores.get(no, {})),
            )
        )
    return planned


def correction_of(scores: Mapping[str, Any]) -> Correction:
    """Return what is to be mended, as the scorer `picture` found it; nothing without it."""
    bars = {side: scores.get(f"picture.bar_{side}") or 0.0 for side in SIDES}
    return Correction(box=Box(**bars), field_order=scores.get("picture.scan") or "progressive")


def key_of(video: Video, clip: Clip) -> str:
    """Return a clip's file name without suffix: readable, sorted by time, unique, without dots."""
    stem = re.sub(r"[^\w-]+", "_", Path(video.path).stem)[:48].strip("_") or "video"
    start_ms = round(video.seconds(clip.in_pts) * 1000)
    return f"{stem}_{max(start_ms, 0):08d}_{clip.id[:8]}"


def facts_of(video: Video, clip: Clip, scores: Mapping[str, Any]) -> Row:
    """Return what the manifest says of a clip: where it is from, exactly, and its scores."""
    return {
        "clip": clip.id,
        "video": video.path,
        "video_sha256_16": video.id,
        "time_base": str(video.time_base),
        "in_pts": clip.in_pts,
        "out_pts": clip.out_pts,
        "in_s": video.seconds(clip.in_pts),
        "out_s": video.seconds(clip.out_pts),
        "source_frames": clip.frames,
        "scores": dict(scores),
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
