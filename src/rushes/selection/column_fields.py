"""Label, unit and meaning of each column of the clips, whether or not a scorer makes it."""

from dataclasses import replace

from rushes.decisions import VERDICTS
from rushes.dedup.keep import OUTCOME
from rushes.recipe.recipe import Recipe
from rushes.records import Field
from rushes.selection.splits import TRAIN, VALIDATION
from rushes.similarity.coverage import FIELDS as CLUSTER_FIELDS

CLIP_FIELDS = (
    Field(name="clip", label="Clip", dtype="text",
          about="Id of the clip, from the bytes of its source and its span"),
    Field(name="video", label="Source", dtype="text", about="File that the clip is cut from"),
    Field(name="file", label="Source file", dtype="text",
          about="State of the source: here, or touched, changed or gone since the ingest"),
    Field(name="in_pts", label="First frame", dtype="integer", unit="ticks",
          about="Timestamp of the first frame"),
    Field(name="out_pts", label="End of last frame", dtype="integer", unit="ticks",
          about="Timestamp at which the last frame ends"),
    Field(name="in_s", label="Start", unit="s", about="Start of the clip in its source"),
    Field(name="out_s", label="End", unit="s", about="End of the clip in its source"),
    Field(name="duration_s", label="Duration", unit="s", low=0, about="Length of the clip"),
    Field(name="frames", label="Frames", dtype="integer", low=1,
          about="Number of source frames in the clip"),
    Field(name="frames_damaged", label="Damaged frames", dtype="integer", low=0,
          higher_is_better=False, about="Number of frames that the decoder marked corrupt"),
    Field(name="width_px", label="Width", dtype="integer", unit="px", low=1,
          about="Width of the source as a player shows it"),
    Field(name="height_px", label="Height", dtype="integer", unit="px", low=1,
          about="Height of the source as a player shows it"),
    Field(name="fps", label="Frame rate", unit="fps", low=0,
          about="Frames per second of the source; the mean of a variable rate"),
    Field(name="caption", label="Caption", dtype="text",
          about="Caption in force: a person's, or that of the first captioner with one"),
    Field(name="verdict", label="Verdict", dtype="text", values=VERDICTS,
          about="Decision of a person: keep, drop or undecided"),
    Field(name="edited", label="Edited span", dtype="text", values=("yes", "no"),
          about="yes: a person trimmed, split or merged it; it passes rules on missing scores"),
    Field(name="stars", label="Stars", dtype="integer", low=0, high=5, higher_is_better=True,
          about="Rating by a person, 0 to 5"),
    Field(name="tags", label="Tags", dtype="text", about="Tags that people gave"),
    Field(name="split", label="Split", dtype="text", values=(TRAIN, VALIDATION),
          about="Set that the whole source belongs to: train or validation"),
)  # fmt: skip
"""The columns that no stage makes."""


def column_fields(recipe: Recipe) -> dict[str, Field]:
    """Return column name → its declaration, with a label, for every column of a recipe's clips."""
    found = {field.name: field for field in CLIP_FIELDS}
    stages = [(name, scorer.fields) for name, scorer in recipe.stages("score").items()]
    for prefix, fields in (*stages, ("dedup", OUTCOME), ("coverage", CLUSTER_FIELDS)):
        found |= {f"{prefix}.{field.name}": field for field in fields}
    return {name: replace(field, label=_label(name, field)) for name, field in found.items()}


def _label(column: str, field: Field) -> str:
    """Return the declared label, or "Noise level" of a column "noise.level" without one."""
    return field.label or column.replace(".", " ").replace("_", " ").capitalize()
