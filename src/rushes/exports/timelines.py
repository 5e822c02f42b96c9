"""Cuts of one video as text for other programs: JSON, CSV, chapters, EDL, OpenTimelineIO.

Times in seconds are those of a player's clock (`Video.seconds`); frame numbers of editing programs
count from the first picture, as those programs do. Formats without cuts get one shot for
each stretch between two cuts; the mixed frames of a gradual cut belong to the shot before it.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from rushes.errors import MediaError, MissingDependency
from rushes.files import whole
from rushes.records import Cut, Row, Video


@dataclass(frozen=True, slots=True)
class Format:
    """One text format of cuts."""

    suffix: str
    """Suffix of the file beside the video."""
    write: Callable[[Video, Sequence[Cut]], str]
    """Returns the file's text, for the cuts of one video in ascending order."""


def cut_rows(video: Video, cuts: Sequence[Cut]) -> list[Row]:
    """Return each cut as plain values: pts in the video's ticks, times in seconds."""
    return [
        {
            "video": video.given,
            "kind": cut.kind,
            "start_pts": cut.start_pts,
            "pts": cut.pts,
            "start_time_s": video.seconds(cut.start_pts),
            "time_s": video.seconds(cut.pts),
            "confidence": round(cut.confidence, 4),
        }
        for cut in cuts
    ]


def as_json(video: Video, cuts: Sequence[Cut]) -> str:
    """Return a list of objects, one for each cut."""
    return json.dumps(cut_rows(video, cuts), indent=1, ensure_ascii=False) + "\n"


def as_csv(video: Video, cuts: Sequence[Cut]) -> str:
    """Return a table with a header, one line for each cut."""
    text = io.StringIO()
    columns = ["video", "kind", "start_pts", "pts", "start_time_s", "time_s", "confidence"]
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    for row in cut_rows(video, cuts):
        seconds = {name: f"{row[name]:.6f}" for name in ("start_time_s", "time_s")}
        table.writerow(row | seconds)
    return text.getvalue()


def as_sidecar(video: Video, cuts: Sequence[Cut]) -> str:
    """Return one line for each cut: the second at which the new shot begins alone."""
    return "".join(f"{video.seconds(cut.pts):.6f}\n" for cut in cuts)


def as_ffmetadata(video: Video, cuts: Sequence[Cut]) -> str:
    """Return one chapter for each shot, for `ffmpeg -i video -i this -map_chapters 1`."""
    base = video.time_base
    lines = [";FFMETADATA1", f"title={_escaped(Path(video.path).name)}"]
    for number, (in_pts, out_pts) in enumerate(_shots(video, cuts), 1):
        lines += [
            "[CHAPTER]",
            f"TIMEBASE={base.numerator}/{base.denominator}",
            f"START={in_pts - video.origin_pts}",
            f"END={out_pts - video.origin_pts}",
            f"title=shot {number}",
        ]
    return "\n".join(lines) + "\n"


def as_edl(video: Video, cuts: Sequence[Cut]) -> str:
    """Return a CMX 3600 edit decision list: one event for each shot, non-drop timecode."""
    rate = video.rate
    name = Path(video.path).name
    lines = [f"TITLE: {Path(video.path).stem}", "FCM: NON-DROP FRAME"]
    lines.append(f"* {rate.numerator}/{rate.denominator} FRAMES PER SECOND")
    if video.is_vfr:
        lines.append(
            "* VARIABLE FRAME RATE: TIMECODE IS APPROXIMATE, USE ANOTHER FORMAT IF YOU CAN"
        )
    kinds = {cut.pts: cut.kind for cut in cuts}
    first_frame: int | None = None
    event = 0
    for in_pts, out_pts in _shots(video, cuts):
        start, end = (_frame_number(video, pts, rate) for pts in (in_pts, out_pts))
        if start == end:  # a shot shorter than one frame of timecode, at a variable rate
            continue
        first_frame = start if first_frame is None else first_frame
        event += 1
        source = f"{_timecode(start, rate)} {_timecode(end, rate)}"
        record = f"{_timecode(start - first_frame, rate)} {_timecode(end - first_frame, rate)}"
        lines += ["", f"{event:03d}  AX       V     C        {source} {record}"]
        lines.append(f"* FROM CLIP NAME: {name}")
        if in_pts in kinds and kinds[in_pts] != "hard":
            lines.append(f"* COMMENT: AFTER A {kinds[in_pts].upper()}")
    return "\n".join(lines) + "\n"


