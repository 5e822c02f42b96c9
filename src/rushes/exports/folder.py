"""One export folder: its groups, the clips still to be encoded, its manifest."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rushes.errors import RecipeError
from rushes.exports.plan import EncodeTask, PlannedClip
from rushes.files import MANIFEST, sweep, whole
from rushes.media.write.encode import Encoding
from rushes.records import Row
from rushes.runner.base import Job
from rushes.stages.fingerprints import fingerprint
from rushes.stages.items import Sample, Treatment
from rushes.stages.protocols import Exporter

_PARTS = ".parts"
REPLACED = ".replaced"
"""Folder in an export for the files that a much smaller selection takes out."""
MAX_LOST = 0.1
"""Largest share of an export's clips that it may lose with their files deleted."""


@dataclass(frozen=True, slots=True)
class TreatedClips:
    """Number of clips that a trainer treats in one way."""

    clips: int
    treatment: Treatment


class Export:
    """One export folder: begins, takes encoded clips, finishes."""

    def __init__(
        self, folder: Path, clips: Sequence[PlannedClip], exporter: Exporter, encoding: Encoding
    ) -> None:
        """Read the state of the folder.

        Raises:
            RecipeError: The folder holds something that Rushes did not write.
        """
        self.folder = folder
        self._exporter = exporter
        self._encoding = encoding
        self._parts = folder / _PARTS
        size = exporter.group_size
        self._groups = [clips[at : at + size] for at in range(0, len(clips), size)]
        self._fingerprints: list[str] = [
            self._fingerprint_of(index, group) for index, group in enumerate(self._groups)
        ]
        self._records = self._known_records()
        self._encoded_folder = self._parts / _digest(asdict(encoding))
        self._waiting: dict[int, set[str]] = {}  # group → ids of its clips not yet encoded
        self._group_of: dict[str, int] = {}
        self.removed = 0
        """Number of files that this run took out of the export."""
        self.replaced: Path | None = None
        """Folder that they were moved to; None if they were deleted."""

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
            and set(self._records) == set(self._fingerprints)
        )

    def begin(self) -> None:
        """Prepare the folder; it is not whole again before `finish`."""
        self._parts.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)
        for record in self._records.values():
            self._save_record(record)
        planned_ids = {planned.clip.id for group in self._groups for planned in group}
        if self._loses_many(planned_ids):
            self._take_out(planned_ids)  # a new shard has the name of the one that it replaces
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for index, group in enumerate(self._groups):
            if not self._is_done(index):
                self._waiting[index] = {p.clip.id for p in group if not self._is_encoded(p)}
                self._group_of.update({planned.clip.id: index for planned in group})
                self._write_if_ready(index)

    def mark_done(self, clip_id: str) -> None:
        """Mark a clip as encoded or failed; write its group if it was the last of it."""
        index = self._group_of[clip_id]
        self._waiting[index].discard(clip_id)
        self._write_if_ready(index)

    def finish(self, about: Row) -> tuple[int, int]:
        """Take out obsolete files, write the manifest, return clips and bytes.

        Args:
            about: Entries of the manifest about the whole export.
        """
        current = {print_: r for print_, r in self._records.items() if print_ in self._fingerprints}
        self._take_out({clip["clip"] for record in current.values() for clip in record["clips"]})
        self._records = current
        records = [current[print_] for print_ in self._fingerprints if print_ in current]
        manifest = {**about, "encoding": asdict(self._encoding), "groups": records}
        with whole(self.folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
        shutil.rmtree(self._parts, ignore_errors=True)
        return self.contents()

    def _loses_many(self, clip_ids: Collection[str]) -> bool:
        """Return whether the export loses many of its clips when only these stay."""
        before = {clip["clip"] for record in self._records.values() for clip in record["clips"]}
        return len(before.difference(clip_ids)) > MAX_LOST * len(before)

    def _take_out(self, clip_ids: Collection[str]) -> None:
        """Delete the files of obsolete groups, or move them if many clips go with them.

        Args:
            clip_ids: The clips that stay.
        """
        obsolete = [r for print_, r in self._records.items() if print_ not in self._fingerprints]
        current = [r for print_, r in self._records.items() if print_ in self._fingerprints]
        kept = {name for record in current for name in record["files"]}
        gone = {name for record in obsolete for name in record["files"]} - kept
        paths = [path for name in sorted(gone) if (path := self.folder / name).exists()]
        self.removed += len(paths)
        if not paths or not self._loses_many(clip_ids):
            for path in paths:
                path.unlink()
            return
        self.replaced = self.replaced or self._new_replaced_folder()
        for path in paths:
            target = self.replaced / path.relative_to(self.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        with whole(self.replaced / MANIFEST) as temporary:
            temporary.write_text(json.dumps({"groups": obsolete}, indent=1, ensure_ascii=False))

    def _new_replaced_folder(self) -> Path:
        """Return the path of the next free folder: `.replaced/1`, `.replaced/2` and so on."""
        number = 1
        while (self.folder / REPLACED / str(number)).exists():
            number += 1
        return self.folder / REPLACED / str(number)

    def contents(self) -> tuple[int, int]:
        """Return the number of clips in the folder, and of bytes."""
        records = self._records.values()
        names = [name for record in records for name in record["files"]]
        clips = sum(len(record["clips"]) for record in records)
        return clips, sum((self.folder / name).stat().st_size for name in names)

    def treatments(self) -> tuple[TreatedClips, ...]:
        """Return the trainers' treatments of the clips in the folder, each with its count."""
        counts = Counter(
            treatment
            for print_ in self._fingerprints
            if print_ in self._records
            for clip in self._records[print_]["clips"]
            for treatment in self._exporter.rules(clip)
        )
        return tuple(TreatedClips(clips, treatment) for treatment, clips in counts.items())

    def _write_if_ready(self, index: int) -> None:
        if self._waiting[index]:
            return
        ready = [planned for planned in self._groups[index] if self._is_encoded(planned)]
        if not ready:
            return  # every clip of it failed
        samples = []
        for planned in ready:
            path = self._path_of(planned)
            encoded = json.loads(path.with_suffix(".json").read_text())
            samples.append(
                Sample(
                    key=planned.key,
                    media=path,
                    caption=planned.caption,
                    metadata={**planned.metadata, **encoded, "caption": planned.caption},
                )
            )
        self._exporter.write(index, samples, self.folder)
        record: Row = {
            "fingerprint": self._fingerprint_of(index, ready),
            "files": list(self._exporter.outputs(index, [sample.key for sample in samples])),
            "clips": [{"key": sample.key, **sample.metadata} for sample in samples],
        }
        self._save_record(record)
        self._records[record["fingerprint"]] = record
        self._fingerprints[index] = record["fingerprint"]
        for sample in samples:
            sample.media.unlink(missing_ok=True)
            sample.media.with_suffix(".json").unlink(missing_ok=True)

    def _is_encoded(self, planned: PlannedClip) -> bool:
        return self._path_of(planned).with_suffix(".json").exists()

    def _path_of(self, planned: PlannedClip) -> Path:
        return self._encoded_folder / f"{planned.clip.id}.mp4"

    def _is_done(self, index: int) -> bool:
        record = self._records.get(self._fingerprints[index])
        return record is not None and all((self.folder / n).exists() for n in record["files"])

    def _fingerprint_of(self, index: int, group: Sequence[PlannedClip]) -> str:
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
        """Return fingerprint → record of each group in the folder, whole export or not."""
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


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
