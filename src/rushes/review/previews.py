"""Stills, sources and encoded previews of clips, for a browser."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from rushes.catalog.signals import read_signals
from rushes.context import Context
from rushes.errors import ItemError, MediaError
from rushes.files import whole
from rushes.media.source_file import check_source
from rushes.media.stills import read_stills
from rushes.media.thumbnails import as_jpeg
from rushes.media.write.clip import write_clip
from rushes.media.write.encode import Encoding
from rushes.media.write.source import ClipSource
from rushes.records import Clip, Row, Video
from rushes.stages.items import Signals

PREVIEW = Encoding(mode="exact", height_px=480, crf=24, preset="veryfast")
"""Encoding of a preview, for browsers that cannot play the source."""
MAX_PREVIEW_BYTES = 2 * 2**30
"""Size of all previews, at most; the least recently watched are removed first."""

_PLAYS = {  # containers and codecs of both Chromium and Firefox
    "container": ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"),
    "video": ("h264", "vp8", "vp9", "av1"),
    "audio": (None, "aac", "mp3", "opus", "vorbis", "flac"),
}


class Previews:
    """Stills and videos of a project's clips; safe to call from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._previewing: dict[str, threading.Lock] = {}
        self._state: Mapping[str, int] | None = None
        self._videos: dict[int, Video] = {}
        self._rows: dict[str, dict[int, Row]] = {}

    def refresh(self) -> None:
        """Read the videos and scans again if the catalog has changed."""
        state = self._context.catalog.changes.revisions()
        with self._lock:
            if state != self._state:
                self._videos = self._context.catalog.videos()
                self._rows = {}
                self._state = state

    def video(self, video_no: int) -> Video:
        """Return a video by its number."""
        if video_no not in self._videos:
            self.refresh()
        return self._videos[video_no]

    def signals(self, probe: str, video_no: int) -> Signals:
        """Return the signals of a probe along a video.

        Raises:
            ItemError: The video is not scanned for it, or the file cannot be read.
        """
        return _signals(self._context.folder / self._probe_row(probe, video_no)["signals"])

    def signals_if_scanned(self, probe: str, video_no: int) -> Signals | None:
        """Return the signals of a probe along a video; None if it is not scanned for it."""
        try:
            return self.signals(probe, video_no)
        except ItemError:
            return None

    def _probe_row(self, probe: str, video_no: int) -> Row:
        prints = self._context.recipe.fingerprints.probes
        if probe in prints and probe not in self._rows:
            self._rows[probe] = dict(self._context.probe_rows(probe))
        row = self._rows.get(probe, {}).get(video_no)
        if row is None:
            raise ItemError("its video is not scanned with this recipe; run: rushes scan")
        return row

    # ---- stills -------------------------------------------------------------------------------

    def stills_of(self, clip: Clip, video_no: int) -> range:
        """Return the indices of a clip's stills in its video's proxy; empty without a proxy."""
        try:
            pts = _still_pts(self._context.folder / self._probe_row("still", video_no)["signals"])
        except ItemError:
            return range(0)
        return range(*np.searchsorted(pts, (clip.in_pts, clip.out_pts)).tolist())

    def still(self, clip: Clip, video_no: int, which: int, height_px: int) -> bytes:
        """Return one of a clip's stills as JPEG.

        Args:
            clip: The clip.
            video_no: Its video.
            which: Index from 0; too large an index gives the last still.
            height_px: Height of the JPEG, at most.

        Raises:
            ItemError: The clip is too short to hold one, or the proxy is gone.
        """
        rows = self.stills_of(clip, video_no)
        if not rows:
            raise ItemError(f"clip {clip.id} is too short for a still")
        proxy = self._context.folder / self._probe_row("still", video_no)["file"]
        row = rows[min(max(which, 0), len(rows) - 1)]
        return as_jpeg(next(read_stills(proxy, np.array([row]))), height_px=height_px)

    # ---- video --------------------------------------------------------------------------------

    def source(self, video_id: str) -> Path:
        """Return the path of a source by its video's id; no other file is ever served.

        Raises:
            ItemError: It is no video of this project, or the file is gone.
        """
        self.refresh()
        for video in self._videos.values():
            if video.id == video_id:
                return _path_of(video)
        raise ItemError(f"there is no video {video_id}")

    def preview(self, clip: Clip, video_no: int) -> Path:
        """Return the path of a small MP4 of a clip, which is encoded unless it exists."""
        path = self._context.folder / "previews" / f"{clip.id}.mp4"
        with self._lock:
            lock = self._previewing.setdefault(clip.id, threading.Lock())
        with lock:
            if path.exists():
                path.touch()
                return path
            video = self.video(video_no)
            _path_of(video)
            with whole(path) as temporary:
                write_clip(ClipSource(video, clip.in_pts, clip.out_pts), temporary, PREVIEW)
        prune(path.parent, MAX_PREVIEW_BYTES, keep=path)
        return path


def prune(folder: Path, most_bytes: int, *, keep: Path) -> None:
    """Remove the least recently used MP4 files of a folder until the rest fits `most_bytes`."""
    found = []
    for path in folder.glob("*.mp4"):
        try:
            facts = path.stat()
        except FileNotFoundError:  # another thread was quicker
            continue
        found.append((facts.st_mtime_ns, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most_bytes:
            return
        if path != keep:
            path.unlink(missing_ok=True)
            total -= size


def plays(video: Video) -> bool:
    """Return whether browsers play a source as it is."""
    return (
        video.container in _PLAYS["container"]
        and video.codec in _PLAYS["video"]
        and video.audio_codec in _PLAYS["audio"]
        and video.pix_fmt in ("yuv420p", "yuvj420p")
    )


def _path_of(video: Video) -> Path:
    check_source(video)
    return Path(video.path)


@lru_cache(maxsize=64)
def _signals(path: Path) -> Signals:
    return read_signals(path)


@lru_cache(maxsize=20_000)
def _still_pts(path: Path) -> np.ndarray:
    """Return the pts of a proxy's stills; only these, since a grid needs those of many videos."""
    try:
        with np.load(path) as stored:
            return np.asarray(stored["pts"])
    except (OSError, ValueError, KeyError) as error:
        raise MediaError(f"{path}: the signals cannot be read ({error})") from error