def as_otio(video: Video, cuts: Sequence[Cut]) -> str:
    """Return an OpenTimelineIO timeline: one clip for each shot.

    Times are frames at a constant rate, and ticks of the video's time base at a variable one.

    Raises:
        MissingDependency: opentimelineio is not installed.
    """
    try:
        import opentimelineio as otio
    except ImportError as error:
        raise MissingDependency(
            "format otio needs opentimelineio: pip install 'rushes[edit]'"
        ) from error
    rate = 1 / video.time_base if video.is_vfr else video.rate

    def span(in_pts: int, out_pts: int) -> Any:
        start, end = (_frame_number(video, pts, rate) for pts in (in_pts, out_pts))
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(start, float(rate)),
            otio.opentime.RationalTime(end - start, float(rate)),
        )

    path = Path(video.path)
    rows = {row["pts"]: row for row in cut_rows(video, cuts)}
    track = otio.schema.Track(path.stem, kind=otio.schema.TrackKind.Video)
    for number, (in_pts, out_pts) in enumerate(_shots(video, cuts), 1):
        media = otio.schema.ExternalReference(
            path.absolute().as_uri(), span(video.start_pts, video.end_pts)
        )
        opening = {"cut": rows[in_pts]} if in_pts in rows else {}
        track.append(
            otio.schema.Clip(
                f"shot {number}", media, span(in_pts, out_pts), metadata={"rushes": opening}
            )
        )
    timeline = otio.schema.Timeline(path.stem)
    timeline.tracks.append(track)
    text: str = otio.adapters.write_to_string(timeline, "otio_json")
    return text + "\n"


FORMATS: dict[str, Format] = {
    "json": Format(".cuts.json", as_json),
    "csv": Format(".cuts.csv", as_csv),
    "sidecar": Format(".cuts.txt", as_sidecar),
    "ffmetadata": Format(".ffmetadata", as_ffmetadata),
    "edl": Format(".edl", as_edl),
    "otio": Format(".otio", as_otio),
}
"""Name in `rushes cuts --format` → format."""


def _shots(video: Video, cuts: Sequence[Cut]) -> Iterator[tuple[int, int]]:
    edges = [video.start_pts, *(cut.pts for cut in cuts), video.end_pts]
    return ((in_pts, out_pts) for in_pts, out_pts in pairwise(edges) if in_pts < out_pts)


def _frame_number(video: Video, pts: int, rate: Fraction) -> int:
    """Return the number of the frame at `pts`; the first picture is 0."""
    return math.floor((pts - video.start_pts) * video.time_base * rate + Fraction(1, 2))


def _timecode(frame: int, rate: Fraction) -> str:
    """Return hh:mm:ss:ff without dropped frames: 24 frames a "second" at 23.976, too."""
    base = max(1, round(rate))
    seconds, frames = divmod(frame, base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def _escaped(text: str) -> str:
    """Escape the characters with a meaning in FFmpeg's metadata files."""
    return "".join(f"\\{sign}" if sign in "=;#\\\n" else sign for sign in text)


def write_beside(name: str, video: Video, cuts: Sequence[Cut]) -> Path:
    """Write the cuts of a video to a file beside it; return that file.

    Raises:
        MediaError: The folder cannot be written to.
    """
    form = FORMATS[name]
    # Appended to the whole name: film.mp4 and film.mkv may lie side by side.
    path = Path(video.path + form.suffix)
    try:
        with whole(path) as temporary:
            temporary.write_text(form.write(video, cuts), encoding="utf-8")
    except OSError as error:
        raise MediaError(f"{path}: {error.strerror}; is the folder writable?") from error
    return path
