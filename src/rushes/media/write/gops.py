"""Coded pictures as the container holds them: which can be copied, and in what pieces.

A copy may begin at a *clean* key frame only: one after which no picture refers to an earlier one.
In H.264 that is an IDR picture; an open group of pictures begins with a mere I picture, after which
the decoder's state still goes on. In H.265 any random access point will do, since a CRA picture
becomes clean by being renamed (see `nals.Coding.cleaned`). Pictures that follow a key frame in the
file but are shown before it ("leading") may need the group before; they are never copied with it.

A copy may end wherever all pictures so far are shown before all later ones: a picture refers only
to pictures before it in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from rushes.errors import ItemError
from rushes.media.probe import open_video, video_stream
from rushes.media.write.bitstream import H264, Coding, split, stored_sets
from rushes.records import Video

_LOOKAHEAD = 40
"""Pictures at or after the end to be seen before no earlier one can follow; codecs reorder by 16
at most."""
CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv")
"""Those that keep a display time for each picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture."""

    pts: int
    is_key: bool
    is_clean: bool
    """Whether a copy may begin here."""
    is_doubtful: bool
    """Whether the container marks it as damaged or not to be shown."""
    nals: tuple[bytes, ...]


class Uncopyable(ItemError):
    """Why a span cannot be copied, in words; `modes` encodes it instead."""


def packets(video: Video, from_pts: int) -> Iterator[Any]:
    """Yield packets in the file's order, from a key frame at or before `from_pts`.

    Raises:
        Uncopyable: A packet has no time.
        MediaError: The file cannot be read.
    """
    for back_s in (0, 2, 20, None):  # as `decode.frames_between` does, and for the same reason
        seek_pts = None if back_s is None else from_pts - round(back_s / video.time_base)
        if seek_pts is not None and seek_pts < video.start_pts:
            seek_pts = None
        found = from_key(video.path, seek_pts)
        first = next(found, None)
        if seek_pts is None or (first is not None and first.pts <= from_pts):
            yield from chain([first] if first else [], found)
            return


def from_key(path: str | Path, seek_pts: int | None = None) -> Iterator[Any]:
    """Yield packets from the first key frame that FFmpeg finds when it seeks; None: all."""
    import av

    with open_video(path) as container:
        stream = video_stream(container, path)
        if seek_pts is not None:
            try:
                container.seek(seek_pts, stream=stream, backward=True)
            except av.FFmpegError:
                return  # not seekable: the caller tries from the beginning
        has_begun = False
        for packet in container.demux(stream):
            has_begun = has_begun or packet.is_keyframe
            if has_begun and packet.size:
                if packet.pts is None:
                    raise Uncopyable("the file does not say when each frame is shown")
                yield packet


def pictures(found: Iterator[Any], coding: Coding | None) -> Iterator[Picture]:
    """Yield packets as pictures; without a coding each is one piece, clean if it is a key frame."""
    import av

    to_annexb: Any = None
    stored: list[bytes] = []
    for packet in found:
        pts, is_key = packet.pts, bool(packet.is_keyframe)
        is_doubtful = bool(packet.is_corrupt or packet.is_discard)
        if coding is None:
            yield Picture(pts, is_key, is_key, is_doubtful, (bytes(packet),))
            continue
        if to_annexb is None:
            to_annexb = av.bitstream.BitStreamFilterContext(coding.to_annexb, packet.stream)
            stored = stored_sets(packet.stream.codec_context.extradata or b"")
        nals = tuple(nal for part in to_annexb.filter(packet) for nal in split(bytes(part)))
        is_clean = is_key and coding.picture_type(nals) in coding.clean
        if coding is H264 and is_key and not is_clean and stored:
            nals = (*stored, *nals)  # which the filter does at clean ones only
        yield Picture(pts, is_key, is_clean, is_doubtful, nals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which pictures of a clip are copied; the rest of it is encoded anew."""

    shown: tuple[int, ...]
    """pts of all frames of the clip, ascending."""
    copied: tuple[int, ...]
    """pts of the pictures to copy, in the file's order; in order of time they are neighbours."""
    keys: tuple[int, ...]
    """pts of the key frames among them."""
    is_clean: bool
    """Whether the first of them is a clean begin."""
    until: int
    """When the last copied frame's display ends."""
    parameters: tuple[bytes, ...]
    """Parameter sets that the copied pictures name."""

    @property
    def head(self) -> tuple[int, ...]:
        """When the frames are shown that come before the copied ones, as pts."""
        first = min(self.copied)
        return tuple(pts for pts in self.shown if pts < first)

    @property
    def tail(self) -> tuple[int, ...]:
        """When the frames are shown that come after the copied ones, as pts."""
        last = max(self.copied)
        return tuple(pts for pts in self.shown if pts > last)


