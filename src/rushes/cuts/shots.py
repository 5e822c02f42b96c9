"""Merge the cuts of several detectors, and return the shots between them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rushes.errors import ItemError
from rushes.records import Cut, Shot

# A merged cut keeps the kind with the highest rank.
_RANK = {"hard": 0, "wipe": 1, "dissolve": 2, "fade": 3}


def merged(cuts: Sequence[Cut]) -> list[Cut]:
    """Merge the cuts of all detectors to one list without overlaps, in order.

    Cuts with overlapping mixed frames become one cut that covers them all. It keeps the kind of
    highest rank (fade over dissolve over wipe over hard) and the highest confidence.
    """
    result: list[Cut] = []
    for cut in sorted(cuts, key=lambda c: (c.start_pts, c.pts)):
        last = result[-1] if result else None
        # A hard cut at the frame where a transition begins or ends is that transition's edge.
        if last is None or cut.start_pts > last.pts:
            result.append(cut)
        elif cut.start_pts == last.pts and min(cut.pts - cut.start_pts, last.pts - last.start_pts):
            result.append(cut)  # two transitions back to back
        else:
            dominant = max(last, cut, key=lambda c: (_RANK[c.kind], c.confidence))
            result[-1] = replace(
                dominant,
                start_pts=min(last.start_pts, cut.start_pts),
                pts=max(last.pts, cut.pts),
                confidence=max(last.confidence, cut.confidence),
            )
    return result


def check_cuts(cuts: Sequence[Cut], path: str) -> None:
    """Check the cuts of one video before they are stored.

    Raises:
        ItemError: One has a confidence outside 0–1, or ends before it begins.
    """
    for cut in cuts:
        if not 0 <= cut.confidence <= 1:  # false for NaN too
            wrong = f"a confidence of {cut.confidence}"
        elif cut.start_pts > cut.pts:
            wrong = f"an end ({cut.pts}) before its begin ({cut.start_pts})"
        else:
            continue
        raise ItemError(
            f"{path}: detector {cut.detector} found a {cut.kind} cut with {wrong}; leave the "
            f"detector out of [cut] and report this"
        )


def with_breaks(cuts: Sequence[Cut], breaks_pts: Sequence[int]) -> list[Cut]:
    """Add a hard cut at each place where the clock or the geometry of a video changes.

    Args:
        cuts: Merged cuts. One that a break lies in, or ends at, already divides the shots there.
        breaks_pts: pts of the first frame behind each break.
    """
    added = [
        Cut(kind="hard", start_pts=pts, pts=pts, confidence=1.0, detector="container")
        for pts in breaks_pts
        if not any(cut.start_pts <= pts <= cut.pts for cut in cuts)
    ]
    return sorted([*cuts, *added], key=lambda cut: (cut.start_pts, cut.pts))


def shots(cuts: Sequence[Cut], pts: np.ndarray, end_pts: int) -> list[Shot]:
    """Return the shots between merged cuts, without mixed frames, in order; none is empty.

    Args:
        cuts: In order and without overlaps, as `merged` returns them.
        pts: int64 pts of the video's frames, ascending.
        end_pts: End of the last frame's display.
    """
    if not len(pts):
        return []
    found: list[Shot] = []
    in_pts = int(pts[0])
    for cut in cuts:
        if cut.start_pts > in_pts:
            found.append(Shot(in_pts=in_pts, out_pts=cut.start_pts))
        in_pts = max(in_pts, cut.pts)
    if in_pts < end_pts:
        found.append(Shot(in_pts=in_pts, out_pts=end_pts))
    return found
