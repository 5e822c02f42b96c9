"""Clips from shots: long shots split evenly at frame times, short ones left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rushes.errors import RecipeError
from rushes.records import Clip, Shot, Video


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLengths:
    """Limits of the length of clips, in seconds."""

    min_s: float = 1.0
    """Shorter shots make no clip; larger leaves out more."""
    max_s: float = 20.0
    """Longer shots are split into equal clips no longer than this."""

    def __post_init__(self) -> None:
        if self.min_s < 0 or self.max_s <= 0 or self.min_s > self.max_s:
            raise RecipeError(
                f"cut.min_s = {self.min_s} and cut.max_s = {self.max_s}: "
                f"they must be 0 <= min_s <= max_s"
            )


def clips_of(
    shots: Sequence[Shot],
    video: Video,
    pts: np.ndarray,
    lengths: ClipLengths,
    damaged_pts: Sequence[int] = (),
) -> list[Clip]:
    """Split a video's shots into clips, ascending.

    Args:
        shots: Clean spans, ascending.
        video: The video, for its time base.
        pts: int64 pts of every frame of the video, ascending.
        lengths: Shortest and longest clip.
        damaged_pts: Frames that the decoder marked corrupt.
    """
    damaged = np.sort(np.array(damaged_pts, np.int64))
    clips = []
    for shot in shots:
        for in_pts, out_pts in _split_evenly(shot, video, pts, lengths):
            first, last = np.searchsorted(pts, (in_pts, out_pts))
            bad_first, bad_last = np.searchsorted(damaged, (in_pts, out_pts))
            clips.append(
                Clip(
                    video_id=video.id,
                    in_pts=in_pts,
                    out_pts=out_pts,
                    frames=int(last - first),
                    frames_damaged=int(bad_last - bad_first),
                )
            )
    return clips


def clips_within(
    video: Video,
    times: np.ndarray,
    spans: Sequence[tuple[int, int]],
    damaged_pts: Sequence[int] = (),
) -> list[Clip]:
    """Return clips of chosen spans, moved to the nearest frame times.

    Args:
        video: The video of the spans.
        times: int64 pts of every frame of the video, and the end of the last one.
        spans: in_pts and out_pts of each.
        damaged_pts: Frames that the decoder marked corrupt.

    Raises:
        RecipeError: A span contains no frame.
    """
    shots = []
    for span in spans:
        in_pts, out_pts = (int(times[np.argmin(np.abs(times - pts))]) for pts in span)
        if in_pts >= out_pts:
            at = f"{video.seconds(span[0])}–{video.seconds(span[1])} s"
            raise RecipeError(f"{video.given}: there is no frame in {at}")
        shots.append(Shot(in_pts=in_pts, out_pts=out_pts))
    whole = ClipLengths(min_s=0.0, max_s=float("inf"))
    return clips_of(shots, video, times[:-1], whole, damaged_pts)


def _split_evenly(
    shot: Shot, video: Video, pts: np.ndarray, lengths: ClipLengths
) -> list[tuple[int, int]]:
    """Split a shot into the fewest equal spans within the limits, each on frame times."""
    length_s = float((shot.out_pts - shot.in_pts) * video.time_base)
    if length_s < lengths.min_s:
        return []
    # A span ends on a frame time at or before its share, so none exceeds the longest.
    spans = []
    at = shot.in_pts
    # Half a microsecond allows for rounding in a shot of exactly max_s.
    pieces = max(1, int(np.ceil(length_s / lengths.max_s - 5e-7)))
    while pieces > 1:
        target = at + (shot.out_pts - at) / pieces
        index = int(np.searchsorted(pts, target, side="right")) - 1
        until = int(pts[index])
        if until <= at:  # one frame is longer than the longest clip
            until = int(pts[min(index + 1, len(pts) - 1)])
        if not at < until < shot.out_pts:
            break
        spans.append((at, until))
        at = until
        left_s = float((shot.out_pts - at) * video.time_base)
        pieces = max(pieces - 1, int(np.ceil(left_s / lengths.max_s - 5e-7)))
    spans.append((at, shot.out_pts))
    return [
        (start, end)
        for start, end in spans
        if float((end - start) * video.time_base) >= lengths.min_s
    ]
