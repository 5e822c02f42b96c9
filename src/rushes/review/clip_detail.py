"""Rows for the page: a clip's card in the grid, and the detail of one clip."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushes.catalog import Catalog
from rushes.decisions import tags_of, undone_actions
from rushes.records import Clip, Decisions, Row, Verdict, Video
from rushes.review.cut_hints import likely_cuts, likely_cuts_by_network
from rushes.review.live_clips import LiveClips
from rushes.review.percentiles import is_measured, percentile_ranks
from rushes.review.previews import Previews, plays

CONTEXT_S = 5.0
"""Length of the source on either side of a clip that is shown with it, to extend it into."""


class ClipDetails:
    """Reads the rows of clips from the live clips, the previews and the catalog."""

    def __init__(self, catalog: Catalog, live: LiveClips, previews: Previews) -> None:
        self._catalog, self._live, self._previews = catalog, live, previews

    def cards(self, places: Sequence[int]) -> list[Row]:
        """Return a row of the grid for each place; the caller holds the lock of the live clips."""
        numbers = self._live.numbers
        captions = self._catalog.captions.current([numbers[at] for at in places])
        return [self._card(at) | {"caption": captions.get(numbers[at])} for at in places]

    def detail(self, clip_id: str) -> Row:
        """Return everything that is known about one clip.

        Raises:
            ItemError: There is no such clip, or its video is not scanned any more.
        """
        history = self._catalog.verdicts.since(clips=[clip_id, ""])
        live = self._live
        with live.lock:
            at = live.place_of(clip_id)
            clip, video_no = live.clips[at], int(live.video_no[at])
            video = self._previews.video(video_no).at(clip.in_pts)
            decided = live.decisions.get(clip_id, Decisions())
            return {
                **self._card(at),
                **self._frames(clip, video_no),
                "in_pts": clip.in_pts,
                "out_pts": clip.out_pts,
                "frames": clip.frames,
                "frames_damaged": clip.frames_damaged,
                "video_id": video.id,
                "width_px": video.player_size_px[0],
                "height_px": video.player_size_px[1],
                "plays": plays(video),
                "tags": tags_of((), decided),
                "caption": decided.caption,
                "captions": self._captions(at),
                "scores": {
                    name: plain(values[at])
                    for name, values in live.columns.arrays.items()
                    if "." in name
                },
                "ranks": percentile_ranks(live.columns, at),
                "before": self._neighbour(at, -1),
                "after": self._neighbour(at, 1),
                "history": _history(clip_id, history),
            }

    def _card(self, at: int) -> Row:
        live = self._live
        clip, video_no = live.clips[at], int(live.video_no[at])
        video = self._previews.video(video_no)
        decided = live.decisions.get(clip.id, Decisions())
        return {
            "clip": clip.id,
            "video": video.given,
            "in_s": video.seconds(clip.in_pts),
            "out_s": video.seconds(clip.out_pts),
            "duration_s": float(live.columns["duration_s"][at]),
            "stills": len(self._previews.stills_of(clip, video_no)),
            "verdict": decided.verdict,
            "stars": decided.stars,
            "reason": decided.reason,
            "is_measured": is_measured(live.columns, at),
        }

    def _frames(self, clip: Clip, video_no: int) -> Row:
        """Return the times of the frames of a clip and of its surroundings, and its likely cuts."""
        video: Video = self._previews.video(video_no)
        around = round(CONTEXT_S / video.time_base)
        signals = self._previews.signals("change", video_no)
        shown = signals.span(clip.in_pts - around, clip.out_pts + around)
        first, last = np.searchsorted(shown.pts, (clip.in_pts, clip.out_pts)).tolist()
        after = np.searchsorted(signals.pts, clip.out_pts + around)
        end_pts = int(signals.pts[after]) if after < len(signals.pts) else signals.end_pts
        network = self._previews.signals_if_scanned("network", video_no)
        if network is not None:
            begins = network.span(clip.in_pts, clip.out_pts).columns["begins"]
            cuts = likely_cuts_by_network(begins)
        else:
            cuts = likely_cuts(shown.columns["step_1"][first:last])
        return {
            "frame_times_s": [video.seconds(int(pts)) for pts in shown.pts],
            "frame_pts": shown.pts.tolist(),
            "frame_in": first,
            "frame_out": last,
            "peaks": [first + at for at in cuts],
            "end_pts": end_pts,
            "end_s": video.seconds(end_pts),
        }

    def _captions(self, at: int) -> list[Row]:
        no = self._live.numbers[at]
        captions = self._catalog.captions.by_captioner([no]).get(no, [])
        return [{"source": source, "text": text} for source, text in captions]

    def _neighbour(self, at: int, step: int) -> str | None:
        live, other = self._live, at + step
        is_there = 0 <= other < len(live) and live.video_no[other] == live.video_no[at]
        return live.ids[other] if is_there else None


def _history(clip_id: str, verdicts: Sequence[Verdict]) -> list[Row]:
    """Return the verdicts on one clip, in order, each with whether it is undone."""
    undone = undone_actions(verdicts)
    return [
        {
            "who": verdict.who,
            "at": verdict.at,
            "source": verdict.source,
            "kind": verdict.kind,
            "value": verdict.value,
            "is_undone": verdict.action in undone,
        }
        for verdict in verdicts
        if verdict.clip == clip_id
    ]


def plain(value: Any) -> Any:
    """Return a value of a column for JSON: None for NaN."""
    if isinstance(value, float):
        return None if np.isnan(value) else float(value)
    return value
