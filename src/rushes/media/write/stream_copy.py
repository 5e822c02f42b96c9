"""A clip of whole groups of pictures, copied without encoding any.

An encoder chose the key frames, so the clip becomes shorter: it begins at the first key frame at
or after the requested begin, and ends with the last group that lies within. The leading pictures of
an open group are left out at the begin, since they may need the group before.
"""

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from rushes.errors import ItemError, MediaError
from rushes.files import whole
from rushes.media.decode import frames_between
from rushes.media.probe import open_video
from rushes.media.write.bitstream import SYNTAXES, CodecSyntax
from rushes.media.write.encode import Encoding, audio_track_of
from rushes.media.write.gops import (
    CopyPlan,
    NotCopyable,
    SourcePicture,
    packets_from_key,
    plan_copy,
    read_packets,
    read_pictures,
)
from rushes.media.write.mux import ClipTracks, EncodedPicture, mux
from rushes.media.write.source import ClipSource
from rushes.media.write.timestamps import ClipTimestamps
from rushes.media.write.verify import MICROSECOND, Expected, digest, disk_errors_explained, verify
from rushes.records import Video


def copy_clip(source: ClipSource, path: Path, encoding: Encoding) -> dict[str, Any]:
    """Copy the whole groups of pictures within a clip to `path` as MP4, and verify the file.

    Rotation and sample aspect stay those of the source. Audio is encoded anew, since its packets do
    not begin with the pictures.

    Returns:
        The facts of the file, as `encode_clip` returns them, and its actual begin and end: in_pts,
        out_pts, in_s, out_s.

    Raises:
        ItemError: No whole group lies within the clip.
        MediaError: The source cannot be read, MP4 cannot hold its codec, the disk is full, or the
            file does not hold the source's pictures.
    """
    video, name = source.video, source.name
    syntax = SYNTAXES.get(video.codec)
    try:
        if video.clock_breaks or video.sections:
            raise NotCopyable("its clock or its picture changes within the file")
        plan = plan_copy(source, syntax, whole_groups=True)
    except NotCopyable as error:
        raise ItemError(f"{name}: {error}; set mode to smart") from None
    copied = ClipSource(video, min(plan.copied), plan.copied_end_pts)
    timestamps = ClipTimestamps(plan.copied, copied.in_pts, copied.out_pts)
    with disk_errors_explained(name, path):
        audio = audio_track_of(copied, encoding)
        pictures = _CopiedPictures(video, syntax, plan)
        with whole(path) as temporary:
            mux(
                temporary,
                ClipTracks(
                    video=video,
                    syntax=syntax,
                    header=syntax.track_header(plan.parameter_sets) if syntax else b"",
                    pictures=pictures,
                    timestamps=timestamps,
                    audio=audio,
                ),
            )
            if wrong := pictures.difference(temporary, timestamps):
                raise MediaError(f"{name}: {wrong}; set mode to exact, and report this")
            if not plan.is_clean:  # a decoder may fail at such a begin
                expected = Expected(starts=timestamps.starts, end=timestamps.end)
                verify(temporary, expected, video.time_base, encoding.crf, name)
    return {
        "frames": len(plan.copied),
        "fps": None if video.is_vfr else round(float(video.rate), 6),
        "width_px": video.width_px,
        "height_px": video.height_px,
        "duration_s": round(float(timestamps.end * video.time_base), 6),
        "has_audio": audio is not None,
        "mode": "copy",
        "mode_reason": "",
        "frames_copied": len(plan.copied),
        "source_frames": len(plan.copied),
        "in_pts": copied.in_pts,
        "out_pts": copied.out_pts,
        "in_s": video.seconds(copied.in_pts),
        "out_s": video.seconds(copied.out_pts),
    }


class _CopiedPictures:
    """The pictures of one copy, and a hash of each that was yielded."""

    def __init__(self, video: Video, syntax: CodecSyntax | None, plan: CopyPlan) -> None:
        self._hashes: list[bytes] = []
        self._video, self._syntax, self._plan = video, syntax, plan

    def __iter__(self) -> Iterator[EncodedPicture]:
        """Yield the pictures in the file's order."""
        syntax, wanted = self._syntax, iter(self._plan.copied)
        pts = next(wanted, None)
        packets = read_packets(self._video, self._plan.copied[0])
        for picture in read_pictures(packets, syntax):
            if picture.pts != pts:
                continue  # before the first one, or a leading picture of it
            self._hashes.append(_slice_hash(picture, syntax))
            nals = picture.nals
            data = nals[0] if syntax is None else syntax.track_sample(nals)
            yield EncodedPicture(pts, picture.is_key, data)
            pts = next(wanted, None)
            if pts is None:
                return

    def difference(self, path: Path, timestamps: ClipTimestamps) -> str:
        """Compare the written copy with its source; decode only two key frames of both.

        Equal slices behind an equal key frame decode to equal pictures. So the last frame need not
        be decoded, which would take a whole group on both sides, longer than all the rest.

        Returns:
            The difference in words; empty if there is none.
        """
        video, copied = self._video, self._plan.copied
        times_s: list[Fraction] = []

        def timed_packets() -> Iterator[Any]:
            for packet in packets_from_key(path):
                times_s.append(packet.pts * packet.time_base)
                yield packet

        pictures = read_pictures(timed_packets(), self._syntax)
        found = [_slice_hash(picture, self._syntax) for picture in pictures]
        if len(self._hashes) != len(copied) or found != self._hashes:
            return "the written file does not equal the source's pictures"
        expected_s = [start * video.time_base for start in timestamps.starts]
        pairs = zip(sorted(times_s), expected_s, strict=True)
        if any(abs(a - b) > MICROSECOND for a, b in pairs):
            return "the frames' times differ from the source's"
        for key, name in {self._plan.keys[0]: "first", self._plan.keys[-1]: "last"}.items():
            theirs = next(frames_between(video, key, key + 1), None)
            ours = _frame_at(path, times_s[copied.index(key)])
            if theirs is None or ours is None or digest(theirs.frame) != digest(ours):
                return f"the {name} key frame does not decode to the source's"
        return ""


def _slice_hash(picture: SourcePicture, syntax: CodecSyntax | None) -> bytes:
    """Return a hash of a picture's slices; containers may move its other NAL units."""
    state = hashlib.sha256()
    for nal in picture.nals:
        if syntax is None or syntax.nal_type(nal) in syntax.slice_types:
            state.update(nal)
    return state.digest()


def _frame_at(path: Path, time_s: Fraction) -> Any:
    """Return the first frame at or after a time; None if there is none."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        container.seek(round(time_s / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts * frame.time_base >= time_s:
                return frame
    return None
