"""One export folder: what it holds, what is still to be encoded, its manifest."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rushes.errors import RecipeError
from rushes.exports.plan import EncodeTask, Planned
from rushes.files import MANIFEST, sweep, whole
from rushes.media.write.encode import Encoding
from rushes.records import Row
from rushes.runner.base import Job
from rushes.stages.fingerprints import fingerprint
from rushes.stages.items import Sample
from rushes.stages.protocols import Exporter

_PARTS = ".parts"


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


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