def plan(
    video: Video,
    coding: Coding | None,
    in_pts: int,
    out_pts: int,
    *,
    whole_groups: bool = False,
    spare_last: bool = False,
) -> Plan:
    """Find the longest row of pictures that can be copied into the clip `[in_pts, out_pts)`.

    Args:
        video: The source.
        coding: Its codec; None for one that is only ever copied in whole groups.
        in_pts: Begin.
        out_pts: End.
        whole_groups: Begin at any key frame, clean or not, and end where a group ends.
        spare_last: Do not copy the last frame.

    Raises:
        Uncopyable: There is none.
        MediaError: The file cannot be read.
    """
    order: list[Picture] = []
    late = 0
    for picture in pictures(packets(video, in_pts), coding):
        # Without the bytes: clips can be long.
        kinds = coding.parameters if coding else ()
        sets = tuple(nal for nal in picture.nals if coding and coding.type_of(nal) in kinds)
        order.append(replace(picture, nals=sets))
        late = late + 1 if picture.pts >= out_pts else 0
        if late == _LOOKAHEAD:
            break
    shown = sorted(picture.pts for picture in order if in_pts <= picture.pts < out_pts)
    if len(set(shown)) < len(shown):
        raise Uncopyable("two frames of it have the same time")
    begins = (at for at, picture in enumerate(order) if in_pts <= picture.pts < out_pts
              and (picture.is_key if whole_groups else picture.is_clean))  # fmt: skip
    begin = next(begins, None)
    if begin is None:
        raise Uncopyable("no clean key frame lies within the clip")
    kept = [picture for picture in order[begin:] if picture.pts >= order[begin].pts]
    ends = [not whole_groups or picture.is_key for picture in kept[1:]] + [late < _LOOKAHEAD]
    limit_pts = shown[-1] if spare_last else out_pts
    count = _closed([picture.pts for picture in kept], limit_pts, ends)
    if not count:
        raise Uncopyable("no whole group of pictures lies within the clip")
    kept, rest = kept[:count], kept[count:]
    if any(picture.is_doubtful for picture in kept):
        raise Uncopyable("the file marks frames of it as damaged or hidden")
    return Plan(
        shown=tuple(shown),
        copied=tuple(picture.pts for picture in kept),
        keys=tuple(picture.pts for picture in kept if picture.is_key),
        is_clean=kept[0].is_clean,
        until=min([out_pts, *(picture.pts for picture in rest)]),
        parameters=tuple(dict.fromkeys(nal for picture in kept for nal in picture.nals)),
    )


def _closed(order_pts: Sequence[int], out_pts: int, ends: Sequence[bool]) -> int:
    """Return how many pictures from the first can be copied: see this module's docstring.

    Args:
        order_pts: pts of the pictures in the file's order.
        out_pts: All copied ones are before it.
        ends: Whether a copy may end behind each picture at all.
    """
    rest = [out_pts]  # the earliest of the last none, one, two … pictures
    for pts in reversed(order_pts):
        rest.append(min(rest[-1], pts))
    rest.reverse()  # the earliest from number n on
    best, latest = 0, order_pts[0]
    for count, (pts, may_end) in enumerate(zip(order_pts, ends, strict=True), 1):
        latest = max(latest, pts)
        if may_end and latest < rest[count]:
            best = count
    return best
