"""Captions from text files beside the videos: `clip.txt` or `clip.caption` for `clip.mp4`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rushes.errors import ItemError, RecipeError
from rushes.records import Field, Row, Video
from rushes.stages.items import ClipInput
from rushes.stages.protocols import AnnotatorDefaults, Inputs

MAX_BYTES = 64 * 2**10
"""Largest file read; a larger one is a transcript, or not text."""


class Sidecar(AnnotatorDefaults):
    """The text of the file beside a video, for all of its clips; empty without one.

    Line breaks become spaces, since most trainers read the first line of a caption only. The
    encoding is UTF-8 or UTF-16, else Windows-1252.

    Lies where the file is something else, such as notes or a transcript, and for a video of many
    shots: each gets the same text.

    Source: the layout that kohya's scripts, musubi-tuner and diffusion-pipe train from.
    """

    name: ClassVar = "sidecar"
    version: ClassVar = 1
    inputs: ClassVar = Inputs(files=True)
    fields = (
        Field(name="text", label="Caption", dtype="text",
              about="Text of the file beside the video"),
        Field(name="stamp", label="Caption files", dtype="text",
              about="Ending, size and time of each file; empty without any"),
    )  # fmt: skip

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Params:
        """The files that are captions."""

        suffixes: tuple[str, ...] = (".txt", ".caption")
        """Endings that replace the video's own; the first file with text counts."""

        def __post_init__(self) -> None:
            """Raise RecipeError unless all are endings of files."""
            for suffix in self.suffixes:
                if len(suffix) < 2 or suffix[0] != "." or "/" in suffix or suffix[-1] == ".":
                    raise RecipeError(f"suffixes: {suffix!r} is not an ending such as '.txt'")

    def is_current(self, row: Row, video: Video) -> bool:
        """Return whether the files beside the video are unchanged."""
        return bool(row["stamp"] == self._stamp(Path(video.path)))

    def annotate(self, items: Sequence[ClipInput]) -> Sequence[Row]:
        """Return one row for each clip; ItemError for a file that cannot be read."""
        paths = {item.video.path for item in items}
        rows = {
            path: {"text": self._text(Path(path)), "stamp": self._stamp(Path(path))}
            for path in paths
        }
        return [rows[item.video.path] for item in items]

    def _stamp(self, video: Path) -> str:
        stamps = []
        for suffix in self.params.suffixes:
            with suppress(OSError):
                facts = video.with_suffix(suffix).stat()
                stamps.append(f"{suffix} {facts.st_size} {facts.st_mtime_ns}")
        return ", ".join(stamps)

    def _text(self, video: Path) -> str:
        for suffix in self.params.suffixes:
            path = video.with_suffix(suffix)
            try:
                with path.open("rb") as stream:
                    packed = stream.read(MAX_BYTES + 1)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ItemError(f"{path}: {error.strerror}; make it readable") from error
            if len(packed) > MAX_BYTES:
                raise ItemError(f"{path}: too long for a caption; shorten or rename it")
            if text := _decoded(path, packed):
                return text
        return ""


def _decoded(path: Path, packed: bytes) -> str:
    if packed.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = packed.decode("utf-16", "replace")
    else:
        try:
            text = packed.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = packed.decode("cp1252", "replace")
    if "\0" in text:
        raise ItemError(f"{path}: this is not text; rename it or save it as UTF-8")
    return " ".join(text.split())
