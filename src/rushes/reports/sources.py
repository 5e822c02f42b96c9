"""Videos whose files are no longer as they were ingested."""

import shlex
from collections.abc import Sequence

from rushes.context import Context
from rushes.media.source_file import FileState, file_state
from rushes.records import Video
from rushes.words import count

SHOWN = 5
"""Videos named in one line."""


def lost_sources(context: Context) -> dict[FileState, list[Video]]:
    """Return the videos whose files are gone, changed or touched, by that state."""
    found: dict[FileState, list[Video]] = {"gone": [], "changed": [], "touched": []}
    for video in context.catalog.videos().values():
        state = file_state(video)
        if state != "here":
            found[state].append(video)
    return found


def source_notes(found: dict[FileState, list[Video]]) -> list[str]:
    """Return a line for each state of `lost_sources`, with the next step."""
    gone, changed, touched = found["gone"], found["changed"], found["touched"]
    notes = []
    if gone:
        them = "it" if len(gone) == 1 else "them"
        notes.append(
            f"{count(len(gone), 'video')} gone, or replaced by another under the same name: "
            f"{_names(gone)}; what was measured of {them} stays, no new file is cut of {them}. "
            f"Moved: rushes ingest PATH; to be left out: rushes forget "
            f"{gone[0].id if len(gone) == 1 else 'VIDEO…'}"
        )
    if changed:
        notes.append(
            f"{count(len(changed), 'video')} changed since the ingest, not read any more: "
            f"{_names(changed)}; take in the new ones: rushes ingest "
            + " ".join(shlex.quote(video.given) for video in changed[:SHOWN])
        )
    if touched:
        notes.append(
            f"{count(len(touched), 'video')} with another modification time than at the ingest: "
            f"{_names(touched)}; the bytes are compared before they are read; rushes ingest "
            f"compares them once for all"
        )
    return notes


def _names(videos: Sequence[Video]) -> str:
    named = ", ".join(video.given for video in videos[:SHOWN])
    more = len(videos) - SHOWN
    return f"{named} and {more:,} more" if more > 0 else named
