"""Merge the cuts of several detectors, and return the shots between them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

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
