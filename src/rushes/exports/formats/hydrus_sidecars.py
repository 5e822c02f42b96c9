"""Clips with sidecars for Hydrus, to import by hand where there is no Client API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rushes.exports.hydrus_names import (
    CAPTION_NOTE,
    FACTS_NOTE,
    SCORES,
    fact_tags,
    facts_note,
    one_line,
)
from rushes.files import move_whole, whole
from rushes.stages.items import Sample, Treatment
from rushes.stages.protocols import Exporter


class HydrusSidecars(Exporter):
    """`<key>.mp4`, `<key>.mp4.txt` with a tag a line, `<key>.mp4.json` with tags and notes.

    In Hydrus' import dialog each needs a router, made once by hand: for the text all lines are
    tags; in the JSON the tags are at `tags`, and the notes, as "name: text", at `notes`. Edits made
    in Hydrus do not come back; `rushes hydrus push` and `pull` are for that.
    """

    name: ClassVar = "hydrus"
    version: ClassVar = 1

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """Tags of a clip."""

        project: str = "rushes"
        """Name of the project in Hydrus."""
        scores: tuple[str, ...] = SCORES
        """Scores that become tags, such as "motion.speed"."""

    def __init__(self, params: Params) -> None:
        self.params = params

    @property
    def group_size(self) -> int:
        """One: each sample is written alone."""
        return 1

    def outputs(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the names, the video last."""
        return [f"{key}{suffix}" for key in keys for suffix in (".mp4.txt", ".mp4.json", ".mp4")]

    def write(self, index: int, samples: Sequence[Sample], folder: Path) -> None:
        """Write the sidecars, then move the video in."""
        for sample in samples:
            facts = sample.metadata
            known = {"video", "in_s", "out_s", "clip", "source_frames"} <= set(facts)
            tags = fact_tags(facts, self.params.project, self.params.scores) if known else []
            tags += [one_line(tag) for tag in facts.get("tags", [])]
            notes = {FACTS_NOTE: facts_note(facts) if known else "", CAPTION_NOTE: sample.caption}
            with whole(folder / f"{sample.key}.mp4.txt") as temporary:
                temporary.write_text("".join(f"{tag}\n" for tag in tags), encoding="utf-8")
            beside = {
                "tags": tags,
                "notes": [f"{name}: {text}" for name, text in notes.items() if text],
            }
            with whole(folder / f"{sample.key}.mp4.json") as temporary:
                temporary.write_text(json.dumps(beside, indent=1, ensure_ascii=False), "utf-8")
            move_whole(sample.media, folder / f"{sample.key}.mp4")

    def rules(self, clip: Mapping[str, Any]) -> Sequence[Treatment]:
        """Return nothing: Hydrus keeps every clip as it is, and trains on none."""
        return ()
