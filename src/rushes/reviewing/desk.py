"""What one person at the review page can see and do; the web layer only carries it over HTTP."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rushes import deciding
from rushes.catalog import Catalog
from rushes.errors import ItemError, RecipeError
from rushes.files import whole
from rushes.media.encode import Encoding
from rushes.media.modes import write_clip
from rushes.media.stills import read_stills
from rushes.media.thumbnails import as_jpeg
from rushes.recipe import Recipe
from rushes.records import Clip, Decided, Row, Verdict, Video
from rushes.reviewing.board import Board
from rushes.reviewing.pictures import pictures
from rushes.reviewing.rules_file import save_rules
from rushes.rules import Rule, parse_rule
from rushes.scan import PROBE_FIELDS, read_signals
from rushes.stage import Signals
from rushes.verdicts import tags_of

PREVIEW = Encoding(mode="exact", height_px=480, crf=24, preset="veryfast")
"""How a clip is encoded for a browser that cannot play its source."""

CONTEXT_S = 5.0
"""So much of the source around a clip is shown with it, so that it can be made longer."""

_PLAYS = {  # containers and codecs that Chromium and Firefox both play
    "container": ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"),
    "video": ("h264", "vp8", "vp9", "av1"),
    "audio": (None, "aac", "mp3", "opus", "vorbis", "flac"),
}


class Desk:
    """A project's clips, laid out for reviewing. Its methods may be called from several threads."""

    def __init__(self, catalog: Catalog, recipe: Recipe, folder: Path) -> None:
        """Read the clips; see `Board`."""
        self._catalog, self._recipe, self._folder = catalog, recipe, folder
        self.board = Board(catalog, recipe)
        self._previewing: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    # ---- looking ------------------------------------------------------------------------------

    def state(self) -> Row:
        """Return what the page needs before it shows anything."""
        board = self.board
        verdicts = Counter(board.columns["verdict"].tolist())
        return {
            "project": self._folder.name,
            "clips": len(board),
            "hours": round(float(board.columns["duration_s"].sum()) / 3600, 3),
            "videos": len(np.unique(board.video_no)),
            "verdicts": dict(verdicts),
            "tags": sorted({tag for now in board.decided.values() for tag in now.tags_added}),
            "revision": board.revision,
            "verdict_no": board.verdict_no,
            "columns": board.measured(),
            "selections": {
                name: [str(rule) for rule in rules]
                for name, rules in self._recipe.selections.items()
            },
        }

    def query(
        self,
        rules: Sequence[str],
        *,
        sort: str = "",
        group: str = "",
        among: Sequence[str] | None = None,
    ) -> Row:
        """Return an order of the clips that pass, and what each rule does to the count."""
        parsed = parse_rules(rules)
        name, count, groups = self.board.query(parsed, sort=sort, group=group, among=among)
        return {"query": name, "groups": groups, **asdict(self.board.filtered(parsed)),
                "count": count, "revision": self.board.revision}  # fmt: skip

    def count(self, rules: Sequence[str]) -> Row:
        """Return how many clips and hours some rules leave; quick, for a slider that moves."""
        return asdict(self.board.filtered(parse_rules(rules)))

    def clips(self, query: str, first: int, count: int) -> list[Row] | None:
        """Return rows of a grid; None if that query is too long ago."""
        found = self.board.rows(query, first, count)
        return None if found is None else [self._row(at) for at in found]

    def named(self, clips: Sequence[str]) -> list[Row]:
        """Return the rows of clips by their ids; those that are not there are left out."""
        places = (self.board.index.get(clip) for clip in clips)
        return [self._row(at) for at in places if at is not None]

    def ids(self, query: str) -> list[str] | None:
        """Return the ids of all clips of a query; None if it is too long ago."""
        found = self.board.rows(query, 0, len(self.board))
        return None if found is None else [self.board.ids[at] for at in found]

    def beside(self, column: str, threshold: float, rules: Sequence[str]) -> Row:
        """Return the clips on either side of a threshold, nearest first."""
        below, above = self.board.beside(column, threshold, parse_rules(rules))
        return {"below": self.named(below), "above": self.named(above)}

    def _row(self, at: int) -> Row:
        board = self.board
        clip, video = board.clips[at], self._video(int(board.video_no[at]))
        decided = board.decided.get(clip.id, Decided())
        return {
            "clip": clip.id,
            "video": video.given,
            "in_s": video.seconds(clip.in_pts),
            "out_s": video.seconds(clip.out_pts),
            "duration_s": float(board.columns["duration_s"][at]),
            "aspect": round(video.display_size_px[0] / video.display_size_px[1], 4),
            "stills": len(self._still_rows(at)),
            "verdict": decided.verdict,
            "stars": decided.stars,
            "reason": decided.reason,
            "caption": decided.caption,
        }

    def clip(self, clip_id: str) -> Row:
        """Return all that is known about one clip.

        Raises:
            RecipeError: There is none of that id.
        """
        at = self._place(clip_id)
        board = self.board
        clip, video_no = board.clips[at], int(board.video_no[at])
        video = self._video(video_no)
        decided = board.decided.get(clip_id, Decided())
        around = round(CONTEXT_S / video.time_base)
        signals = self._signals("change", video_no)
        if signals is None:
            raise ItemError("its video is not scanned any more; run: rushes scan")
        shown = signals.span(clip.in_pts - around, clip.out_pts + around)
        first, last = np.searchsorted(shown.pts, (clip.in_pts, clip.out_pts)).tolist()
        after = np.searchsorted(signals.pts, clip.out_pts + around)
        end_pts = int(signals.pts[after]) if after < len(signals.pts) else signals.end_pts
        return self._row(at) | {
            "in_pts": clip.in_pts,
            "out_pts": clip.out_pts,
            "frames": clip.frames,
            "frames_damaged": clip.frames_damaged,
            "frame_times_s": [video.seconds(int(pts)) for pts in shown.pts],
            "frame_pts": shown.pts.tolist(),
            "frame_in": first,
            "frame_out": last,
            "end_pts": end_pts,
            "end_s": video.seconds(end_pts),
            "video_id": video.id,
            "width_px": video.display_size_px[0],
            "height_px": video.display_size_px[1],
            "plays": plays(video),
            "tags": tags_of((), decided),
            "captions": self._captions(at),
            "scores": {
                name: _plain(values[at]) for name, values in board.columns.items() if "." in name
            },
            "before": self._neighbour(at, -1),
            "after": self._neighbour(at, 1),
            "history": [
                {"who": v.who, "at": v.at, "source": v.source, "kind": v.kind, "value": v.value}
                for v in self._catalog.verdicts.since(clips=[clip_id])
            ],
        }

    def _captions(self, at: int) -> list[Row]:
        found = self._catalog.captions.in_force()
        text = found.get(int(self.board.numbers[at]))
        return [{"source": "caption", "text": text}] if text else []

    def _neighbour(self, at: int, step: int) -> str | None:
        board = self.board
        other = at + step
        is_there = 0 <= other < len(board) and board.video_no[other] == board.video_no[at]
        return board.ids[other] if is_there else None

    def _place(self, clip_id: str) -> int:
        at = self.board.index.get(clip_id)
        if at is None:
            raise RecipeError(f"there is no clip {clip_id} any more; it may have been divided")
        return at

    def _video(self, video_no: int) -> Video:
        return _videos(self._catalog, self.board.revision)[video_no]

    def pictures(self, rules: Sequence[str]) -> Row:
        """Return the figures of the charts over the clips that pass."""
        passing = self.board.mask(parse_rules(rules))
        in_force = self._catalog.captions.in_force()
        said = (
            decided.caption or in_force.get(int(self.board.numbers[at]), "")
            for at in np.flatnonzero(passing).tolist()
            for decided in [self.board.decided.get(self.board.ids[at], Decided())]
        )
        return pictures(self.board, passing, said)

    # ---- pictures -----------------------------------------------------------------------------

    def still(self, clip_id: str, which: int, height_px: int) -> bytes:
        """Return one of a clip's stills as JPEG.

        Args:
            clip_id: The clip.
            which: From 0; beyond the last is the last.
            height_px: At most so high.

        Raises:
            ItemError: The clip is too short to hold one, or the proxy is gone.
        """
        at = self._place(clip_id)
        rows = self._still_rows(at)
        if not len(rows):
            raise ItemError(f"clip {clip_id} holds no still")
        video_no = int(self.board.video_no[at])
        proxy = self._probe_row("still", video_no)
        row = rows[min(max(which, 0), len(rows) - 1)]
        picture = next(read_stills(self._folder / proxy["file"], np.array([row])))
        return as_jpeg(picture, height_px=height_px)

    def _still_rows(self, at: int) -> np.ndarray:
        clip = self.board.clips[at]
        signals = self._signals("still", int(self.board.video_no[at]))
        if signals is None:
            return np.zeros(0, np.int64)
        return np.arange(*np.searchsorted(signals.pts, (clip.in_pts, clip.out_pts)))

    def _probe_row(self, probe: str, video_no: int) -> Row:
        rows = _probe_rows(self._catalog, probe, self._recipe.fingerprints.probes[probe],
                           self.board.revision)  # fmt: skip
        if video_no not in rows:
            raise ItemError("its video is not scanned any more; run: rushes scan")
        return rows[video_no]

    def _signals(self, probe: str, video_no: int) -> Signals | None:
        if probe not in self._recipe.fingerprints.probes:
            return None
        return _signals(self._folder / self._probe_row(probe, video_no)["signals"])

    def source(self, video_id: str) -> Path:
        """Return a source file of the project by its video's id; nothing else is ever served.

        Raises:
            ItemError: It is not a video of this project, or the file is gone.
        """
        for video in _videos(self._catalog, self.board.revision).values():
            if video.id == video_id:
                if not Path(video.path).is_file():
                    raise ItemError(f"{video.path}: the file is gone; ingest where it moved to")
                return Path(video.path)
        raise ItemError(f"there is no video {video_id}")

    def preview(self, clip_id: str) -> Path:
        """Return a small MP4 of a clip that every browser plays, made now unless it is there."""
        at = self._place(clip_id)
        path = self._folder / "previews" / f"{clip_id}.mp4"
        with self._lock:
            lock = self._previewing.setdefault(clip_id, threading.Lock())
        with lock:
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                clip, video = self.board.clips[at], self._video(int(self.board.video_no[at]))
                with whole(path) as temporary:
                    write_clip(video, clip.in_pts, clip.out_pts, temporary, PREVIEW)
        return path

    # ---- doing --------------------------------------------------------------------------------

    def decide(self, clips: Sequence[str], values: Mapping[str, Any], who: str) -> Row:
        """Store verdicts; they are safely on disk when this returns."""
        given = deciding.decide(self._catalog, clips, values, who=who, source="page")
        self.board.follow()
        return self._done(given)

    def respan(self, clips: Sequence[str], spans: Sequence[tuple[int, int]], who: str) -> Row:
        """Trim, divide or join clips; return the ids of the new ones."""
        new: list[Clip] = deciding.respan(
            self._catalog, self._recipe, self._folder, clips, spans, who=who, source="page"
        )
        self.board.follow()
        return {"clips": [clip.id for clip in new], "revision": self.board.revision}

    def take_back(self, who: str, *, redo: bool = False) -> Row:
        """Undo a person's last action, or do it again."""
        done = deciding.take_back(self._catalog, who=who, source="page", redo=redo)
        self.board.follow()
        return self._done(done)

    def _done(self, verdicts: Sequence[Verdict]) -> Row:
        return {
            "clips": sorted({v.clip for v in verdicts if v.clip}),
            "kinds": sorted({v.kind for v in verdicts}),
            "revision": self.board.revision,
            "verdict_no": self.board.verdict_no,
        }

    def replace(
        self, clips: Sequence[str], find: str, replacement: str, who: str, *, dry_run: bool
    ) -> Row:
        """Replace words in captions, as one action; return what each was and is.

        Args:
            clips: Ids.
            find: What to replace: plain text, case counts.
            replacement: What stands there then.
            who: The person.
            dry_run: Only say what would change.
        """
        if not find:
            raise RecipeError("say what to replace")
        in_force = self._catalog.captions.in_force()
        changes = []
        for at in (self._place(clip) for clip in clips):
            decided = self.board.decided.get(self.board.ids[at], Decided())
            before = decided.caption or in_force.get(int(self.board.numbers[at]), "")
            if find in before:
                after = before.replace(find, replacement).strip()
                changes.append({"clip": self.board.ids[at], "before": before, "after": after})
        if changes and not dry_run:
            captions = {change["clip"]: change["after"] or None for change in changes}
            deciding.caption(self._catalog, captions, who=who, source="page")
            self.board.follow()
        return {"changes": changes}

    def save_rules(self, selection: str, rules: Sequence[str]) -> None:
        """Write the rules into the recipe as `[select.NAME]`; what a person wrote there stays."""
        save_rules(self._folder / "recipe.toml", selection, parse_rules(rules))


def parse_rules(texts: Sequence[str]) -> list[Rule]:
    """Return rules from lines such as "motion.speed 2..20".

    Raises:
        RecipeError: One is no rule.
    """
    rules = []
    for text in texts:
        column, _, rest = text.strip().partition(" ")
        rules.append(parse_rule(column, rest.strip()))
    return rules


def plays(video: Video) -> bool:
    """Return whether browsers play a source as it is."""
    return (
        video.container in _PLAYS["container"]
        and video.codec in _PLAYS["video"]
        and video.audio_codec in _PLAYS["audio"]
        and video.pix_fmt in ("yuv420p", "yuvj420p")
    )


@lru_cache(maxsize=256)
def _signals(path: Path) -> Signals:
    return read_signals(path)


@lru_cache(maxsize=4)
def _videos(catalog: Catalog, revision: int) -> dict[int, Video]:
    return catalog.videos()


@lru_cache(maxsize=8)
def _probe_rows(catalog: Catalog, probe: str, fingerprint: str, revision: int) -> dict[int, Row]:
    return catalog.rows(f"probe/{probe}", PROBE_FIELDS, fingerprint)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if np.isnan(value) else round(float(value), 5)
    return value
