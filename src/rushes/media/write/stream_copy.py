"""A clip of whole groups of pictures, taken over as they are; nothing of the picture is encoded.

Key frames are where an encoder put them, so the clip becomes shorter: it begins at the first key
frame at or after the wanted begin, and ends where the last group ends that lies within. What is
shown before its key frame (the leading pictures of an open group) is left out at the begin, since
it may need the group before.
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
from rushes.media.write.bitstream import CODINGS, Coding
from rushes.media.write.encode import Encoding, name_of, sound_of
from rushes.media.write.gops import Picture, Plan, Uncopyable, from_key, packets, pictures, plan
from rushes.media.write.mux import Coded, mux
from rushes.media.write.timestamps import Clock
from rushes.media.write.verify import MICROSECOND, Meant, digest, explained, verify
from rushes.records import Video


def copy_clip(
    video: Video, in_pts: int, out_pts: int, path: Path, encoding: Encoding
) -> dict[str, Any]:
    """Write the whole groups of pictures within `[in_pts, out_pts)` to `path` as MP4; check it.

    Rotation and sample aspect stay what the source says of them. Sound is encoded anew, since its
    packets do not begin where the picture does.

    Returns:
        What the file holds, as `encode_clip` does, and where it truly begins and ends: in_pts,
        out_pts, in_s, out_s.

    Raises:
        ItemError: No whole group lies within the clip.
        MediaError: The source cannot be read or its codec not be put into MP4, the disk is full,
            or what was written is not what the source holds.
    """
    item = name_of(video, in_pts, out_pts)
    coding = CODINGS.get(video.codec)
    try:
        cut = plan(video, coding, in_pts, out_pts, whole_groups=True)
    except Uncopyable as error:
        raise ItemError(f"{item}: {error}; set mode to smart") from None
    in_pts, out_pts = min(cut.copied), cut.until
    clock = Clock(cut.copied, in_pts, out_pts)
    with explained(item, path):
        sound = sound_of(video, in_pts, out_pts, encoding)
        with whole(path) as temporary:
            copied = _Copied(video, coding, cut)
            header = coding.header(cut.parameters) if coding else b""
            mux(temporary, video, coding, header, copied, clock, sound)
            if wrong := _verify(temporary, video, coding, cut, clock, copied.prints):
                raise MediaError(f"{item}: {wrong}; set mode to exact, and report this")
            if not cut.is_clean:  # the decoder has to make do: see to it that it can
                meant = Meant(starts=clock.starts, end=clock.end)
                verify(temporary, meant, video.time_base, encoding.crf, item)
    return {
        "frames": len(cut.copied),
        "fps": None if video.is_vfr else round(float(video.rate), 6),
        "width_px": video.width_px,
        "height_px": video.height_px,
        "duration_s": round(float(clock.end * video.time_base), 6),
        "has_audio": sound is not None,
        "mode": "copy",
        "mode_reason": "",
        "frames_copied": len(cut.copied),
        "source_frames": len(cut.copied),
        "in_pts": in_pts,
        "out_pts": out_pts,
        "in_s": video.seconds(in_pts),
        "out_s": video.seconds(out_pts),
    }


class _Copied:
    """The pictures of one copy, and a hash of each that has passed."""

    def __init__(self, video: Video, coding: Coding | None, cut: Plan) -> None:
        self.prints: list[bytes] = []
        self._video, self._coding, self._cut = video, coding, cut

    def __iter__(self) -> Iterator[Coded]:
        """Yield the pictures in the file's order."""
        coding, wanted = self._coding, iter(self._cut.copied)
        pts = next(wanted, None)
        for picture in pictures(packets(self._video, self._cut.copied[0]), coding):
            if picture.pts != pts:
                continue  # before the first one, or leading it
            self.prints.append(_print(picture, coding))
            data = picture.nals[0] if coding is None else coding.body(picture.nals)
            yield Coded(pts, picture.is_key, data)
            pts = next(wanted, None)
            if pts is None:
                return


def _print(picture: Picture, coding: Coding | None) -> bytes:
    """Return a hash of a picture's slices; containers may keep the rest in other places."""
    state = hashlib.sha256()
    for nal in picture.nals:
        if coding is None or coding.type_of(nal) in coding.slices:
            state.update(nal)
    return state.digest()


def _verify(
    path: Path, video: Video, coding: Coding | None, cut: Plan, clock: Clock, prints: list[bytes]
) -> str:
    """Compare a copy with its source without decoding more than two key frames of both.

    Equal slices behind an equal key frame decode to equal pictures, so that the last frame need
    not be decoded, which would take longer than all the rest: a whole group on both sides.

    Returns:
        In words what is wrong; empty if nothing is.
    """
    stamps: list[Fraction] = []

    def noted() -> Iterator[Any]:
        for packet in from_key(path):
            stamps.append(packet.pts * packet.time_base)
            yield packet

    found = [_print(picture, coding) for picture in pictures(noted(), coding)]
    if len(prints) != len(cut.copied) or found != prints:
        return "what was written does not equal the source's pictures"
    meant = [start * video.time_base for start in clock.starts]
    if any(abs(a - b) > MICROSECOND for a, b in zip(sorted(stamps), meant, strict=True)):
        return "the frames' times differ from the source's"
    for key, name in {cut.keys[0]: "first", cut.keys[-1]: "last"}.items():
        start = stamps[cut.copied.index(key)]
        theirs = next(frames_between(video, key, key + 1), None)
        ours = _frame_at(path, start)
        if theirs is None or ours is None or digest(theirs.frame) != digest(ours):
            return f"the {name} key frame does not decode to the source's"
    return ""


def _frame_at(path: Path, time_s: Fraction) -> Any:
    """Return the frame that begins at a time."""
    with open_video(path) as container:
        stream = container.streams.video[0]
        container.seek(round(time_s / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts * frame.time_base >= time_s:
                return frame
    return None
